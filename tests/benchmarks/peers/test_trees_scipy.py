"""The peer solves the same problem as we do: the cost of all trips agrees to the last digits."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from citytide.benchmarks.cases.traffic.trees import time_trees
from citytide.benchmarks.peers import trees_scipy


def answer_of(arrays: dict[str, Any], folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    path = folder / "network.npz"
    np.savez(path, **arrays)
    argv, sys.argv = sys.argv, ["trees_scipy.py", str(path), "--repeat", "1"]
    try:
        runpy.run_path(trees_scipy.__file__, run_name="__main__")
    finally:
        sys.argv = argv
    return json.loads(capsys.readouterr().out)  # type: ignore[no-any-return]


def make_tangle(seed: int, n_nodes: int = 30, n_zones: int = 6) -> dict[str, Any]:
    """A random network with parallel links and zones that may not be passed through."""
    rng = np.random.default_rng(seed)
    ring = np.arange(n_nodes)
    tail = np.concatenate([ring, ring, rng.integers(0, n_nodes, 60)]).astype(np.int32)
    head = np.concatenate([np.roll(ring, -1), np.roll(ring, -7), rng.integers(0, n_nodes, 60)]).astype(np.int32)
    tail, head = np.concatenate([tail, tail[70:90]]), np.concatenate([head, head[70:90]])
    kept = tail != head
    origin, destination = (axis.ravel() for axis in np.meshgrid(range(n_zones), range(n_zones), indexing="ij"))
    apart = origin != destination
    passable = np.ones(n_nodes, bool)
    passable[1:3] = False
    return {
        "tail": tail[kept], "head": head[kept], "cost": rng.uniform(1, 5, kept.sum()), "n_nodes": np.array(n_nodes),
        "passable": passable, "origins": np.arange(n_zones, dtype=np.int32),
        "origin": origin[apart].astype(np.int32), "destination": destination[apart].astype(np.int32),
        "demand": rng.uniform(1, 9, apart.sum()),
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_trees_cost_the_same_on_both_sides(seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arrays = make_tangle(seed)
    theirs, ours = answer_of(arrays, tmp_path, capsys), time_trees(arrays, repeat=1)
    assert np.isfinite(theirs["sptt"])
    assert ours["sptt"] == pytest.approx(theirs["sptt"], rel=1e-12)
    assert ours["trees"] == theirs["trees"] == 6


def test_a_split_node_is_no_way_through(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line: dict[str, Any] = {
        "tail": np.array([0, 1, 0, 3], np.int32), "head": np.array([1, 2, 3, 2], np.int32),
        "cost": np.array([1.0, 1.0, 5.0, 5.0]), "n_nodes": np.array(4), "origins": np.array([0], np.int32),
        "origin": np.array([0], np.int32), "destination": np.array([2], np.int32), "demand": np.array([1.0]),
    }  # fmt: skip
    free = answer_of(line | {"passable": np.ones(4, bool)}, tmp_path, capsys)["sptt"]
    blocked = answer_of(line | {"passable": np.array([True, False, True, True])}, tmp_path, capsys)["sptt"]
    assert (free, blocked) == (2.0, 10.0)
