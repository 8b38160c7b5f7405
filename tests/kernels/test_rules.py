"""What a digest of compiled code sees."""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

import pytest

from citytide.kernels.rules import digest


class Inner(NamedTuple):
    first: float
    second: float


class Outer(NamedTuple):
    held: Inner
    number: float


def read(outer: Outer, factor: float) -> float:
    return outer.held.second * factor


@pytest.mark.parametrize(
    ("name", "swapped"),
    [
        ("Inner", NamedTuple("Inner", [("second", float), ("first", float)])),
        ("Outer", NamedTuple("Outer", [("number", float), ("held", Inner)])),
    ],
)
def test_digest_sees_the_order_of_a_named_tuples_fields(
    name: str, swapped: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numba's cache knows a named tuple by its name: code compiled for another order would read the wrong field."""
    before = digest(read, "numba")
    assert digest(read, "numba") == before
    monkeypatch.setattr(sys.modules[__name__], name, swapped)
    assert digest(read, "numba") != before
