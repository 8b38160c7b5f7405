"""`citytide compare`, as a person and a script meet it."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import citytide
from citytide.hpc.errors import RunError
from citytide.workflows.comparison.commands import compare

BYPASS = "scenario,link,capacity_factor\nclosed,4,0\n"  # from node 3 to node 4


@pytest.fixture(scope="module")
def braess(make_once: Callable[[str, Callable[[Path], Any]], Path], data: Path) -> tuple[str, str]:
    """Braess's network with its bypass, and with it closed."""

    def make(path: Path) -> None:
        path.mkdir()
        (path / "closed.csv").write_text(BYPASS)
        settings = {"network": "braess", "gap": 1e-12, "od_time": True}
        citytide.run("traffic-assignment", set=settings, out=path / "with")
        citytide.run(
            "traffic-assignment", set={**settings, "scenarios": str(path / "closed.csv")}, out=path / "without"
        )

    folder = make_once("braess", make)
    return str(folder / "with"), str(folder / "without")


AT = ("--at", "scenario=base@1.0=closed@1.0")


def invoke(*words: str) -> Result:
    done = CliRunner().invoke(compare, words)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def test_braess_bypass_costs_everybody_92_instead_of_83(braess: tuple[str, str]) -> None:
    found = json.loads(invoke(*braess, *AT, "--json").stdout)
    of = {told["name"]: told for told in found["variables"]}
    trip = of["od_time"]
    assert (trip["a"], trip["b"]) == (pytest.approx(92.0), pytest.approx(83.0))
    assert trip["at"] == {"scenario": "base@1.0 -> closed@1.0", "origin_zone": "1", "destination_zone": "2"}
    assert trip["largest_difference"] == pytest.approx(-9.0)
    total = next(told for told in found["summary"] if told["name"] == "tstt")
    assert (total["a"] / 6, total["b"] / 6) == (pytest.approx(92.0), pytest.approx(83.0))
    assert (of["flow"]["at"]["link"], of["flow"]["b"]) == ("4", 0.0)  # the largest change is that of the bypass
    assert of["cost"]["without_size"] == 1  # a closed link has no finite cost
    assert found["matches"]["scenario"]["how"] == "picked" and not found["same"]


def test_a_run_against_itself_says_no_difference(braess: tuple[str, str]) -> None:
    told = invoke(braess[0], braess[0], "--exit-code")
    assert told.exit_code == 0 and "no difference: 22 variables" in told.stdout


def test_exit_code_tells_a_difference_only_if_asked(braess: tuple[str, str]) -> None:
    assert invoke(*braess, *AT).exit_code == 0
    told = invoke(*braess, *AT, "--exit-code")
    assert told.exit_code == 1 and "10 of 22 variables differ" in told.stdout
    assert "cost: 1 differ without a size" in told.stdout


def test_labels_of_one_run_alone_are_named(braess: tuple[str, str]) -> None:
    told = invoke(*braess)
    assert "scenario: 1 only in B: closed@1.0." in told.stdout and "0 of 22 variables differ" in told.stdout


def test_a_folder_takes_table_and_map(braess: tuple[str, str], tmp_path: Path) -> None:
    told = invoke(*braess, *AT, "--out", str(tmp_path / "new" / "changes"))
    folder = tmp_path / "new" / "changes"
    assert sorted(path.name for path in folder.iterdir()) == ["differences.csv", "flow.svg"]
    assert f"map of differences: {folder}/flow.svg" in told.stdout
    with (folder / "differences.csv").open(encoding="utf-8", newline="") as file:
        rows = {(row["of"], row["name"]): row for row in csv.DictReader(file)}
    assert float(rows["variable", "od_time"]["b"]) == pytest.approx(83.0)
    assert float(rows["summary", "tstt"]["largest_difference"]) == pytest.approx(-54.0)
    only = invoke(*braess, *AT, "--out", str(tmp_path / "one.csv"))
    assert only.exit_code == 0 and (tmp_path / "one.csv").read_text() == (folder / "differences.csv").read_text()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--out", "x.pdf"), "--out must be a folder or end in .csv, .png or .svg, got 'x.pdf'"),
        (("--variable", "flow"), "--variable says what the map shows, got 'flow' without a map"),
        (("--variable", "flow", "--out", "x.csv"), "but --out x.csv is a table"),
    ],
)
def test_what_cannot_be_written_is_refused_first(words: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(RunError) as refused:
        invoke("no-run", "no-run", *words)
    assert sentence in str(refused.value)
