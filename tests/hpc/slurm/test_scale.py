"""Many small blocks: what the framework adds to each, and what the driver holds for them.

The time is asserted in `make soak` alone, on a machine with nothing else to do; docs/reliability.md has the figures.
"""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest
from slurm_runs import begin, blocks_done, nothing_is_left, processes_of, wait_for, wait_for_end, write_profile

pytestmark = pytest.mark.slurm
WORKERS = 4
GROWTH_BYTES = 200e6
BLOCK_S = 0.005


@pytest.mark.parametrize("blocks", [2000, pytest.param(20_000, marks=pytest.mark.soak)])
def test_driver_stays_small_and_blocks_cost_little(sandbox, tmp_path: Path, blocks: int) -> None:
    profile = write_profile(tmp_path, cpu={"workers": WORKERS, "memory": "2600MiB", "max_jobs": 1})
    run = begin(tmp_path, profile, rows=blocks)
    wait_for("the first block", 90, lambda: (run / "ledger.jsonl").stat().st_size > 2000)
    driver = psutil.Process(next(pid for pid in processes_of(run, "citytide drive")))
    first = most = driver.memory_info().rss
    while not (run / "result.json").exists():
        try:
            most = max(most, driver.memory_info().rss)
        except psutil.Error:
            break
        psutil.wait_procs([driver], timeout=0.3)
    assert wait_for_end(run, 300).result["state"] == "done"
    lines = blocks_done(run).values()
    per_block = (max(line["time"] for line in lines) - min(line["started"] for line in lines)) / blocks
    print(f"{blocks} blocks: {1e3 * per_block:.2f} ms a block, driver grew by {(most - first) / 1e6:.0f} MB")
    assert len(lines) == blocks and most - first < GROWTH_BYTES
    assert per_block < BLOCK_S or blocks < 20_000
    assert nothing_is_left(run)
