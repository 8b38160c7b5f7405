"""The whole day of a GPU's measurement at tiny size, in Numba's simulator: ``make simulator``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

pytestmark = pytest.mark.cuda


def test_every_case_of_the_day_runs_and_is_within_its_bound(tmp_path: Path) -> None:
    from citytide.benchmarks.gpu.__main__ import main
    from citytide.benchmarks.gpu.cases.listing import PARTS, is_declared

    told = CliRunner().invoke(main, ["--out", str(tmp_path), "--limit", "600"], catch_exceptions=False)
    assert told.exit_code == 0, told.output
    record = json.loads(next(tmp_path.glob("gpu-simulator-*.json")).read_text())
    assert record["finished"] and record["simulated"] and not record["failed"]
    declared = {case.label for _, _, cases in PARTS for case in cases if case.engine == "cuda" and is_declared(case)}
    compared = [one for one in record["measurements"] if one["role"] == "compared"]
    assert {one["case"] for one in compared} == declared and all(one["within"] for one in compared)
    assert {one["why"] for one in record["left_out"]} <= {
        "the simulator has no CuPy", "the kernel does not declare this engine"
    }  # fmt: skip
    assert record["prediction"]["cells"] == 20_000_000 and "advance_inertia (cuda, maps and rain)" in told.output


def test_members_placed_from_one_are_those_of_the_host() -> None:
    import numpy as np

    from citytide.benchmarks.cases.hydro_device import make_water
    from citytide.benchmarks.gpu.cases.water import place_members

    for maps in (False, True):
        one, all_of_them = (make_water(3, members=n, maps=maps)[1] for n in (1, 4))
        there = place_members(one, 4)
        assert there.has_maps == maps
        for name in ("depth", "flow_x", "flow_y", "lost", "maps", "gained"):
            np.testing.assert_array_equal(getattr(there.on_host(), name), getattr(all_of_them, name), err_msg=name)
