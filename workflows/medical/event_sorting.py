"""Events of persons in the order of the store: by (day, kind, code, n_days, value, cost_fen, facility)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...kernels.medical.events import NO_DAY, UNDATED

__all__ = ["take_events"]

MOST_DAYS = 65_535  # of what lasts: more are stored as so many
KIND_BITS = 3
Ints = npt.NDArray[np.int64]
Rows = dict[str, npt.NDArray[Any]]
Keys = list[npt.NDArray[np.uint64]]


def take_events(rows: Rows, at: Ints, person: Ints) -> dict[str, npt.NDArray[Any]]:
    """Events in their order, with ``twice``: whether all is as in the event before.

    Parameters
    ----------
    rows
        Of any kind.
    at
        (event,) which of the rows are taken.
    person
        (event,) whose each one is, rising.
    """
    taken = {name: rows[name][at] for name in ("day", "code", "kind", "value", "cost_fen", "facility")}
    day, until = taken["day"], rows["until"][at]
    lasts = (day != UNDATED) & (until != NO_DAY) & (until >= day)
    length = np.where(lasts, until.astype(np.int64) - day + 1, 0)
    taken |= {"n_days": np.minimum(length, MOST_DAYS).astype(np.uint16), "person": person}
    order, twice = _sort(_pack(taken), taken)
    return {**{name: values[order] for name, values in taken.items()}, "twice": twice}


def _pack(taken: Rows) -> Keys:
    """Person, day, kind and code as one key, or as two if one has not enough bits."""
    if not taken["day"].size:
        return [np.zeros(0, np.uint64)]
    dated = taken["day"] != UNDATED
    day = taken["day"].astype(np.int64)
    first = int(day[dated].min(initial=UNDATED))
    after = int(day[dated].max(initial=first)) - first + 1  # an event without a day stands last
    day = np.where(dated, day - first, after)
    code_bits, day_bits = int(taken["code"].max()).bit_length(), after.bit_length()
    code = taken["code"].astype(np.uint64)
    early = ((taken["person"] << day_bits | day) << KIND_BITS | taken["kind"]).astype(np.uint64)
    if int(taken["person"].max()).bit_length() + day_bits + KIND_BITS + code_bits > 63:
        return [early, code]
    return [early << np.uint64(code_bits) | code]


def _sort(keys: Keys, taken: Rows) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """The order by the keys and then by all other columns, and which events are equal to the one before."""
    order = np.argsort(keys[0], kind="stable") if len(keys) == 1 else np.lexsort(keys[::-1])
    twice = np.zeros(len(order), bool)
    tied = _match(keys, order)
    at = np.flatnonzero(tied | np.append(tied[1:], False))
    if not at.size:
        return order, twice
    rest = _list_rest({name: values[order[at]] for name, values in taken.items()})
    keys = [key[order[at]] for key in keys]
    inner = np.lexsort([*rest[::-1], *keys[::-1]])  # equal keys stay in the same places
    order[at] = order[at][inner]
    twice[at] = _match([*keys, *rest], inner)
    return order, twice


def _match(keys: Keys, order: Ints) -> npt.NDArray[np.bool_]:
    """Whether all keys are as in the event before."""
    same = np.ones(len(order), bool)
    same[:1] = False
    for key in keys:
        sorted_ = key[order]
        same[1:] &= sorted_[1:] == sorted_[:-1]
    return same


def _list_rest(taken: Rows) -> Keys:
    """Keys of the columns that come after the code."""
    cost = (taken["cost_fen"].astype(np.int64) - NO_DAY).astype(np.uint64)
    value = _as_ordered(taken["value"])
    return [taken["n_days"].astype(np.uint64), value << np.uint64(32) | cost, taken["facility"].astype(np.uint64)]


def _as_ordered(value: npt.NDArray[np.float32]) -> npt.NDArray[np.uint64]:
    """Whole numbers in the order of float32, NaN last."""
    bits = value.view(np.uint32)
    negative = bits >> np.uint32(31) == 1
    return np.where(negative & ~np.isnan(value), ~bits, bits | np.uint32(1 << 31)).astype(np.uint64)
