"""Two runs held against each other: what must hold before, and what comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...hpc.errors import RunError
from ...hpc.run.runs import Run, open_run
from ...hpc.store.products import Product, Table
from .differences import Difference
from .labels import Match, parse_at
from .stores import StorePair
from .summaries import compare_summaries, list_lone_rows
from .tables import compare_tables

__all__ = ["Comparison", "compare_runs"]


@dataclass
class Comparison:
    """What two runs have in common and where they differ.

    Attributes
    ----------
    a, b
        The runs.
    product
        The store or table that was compared.
    variables
        One difference for each variable or column.
    summary
        One difference for each number of each row of the summaries.
    matches
        How rows belong together, by dim.
    refused
        Variables that were not compared, and why.
    lone_rows
        Labels of rows that one summary alone has.
    stores
        Of a store: its arrays, for a map.
    """

    a: Run
    b: Run
    product: Product | Table
    variables: list[Difference]
    summary: list[Difference]
    matches: dict[str, Match]
    refused: dict[str, str]
    notes: list[str] = field(default_factory=list)
    lone_rows: list[str] = field(default_factory=list)
    stores: StorePair | None = None

    @property
    def is_same(self) -> bool:
        """Whether nothing differs: no number, no label, no variable."""
        lone = any(match.only_a or match.only_b for match in self.matches.values())
        differing = any(told.differing for told in [*self.variables, *self.summary])
        return not (lone or self.lone_rows or self.refused or differing)

    def to_json(self) -> dict[str, Any]:
        """All of it, for a script."""
        return {
            **{
                side: {"run": str(run.path.resolve()), "id": run.id, "workflow": run.workflow}
                for side, run in (("a", self.a), ("b", self.b))
            },
            "product": self.product.name,
            "same": self.is_same,
            "matches": {dim: match.describe() for dim, match in self.matches.items()},
            "variables": [told.to_json() for told in self.variables],
            "not_compared": [{"name": name, "why": why} for name, why in self.refused.items()],
            "summary": [told.to_json() for told in self.summary],
            "notes": self.notes,
        }


def compare_runs(
    a: str | Path, b: str | Path, *, product: str | None = None, at: Sequence[str] = (), quiet: bool = True
) -> Comparison:
    """Compare a product of two runs, matched by its labels, and their summaries.

    Parameters
    ----------
    a, b
        Folder or id of each run. They may be one run, whose scenarios are compared by ``at``.
    product
        A store or table that both have; by default the first of A that B has too.
    at
        ``DIM=LABEL`` or ``DIM=LABEL_OF_A=LABEL_OF_B``: compare these rows alone.
    quiet
        Print nothing on stderr.

    Raises
    ------
    RunError
        If a run is not done, they have no such product, it is at person level, or nothing in it can be compared.
    """
    picked = parse_at(at)
    first, second = _open_done(a), _open_done(b)
    chosen, other = _choose_product(first, second, product)
    notes = []
    if first.workflow != second.workflow:
        notes.append(f"A is a run of {first.workflow}, B of {second.workflow}.")
    if isinstance(chosen, Table) and isinstance(other, Table):
        if picked:
            raise RunError(
                f"--at picks rows of a store, but product {chosen.name!r} is a table, whose rows are matched by its "
                "identifiers: omit --at"
            )
        paths = first.path / chosen.file_name, second.path / other.file_name
        variables, match, refused = compare_tables(chosen, other, *paths)
        matches, pair = {match.dim: match}, None
    else:
        assert isinstance(chosen, Product)
        pair = StorePair.open(first.products[chosen.name], second.products[chosen.name], picked)
        names = [variable.name for variable in chosen.variables if variable.filled != "constant"]
        variables, matches, refused = pair.compare(names, quiet=quiet), pair.matches, pair.refused
    summaries = first.result.get("summary", []), second.result.get("summary", [])
    summary, told = compare_summaries(*summaries, picked)
    if not variables:
        name, why = next(iter(refused.items()), ("", "it holds labels alone"))
        raise RunError(
            f"product {chosen.name!r} must have something that can be compared, but it has not: "
            f"{f'{name}: ' if name else ''}{why}"
        )
    notes += [sentence for match in matches.values() for sentence in match.sentences()] + told
    lone = list_lone_rows(*summaries, picked)
    return Comparison(first, second, chosen, variables, summary, matches, refused, notes, lone, pair)


def _open_done(name: str | Path) -> Run:
    run = open_run(name)
    state = run.status()["state"]
    if state != "done":
        raise RunError(
            f"both runs must be done to be compared, but {run.path} is {state}: `citytide status` tells how it goes on"
        )
    return run


def _choose_product(a: Run, b: Run, name: str | None) -> tuple[Product | Table, Product | Table]:
    """The product of this name, or else the first of A that B has too."""
    first, second = _list_products(a), _list_products(b)
    common = [one for one, declared in first.items() if one in second and type(second[one]) is type(declared)]
    if name is not None and name not in common:
        raise RunError(
            f"--product must name a product of both runs, got {name!r}: choose one of "
            f"{', '.join(common) or 'none, for they have none in common'}"
        )
    if not common:
        raise RunError(
            f"two runs must have a product in common to be compared, but A has {', '.join(first) or 'none'} and B has "
            f"{', '.join(second) or 'none'}: give two runs of one question"
        )
    chosen = name if name is not None else next((one for one in common if not first[one].person_level), common[0])
    for declared in (first[chosen], second[chosen]):
        if declared.person_level:
            raise RunError(
                f"product {chosen!r} tells of single persons, and a comparison would show them: compare a product that "
                "is not at person level"
            )
    return first[chosen], second[chosen]


def _list_products(run: Run) -> dict[str, Product | Table]:
    """Stores, then tables, that the run has published."""
    plan = run.plan
    stores = {product.name: product for product in plan.products if product.name in run.products}
    return stores | {table.name: table for table in plan.tables if (run.path / table.file_name).exists()}
