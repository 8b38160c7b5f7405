"""Every engine of a GPU that a kernel declares is tried, and those of CuPy are tried here, on its stand-in."""

from __future__ import annotations

from typing import Any

import pytest
from engine_cases import CASES, TABLE, Case, list_engines, list_kinds, try_case

DECLARED = [(name, engine) for name in TABLE for engine in list_engines(name)]
ON_CUPY = [(name, case) for name, cases in CASES.items() for case in cases
           if "cupy" in case.engines and "cupy" in list_engines(name)]  # fmt: skip


@pytest.mark.parametrize(("name", "engine"), DECLARED, ids=[f"{name}-{engine}" for name, engine in DECLARED])
def test_declared_engine_has_a_case_of_each_kind(name: str, engine: str) -> None:
    tried = {case.kind for case in CASES.get(name, []) if engine in case.engines}
    assert list_kinds(name, engine) <= tried, "add cases to tests/support/engine_cases.py"


def test_no_case_is_of_an_engine_that_is_not_declared() -> None:
    assert set(CASES) == {name for name, _ in DECLARED}
    tried = [(name, set(case.engines)) for name, cases in CASES.items() for case in cases]
    assert not [name for name, engines in tried if not engines & {*list_engines(name)}]


@pytest.mark.parametrize(("name", "case"), ON_CUPY, ids=[f"{name}-{case.kind}" for name, case in ON_CUPY])
def test_kernel_on_cupys_arrays_is_that_of_the_host(cupy: Any, name: str, case: Case) -> None:
    try_case(name, case, "cupy")
