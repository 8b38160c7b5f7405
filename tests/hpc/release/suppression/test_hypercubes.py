"""At the corners of a hypercube persons can be exchanged without a change to any total."""

from __future__ import annotations

import numpy as np
from tables_with_totals import add_margins

from citytide.hpc.release.suppression.hypercubes import make_hypercubes
from citytide.hpc.release.suppression.lines import find_row_lines, make_lines


def test_every_hypercube_changes_no_line_also_with_totals_at_its_corners() -> None:
    labels, counts = add_margins(np.arange(24).reshape(2, 3, 4))
    rows = find_row_lines(labels, "all")
    lines = make_lines(rows.total, rows.start, rows.part, counts)
    cubes = make_hypercubes(labels, "all", np.ones((1, counts.size), bool))
    assert cubes is not None
    random, n_found = np.random.default_rng(4), 0
    cell = random.integers(0, counts.size, 300)
    corners = cubes.find_corners(cell, np.array([random.integers(0, size, 300) for size in cubes.sizes[1:]]))
    for cells, change in zip(corners.cell, corners.change, strict=True):
        moved = np.zeros(counts.size, np.int64)
        np.add.at(moved, cells, change)
        signed = np.where(lines.is_total, 1, -1) * moved[lines.cell]
        assert not np.bincount(lines.line, signed).any()
        n_found += int(change.any())
    assert n_found > 50


def test_table_without_totals_has_no_hypercubes_and_absent_cells_are_no_corners() -> None:
    code, one = np.array(["a", "b", "all"]), np.ones((1, 3), bool)
    assert make_hypercubes([code[:2]], "all", one[:, :2]) is None
    cubes = make_hypercubes([code], "all", np.array([[True, False, True]]))
    assert cubes is not None
    assert cubes.find_corners(np.array([0]), np.array([[2]])).cell.tolist() == [[0, -1]]
