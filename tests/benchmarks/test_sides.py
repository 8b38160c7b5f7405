"""A side's own seconds are read, and a side that fails says so in one sentence."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytide.benchmarks.callee import time_call
from citytide.benchmarks.sides import CallSide, CommandSide, SideError, make_side, parse_answer


def python(code: str) -> CommandSide:
    return CommandSide((sys.executable, "-S", "-c", code))


@given(st.floats(1e-9, 1e9), st.floats(1e-9, 1e9), st.text())
def test_seconds_survive_whatever_stands_around_them(cpu: float, wall: float, noise: str) -> None:
    line = json.dumps({"cpu_seconds": cpu, "wall_seconds": wall})
    before = "".join(noise.splitlines())
    assert parse_answer(f"# {before}\n{line}\n# {before}\n") == {"cpu_seconds": cpu, "wall_seconds": wall}


@pytest.mark.parametrize("output", ["", "done", '{"flow": 3}', '{"cpu_seconds": 1', "[1, 2]", "3.5"])
def test_output_without_seconds_is_no_answer(output: str) -> None:
    assert parse_answer(output) == {}


def test_the_last_answer_counts() -> None:
    assert parse_answer('{"cpu_seconds": 1}\n{"cpu_seconds": 2}\n{"gap": 0}\n') == {"cpu_seconds": 2}


@pytest.mark.parametrize("value", ["0", "-1.5", "NaN", "Infinity", '"fast"', "true", "[]"])
def test_seconds_that_are_none_are_refused(value: str) -> None:
    with pytest.raises(SideError, match=r"cpu_seconds is .* no time"):
        parse_answer(f'{{"cpu_seconds": {value}}}')


def test_a_silent_command_is_measured_whole() -> None:
    measured = python("sum(range(100_000))").measure()
    assert measured.whole
    assert measured.cpu_seconds and measured.wall_seconds


def test_outside_ignores_what_a_command_prints() -> None:
    side = CommandSide((sys.executable, "-S", "-c", "print('{\"cpu_seconds\": 9e9}')"), outside=True)
    measured = side.measure()
    assert measured.whole
    assert measured.cpu_seconds != 9e9
    assert side.twin().outside


def test_own_seconds_and_the_rest_of_the_answer_are_kept_apart() -> None:
    measured = python('print(\'{"cpu_seconds": 2.5, "relative_gap": 1e-7}\')').measure()
    assert (measured.cpu_seconds, measured.wall_seconds, measured.whole) == (2.5, None, False)
    assert measured.answer == {"relative_gap": 1e-7}


def test_failing_command_shows_its_code_and_last_words() -> None:
    with pytest.raises(SideError, match=r"exit code 3: no such network"):
        python("import sys; print('no such network', file=sys.stderr); sys.exit(3)").measure()


def test_killed_command_shows_its_signal() -> None:
    with pytest.raises(SideError, match=r"exit code -9: it said nothing"):
        python("import os; os.kill(os.getpid(), 9)").measure()


def test_missing_command_is_named() -> None:
    with pytest.raises(SideError, match=r"no-such-program.* cannot start: No such file"):
        CommandSide(("no-such-program",)).measure()
    with pytest.raises(SideError, match="empty"):
        make_side("")


def test_late_command_is_stopped_with_its_children(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    code = f"import subprocess as s; p = s.Popen(['sleep', '60']); open({str(note)!r}, 'w').write(str(p.pid)); p.wait()"
    with pytest.raises(SideError, match=r"longer than 1 s"):
        python(code).measure(timeout_s=1)
    child = int(note.read_text())
    for _ in range(100):  # the kernel takes a moment to end it
        if not _runs(child):
            break
        time.sleep(0.05)
    assert not _runs(child)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_callable_is_timed_alone() -> None:
    answer = time_call(lambda: sum(range(200_000)))
    assert 0 < answer["cpu_seconds"]
    assert 0 < answer["wall_seconds"]


@pytest.fixture
def functions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module that a child process can import."""
    (tmp_path / "tasks.py").write_text(
        "import os, sys, time\n"
        "def named():\n    print('chatter')\n    return {'cpu_seconds': 3.0, 'pid': os.getpid()}\n"
        "def broken():\n    raise RuntimeError('flow is negative')\n"
        "def dies():\n    os._exit(7)\n"
        "def late():\n    time.sleep(60)\n"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    return "tasks"


def test_callable_stays_in_one_process_and_may_print(functions: str) -> None:
    side = CallSide(f"{functions}:named")
    first, second = side.measure(), side.measure()
    twin = side.twin()
    third = twin.measure()
    side.close(), twin.close()
    assert first.cpu_seconds == second.cpu_seconds == 3.0
    assert first.answer["pid"] == second.answer["pid"] != third.answer["pid"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("broken", "RuntimeError: flow is negative"),
        ("dies", "ended with exit code 7"),
        ("absent", "no attribute 'absent'"),
        ("late", "longer than 1.5 s"),
    ],
)
def test_failing_callable_says_why(functions: str, name: str, message: str) -> None:
    side = CallSide(f"{functions}:{name}")
    with pytest.raises(SideError, match=message):
        side.measure(timeout_s=1.5 if name == "late" else 30)
    side.close()
