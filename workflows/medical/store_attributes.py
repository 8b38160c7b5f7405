"""What a store of events says of itself: no clock, host, path or run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...datasets.medical.records import KINDS
from .stores import SCHEMA, Part
from .vocabulary import Vocabulary

__all__ = ["describe_store"]


def describe_store(
    vocabulary: Vocabulary,
    key_id: str,
    policy: Mapping[str, Any],
    observed: tuple[int, int],
    days: tuple[int, int],
    *,
    lists_persons: bool,
    before: Sequence[Part] = (),
) -> dict[str, Any]:
    """Attributes of ``events.zarr``.

    Parameters
    ----------
    observed
        First and last day of observation of persons without their own.
    days
        First and last day of any dated record.
    before
        The parts that it continues.
    """
    return {
        "event_schema": SCHEMA,
        "vocabulary_version": vocabulary.version,
        "vocabulary_sha256": vocabulary.sha256,
        "key_id": key_id,
        "policy": dict(policy),
        "kinds": list(KINDS),
        "lists_persons": lists_persons,
        "observed_from": observed[0],
        "observed_to": observed[1],
        "first_day": days[0],
        "last_day": days[1],
        "segment": len(before),
        "continues": before[-1].content if before else "",
    }
