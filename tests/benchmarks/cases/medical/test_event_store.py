"""What is timed and measured is what the store holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import zarr
from click.testing import CliRunner

from citytide.benchmarks.cases.medical.event_store import main
from citytide.benchmarks.sides import parse_answer


def test_days_and_codes_are_read_and_measured(tmp_path: Path) -> None:
    group = zarr.open_group(tmp_path / "events.zarr", mode="w")
    for name, n in (("day_step", 3), ("code", 5)):
        group.create_array(name, data=np.full(1000, n, np.uint16))
    answer = parse_answer(CliRunner().invoke(main, [str(tmp_path / "events.zarr"), "--repeat", "1"]).stdout)
    assert answer["events"] == 1000 and answer["sums"] == [3000, 5000] and answer["events_per_cpu_second"] > 0
    sizes = [
        sum(file.stat().st_size for file in (tmp_path / "events.zarr" / name).rglob("*") if file.is_file())
        for name in ("day_step", "code")
    ]
    assert answer["bytes_per_event"] == round(sum(sizes) / 1000, 3)
