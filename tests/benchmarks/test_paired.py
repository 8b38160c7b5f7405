"""Pairs are interleaved, seeded and judged; a side that fails ends the comparison with its name."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from citytide.benchmarks.paired import compare, main
from citytide.benchmarks.sides import Measurement, SideError


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """The command holds its process to few cores, which the tests that follow are not to be."""
    cores, environment = os.sched_getaffinity(0), dict(os.environ)
    yield
    os.sched_setaffinity(0, cores)
    os.environ.clear()
    os.environ.update(environment)


class Scripted:
    """A side that tells what it was scripted to, and notes when it was asked."""

    def __init__(self, name: str, seconds: list[float], diary: list[str], whole: bool = False) -> None:
        self.label, self.seconds, self.diary, self.whole = name, seconds, diary, whole
        self.asked = 0
        self.answer: dict[str, Any] = {"iterations": 9}

    def measure(self, timeout_s: float | None = None) -> Measurement:
        self.diary.append(self.label)
        value = self.seconds[self.asked % len(self.seconds)]
        self.asked += 1
        return Measurement(value, None, self.whole, self.answer)

    def twin(self) -> Scripted:
        return Scripted(f"{self.label}'", self.seconds, self.diary, self.whole)

    def close(self) -> None:
        self.diary.append(f"end {self.label}")


def test_every_pair_holds_both_sides_and_halves_begin_with_either() -> None:
    diary: list[str] = []
    result = compare(Scripted("a", [1.0], diary), Scripted("b", [1.0], diary), pairs=8, calibrate=4, warmups=1)
    warm, twins, pairs, ends = diary[:3], diary[3:11], diary[11:27], diary[27:]
    assert warm == ["a", "b", "a'"]
    assert all({twins[i], twins[i + 1]} == {"a", "a'"} for i in range(0, 8, 2))
    assert ["".join(pairs[i : i + 2]) for i in range(0, 16, 2)] == list(result.order)
    assert sorted(result.order) == ["ab"] * 4 + ["ba"] * 4
    assert ends == ["end a", "end b", "end a'"]


def test_the_seed_decides_the_order() -> None:
    orders = {
        seed: compare(Scripted("a", [1.0], []), Scripted("b", [1.0], []), pairs=10, calibrate=0, seed=seed).order
        for seed in (1, 1, 2)
    }
    again = compare(Scripted("a", [1.0], []), Scripted("b", [1.0], []), pairs=10, calibrate=0, seed=1).order
    assert orders[1] == again != orders[2]


def test_twice_the_seconds_is_slower_and_the_same_is_the_same() -> None:
    noisy = [1.0, 1.01, 0.99, 1.0, 1.02]
    double = [2 * t for t in noisy]
    slow = compare(Scripted("a", double, []), Scripted("b", noisy, []), at_most=1.5).to_json()["cpu"]
    same = compare(Scripted("a", noisy, []), Scripted("b", noisy, [])).to_json()["cpu"]
    assert slow["verdict"] == "slower"
    assert slow["target"]["verdict"] == "missed"
    assert slow["ratio"] == pytest.approx(2)
    assert same["verdict"] == "same"


def test_a_side_unlike_itself_is_told_from_no_other() -> None:
    restless = Scripted("a", [1.0], [])
    restless.twin = lambda: Scripted("a'", [1.3], [])  # type: ignore[method-assign]
    judged = compare(restless, Scripted("b", [1.2], [])).judge("cpu")
    assert judged is not None
    assert judged["noise"] == pytest.approx(0.3)
    assert judged["verdict"] == "unresolvable"


def test_seconds_told_by_one_side_only_are_not_compared() -> None:
    diary: list[str] = []
    with pytest.raises(SideError, match="side B printed no JSON line"):
        compare(Scripted("a", [1.0], diary), Scripted("b", [1.0], diary, whole=True), pairs=50, calibrate=0)
    assert len(diary) < 10  # said after the first pair, not after the last


def test_an_answer_that_did_not_converge_has_no_speed() -> None:
    lost = Scripted("a", [1.0], [])
    lost.answer = {"converged": False}
    with pytest.raises(SideError, match="side B: a says it did not converge"):
        compare(Scripted("a", [1.0], []), lost)


@pytest.mark.parametrize(
    "wrong", [{"pairs": 0}, {"calibrate": -1}, {"warmups": -1}, {"tolerance": -0.1}, {"at_most": 0.0}]
)
def test_senseless_counts_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        compare(Scripted("a", [1.0], []), Scripted("b", [1.0], []), **wrong)


def invoke(a: str, b: str, *options: str) -> Result:
    command = [f"{sys.executable} -S -c {json.dumps(code)}" for code in (a, b)]
    quick = ["--warmups", "0", "--calibrate", "0", "--pairs", "5"]
    return CliRunner().invoke(main, ["--a", command[0], "--b", command[1], *quick, *options])


FAST = 'print(\'{\\"cpu_seconds\\": 1, \\"wall_seconds\\": 2}\')'
SLOW = 'print(\'{\\"cpu_seconds\\": 26, \\"wall_seconds\\": 2}\')'


def test_command_line_prints_one_json_object() -> None:
    done = invoke(FAST, SLOW, "--json", "--at-most", "0.0769")
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout)
    assert result["cpu"]["verdict"] == "faster"
    assert result["cpu"]["target"]["verdict"] == "met"
    assert result["wall"]["verdict"] == "same"
    assert result["a"]["measured"] == "by the side"
    assert result["a"]["cpu_seconds"] == [1] * 5


def test_command_line_prints_a_table_that_reads() -> None:
    done = invoke(FAST, SLOW)
    assert "A is faster" in done.stdout
    assert "5 pairs, seed 0" in done.stdout


@pytest.mark.parametrize(
    ("a", "b", "options", "message"),
    [
        (FAST, "raise SystemExit('no data')", (), "side B: .*exit code 1: no data"),
        ("import time; time.sleep(60)", FAST, ("--timeout", "0.5"), "side A: .*longer than 0.5 s"),
        (FAST, "pass", (), "side B printed no JSON line.*--outside"),
    ],
)
def test_command_line_names_the_side_that_failed(a: str, b: str, options: tuple[str, ...], message: str) -> None:
    done = invoke(a, b, *options, "--json")
    assert done.exit_code == 1
    assert re.search(message, json.loads(done.stdout)["error"], re.DOTALL)


def test_whole_commands_are_compared_on_request() -> None:
    done = invoke(FAST, "pass", "--outside", "--json")
    result = json.loads(done.stdout)
    assert result["a"]["measured"] == result["b"]["measured"] == "whole command"


def test_command_line_refuses_a_senseless_question() -> None:
    done = CliRunner().invoke(main, ["--a", "true", "--b", "true", "--pairs", "0"])
    assert done.exit_code == 2
    assert "pairs must be at least 1" in done.stderr


def test_both_sides_are_held_to_one_core(tmp_path: Path) -> None:
    code = "import os; print(os.environ['NUMBA_NUM_THREADS'], len(os.sched_getaffinity(0)))"
    paths = [tmp_path / name for name in "ab"]
    sides = [f"{sys.executable} -S -c \"import sys; sys.stdout = open('{path}', 'w'); {code}\"" for path in paths]
    run = [sys.executable, "-m", "citytide.benchmarks.paired", "--cores", "1", "--pairs", "1", "--calibrate", "0"]
    subprocess.run([*run, "--a", sides[0], "--b", sides[1]], check=True, capture_output=True)
    assert [path.read_text().split() for path in paths] == [["1", "1"]] * 2
