"""Workers start without the caller's script, and also where a release lacks what that leans on."""

from __future__ import annotations

import multiprocessing.spawn
from typing import Any

import distributed.utils
import pytest

from citytide.hpc.execution import forkserver as forkserver
from citytide.hpc.execution.forkserver import choose_method, without_main


def test_children_are_not_told_of_the_callers_script() -> None:
    before = multiprocessing.spawn.get_preparation_data
    with without_main():
        told = multiprocessing.spawn.get_preparation_data("child")
    assert told["name"] == "child" and not [key for key in told if key.startswith("init_main")]
    assert multiprocessing.spawn.get_preparation_data is before


def test_children_of_another_name_are_told_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    original = multiprocessing.spawn.get_preparation_data
    told = {"init_main_from_path": "script.py"}
    monkeypatch.setattr(multiprocessing.spawn, "get_preparation_data", lambda name: {**original(name), **told})
    with without_main("Dask Worker"):
        workers, others = (multiprocessing.spawn.get_preparation_data(name) for name in ("Dask Worker 3", "child"))
    assert "init_main_from_path" not in workers and others["init_main_from_path"] == "script.py"


def test_python_without_the_function_keeps_its_own_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(multiprocessing.spawn, "get_preparation_data")
    with without_main():
        assert not hasattr(multiprocessing.spawn, "get_preparation_data")


@pytest.mark.parametrize("has_mark", [True, False])
def test_distributed_without_the_mark_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch, has_mark: bool) -> None:
    budget: dict[str, Any] = {"OMP_NUM_THREADS": "1"}
    monkeypatch.setattr(forkserver, "_budget", budget)
    monkeypatch.setattr(distributed.utils, "_forkserver_preload_set", False)
    if not has_mark:
        monkeypatch.delattr(distributed.utils, "_forkserver_preload_set")
    assert choose_method(budget) == "forkserver"
    assert getattr(distributed.utils, "_forkserver_preload_set", None) is (True if has_mark else None)
    assert choose_method({"OMP_NUM_THREADS": "2"}) == "spawn"  # other threads than the forkserver has


def test_a_module_that_was_edited_since_it_may_have_been_imported_is_imported_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    budget = {"OMP_NUM_THREADS": "1"}
    monkeypatch.setattr(forkserver, "_budget", budget)
    monkeypatch.setattr(forkserver, "_served", {})
    assert choose_method(budget, {"a": "1", "b": "1"}) == "forkserver"
    assert choose_method(budget, {"c": "1"}) == choose_method(budget, {"b": "1"}) == "forkserver"
    assert choose_method(budget, {"a": "1", "b": "2"}) == "spawn"
