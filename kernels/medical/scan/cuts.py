"""Cuts events into blocks of whole persons, and takes them to a GPU."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...device_arrays import place
from ...engines import Engine
from ..columns import OF_EVENTS, OF_PERSONS, check_columns
from ..events import PersonEvents
from .block import Block
from .workspace import Workspace

__all__ = ["cut_blocks", "cut_persons", "place_person_events"]

BLOCK_EVENTS = 131_072  # so few that most of what accumulators share of a block stays in the second cache of a core


def cut_blocks(events: PersonEvents, n_codes: int, engine: Engine) -> Iterator[Block]:
    """Blocks of whole persons; on a device there is one.

    Arrays of a block are used again for the next: finish with one before taking another.
    """
    workspace = Workspace(events.code)
    if engine == "cuda":
        yield Block(events, n_codes, engine, workspace)
        return
    first = 0
    while first < events.n_persons:
        last = int(np.searchsorted(events.offset, events.offset[first] + BLOCK_EVENTS, side="right")) - 1
        last = min(max(last, first + 1), first + BLOCK_EVENTS, events.n_persons)
        yield Block(cut_persons(events, first, last), n_codes, engine, workspace, first)
        first = last


def cut_persons(events: PersonEvents, first: int, last: int) -> PersonEvents:
    """Persons from ``first`` to before ``last`` and their events: views of them, and offsets from 0."""
    begin, end = int(events.offset[first]), int(events.offset[last])
    return PersonEvents(
        offset=events.offset[first : last + 1] - begin,
        **{name: getattr(events, name)[begin:end] for name in OF_EVENTS},
        **{name: getattr(events, name)[first:last] for name in OF_PERSONS},
    )


def place_person_events(events: PersonEvents) -> PersonEvents:
    """A copy of events in the memory of a GPU.

    Raises
    ------
    ImportError
        If Numba has no CUDA target here.
    ValueError
        If columns do not fit each other, or days of a person fall.
    """
    check_columns(events)
    return PersonEvents(**{name: place(getattr(events, name)) for name in ("offset", *OF_EVENTS, *OF_PERSONS)})
