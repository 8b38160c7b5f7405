"""Tables with their totals, and an attack on withheld cells that tries every table."""

from __future__ import annotations

import numpy as np

from citytide.hpc.release.policy import Policy
from citytide.hpc.release.suppression.hypercubes import Hypercubes, make_hypercubes
from citytide.hpc.release.suppression.lines import find_row_lines, make_lines
from citytide.hpc.release.suppression.protection import Attack

Equations = list[list[tuple[int, int]]]


def add_margins(inner: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """Labels and counts of a table with its totals over every dimension."""
    counts = inner
    for axis in range(inner.ndim):
        counts = np.concatenate([counts, counts.sum(axis=axis, keepdims=True)], axis=axis)
    names = [np.array([*(f"v{number}" for number in range(size)), "all"]) for size in inner.shape]
    return [grid.ravel() for grid in np.meshgrid(*names, indexing="ij")], counts.ravel()


def list_equations(shape: tuple[int, ...]) -> Equations:
    """Cells with +1 and -1 that add up to 0, written down without the code under test."""
    full = tuple(size + 1 for size in shape)
    number = np.arange(np.prod(full)).reshape(full)
    found: Equations = []
    for axis in range(len(shape)):
        for line in np.moveaxis(number, axis, -1).reshape(-1, full[axis]):
            found.append([(int(line[-1]), 1), *((int(cell), -1) for cell in line[:-1])])
    return found


def find_other(
    target: int, values: np.ndarray, withheld: np.ndarray, equations: Equations, policy: Policy
) -> dict[int, int]:
    """Whole numbers that fit all that is shown with another value in ``target``; empty if there are none.

    Every table is tried. A withheld cell is at least 0 (1 if zeros are shown), and at least one withheld cell is below
    the minimum.
    """
    floor = 1 if policy.zeros == "show" else 0
    of_cell: dict[int, list[int]] = {}
    for index, terms in enumerate(equations):
        for cell, _ in terms:
            of_cell.setdefault(cell, []).append(index)
    now: dict[int, int] = {int(cell): int(values[cell]) for cell in np.flatnonzero(~withheld)}
    top = int(values.max()) + policy.min_cell

    def bounds(cell: int) -> tuple[int, int]:
        low, high = floor, top
        for index in of_cell.get(cell, []):
            known = sum(sign * now[other] for other, sign in equations[index] if other in now)
            still = [(other, sign) for other, sign in equations[index] if other not in now and other != cell]
            sign = next(sign for other, sign in equations[index] if other == cell)
            most = -known * sign  # the cell plus the others with its sign minus those with the other is this
            if not still:
                low, high = max(low, most), min(high, most)
            elif all(other_sign == sign for _, other_sign in still):
                high = min(high, most - floor * len(still))
            elif all(other_sign != sign for _, other_sign in still):
                low = max(low, most + floor * len(still))
        return low, high

    def fill(open_cells: set[int]) -> bool:
        if not open_cells:
            return any(now[int(cell)] < policy.min_cell for cell in np.flatnonzero(withheld))
        limits = {cell: bounds(cell) for cell in open_cells}
        cell = target if target in open_cells else min(open_cells, key=lambda one: limits[one][1] - limits[one][0])
        low, high = limits[cell]
        for value in sorted(range(low, high + 1), key=lambda one: abs(one - int(values[cell]))):
            if cell != target or value != values[cell]:
                now[cell] = value
                if fill(open_cells - {cell}):
                    return True
                del now[cell]
        return False

    return now if fill({int(cell) for cell in np.flatnonzero(withheld)}) else {}


def find_told(values: np.ndarray, withheld: np.ndarray, equations: Equations, policy: Policy) -> list[int]:
    """Withheld cells that have one value alone."""
    told = {int(cell) for cell in np.flatnonzero(withheld)}
    for target in sorted(told):
        if target in told:  # no table that was found for another cell has another value here
            other = find_other(target, values, withheld, equations, policy)
            told -= {cell for cell, value in other.items() if value != values[cell]}
    return sorted(told)


def make_attack(inner: np.ndarray) -> tuple[Hypercubes, Attack]:
    """A table as the proofs take it."""
    labels, counts = add_margins(inner)
    rows = find_row_lines(labels, "all")
    lines = make_lines(rows.total, rows.start, rows.part, counts)
    cubes = make_hypercubes(labels, "all", np.ones((1, counts.size), bool))
    assert cubes is not None
    return cubes, Attack(counts, np.zeros_like(counts), np.full(counts.size, 10**9), lines, 20)
