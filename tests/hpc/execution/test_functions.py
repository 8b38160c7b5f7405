"""A step is called with the value that it declares to take."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial, wraps
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from citytide.hpc.errors import RunError
from citytide.hpc.execution.functions import call_function, find_function, load_function
from citytide.hpc.identity.code import describe_code
from citytide.hpc.plan.plans import read_plan
from citytide.hpc.run.driver_lock import hold_driver_lock
from citytide.hpc.run.records import write_json
from citytide.hpc.store.ledger import Ledger
from citytide.hpc.store.stores import hash_file

ARRAYS = {"x": np.arange(3.0)}


@dataclass(frozen=True)
class Scaled:
    x: NDArray[np.float64]
    factor: float

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], *, factor: float) -> Scaled:
        return cls(arrays["x"], factor)


def scale(rows: Scaled) -> NDArray[np.float64]:
    return rows.x * rows.factor


def scale_in_gang(gang: str, rows: Scaled, folder: str) -> tuple[str, list[float], str]:
    return gang, scale(rows).tolist(), folder


def scale_plain(arrays: Mapping[str, NDArray[Any]], *, factor: float) -> NDArray[Any]:
    return arrays["x"] * factor


def test_annotated_class_is_made_from_arrays_and_params() -> None:
    assert call_function(scale, ARRAYS, {"factor": 2.0}).tolist() == [0.0, 2.0, 4.0]


def test_value_stands_between_what_goes_before_and_after() -> None:
    told = call_function(scale_in_gang, ARRAYS, {"factor": 3.0}, before=("gang",), after=("folder",))
    assert told == ("gang", [0.0, 3.0, 6.0], "folder")


def test_function_of_a_mapping_is_called_with_the_arrays() -> None:
    assert call_function(scale_plain, ARRAYS, {"factor": 2.0}).tolist() == [0.0, 2.0, 4.0]


def scale_or_not(rows: Scaled | None) -> NDArray[np.float64]:
    assert rows is not None
    return scale(rows)


def scale_noted(rows: Annotated[Scaled, "a block"]) -> NDArray[np.float64]:
    return scale(rows)


def scale_quoted(rows: "Scaled") -> NDArray[np.float64]:  # noqa: UP037
    return scale(rows)


@wraps(scale)
def scale_wrapped(*args: Any, **kwargs: Any) -> NDArray[np.float64]:
    return scale(*args, **kwargs)


def scale_unknown(rows: Nowhere) -> None:  # type: ignore[name-defined]  # noqa: F821
    raise AssertionError


def scale_unknown_or_not(rows: Nowhere | None) -> None:  # type: ignore[name-defined]  # noqa: F821
    raise AssertionError


def scale_unread(arrays: Mapping[str, Nowhere], *, factor: float) -> NDArray[Any]:  # type: ignore[name-defined]  # noqa: F821
    return arrays["x"] * factor


@pytest.mark.parametrize("function", [scale_or_not, scale_noted, scale_quoted, scale_wrapped, partial(scale)])
def test_class_is_found_however_it_is_written(function: Callable[..., Any]) -> None:
    assert call_function(function, ARRAYS, {"factor": 2.0}).tolist() == [0.0, 2.0, 4.0]


@pytest.mark.parametrize("function", [scale_unknown, scale_unknown_or_not])
def test_class_that_only_type_checkers_know_is_refused(function: Callable[..., Any]) -> None:
    with pytest.raises(RunError, match=r"parameter 'rows' of step scale_unknown.* must be .*'Nowhere'.*TYPE_CHECKING"):
        call_function(function, ARRAYS, {})


def test_mapping_of_what_only_type_checkers_know_is_a_mapping() -> None:
    assert call_function(scale_unread, ARRAYS, {"factor": 2.0}).tolist() == [0.0, 2.0, 4.0]


def test_builtin_takes_the_arrays() -> None:
    assert list(call_function(dict, ARRAYS, {})) == ["x"]


def test_param_that_the_class_does_not_take_is_an_error() -> None:
    with pytest.raises(TypeError, match="speed"):
        call_function(scale, ARRAYS, {"factor": 1.0, "speed": 2.0})


def test_function_of_a_script_is_refused() -> None:
    with pytest.raises(RunError, match="importable module"):
        load_function("__main__:scale")


def write_package(folder: Path, steps: str) -> None:
    """A package whose steps were in `old` or `a.older`, and are in `new` now."""
    folder.mkdir()
    (folder / "__init__.py").touch()
    moved = {f"{folder.name}.{old}": f"{folder.name}.new" for old in ("old", "a.older")}
    (folder / "moved.py").write_text(f"MOVED = {moved}\n")
    (folder / "new.py").write_text(steps)


def test_module_that_moved_is_found_where_its_package_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_package(tmp_path / "townsteps", "def double(arrays):\n    return {'y': 2 * arrays['x']}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert find_function("townsteps.old:double") == find_function("townsteps.a.older:double") == "townsteps.new:double"
    assert load_function("townsteps.old:double")(ARRAYS)["y"].tolist() == [0.0, 2.0, 4.0]


@pytest.mark.parametrize("path", ["townless.steps:double", "citytide.workflows.gone_steps:double", "math:double"])
def test_function_that_is_gone_is_refused_with_the_way_out(path: str) -> None:
    with pytest.raises(RunError, match=f"the step's function {path} must be importable.*start a new run"):
        load_function(path)


def test_run_whose_plan_names_a_module_that_moved_is_resumed(
    tmp_path: Path, make_doubling: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from doubling import drive, store_bytes  # type: ignore[import-not-found]

    write_package(tmp_path / "tallysteps", "from doubling import chunk, combine, double, finalize\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    undisturbed, run = make_doubling(tmp_path / "undisturbed"), make_doubling(tmp_path / "run")
    plan, record = (json.loads((run / name).read_text()) for name in ("plan.json", "run.json"))
    for step in plan["steps"]:
        step["function"] = step["function"].replace("doubling:", "tallysteps.old:")
    write_json(run / "plan.json", plan)
    record["stored_inputs"]["plan.json"] = hash_file(run / "plan.json")
    record["code"] = describe_code(read_plan(run).steps, find_function)  # the modules did not change when they moved
    write_json(run / "run.json", record)
    with hold_driver_lock(run), Ledger(run / "ledger.jsonl", 1) as ledger:
        ledger.append("driver", host="node1", pid=1, time=time.time())
    assert drive(run)["state"] == drive(undisturbed)["state"] == "done"
    assert store_bytes(run) == store_bytes(undisturbed)
