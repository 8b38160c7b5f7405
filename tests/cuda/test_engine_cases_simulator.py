"""Every kernel that declares the engine cuda is tried on a simulated device: ``make simulator``."""

from __future__ import annotations

import pytest
from engine_cases import CASES, Case, list_engines, try_case

pytestmark = pytest.mark.cuda

ON_CUDA = [(name, case) for name, cases in CASES.items() for case in cases
           if "cuda" in case.engines and "cuda" in list_engines(name)]  # fmt: skip


@pytest.mark.parametrize(("name", "case"), ON_CUDA, ids=[f"{name}-{case.kind}" for name, case in ON_CUDA])
def test_kernel_on_a_simulated_device_is_that_of_the_host(name: str, case: Case) -> None:
    try_case(name, case, "cuda")
