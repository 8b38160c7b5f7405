"""In which directions a way of OpenStreetMap may be driven: one rule for every reader."""

from __future__ import annotations

from collections.abc import Mapping

from .errors import InputError
from .road_classes import normalise_class

__all__ = ["find_senses"]

# The most specific comes first: what is one-way for motor vehicles may not be so for bicycles.
_KEYS = ("oneway:motorcar", "oneway:motor_vehicle", "oneway:vehicle", "oneway")
_FORWARD = frozenset({"yes", "true", "1"})
_BACKWARD = frozenset({"-1", "reverse"})
_BOTH = frozenset({"no", "false", "0", "reversible", "alternating"})


def find_senses(tags: Mapping[str, str]) -> tuple[bool, bool]:
    """Whether a way may be driven along its line, and against it.

    A roundabout and a motorway are one-way unless ``oneway=no`` says otherwise; a motorway_link is not. What changes
    its direction by the hour (``reversible``, ``alternating``) runs both ways.

    Raises
    ------
    InputError
        If ``oneway`` says something else.

    Examples
    --------
    >>> find_senses({"oneway": "-1"}), find_senses({"junction": "roundabout"})
    ((False, True), (True, False))
    >>> find_senses({"oneway": "no", "oneway:motor_vehicle": "yes"})
    (True, False)
    """
    for key in _KEYS:
        sense = tags.get(key, "").strip().lower()
        if not sense:
            continue
        if sense in _FORWARD:
            return True, False
        if sense in _BACKWARD:
            return False, True
        if sense in _BOTH:
            return True, True
        raise InputError(f"{key} must be yes, no or -1, got {tags[key]!r}", way_out="correct the tag, or remove it")
    implied = (
        tags.get("junction") in ("roundabout", "circular") or normalise_class(tags.get("highway", "")) == "motorway"
    )
    return True, not implied
