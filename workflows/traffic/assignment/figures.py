"""Which figures a traffic assignment gets, and which scenarios they show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ....datasets.traffic.instances import Instance

__all__ = ["Rows", "SolvedScenarios", "write_figures"]

MOST_DIFFERENCES = 3  # difference maps in one report


class Rows(Protocol):
    """Anything whose row of one scenario can be taken: a NumPy array, or a Zarr array that reads that row alone."""

    def __getitem__(self, scenario: int, /) -> ArrayLike: ...


@dataclass(frozen=True)
class SolvedScenarios:
    """What the figures show of an assignment's scenarios.

    Attributes
    ----------
    label
        ``NAME@FACTOR`` of each scenario, the base first.
    flow : (scenario, link) float64
        Flow, in the instance's unit; rows are taken one at a time.
    closed : (scenario, link) bool, optional
        Links that carry nothing; rows are taken one at a time.
    tstt, served_demand : (scenario,) float64, optional
        Total travel time and the trips it stands for; if omitted, no demand curve is drawn.
    gaps
        Relative gap [1] by iteration, by label, as
        :func:`~citytide.workflows.traffic.assignment.curves.draw_convergence` takes it.
    """

    label: Sequence[str]
    flow: Rows
    closed: Rows | None = None
    tstt: ArrayLike | None = None
    served_demand: ArrayLike | None = None
    gaps: Mapping[str, ArrayLike] = field(default_factory=dict)


def write_figures(run: Path, instance: Instance, solved: SolvedScenarios, *, gap: float | None = None) -> list[Path]:
    """Draw an assignment: flow map, difference maps, convergence, answer to demand.

    The map shows the base (the first name) at the demand factor nearest 1, or else the first scenario with any flow. A
    difference map is drawn for each other name at its factor nearest 1, against the base at the same factor: for the
    three whose total travel time changes most.

    Parameters
    ----------
    run
        Run folder; figures go to ``run/figures``, each with a sidecar.
    instance
        The network; links that touch a node which paths may not pass through are drawn as connectors.
    solved
        The scenarios.
    gap
        The relative gap [1] at which a scenario counts as solved; drawn as a line.

    Returns
    -------
    list of Path
        The figures written, in the order of the report.
    """
    from ...drawing.mapframe import make_frame
    from ..flow_maps import draw_difference_map, draw_flow_map
    from .curves import draw_convergence, draw_demand_response

    names, factors = zip(*(_split(label) for label in solved.label), strict=True)
    flow_unit, time_unit = (instance.units.get(quantity, "1") for quantity in ("flow", "time"))
    paths: list[Path] = []
    nearest = sorted(range(len(names)), key=lambda row: (names[row] != names[0], abs(factors[row] - 1.0)))
    total = None if solved.tstt is None else np.asarray(solved.tstt, np.float64)
    if instance.n_links:
        frame = make_frame(instance.x, instance.y, instance.tail, instance.head, instance.crs)
        shown = next((row for row in nearest if np.any(_row(solved.flow, row) > 0)), 0)
        is_connector = ~(instance.passable[instance.tail] & instance.passable[instance.head])
        paths.append(
            draw_flow_map(
                run, 1, frame, _row(solved.flow, shown), instance.capacity, closed=_mask(solved.closed, shown),
                connector=is_connector, link_name=instance.link_name, scenario=solved.label[shown],
                flow_unit=flow_unit,
            )
        )  # fmt: skip
        for row, base in _most_changed(names, factors, total):
            paths.append(
                draw_difference_map(
                    run, len(paths) + 1, frame, _row(solved.flow, row), _row(solved.flow, base),
                    closed=_mask(solved.closed, row), link_name=instance.link_name, scenario=solved.label[row],
                    base=solved.label[base], flow_unit=flow_unit,
                )
            )  # fmt: skip
    if solved.gaps:
        main = solved.label[nearest[0]]  # first in the figure, so that it is named however many there are
        ordered = {main: solved.gaps[main], **solved.gaps} if main in solved.gaps else solved.gaps
        paths.append(draw_convergence(run, len(paths) + 1, ordered, target=gap))
    levels = sorted(set(factors))
    if len(levels) > 1 and total is not None and solved.served_demand is not None:
        served = np.asarray(solved.served_demand, np.float64)
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
