"""Which steps meet data of single persons, and what a plan refuses so that none of it leaves by accident."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...errors import RunError
from ...store.products import Product, Table
from ..sources import Source
from ..steps import PlannedStep

__all__ = ["find_person_level", "refuse_person_level_leaks"]

FINALIZE, RELEASE = "finalize", "release"  # kinds: the end of a reduction; what makes of it what may be shown
TABLE = "table"  # the kind that writes the rows of a table, whose number is its scalar

Kept = Mapping[str, Product | Table]


def find_person_level(
    steps: Sequence[PlannedStep], products: Kept, sources: Mapping[str, Source] | None = None
) -> frozenset[str]:
    """Return the names of the steps that read or write a store, table or source at person level.

    A step that reads what such a step left in ``RUN/work`` is one of them too, and so is a release with the exact
    columns that it takes. What a release hands over is not at person level any more: who reads that is not.

    Parameters
    ----------
    steps
        In the order they run.
    products, sources
        Those of the plan, by name; tables count as products.

    Examples
    --------
    >>> persons = {"persons": Product("persons", "Persons", (), person_level=True)}
    >>> step = PlannedStep("count", "block", "m:f", "person", 9, 3, 3, ("persons:age",))
    >>> sorted(find_person_level([step], persons))
    ['count']
    """
    marked_sources = {name for name, source in (sources or {}).items() if source.person_level}
    marked = {name for name, product in products.items() if product.person_level}
    releases = {step.name for step in steps if step.kind == RELEASE}
    found = {name.removeprefix("work/") for step in steps if step.kind == RELEASE for name in step.inputs}
    for step in steps:
        written = {step.product, step.table, step.fills}
        if step.name in releases or written & marked:
            found.add(step.name)
        elif any(_is_marked(name, marked, marked_sources, found - releases) for name in step.inputs):
            found.add(step.name)
    return frozenset(found)


def _is_marked(name: str, products: set[str], sources: set[str], steps: set[str]) -> bool:
    """Whether an input of a step, such as ``"persons:age"``, ``"source:records"`` or ``"work/count"``, is marked."""
    first, _, rest = name.partition(":")
    if first == "source":
        return rest.partition(":")[0] in sources
    if first.startswith("work/"):
        return first.partition("/")[2] in steps
    return first in products


def refuse_person_level_leaks(
    steps: Sequence[PlannedStep], products: Kept, sources: Mapping[str, Source] | None = None
) -> None:
    """Refuse steps that would carry data of single persons to where everybody may read them.

    Raises
    ------
    RunError
        If a step at person level that is no release writes a product that is not marked, or has scalars, which travel
        in the ledger.
    """
    private = find_person_level(steps, products, sources)
    for step in steps:
        if step.name not in private or step.kind in (RELEASE, TABLE):  # of which an earlier plan has some
            continue
        if step.scalars:
            raise RunError(
                f"step {step.name!r} must have no scalars, because it reads or writes data of single persons and "
                f"scalars stand in the ledger, but it has {', '.join(step.scalars)}: return them as variables of a "
                "product at person level, or count them in a ReductionStep"
            )
        written = products.get(step.product or "")
        if written is None or written.person_level:
            continue
        if step.kind == FINALIZE:
            raise RunError(
                f"step {step.name.removesuffix('-finalize')!r} must be released, because it reads data of single "
                f"persons, but it fills {written.name!r} without a release: give it release=ReleaseRequest(...), or "
                f"set person_level=True of {written.name!r}"
            )
        raise RunError(
            f"step {step.name!r} must write a product at person level, because it reads data of single persons, but "
            f"{written.name!r} is not marked: set its person_level=True, or write it by a ReductionStep with a "
            "release, through which aggregates leave"
        )
