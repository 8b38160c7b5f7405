from __future__ import annotations

import ast
import importlib
import inspect
import subprocess
import sys
from types import ModuleType

import pytest

from citytide.kernels import commands, hydro, medical, space, traffic

FIELDS = (hydro, medical, space, traffic)


def test_every_kernel_of_the_table_is_an_attribute_of_its_field() -> None:
    for name, function in commands._table().items():
        if not function.__module__.startswith("citytide.kernels."):
            continue  # a test's, or another package's
        field = importlib.import_module(f"citytide.kernels.{name.partition('.')[0]}")
        assert getattr(field, function.__name__) is function, name


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.__name__)
def test_what_a_field_offers_is_what_type_checkers_see(field: ModuleType) -> None:
    tree = ast.parse(inspect.getsource(field))
    (typed,) = (node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.name: f".{node.module}" for node in typed.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert seen == field._HOMES
    assert sorted(seen) == sorted(field.__all__) and set(seen) <= set(dir(field))
    for name in seen:
        value = getattr(field, name)
        assert not isinstance(value, ModuleType), f"{name} is a module: no module may have the name of an export"


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(AttributeError, match=r"module 'citytide\.kernels\.hydro' has no attribute 'advance_watr'"):
        hydro.advance_watr  # type: ignore[attr-defined]  # noqa: B018


def test_fields_are_light_to_import() -> None:
    code = (
        "import sys; from citytide.kernels import hydro, medical, space, traffic;"
        "assert not {'numpy', 'numba', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_public_arguments_of_all_kernels_have_one_name_and_stand_in_one_order() -> None:
    """A quantity has one name in every kernel, and options follow what is computed on, by keyword."""
    other_names = {
        "step_s", "dt", "cell_m", "cell_size", "cell_size_m", "steps", "iterations", "max_iter", "backend", "n_threads",
        "least", "least_gauges", "least_cover", "least_dbz", "most_dbz", "neighbours", "mask",
    }  # fmt: skip
    anywhere = {"engine": "auto", "threads": 1, "axis": None, "valid": None, "max_iterations": 2000, "threshold_m": 0.1}
    for name, function in commands._table().items():
        if not function.__module__.startswith("citytide.kernels."):
            continue
        parameters = inspect.signature(function).parameters
        assert not other_names & set(parameters), name
        for parameter, default in anywhere.items():
            if parameter in parameters:
                assert parameters[parameter].kind is inspect.Parameter.KEYWORD_ONLY, f"{name}: {parameter}"
                assert parameters[parameter].default == default, f"{name}: {parameter}"
        for parameter in ("time_step_s", "n_steps", "cell_length_m", "threshold", "seed", "method"):
            assert parameter not in parameters or parameters[parameter].kind is inspect.Parameter.KEYWORD_ONLY, name
        last = [parameter for parameter in parameters if parameter in ("engine", "threads")]
        assert list(parameters)[len(parameters) - len(last) :] == last, name
