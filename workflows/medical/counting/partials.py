"""Partial results of reductions over persons: whole numbers that add up, and facts that blocks hand on unchanged."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["FACTS", "add_partials", "pack_facts", "read_facts"]

Arrays = dict[str, NDArray[Any]]
FACTS = "facts"  # what the last function of a reduction must know and no array tells: codes, names, labels


def pack_facts(facts: Mapping[str, Any]) -> NDArray[np.uint8]:
    """Facts as JSON in an array of bytes.

    Examples
    --------
    >>> read_facts({"facts": pack_facts({"code": ["E11"], "least": 10})})
    {'code': ['E11'], 'least': 10}
    """
    return np.frombuffer(json.dumps(facts, ensure_ascii=False).encode("utf-8", "surrogatepass"), np.uint8)


def read_facts(partial: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """The facts of a partial result."""
    told: dict[str, Any] = json.loads(partial[FACTS].tobytes().decode("utf-8", "surrogatepass"))
    return told


def add_partials(partials: Sequence[Mapping[str, NDArray[Any]]]) -> Arrays:
    """The sum of partial results; facts are those of the first.

    Sums of cohorts are modulo 2^64, and all others whole numbers, so that any order gives the same.

    Examples
    --------
    >>> parts = [{"n": np.array([1, 2]), "facts": pack_facts({})}, {"n": np.array([3, 4]), "facts": pack_facts({})}]
    >>> add_partials(parts)["n"].tolist()
    [4, 6]
    """
    first, *others = partials
    total = {name: np.array(array) for name, array in first.items()}
    for partial in others:
        for name, array in partial.items():
            if name != FACTS:
                total[name] += array
    return total
