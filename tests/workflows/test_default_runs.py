"""What runs with default settings write is what was recorded: to the bit on a machine alike, else to rounding."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from default_runs import RECORD, STORES, describe_machine, describe_store

from citytide.hpc.plan.settings import resolve_settings, sourced
from citytide.workflows.workflow import load_workflow

RECORDED: dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8"))
RELATIVE = {"float64": 1e-9, "float32": 1e-5}  # of the largest magnitude; integers may not differ


def find_differences(found: dict[str, Any], recorded: dict[str, Any]) -> list[str]:
    """Sentences about an array whose values are not those recorded, whatever their last bits."""
    exact = [key for key in ("shape", "dtype", "text", "not_finite") if found.get(key) != recorded.get(key)]
    told = [f"{key} was {recorded.get(key)}, is {found.get(key)}" for key in exact]
    if "size" not in recorded or told:
        return told
    share = RELATIVE.get(recorded["dtype"], 0.0)
    if abs(found["sum"] - recorded["sum"]) > share * recorded["size"]:
        told.append(f"its sum was {recorded['sum']!r}, is {found['sum']!r}")
    largest = max(abs(recorded["ordered"][0]), abs(recorded["ordered"][-1]))
    if max(abs(a - b) for a, b in zip(found["ordered"], recorded["ordered"], strict=True)) > share * largest:
        told.append(f"its order statistics were {recorded['ordered']}, are {found['ordered']}")
    return told


@pytest.mark.parametrize("name", STORES)
def test_default_run_writes_what_was_recorded(default_run: Callable[[str], Path], name: str) -> None:
    first, _, rest = name.partition("/")
    found, recorded = describe_store(default_run(first) / rest), RECORDED["stores"][name]
    assert found["arrays"].keys() == recorded["arrays"].keys()
    for array, held in recorded["arrays"].items():
        assert not find_differences(found["arrays"][array], held), array
    if describe_machine() == RECORDED["machine"]:
        changed = [array for array, held in recorded["arrays"].items() if found["arrays"][array] != held]
        assert not changed and found["metadata"] == recorded["metadata"], changed


@pytest.mark.parametrize("name", ["traffic-assignment", "inundation", "flood-warning"])
def test_run_file_of_a_run_is_taken_again(default_run: Callable[[str], Path], name: str) -> None:
    written = yaml.safe_load((default_run(name) / "run.yaml").read_text(encoding="utf-8"))
    settings, _ = resolve_settings(load_workflow(name).settings, [sourced("run.yaml", written["set"])], environment={})
    assert written["workflow"] == name and settings == load_workflow(name).settings()


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"shape": [3, 4]}, "shape was"),
        ({"dtype": "float32"}, "dtype was"),
        ({"not_finite": 1}, "not_finite was"),
        ({"sum": 10.0 * (1 + 1e-8)}, "its sum was"),
        ({"ordered": [0.0, 1.0, 2.0, 3.00000001, 4.0]}, "its order statistics were"),
    ],
)
def test_measure_sees_another_result(changed: dict[str, Any], sentence: str) -> None:
    held = {"shape": [5], "dtype": "float64", "not_finite": 0, "size": 10.0, "sum": 10.0, "ordered": [0.0, 1, 2, 3, 4]}
    assert not find_differences(held | {"sum": 10.0 * (1 + 1e-11)}, held)
    (told,) = find_differences(held | changed, held)
    assert told.startswith(sentence)
