"""A side of a comparison: something that can be measured again and again, in a process of its own.

A side that prints a JSON line with ``cpu_seconds`` and ``wall_seconds`` is believed: start-up, reading and compiling
are then no part of its figure. A command that prints none is measured from outside, start-up included.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

__all__ = ["CallSide", "CommandSide", "Measurement", "Side", "SideError", "make_side", "parse_answer"]

FIGURES = ("cpu_seconds", "wall_seconds")


class SideError(RuntimeError):
    """A side failed, ran too long, or answered what cannot be compared."""


@dataclass(frozen=True)
class Measurement:
    """Seconds of one go; ``whole`` if they count the start of a process, too; and what the side said of its result."""

    cpu_seconds: float | None
    wall_seconds: float | None
    whole: bool
    answer: Mapping[str, Any] = field(default_factory=dict)


class Side(Protocol):
    """What the paired runner needs of a side."""

    @property
    def label(self) -> str: ...
    def measure(self, timeout_s: float | None = None) -> Measurement: ...
    def twin(self) -> Side: ...
    def close(self) -> None: ...


def make_side(text: str, *, outside: bool = False) -> CommandSide | CallSide:
    """A side as the command line names it: ``call:package.module:function``, or a command (no shell reads it).

    Examples
    --------
    >>> make_side("call:json:dumps").label, make_side("sleep 0.1").label
    ('json:dumps', 'sleep 0.1')
    """
    if text.startswith("call:"):
        return CallSide(text.removeprefix("call:"))
    return CommandSide(tuple(shlex.split(text)), outside=outside)


def parse_answer(output: str) -> dict[str, Any]:
    """The last JSON object with seconds of its own that a side printed; empty if there is none.

    Raises
    ------
    SideError
        If it names seconds that are not positive numbers.

    Examples
    --------
    >>> parse_answer('reading\\n{"cpu_seconds": 1.5, "iterations": 9}\\n')
    {'cpu_seconds': 1.5, 'iterations': 9}
    """
    for line in reversed(output.splitlines()):
        if not line.lstrip().startswith("{"):
            continue
        try:
            answer = json.loads(line)
        except ValueError:
            continue
        if any(name in answer for name in FIGURES):
            return _checked(answer)
    return {}


def _checked(answer: dict[str, Any]) -> dict[str, Any]:
    for name in FIGURES:
        value = answer.get(name)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if value is not None and not (number and 0 < value < float("inf")):
            raise SideError(f"{name} is {value!r}, which is no time: a side must print positive seconds")
    return answer


class CommandSide:
    """A command, started anew for every measurement."""

    def __init__(self, command: tuple[str, ...], *, outside: bool = False) -> None:
        if not command:
            raise SideError("the command of a side is empty")
        self.command = command
        self.outside = outside

    @property
    def label(self) -> str:
        return shlex.join(self.command)

    def measure(self, timeout_s: float | None = None) -> Measurement:
        """Run the command once.

        Raises
        ------
        SideError
            If it cannot start, exits with another code than 0, or runs longer than ``timeout_s``.
        """
        # Files, not pipes: a killed command's own children cannot keep the reader waiting.
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            started = time.perf_counter()
            try:
                process = subprocess.Popen(
                    self.command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True
                )
            except OSError as error:
                raise SideError(f"`{self.label}` cannot start: {error.strerror}") from None
            with _killing(process, timeout_s) as late:
                _, status, usage = os.wait4(process.pid, 0)  # counts this child and its own, nobody else's
            wall = time.perf_counter() - started
            process.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0), err.seek(0)
            if late.is_set():
                raise SideError(f"`{self.label}` ran longer than {timeout_s:g} s and was stopped")
            if process.returncode:
                raise SideError(f"`{self.label}` ended with exit code {process.returncode}: {_tail(err.read())}")
            answer = {} if self.outside else parse_answer(out.read())
        if answer:
            return Measurement(answer.pop("cpu_seconds", None), answer.pop("wall_seconds", None), False, answer)
        cpu = usage.ru_utime + usage.ru_stime
        if not cpu > 0:
            raise SideError(f"`{self.label}` took no CPU time that this machine can measure")
        return Measurement(cpu, wall, True)

    def twin(self) -> CommandSide:
        return CommandSide(self.command, outside=self.outside)

    def close(self) -> None:
        pass


class CallSide:
    """A function without arguments, called again and again in one child process that stays.

    The child times the call alone; a function that returns a mapping with ``cpu_seconds`` or ``wall_seconds`` is
    believed.
    """

    def __init__(self, function: str) -> None:
        self.function = function
        self._process: subprocess.Popen[str] | None = None

    @property
    def label(self) -> str:
        return self.function

    def measure(self, timeout_s: float | None = None) -> Measurement:
        """Call the function once, starting the child if there is none.

        Raises
        ------
        SideError
            If the function raises, its process dies, or it runs longer than ``timeout_s``.
        """
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "citytide.benchmarks.callee", self.function],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
            )  # fmt: skip
        process = self._process
        assert process.stdin is not None and process.stdout is not None
        with _killing(process, timeout_s) as late:
            try:
                process.stdin.write("go\n")
                process.stdin.flush()
                line = process.stdout.readline()
            except BrokenPipeError:
                line = ""
        if late.is_set():
            self.close()
            raise SideError(f"{self.label} ran longer than {timeout_s:g} s and was stopped")
        if not line:
            code = process.wait()
            self.close()
            raise SideError(f"{self.label}: its process ended with exit code {code}")
        answer = json.loads(line)
        if "error" in answer:
            raise SideError(f"{self.label}: {answer['error']}")
        answer = _checked(answer)
        return Measurement(answer.pop("cpu_seconds", None), answer.pop("wall_seconds", None), False, answer)

    def twin(self) -> CallSide:
        return CallSide(self.function)

    def close(self) -> None:
        """End the child; the next measurement starts another."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None and process.stdout is not None
        with suppress(BrokenPipeError):
            process.stdin.close()  # the child ends at the end of its input
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            _kill(process)
            process.wait()
        process.stdout.close()


@contextmanager
def _killing(process: subprocess.Popen[Any], timeout_s: float | None) -> Iterator[threading.Event]:
    """Kill the process and its children after a while, or when the wait is broken off; the event says it was late."""
    late = threading.Event()

    def end() -> None:
        late.set()
        _kill(process)

    timer = threading.Timer(timeout_s or 0.0, end)
    if timeout_s is not None:
        timer.start()
    try:
        yield late
    except BaseException:
        _kill(process)
        raise
    finally:
        timer.cancel()


def _kill(process: subprocess.Popen[Any]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _tail(text: str, lines: int = 3) -> str:
    return "\n".join(text.strip().splitlines()[-lines:]) or "it said nothing on stderr"
