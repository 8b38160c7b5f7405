"""Which figures a traffic assignment gets, and which scenarios they show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["write_figures"]

MOST_DIFFERENCES = 3  # difference maps in one report


class Rows(Protocol):
    """Anything whose row of one scenario can be taken: a NumPy array, or a Zarr array that reads that row alone."""

    def __getitem__(self, scenario: int, /) -> ArrayLike: ...


def write_figures(
    run: Path,
    *,
    x: ArrayLike,
    y: ArrayLike,
    tail: ArrayLike,
    head: ArrayLike,
    capacity: ArrayLike,
    flow: Rows,
    scenario: Sequence[str],
    closed: Rows | None = None,
    connector: ArrayLike | None = None,
    link_name: Sequence[str] | None = None,
    crs: str = "",
    flow_unit: str = "",
    time_unit: str = "",
    tstt: ArrayLike | None = None,
    served_demand: ArrayLike | None = None,
    gaps: Mapping[str, ArrayLike] | None = None,
    target: float | None = None,
    note: str = "",
) -> list[Path]:
    """Draw an assignment: flow map, difference maps, convergence, answer to demand.

    The map shows the base (the first name) at the demand factor nearest 1, or else the first scenario with any flow. A
    difference map is drawn for each other name at its factor nearest 1, against the base at the same factor: for the
    three whose total travel time moves most.

    Parameters
    ----------
    run
        Run folder; figures go to ``run/figures`` with a sidecar each.
    x, y
        Coordinates float64[node]; ``crs`` says in what (see `mapframe.make_frame`).
    tail, head, capacity
        int32[link] node indices and float64[link].
    flow, closed
        float64 and bool, ``[scenario, link]``; rows are taken one at a time.
    scenario
        Labels ``NAME@FACTOR``, in the order of the rows.
    connector
        bool[link]: links that join a zone to the streets.
    tstt, served_demand
        float64[scenario]: total travel time, and the trips it stands for; without them no demand curve is drawn.
    gaps, target
        See `curves.draw_convergence`.
    note
        A sentence for the map's caption.

    Returns
    -------
    list of Path
        The figures written, in the order of the report.
    """
    from ...drawing.mapframe import make_frame
    from ..maps import draw_difference_map, draw_flow_map
    from .curves import draw_convergence, draw_demand_response

    names, factors = zip(*(_split(label) for label in scenario), strict=True)
    ends = np.asarray(tail, np.int32), np.asarray(head, np.int32)
    paths: list[Path] = []
    nearest = sorted(range(len(scenario)), key=lambda row: (names[row] != names[0], abs(factors[row] - 1.0)))
    total = None if tstt is None else np.asarray(tstt, np.float64)
    if len(ends[0]):
        frame = make_frame(np.asarray(x, np.float64), np.asarray(y, np.float64), *ends, crs)
        shown = next((row for row in nearest if np.any(_row(flow, row) > 0)), 0)
        paths.append(
            draw_flow_map(
                run, 1, frame, _row(flow, shown), np.asarray(capacity, np.float64), closed=_mask(closed, shown),
                connector=None if connector is None else np.asarray(connector, bool), link_name=link_name,
                scenario=scenario[shown], flow_unit=flow_unit, note=note,
            )
        )  # fmt: skip
        for row, base in _most_changed(names, factors, total):
            paths.append(
                draw_difference_map(
                    run, len(paths) + 1, frame, _row(flow, row), _row(flow, base), closed=_mask(closed, row),
                    link_name=link_name, scenario=scenario[row], base=scenario[base], flow_unit=flow_unit,
                )
            )  # fmt: skip
    if gaps:
        main = scenario[nearest[0]]  # first in the figure, so that it is named however many there are
        ordered = {main: gaps[main], **gaps} if main in gaps else gaps
        paths.append(draw_convergence(run, len(paths) + 1, ordered, target=target))
    levels = sorted(set(factors))
    if len(levels) > 1 and total is not None and served_demand is not None:
        served = np.asarray(served_demand, np.float64)
        mean = np.divide(total, served, out=np.full_like(total, np.nan), where=served > 0)
        by_name = {name: _spread(name, names, factors, levels) for name in dict.fromkeys(names)}
        times, costs = ({n: np.append(v, np.nan)[at] for n, at in by_name.items()} for v in (total, mean))
        paths.append(draw_demand_response(run, len(paths) + 1, levels, times, costs, time_unit=time_unit))
    return paths


def _split(label: str) -> tuple[str, float]:
    name, _, factor = label.rpartition("@")
    try:
        return (name, float(factor)) if name else (label, 1.0)
    except ValueError:
        return label, 1.0


def _row(values: Rows, scenario: int) -> NDArray[np.float64]:
    return np.asarray(values[scenario], np.float64)


def _mask(values: Rows | None, scenario: int) -> NDArray[np.bool_] | None:
    return None if values is None else np.asarray(values[scenario], bool)


def _most_changed(
    names: Sequence[str], factors: Sequence[float], total: NDArray[np.float64] | None
) -> list[tuple[int, int]]:
    """Pairs of a scenario's row and its base's row, the greatest change of total travel time first."""
    base = {factor: row for row, (name, factor) in enumerate(zip(names, factors, strict=True)) if name == names[0]}
    chosen: dict[str, int] = {}
    for row in sorted(range(len(names)), key=lambda row: abs(factors[row] - 1.0)):
        if names[row] != names[0] and factors[row] in base:
            chosen.setdefault(names[row], row)
    pairs = [(row, base[factors[row]]) for row in sorted(chosen.values())]
    if total is not None:
        size = np.nan_to_num(np.abs(total))
        pairs.sort(key=lambda pair: -abs(size[pair[0]] - size[pair[1]]) / max(size[pair[1]], 1e-300))
    return pairs[:MOST_DIFFERENCES]


def _spread(name: str, names: Sequence[str], factors: Sequence[float], levels: Sequence[float]) -> NDArray[np.intp]:
    """Row of ``name`` at each level; -1, the NaN put at the end, where it was not run."""
    rows = {factor: row for row, (other, factor) in enumerate(zip(names, factors, strict=True)) if other == name}
    return np.array([rows.get(level, -1) for level in levels])
