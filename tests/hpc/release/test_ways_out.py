"""No way out of a program lets the values of a sealed array through; most of those tried here let a plain one out."""

from __future__ import annotations

import logging
import os
import pickle
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import library_ways
import numpy as np
import pytest
import ways_out

from citytide.hpc.errors import PersonLevelError
from citytide.hpc.release.sealed import Sealed, running_step, unseal_array

VALUES = np.array([1234567891, 1357924680, 1472583691, 1928374655], np.int64)
KINDS = ("<i4", ">i4", "<i8", ">i8", "<f8", ">f8", "<f4", ">f4")
NEEDLES = [
    needle
    for value in VALUES.tolist()
    for needle in (
        *(text.encode() for text in (f"{value}", f"{value:,}", f"{value:_}", f"{value:x}", f"{value / 1e9:.6f}"[:7])),
        *(np.array(value, kind).tobytes() for kind in KINDS),
    )
]
QUIET = {  # ways that raise nothing, beside those of LOOKS: what they tell is no value
    "cause", "format_exception", "traceback with locals", "rich", "rich inspect", "rich traceback with locals",
    "reprlib", "reprlib of a list", "dask tokenize", "logging %s", "logging %r", "logging of the thing",
    "logging f-string", "logging a dict", "logging extra", "logging exception",
}  # fmt: skip


def load_ways() -> dict[str, Callable[[Any, Path], Any]]:
    ways_out.CANDIDATES[:] = VALUES.tolist()
    QUIET.update(library_ways.LOOKS)
    found: dict[str, Callable[[Any, Path], Any]] = {}
    for group in (
        ways_out.TEXT, ways_out.RAISED, ways_out.PICKLED, ways_out.PARTS, ways_out.NUMBERS,
        library_ways.NUMPY, library_ways.LIBRARIES, library_ways.LOOKS,
    ):  # fmt: skip
        assert not set(found) & set(group)
        found |= group
    return found


WAYS = load_ways()


def print_warning(message: Any, category: Any, name: str, line: int, *_: Any) -> None:
    """As a program does it; pytest would keep the message."""
    print(warnings.formatwarning(message, category, name, line), file=sys.stderr)


class Trial:
    """One way, tried with one array: what came of it, wherever it could be seen."""

    def __init__(self, way: Callable[[Any, Path], Any], x: Any, folder: Path, capture: Any) -> None:
        self.error: BaseException | None = None
        self.seen: list[bytes] = []
        capture.readouterr()
        try:
            with np.printoptions(threshold=10**6), warnings.catch_warnings():
                warnings.simplefilter("always")
                warnings.showwarning = print_warning
                self.look_at(way(x, folder))
        except BaseException as error:
            self.error = error
            self.look_at_error(error)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        self.seen += [text.encode() if isinstance(text, str) else text for text in capture.readouterr()]
        self.seen += [path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()]

    def look_at(self, value: Any) -> None:
        """A returned value as text, as bytes, and as it would travel to another process."""
        for show in (repr, str, np.ndarray.tobytes, bytes, pickle.dumps, lambda array: array.astype("<i8").tobytes()):
            if value is None or (show is bytes and isinstance(value, int | np.integer)):
                continue
            try:
                shown: Any = show(value)  # type: ignore[operator]
            except BaseException as error:
                self.look_at_error(error)
            else:
                self.seen.append(shown.encode(errors="replace") if isinstance(shown, str) else shown)

    def look_at_error(self, error: BaseException) -> None:
        """Everything that a report of the exception may show."""
        own = error.__traceback__.tb_next if error.__traceback__ else None  # without this file's frame
        shown = traceback.TracebackException(type(error), error, own)
        self.seen += [line.encode(errors="replace") for line in shown.format()]
        self.seen += [str(type(error)).encode(), repr(type(error)).encode()]
        for tell in (str, repr, pickle.dumps):
            try:
                told: Any = tell(error)  # type: ignore[operator]
            except BaseException:
                continue
            self.seen.append(told.encode(errors="replace") if isinstance(told, str) else told)

    @property
    def leaks(self) -> bool:
        everything = b"\n".join(self.seen)
        return any(needle in everything for needle in NEEDLES)


@pytest.fixture(autouse=True)
def logging_to_stderr(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """The log goes to stderr, as in a program; what the ways leave in this process is taken away again."""
    handler = logging.StreamHandler()
    logging.getLogger("ways").addHandler(handler)
    yield
    logging.getLogger("ways").removeHandler(handler)
    os.environ.pop("WAY_OUT", None)


def test_at_least_200_ways_let_a_plain_array_out(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """So the ways are ways, and the harness sees what they let out."""
    let_out = []
    for number, (name, way) in enumerate(WAYS.items()):
        (folder := tmp_path / str(number)).mkdir()
        if Trial(way, VALUES.copy(), folder, capfd).leaks:
            let_out.append(name)
    assert len(let_out) >= 200


class Leaky:
    """What a sealed array must not be: its values lie in an attribute, and a text shows them."""

    def __init__(self, values: Any) -> None:
        self.values = values

    def __repr__(self) -> str:
        return f"Leaky({self.values.tolist()})"

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self.values


@pytest.mark.parametrize(
    "name",
    [
        "print", "print to stderr", "f-string", "pickle protocol 5", "pickle to a file", "np.save", "xarray to_netcdf",
        "text of an exception", "argument of an exception", "traceback with locals", "logging %s", "warning", "vars",
        "matplotlib plot", "np.asarray", "dis of its methods",
    ],
)  # fmt: skip
def test_the_harness_catches_a_leaky_class(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert Trial(WAYS[name], Leaky(VALUES.copy()), tmp_path, capfd).leaks is (name != "dis of its methods")


def test_a_refusal_is_one_sentence_with_the_way_out() -> None:
    with pytest.raises(PersonLevelError) as refused:
        str(Sealed(VALUES, "day"))
    assert str(refused.value) == (
        "an array of single persons must not be turned into text, but 'day' (int64) was: let a step compute from "
        "unseal(arrays), and a ReductionStep with release=ReleaseRequest(...) hand over counts"
    )
    assert isinstance(refused.value, TypeError)


@pytest.mark.parametrize("name", WAYS)
def test_no_way_lets_a_sealed_array_out(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    sealed = Sealed(VALUES.copy(), "day")
    trial = Trial(WAYS[name], sealed, tmp_path, capfd)
    assert not trial.leaks, b"\n".join(trial.seen).decode(errors="replace")
    assert trial.error is not None or name in QUIET
    with running_step():
        assert (unseal_array(sealed) == VALUES).all()  # and no way changed it
