"""The command line as a person or a script meets it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

TINY_NET = """<NUMBER OF ZONES> 2
<NUMBER OF NODES> 4
<FIRST THRU NODE> 1
<NUMBER OF LINKS> 5
<END OF METADATA>
~ init term capacity length fft b power speed toll type ;
1 3 1 0 0.00000001 1000000000 1 0 0 1 ;
1 4 1 0 50 0.02 1 0 0 1 ;
3 2 1 0 50 0.02 1 0 0 1 ;
3 4 1 0 10 0.1 1 0 0 1 ;
4 2 1 0 0.00000001 1000000000 1 0 0 1 ;
"""
TINY_TRIPS = """<NUMBER OF ZONES> 2
<TOTAL OD FLOW> 6.0
<END OF METADATA>
Origin 1
2 : 6.0 ;
"""


def citytide(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "citytide", *arguments], capture_output=True, text=True, cwd=cwd)


@pytest.fixture
def braess(tmp_path: Path) -> Path:
    folder = tmp_path / "深圳 Braess"
    folder.mkdir()
    (folder / "Braess_net.tntp").write_text(TINY_NET)
    (folder / "Braess_trips.tntp").write_text(TINY_TRIPS)
    return folder


def run_braess(network: Path, *sets: str, out: Path) -> subprocess.CompletedProcess[str]:
    options = [f"--set={text}" for text in (f"network={network}", "gap=1e-12", *sets)]
    return citytide("run", "traffic-assignment", *options, "--out", str(out), "--json")


def test_run_prints_one_json_object_and_nothing_else(braess: Path, tmp_path: Path) -> None:
    done = run_braess(braess, out=tmp_path / "run")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert set(answer) == {"run", "state", "products", "summary"} and answer["state"] == "done"
    (row,) = answer["summary"]
    assert list(row) == [
        "scenario", "objective", "lower_bound", "relative_gap", "average_excess_cost", "tstt", "sptt", "iterations",
        "converged",
    ]  # fmt: skip
    assert row["objective"] == pytest.approx(386, abs=1e-6) and Path(answer["products"]["assignment"]).is_dir()
    for name in ("report.html", "ro-crate-metadata.json", "ledger.jsonl"):
        assert (Path(answer["run"]) / name).is_file()


def test_run_file_and_its_settings_are_the_same_run(braess: Path, tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text(
        f"workflow: traffic-assignment\nset:\n  network: {braess}\n  gap: 1.0e-12\n  principle: user\n"
        f"out: {tmp_path}/run\n"
    )
    done = citytide("run", str(file), "--set", "principle=system", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["summary"][0]["objective"] == pytest.approx(498, abs=1e-6)
    settings = json.loads((tmp_path / "run" / "run.json").read_text())["settings"]
    assert settings["principle"] == {"value": "system", "source": "--set"}
    assert settings["gap"]["source"] == f"file {file}"


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("1 4 1 0 50", "1 9 1 0 50", r"9"),
        ("3 2 1 0 50", "3 2 -1 0 50", r"capacity"),
        ("4 2 1 0 0.00000001 1000000000", "4 2 1 0 nan 1000000000", r"nan|NaN"),
        ("4 2 1 0 0.00000001 1000000000 1 0 0 1 ;\n", "4 2 1 0", r"line"),
        ("3 2 1 0 50 0.02 1 0 0 1 ;\n", "", r"LINKS"),
    ],
)
def test_bad_network_is_one_sentence_and_leaves_nothing(
    braess: Path, tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    net = braess / "Braess_net.tntp"
    net.write_text(net.read_text().replace(old, new))
    refused = run_braess(braess, out=tmp_path / "run")
    assert refused.returncode == 2 and refused.stdout == ""
    (said,) = [line for line in refused.stderr.splitlines() if line.startswith("citytide: ")]
    assert str(net) in said and any(word in said for word in sentence.split("|")), said
    assert "Traceback" not in refused.stderr and not (tmp_path / "run").exists()


def test_pair_without_a_path_is_named(braess: Path, tmp_path: Path) -> None:
    net = braess / "Braess_net.tntp"
    net.write_text(net.read_text().replace("3 2 1", "3 4 1").replace("4 2 1", "4 3 1"))
    refused = run_braess(braess, out=tmp_path / "run")
    assert refused.returncode == 2 and "no path leads from 1 to 2" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run", "traffic-assingment"], "workflow must be one of comorbidity, events-import, flood-warning, incidence"),
        (["run", "traffic-assignment", "--set", "gab=1"], "unknown key 'gab'; did you mean 'gap'?"),
        (["run", "traffic-assignment", "--set", "network=atlantis"], "'atlantis' is neither a known name nor"),
        (["run", "traffic-assignment", "--set", "demand_factors=1,-2"], "demand_factors.1"),
        (["run", "traffic-assignment", "--set", "demand_factors=nan"], "demand_factors.0"),
        (["run", "nowhere.yaml"], "run file nowhere.yaml cannot be read"),
        (["run", "traffic-assignment", "--profile", "nowhere"], "there is no profile 'nowhere'"),
        (["resume", "nowhere"], "there is no run 'nowhere'"),
        (["status", "nowhere"], "there is no run 'nowhere'"),
        (["data", "describe", "atlantis"], "atlantis"),
    ],
)
def test_mistakes_are_one_sentence_with_a_way_out(tmp_path: Path, arguments: list[str], sentence: str) -> None:
    refused = citytide(*arguments, cwd=tmp_path)
    assert refused.returncode == 2 and sentence in refused.stderr, refused.stderr
    assert "Traceback" not in refused.stderr and not list(tmp_path.iterdir())


def test_memory_that_is_not_there_is_refused_before_work(tmp_path: Path) -> None:
    (tmp_path / "tight.yaml").write_text("name: tight\npools:\n  cpu:\n    workers: 1\n    memory: 100MB\n")
    (tmp_path / "huge.yaml").write_text("name: huge\npools:\n  cpu:\n    workers: 1\n    memory: 900TB\n")
    for profile, sentence in [("tight.yaml", "step 'assignment' needs"), ("huge.yaml", "but this machine has")]:
        refused = citytide("run", "traffic-assignment", "--profile", profile, "--out", "run", cwd=tmp_path)
        assert refused.returncode == 2 and sentence in refused.stderr and not (tmp_path / "run").exists()


def test_plan_writes_nothing(braess: Path, tmp_path: Path) -> None:
    planned = citytide("plan", "traffic-assignment", "--set", f"network={braess}", "--json", cwd=tmp_path)
    plan = json.loads(planned.stdout)
    assert plan["tasks"] == 1 and plan["steps"][0]["bytes_out"] == 2 * 5 * 8
    assert [path.name for path in tmp_path.iterdir()] == [braess.name]


@pytest.mark.parametrize("command", ["", "run", "plan", "submit", "resume", "status", "attach", "logs", "cancel",
                                     "bundle", "sandbox", "sandbox start", "profile check", "profile detect",
                                     "report", "doctor", "data verify",
                                     "data list", "profile explain", "kernels show"])  # fmt: skip
def test_help_shows_an_example(command: str) -> None:
    shown = citytide(*command.split(), "--help")
    assert shown.returncode == 0 and ("citytide" in shown.stdout.partition("Usage:")[2].partition("\n")[2])


def test_version_and_json_of_the_small_commands() -> None:
    assert "0.1.0" in citytide("--version").stdout
    for command in ("profile list", "profile show", "profile explain", "kernels list", "data list", "doctor", "status"):
        shown = citytide(*command.split(), "--json")
        assert shown.returncode == 0, (command, shown.stderr)
        json.loads(shown.stdout)


def test_import_brings_in_nothing_heavy() -> None:
    code = (
        "import sys, citytide; print(sorted({'numpy', 'xarray', 'dask', 'numba', 'zarr', 'pandas'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"
