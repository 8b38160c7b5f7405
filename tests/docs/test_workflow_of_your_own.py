"""The package of docs/workflow-of-your-own.md is built, installed, listed, run, killed and resumed as the page says.

On Slurm it runs in tests/hpc/slurm/test_outside_package.py.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from outside_package import FILES, PAGE, install_package, make_environment

from citytide.hpc.plan.plans import make_plan
from citytide.hpc.run.runs import open_run
from citytide.hpc.store.ledger import done_blocks, read_ledger

MOST_LINES = 100
ROW_13 = {
    "both": 2780,
    "a_first": 1443,
    "b_first": 1242,
    "tie": 95,
}  # of diabetes and htn, counted by pandas


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install_package(tmp_path_factory.mktemp("outside"))


def citytide(site: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "citytide", *words]
    return subprocess.run(command, capture_output=True, text=True, env=make_environment(site), timeout=300)


@pytest.fixture(scope="module")
def finished(site: Path, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("finished") / "run"
    done = citytide(site, "run", "disease-pairs", "--out", str(out))
    assert done.returncode == 0, done.stderr
    return out


def product_bytes(run: Path) -> dict[str, bytes]:
    """Every byte of what the run leaves under the name ``pairs``."""
    files = [path for path in [*run.glob("pairs.*"), *run.glob("pairs.*/**/*")] if path.is_file()]
    return {str(path.relative_to(run)): path.read_bytes() for path in files}


def test_ragged_product_of_the_page_keeps_the_dated_events_of_each_person() -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    (block,) = (block for block in blocks if "def keep_dated" in block)
    names: dict[str, Any] = {}
    exec(block, names)
    found = names["keep_dated"]({"offset": np.array([0, 2, 2, 5]), "day": np.array([-1, 2**40, 7, 2**40, 9])})
    assert found["dated_offset"].tolist() == [0, 1, 1, 3] and found["day"].tolist() == [-1, 7, 9]
    arrays = {
        "offset": (("bound",), np.arange(names["n_persons"] + 1)),
        "day": (("event",), np.arange(names["n_persons"])),
    }
    step = replace(names["step"], function="json:dumps")  # any that is installed here
    plan = make_plan((step,), (names["DATED"],), workers=1, threads=1, memory_per_worker=2**30, arrays=arrays)
    assert [step.name for step in plan.steps] == ["dated", "dated-place"]


def test_package_is_small_and_every_name_in_it_is_public() -> None:
    lines = [line for body in FILES.values() for line in body.splitlines() if line.strip()]
    assert len(lines) <= MOST_LINES and len(FILES) == 5
    imported = [line for line in lines if "citytide" in line and "import" in line]
    assert {line.split()[1] for line in imported} == {"citytide.workflows", "citytide.kernels", "citytide.datasets"}


def test_page_explains_every_public_name_that_the_package_uses() -> None:
    page = PAGE.read_text(encoding="utf-8")
    prose = "".join(part for place, part in enumerate(page.split("```")) if place % 2 == 0)
    used = {
        name.strip(" ()")
        for line in "\n".join(FILES.values()).replace("(\n", "(").splitlines()
        if line.startswith("from citytide")
        for name in line.partition(" import ")[2].split(",")
    }
    assert used >= {"Dataset", "Contract", "Workflow"}
    assert not [name for name in used if f"`{name}`" not in prose and f"`@{name}`" not in prose]


def test_it_is_listed_beside_the_built_in_ones_with_its_package(site: Path) -> None:
    told = " ".join(citytide(site, "run", "--help").stdout.split())
    assert "disease-pairs (from diseasepairs 0.1.0): which diseases come together" in told and "inundation" in told
    settings = " ".join(citytide(site, "plan", "disease-pairs", "--help").stdout.split())
    assert "persons_per_block persons that one block counts [default: 2000]" in settings
    kernels = citytide(site, "kernels", "list").stdout
    (line,) = (line for line in kernels.splitlines() if line.startswith("diseasepairs.count_pairs "))
    assert line.endswith("(from diseasepairs 0.1.0)") and "hydro.compute_runoff" in kernels
    assert "Dated diagnoses of 17,549 persons (from diseasepairs 0.1.0)" in citytide(site, "data", "list").stdout


def test_it_is_planned_by_its_name(site: Path, data: Path) -> None:
    told = citytide(site, "plan", "disease-pairs", "--set", "persons_per_block=5000", "--json")
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["steps"][0]["tasks"] == 4


def test_its_answer_is_the_published_one(site: Path, finished: Path) -> None:
    code = (
        "import citytide, json, sys; pairs = citytide.open_run(sys.argv[1]).open('pairs')\n"
        "pairs = pairs.to_dataframe() if hasattr(pairs, 'to_dataframe') else pairs\n"
        "print(pairs.to_json(orient='records', double_precision=15))"
    )
    told = subprocess.run([sys.executable, "-c", code, str(finished)], capture_output=True, text=True, check=True)
    pairs = {(row["disease_a"], row["disease_b"]): row for row in json.loads(told.stdout)}
    assert len(pairs) == 45
    row = pairs["diabetes", "htn"]
    assert {key: row[key] for key in ROW_13} == ROW_13
    assert row["relative_risk"] == pytest.approx(1.9913682458, abs=1e-9)
    assert row["phi"] == pytest.approx(0.4042450864, abs=1e-9)
    assert all(row["a_first"] + row["b_first"] + row["tie"] <= row["both"] for row in pairs.values())


def test_its_result_and_its_record_tell_where_it_is_from(finished: Path) -> None:
    run = open_run(finished)
    assert run.workflow == "disease-pairs" and run.result["headline"].startswith("These five pairs")
    assert len(run.result["summary"]) == 5 and run.result["summary"][0]["disease_b"] == "htn"
    assert run.record["locator"] == {
        "path": "diseasepairs.question:WORKFLOW", "package": "diseasepairs", "version": "0.1.0",
    }  # fmt: skip
    assert run.record["notes"] == ["6 events have no person in nafld1 and are not counted"]
    assert run.record["inputs"][0]["path"].endswith("medical/nafld.rda")


def test_killed_run_is_resumed_to_the_same_bytes(site: Path, finished: Path, tmp_path: Path) -> None:
    run = tmp_path / "killed"
    words = ["run", "disease-pairs", "--set", "persons_per_block=40", "--out", str(run)]
    started = subprocess.Popen(
        [sys.executable, "-m", "citytide", *words], env=make_environment(site), start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 240.0
    while not (run / "run.json").exists() or not done_blocks(read_ledger(run / "ledger.jsonl")):
        assert started.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    os.killpg(started.pid, signal.SIGKILL)
    started.wait()
    done = len(done_blocks(read_ledger(run / "ledger.jsonl")))
    assert 0 < done < open_run(run).plan.tasks and not product_bytes(run)
    resumed = citytide(site, "resume", str(run))
    assert resumed.returncode == 0, resumed.stderr
    assert product_bytes(run) == product_bytes(finished)


def test_file_of_another_kind_is_refused_in_a_sentence(site: Path, data: Path) -> None:
    told = citytide(site, "plan", "disease-pairs", "--set", "events=braess")
    assert told.returncode == 2 and told.stderr.strip() == (
        "citytide: data set 'braess' must be of kind 'diagnoses' to be used here, got kind 'network'; data sets of "
        "kind 'diagnoses': nafld-pairs"
    )
    told = citytide(site, "plan", "disease-pairs", "--set", f"events={data / 'medical' / 'caers.rda'}")
    assert told.returncode == 2 and told.stderr.endswith("caers.rda: it must hold nafld1 and nafld3; give nafld.rda\n")
