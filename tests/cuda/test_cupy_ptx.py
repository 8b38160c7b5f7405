"""The stand-in for CuPy offers what CuPy has, and no more: ``make test-ptx``, whose environment holds the real one."""

from __future__ import annotations

import importlib.util
import inspect
from pathlib import Path
from types import ModuleType

import pytest

pytestmark = pytest.mark.ptx


@pytest.fixture(scope="module")
def stand_in() -> ModuleType:
    path = Path(__file__).parent.parent / "support" / "strict_cupy.py"
    spec = importlib.util.spec_from_file_location("strict_cupy", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_name_of_the_stand_in_is_one_of_cupy(stand_in: ModuleType) -> None:
    import cupy

    names = [*stand_in.UFUNCS, *stand_in.FUNCTIONS, *stand_in.NAMES]
    names += [f"{inner}.{name}" for inner, inside in stand_in.IN_MODULES.items() for name in inside]
    homes = {name: name.rpartition(".") for name in names}
    missing = [
        name for name, (home, _, own) in homes.items() if not hasattr(getattr(cupy, home) if home else cupy, own)
    ]
    assert len(names) > 150 and not missing
    methods = [*stand_in.REDUCED, "fill", "get", "item", "sort", "tolist"]
    assert not [name for name in methods if not hasattr(cupy.ndarray, name)]


def test_words_that_cupy_lacks_are_those_that_the_stand_in_refuses(stand_in: ModuleType) -> None:
    import cupy

    for name in ("sum", "max", "min", "prod", "mean", "any", "all", "nansum", "zeros", "percentile", "std"):
        taken = set(inspect.signature(getattr(cupy, name)).parameters)
        assert not taken & set(stand_in.LACKING), name
    with pytest.raises(TypeError, match="take no `where`"):
        stand_in.STRICT_CUPY.sum(stand_in.STRICT_CUPY.ones(3), where=True)
