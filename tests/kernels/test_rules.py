"""What a digest of compiled code sees."""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

import pytest

from citytide.kernels.rules import digest, fused_rule, rule


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


def _weigh(a: Any, b: Any, c: Any) -> Any:
    return a * b + c


@pytest.mark.parametrize(("make", "is_fused"), [(rule, False), (fused_rule, True)])
def test_only_a_fused_rule_may_round_a_product_and_a_sum_once(make: Any, is_fused: bool) -> None:
    compiled = make(_weigh).on("numba")
    tiny = 2.0**-30
    found = compiled(1.0 + tiny, 1.0 - tiny, -1.0)  # exactly -(2 ** -60), but 0 where the product is rounded first
    assert found in ((0.0, -(tiny**2)) if is_fused else (0.0,))
    (code,) = compiled.inspect_llvm().values()
    assert ("fmul contract double" in code and "fadd contract double" in code) == is_fused


_plain, _fused = rule(_weigh), fused_rule(_weigh)


def _calls_weigh(a: Any) -> Any:
    return _plain(a, a, a)


def test_digest_tells_a_fused_rule_from_a_plain_one(monkeypatch: pytest.MonkeyPatch) -> None:
    before = digest(_calls_weigh, "numba")
    monkeypatch.setitem(_calls_weigh.__globals__, "_plain", _fused)
    assert digest(_calls_weigh, "numba") != before
