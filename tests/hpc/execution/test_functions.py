"""A step is called with the value that it declares to take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from citytide.hpc.errors import RunError
from citytide.hpc.execution.functions import call_function, load_function

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


def test_param_that_the_class_does_not_take_is_an_error() -> None:
    with pytest.raises(TypeError, match="speed"):
        call_function(scale, ARRAYS, {"factor": 1.0, "speed": 2.0})


def test_function_of_a_script_is_refused() -> None:
    with pytest.raises(RunError, match="importable module"):
        load_function("__main__:scale")
