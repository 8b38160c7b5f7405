"""Names of steps, products and tables: each its own, fit for a folder, and none that a run folder uses itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ...errors import RunError
from ...store.products import Product, Table
from ..steps import PlannedStep

__all__ = ["RESERVED", "name_known", "refuse_bad_names"]

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
# What a run folder holds itself, and the words that begin an input.
RESERVED = (
    "driver", "errors", "figures", "inputs", "jobs", "ledger", "plan", "preparing", "report", "result", "run", "slurm",
    "source", "spare", "staging", "stop", "tables", "work",
)  # fmt: skip


def name_known(got: str, known: Iterable[str]) -> str:
    """The end of a refusal: what may have been meant, and what there is.

    Examples
    --------
    >>> name_known("flwo", ["cost", "flow"])
    "did you mean 'flow'? there are: cost, flow"
    >>> name_known("flow", [])
    'there are: none'
    """
    from difflib import get_close_matches

    listed = list(known)
    close = get_close_matches(got, listed, 1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{hint}there are: {', '.join(listed) or 'none'}"


def refuse_bad_names(steps: Sequence[PlannedStep], products: Sequence[Product | Table]) -> None:
    """Refuse a name that is given twice, cannot be a folder's, or is one of the run folder's own."""
    made = [step.name for step in steps]
    stored = [product.name for product in products]
    for what, names in (("step", made), ("product or table", stored)):
        for name in names:
            if not NAME.fullmatch(name) or name.endswith((".partial", ".zarr")):
                raise RunError(
                    f"the name of a {what} must hold only letters, digits, '-', '_' and '.', begin with none of '-' "
                    f"and '.', and not end in .zarr or .partial, because it becomes a folder's, got {name!r}: rename it"
                )
    if twice := _find_twice(made):
        raise RunError(
            f"each step must have a name of its own, got two steps {twice!r} (a ReductionStep NAME also makes "
            "NAME-chunk, NAME-combine-1 and NAME-finalize): rename one"
        )
    if twice := _find_twice(stored):
        raise RunError(f"each product and table must have a name of its own, got two named {twice!r}: rename one")
    for name in stored:
        if name in RESERVED:
            raise RunError(
                f"a product or table must not have a name that the run folder uses itself ({', '.join(RESERVED)}), "
                f"got {name!r}: rename it"
            )


def _find_twice(names: Sequence[str]) -> str | None:
    return next((name for at, name in enumerate(names) if name in names[:at]), None)
