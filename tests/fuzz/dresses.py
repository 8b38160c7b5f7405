"""How a file of known content may be dressed, and how far the product may go with it.

Each aspect of a file (its unit, its CRS, its missing values) has options of three levels. A dress of plain options
states everything and must be read. An open one may be read or refused, but not misread. A false one leaves out or
contradicts what matters and must be refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

PLAIN, OPEN, FALSE = "plain", "open", "false"
N_ODD = {0: 0.5, 1: 0.35, 2: 0.15}  # of the aspects of a draw, so many are not plain

Aspects = Mapping[str, Mapping[str, str]]
Dress = dict[str, str]
Measure = Callable[[Any], "str | None"]


@dataclass(frozen=True)
class Case:
    """A world that was written: what the user sets, and what tells whether the product's reading of it is right."""

    settings: dict[str, Any]
    measure: Measure  # of what was prepared: None, or what is wrong
    level: str
    said: dict[str, str] = field(default_factory=dict)  # numbers that are no aspect, for the report


@dataclass(frozen=True)
class Field:
    """One field of the fuzz: its aspects, which of them a dress uses, and who writes and reads it."""

    aspects: Aspects
    find_relevant: Callable[[Dress], list[str]]
    write: Callable[[Dress, np.random.Generator, Path], Case]
    prepare: Callable[[dict[str, Any]], Any]
    needs: Mapping[str, Dress] = field(default_factory=dict)  # what else a single aspect, or one of its options, needs

    def dress_singly(self, name: str, option: str) -> Dress:
        """A plain dress but for one option."""
        with_it = self.needs.get(f"{name}={option}", self.needs.get(name, {}))
        return dress_plainly(self.aspects, **{**with_it, name: option})


def make_generator(number: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=number))


def draw_dress(aspects: Aspects, rng: np.random.Generator) -> Dress:
    """Plain options for most aspects, others for none, one or two of them."""
    n_odd = int(np.searchsorted(np.cumsum(list(N_ODD.values())), rng.random(), side="right"))
    can_be_odd = [name for name, options in aspects.items() if set(options.values()) != {PLAIN}]
    odd = {can_be_odd[at] for at in rng.permutation(len(can_be_odd))[:n_odd]}
    dress = {}
    for name, options in aspects.items():
        chosen = [option for option, level in options.items() if (level != PLAIN) == (name in odd)]
        dress[name] = chosen[int(rng.integers(len(chosen)))]
    return dress


def dress_plainly(aspects: Aspects, **changed: str) -> Dress:
    """The first option of each aspect but those named."""
    return {name: changed.get(name, next(iter(options))) for name, options in aspects.items()}


def find_level(aspects: Aspects, dress: Dress, relevant: list[str]) -> str:
    """The level of a dress is that of its worst option."""
    levels = {aspects[name][dress[name]] for name in relevant}
    return FALSE if FALSE in levels else OPEN if OPEN in levels else PLAIN


def list_single_dresses(of: Field) -> list[tuple[str, str]]:
    """Each option of each aspect that is not the first."""
    return [(name, option) for name, options in of.aspects.items() for option in list(options)[1:]]
