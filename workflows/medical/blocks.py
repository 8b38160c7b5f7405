"""Events of a block of buckets as kernels take them, from all parts of a store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ...hpc.store.sealed import unseal
from ...kernels.medical.events import NO_DAY, PersonEvents, restore_days
from ...kernels.medical.segments import merge_segments

__all__ = ["load_events", "load_part"]

DEFAULTS = {
    "n_days": (np.uint16, 0),
    "value": (np.float32, np.nan),
    "cost_fen": (np.int32, -1),
    "facility": (np.uint16, 0),
}
Arrays = Mapping[str, Any]


def load_events(arrays: Arrays, *, prefixes: Sequence[str], observed: Sequence[int], **params: Any) -> PersonEvents:
    """The persons of some buckets, each with the events of all parts of the store.

    Where the sources list persons, those whom none of them lists are left out.

    Parameters
    ----------
    arrays
        What ``EventStore.inputs`` names, as a step gets it.
    prefixes, observed
        Of ``EventStore.load_params``.
    params
        Further parameters of the step, which are not looked at.
    """
    arrays = unseal(arrays)
    parts = [load_part(arrays, prefix) for prefix in prefixes]
    return _fill_observed(merge_segments(parts), observed)


def load_part(arrays: Arrays, prefix: str) -> PersonEvents:
    """The persons of some buckets with the events of one part alone, also those who are not listed."""
    offset, day = restore_days(arrays[f"{prefix}n_events"], arrays[f"{prefix}first_day"], arrays[f"{prefix}day_step"])
    details = {name: _fill(arrays.get(f"{prefix}{name}"), *told, len(day)) for name, told in DEFAULTS.items()}
    person = ("birth_day", "death_day", "observed_from", "observed_to", "sex", "pseudonym")
    return PersonEvents(
        offset=offset,
        day=day,
        code=arrays[f"{prefix}code"].astype(np.uint32),
        kind=arrays[f"{prefix}kind"],
        area=arrays[f"{prefix}area"].astype(np.uint32),
        listed=arrays.get(f"{prefix}listed"),
        **details,
        **{name: arrays[f"{prefix}{name}"] for name in person},
    )


def _fill(values: Any, dtype: Any, default: float, n: int) -> npt.NDArray[Any]:
    return np.full(n, default, dtype) if values is None else np.asarray(values)


def _fill_observed(events: PersonEvents, observed: Sequence[int]) -> PersonEvents:
    """Give persons without days of observation of their own those of the store."""
    from dataclasses import replace

    begin, end = (
        np.where(own == NO_DAY, day, own).astype(np.int32)
        for own, day in ((events.observed_from, observed[0]), (events.observed_to, observed[1]))
    )
    return replace(events, observed_from=begin, observed_to=end)
