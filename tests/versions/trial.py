"""What a user does first: ``python trial.py FOLDER [all]``, by the Python and in the environment that is tried.

A city is built; a workflow runs, or ``all`` do; a run is killed and resumed; a script without a main guard runs one.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from importlib.metadata import distributions
from pathlib import Path

CITYTIDE = [sys.executable, "-m", "citytide"]
FACTORS = ",".join(f"{0.5 + 0.02 * at:.2f}" for at in range(40))  # one block each: enough to be killed amid them
TRAFFIC = [
    "traffic-assignment",
    "--set",
    "network=city.zarr",
    "--set",
    "gap=1e-4",
    "--set",
    f"demand_factors={FACTORS}",
]
WATER = ["inundation", "--set", "terrain=city.zarr", "--set", "duration_minutes=10", "--set", "rain_factors=0.5,1.0"]
WARNING = ["flood-warning", "--set", "members=2", "--set", "lead_minutes=15", "--set", "spin_up_minutes=10"]
PERSONS = ["comorbidity", "--set", "synthetic_events=20000", "--set", "min_persons=50"]
RATES = ["incidence", "--set", "events=persons", "--set", "by=sex,year"]
SECONDS: dict[str, float] = {}
SCRIPT = """
import citytide
run = citytide.run("traffic-assignment", set={"gap": 1e-3}, out="script")
assert run.result["state"] == "done"
"""


def call(*words: str, stdin: str | None = None) -> None:
    """Run citytide, or Python over a script, and stop at the first failure."""
    command = [*CITYTIDE, *words] if words else [sys.executable, "-"]
    started = time.monotonic()
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=300)
    SECONDS[" ".join([*words[:1], *words[-1:]]) or "script"] = round(time.monotonic() - started, 1)
    if done.returncode:
        sys.exit(f"{command} ended with {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")


def count_blocks(run: Path) -> int:
    """Blocks that the run's ledger holds."""
    ledger = run / "ledger.jsonl"
    lines = ledger.read_text().splitlines() if ledger.exists() else []
    return sum('"kind":"block"' in line.replace(" ", "") for line in lines)


def kill_amid(run: Path) -> int:
    """Start a run, kill its driver and workers after the first block, and return how many blocks it had."""
    command = [*CITYTIDE, "run", *TRAFFIC, "--out", str(run)]
    driver = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    until = time.monotonic() + 120
    while not count_blocks(run) and driver.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    os.killpg(driver.pid, signal.SIGKILL)
    driver.wait()
    return count_blocks(run)


def main() -> None:
    os.chdir(sys.argv[1])
    os.environ |= {"CITYTIDE_HOME": os.path.abspath("home"), "XDG_CONFIG_HOME": os.path.abspath("config")}
    call("city", "build", "--synthetic", "--size", "2km", "--out", "city.zarr")
    call("run", *TRAFFIC, "--out", "traffic")
    if sys.argv[2:] == ["all"]:
        call("run", *WATER, "--out", "water")
        call("run", *WATER, "--set", "ranks=2", "--out", "ranks")
        call("run", *WARNING, "--out", "warning")
        call("run", *PERSONS, "--out", "persons")
        call("run", *RATES, "--out", "rates")
    blocks = kill_amid(Path("killed"))
    call("resume", "killed")
    call(stdin=SCRIPT)
    versions = {found.name.lower(): found.version for found in distributions()}
    Path("trial.json").write_text(json.dumps({"versions": versions, "blocks_when_killed": blocks, "seconds": SECONDS}))


if __name__ == "__main__":
    main()
