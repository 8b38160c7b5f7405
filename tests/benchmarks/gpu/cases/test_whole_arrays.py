"""The cases on CuPy's arrays run on the stand-in, which mixes nothing with the host's in silence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from citytide.benchmarks.gpu.cases.case import Case
from citytide.benchmarks.gpu.cases.listing import is_declared
from citytide.benchmarks.gpu.cases.whole_arrays import WHOLE_ARRAYS
from citytide.benchmarks.gpu.clock import Clock
from citytide.benchmarks.gpu.day import Plan, run_day
from citytide.benchmarks.gpu.measuring import Device
from citytide.benchmarks.gpu.results import Results


@pytest.mark.parametrize("case", WHOLE_ARRAYS, ids=lambda case: case.kernel)
def test_answer_on_the_stand_in_is_that_of_the_host(case: Case, tmp_path: Path, cupy: Any) -> None:
    small = replace(case, sizes=(20, 24, 32), steps=1)
    results = Results(tmp_path / "gpu-x.json", simulated=False, started="now", card={"name": "x"})
    device = Device({"f8": lambda: 1e9, "f4": lambda: 1e9}, wait=lambda: None)
    run_day(results, Clock(600.0), Plan([("part", 1.0, [small])], lambda limit: {}, lambda: device), lambda line: None)
    record = results.record
    if not is_declared(case):
        assert [one["why"] for one in record["left_out"]] == ["the kernel does not declare this engine"]
    else:
        assert not record["failed"] and len(record["measurements"]) == 1 + 2 * len(case.dtypes)
        compared = [one for one in record["measurements"] if one["role"] == "compared"]
        assert all(one["within"] for one in compared), [one["error"] for one in compared]
