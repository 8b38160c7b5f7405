"""All cells that a release withholds, and the reasons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..differences import count_differing_persons, is_nested, name_release
from ..kept import Kept
from ..policy import CountedTable, Policy
from .cells import find_lines, join_earlier
from .close_counts import find_close_counts
from .complementary import withhold_further
from .dominance import find_dominated_sums
from .hypercubes import make_hypercubes
from .thresholds import find_small_cells

__all__ = ["Withholding", "withhold_all_cells", "withhold_cells"]

Booleans = NDArray[np.bool_]


@dataclass(frozen=True)
class Withholding:
    """Which cells are withheld, by count, and one sentence for each reason."""

    withheld: dict[str, Booleans]
    notes: tuple[str, ...]


def withhold_cells(
    columns: Mapping[str, NDArray[Any]],
    cohort: NDArray[np.uint64],
    table: CountedTable,
    policy: Policy,
    earlier: Sequence[Kept],
) -> Withholding:
    """Decide which counts of a table are withheld.

    Parameters
    ----------
    columns
        Exact labels, counts, sums over persons and their largest shares.
    cohort
        Who was counted.
    earlier
        Releases of the same measure.

    Raises
    ------
    RunError
        If the table would tell of few persons together with an earlier release.
    """
    shape = len(table.counts), len(next(iter(columns.values())))
    values = np.array([columns[name] for name in table.counts], np.int64).reshape(shape)
    small = find_small_cells(values, policy)
    dominated = np.zeros(shape, bool)
    for name, (largest, second) in table.largest.items():
        rows = find_dominated_sums(columns[name], columns[largest], columns[second], policy)
        for count in table.follows[name]:
            dominated[table.counts.index(count)] |= rows
    same = [kept for kept in earlier if count_differing_persons(cohort, kept.cohort) == 0]
    nested = [kept for kept in earlier if is_nested(cohort, kept.cohort)]
    close = find_close_counts(columns, table, policy, nested, small | dominated)
    cells = join_earlier(columns, table, same)
    n_rows = shape[1]
    withheld = cells.withheld.copy()
    withheld[:, :n_rows] |= small | dominated | close
    all_out = withhold_further(
        cells.values.ravel(),
        withheld.ravel(),
        find_lines(cells, table),
        policy,
        known=cells.known.ravel(),
        cubes=make_hypercubes(cells.labels, table.total, cells.present, table.counts, table.sums),
    ).reshape(withheld.shape)[:, :n_rows]
    reasons = _tell_reasons(small, dominated & ~small, close & ~small & ~dominated, all_out, policy)
    return Withholding(dict(zip(table.counts, all_out, strict=True)), tuple(reasons))


def withhold_all_cells(withholding: Withholding, close: Kept, policy: Policy) -> Withholding:
    """The same table with nothing shown, because its persons are nearly those of an earlier release."""
    withheld = {name: np.ones_like(cells) for name, cells in withholding.withheld.items()}
    n_cells = sum(cells.size for cells in withheld.values())
    reason = f"its persons differ from those of {name_release(close.line)} by fewer than {policy.min_cell}"
    return Withholding(withheld, (f"all {n_cells} cells are withheld: {reason}",))


def _tell_reasons(
    small: Booleans, dominated: Booleans, close: Booleans, withheld: Booleans, policy: Policy
) -> Iterator[str]:
    few = f"fewer than {policy.min_cell} persons"
    if not withheld.size:
        yield "the table has no rows: nothing was counted"
    elif small.all():
        yield f"all {withheld.size} cells are withheld: each holds {few}"
    elif withheld.any():
        if withheld.all():
            yield f"all {withheld.size} cells are withheld"
        further = withheld & ~small & ~dominated & ~close
        for cells, reason in (
            (small, f"they hold {few}"),
            (dominated, "a few persons make up most of a sum"),
            (close, f"they differ from an earlier release by {few}"),
            (further, "withheld cells could be computed from them"),
        ):
            if cells.any():
                yield f"{int(cells.sum())} of {withheld.size} cells are withheld because {reason}"
