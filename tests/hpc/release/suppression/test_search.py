"""A cell moves if, and only if, a whole table allows it."""

from __future__ import annotations

from itertools import product

import numpy as np

from citytide.hpc.release.suppression.search import search_moves


def move_by_trying(matrix: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Every change within the bounds."""
    changes = np.array(list(product(*(range(a, b + 1) for a, b in zip(low, high, strict=True)))))
    return np.asarray((changes[(changes @ matrix.T == 0).all(axis=1)] != 0).any(axis=0))


def test_search_agrees_with_trying_every_change() -> None:
    random = np.random.default_rng(3)
    n_moved = 0
    for _ in range(60):
        n_lines, n_cells = random.integers(1, 4), random.integers(2, 7)
        matrix = random.integers(-1, 2, (n_lines, n_cells))
        low, high = -random.integers(0, 3, n_cells), random.integers(0, 3, n_cells)
        row, column = np.nonzero(matrix)
        entries = row, column, matrix[row, column].astype(np.float64)
        still = np.zeros(n_lines), np.zeros(n_lines)
        found = search_moves(entries, still, (low, high), np.zeros(n_cells, bool), np.ones(n_cells, bool))
        expected = move_by_trying(matrix, low, high)
        assert found.tolist() == expected.tolist()
        n_moved += int(expected.sum())
    assert n_moved > 60


def test_cells_that_are_not_asked_for_may_stay_open() -> None:
    entries = np.array([0]), np.array([0]), np.array([1.0])
    none = np.zeros(1, bool)
    assert not search_moves(entries, (np.zeros(1), np.zeros(1)), (np.array([-1]), np.array([1])), none, none).any()
