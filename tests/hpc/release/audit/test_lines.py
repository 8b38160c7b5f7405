"""A line of the log opens with its secret alone, and holds plain JSON."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citytide.hpc.release.audit.lines import append_line, open_line, read_raw, seal_line

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=4,
)
FIELDS = st.dictionaries(st.text().filter(lambda name: name != "seal"), VALUES, min_size=1, max_size=4)


@settings(max_examples=40)
@given(fields=FIELDS, secret=st.binary(min_size=1, max_size=32))
def test_a_sealed_line_opens_as_what_it_was_and_by_its_secret_alone(fields: dict[str, object], secret: bytes) -> None:
    raw = seal_line(fields, secret)
    assert raw.count(b"\n") == 1 and raw.endswith(b"\n")
    assert open_line(raw, secret) == fields
    assert open_line(raw, bytes([secret[0] ^ 1]) + secret[1:]) is None
    assert set(json.loads(raw)) == {*fields, "seal"}


@given(noise=st.binary(max_size=200))
def test_noise_is_no_line(noise: bytes) -> None:
    assert open_line(noise, b"secret") is None


def test_numbers_of_numpy_are_numbers_and_other_things_are_refused() -> None:
    assert open_line(seal_line({"n": np.int64(3), "e": np.array([0.5])}, b"s"), b"s") == {"n": 3, "e": [0.5]}
    with pytest.raises(TypeError, match="must hold texts, numbers and lists of them, got PosixPath"):
        seal_line({"a": Path("a")}, b"s")
    with pytest.raises(ValueError, match="not JSON compliant"):
        seal_line({"a": float("nan")}, b"s")


def test_a_line_takes_the_place_of_a_part_of_one(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    assert read_raw(path) == ([], b"")
    path.write_bytes(b"one\npart of ano")
    assert read_raw(path) == ([b"one\n"], b"part of ano")
    append_line(path, b"two\n")
    assert path.read_bytes() == b"one\ntwo\n"
