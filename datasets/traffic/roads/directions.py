"""In which directions a way of OpenStreetMap may be driven: one rule for every reader."""

from __future__ import annotations

from collections.abc import Mapping

from ...errors import InputError
from .classes import find_road_class
from .tag_values import split_values

__all__ = ["find_directions"]

# The most specific comes first: what is one-way for motor vehicles may not be so for bicycles.
_KEYS = ("oneway:motorcar", "oneway:motor_vehicle", "oneway:vehicle", "oneway")
_ROUND = frozenset({"roundabout", "circular"})
_FORWARD = frozenset({"yes", "true", "1"})
_BACKWARD = frozenset({"-1", "reverse"})
_BOTH = frozenset({"no", "false", "0", "reversible", "alternating"})


def find_directions(tags: Mapping[str, str], classes: Mapping[str, str] | None = None) -> tuple[bool, bool]:
    """Whether a way may be driven along its line, and against it.

    A roundabout and a motorway are one-way unless ``oneway=no`` says otherwise; a motorway_link is not. What changes
    its direction by the hour (``reversible``, ``alternating``) runs both ways. A motorway is one by any word that is
    known to mean it.

    Parameters
    ----------
    tags
        Tags of the way.
    classes
        What words of road class are declared to mean, see
        :func:`~citytide.datasets.traffic.roads.classes.read_classes`.

    Raises
    ------
    InputError
        If ``oneway`` says something else.

    Examples
    --------
    >>> find_directions({"oneway": "-1"}), find_directions({"junction": "roundabout"})
    ((False, True), (True, False))
    >>> find_directions({"highway": "高速公路"}), find_directions({"highway": "0"}, {"0": "motorway"})
    ((True, False), (True, False))
    >>> find_directions({"oneway": "no", "oneway:motor_vehicle": "yes"})
    (True, False)
    """
    for key in _KEYS:
        direction = tags.get(key, "").strip().lower()
        if not direction:
            continue
        if direction in _FORWARD:
            return True, False
        if direction in _BACKWARD:
            return False, True
        if direction in _BOTH:
            return True, True
        raise InputError(f"{key} must be yes, no or -1, got {tags[key]!r}", way_out="correct the tag, or remove it")
    junctions = {word.strip().lower() for word in split_values(tags.get("junction", ""))}
    if junctions & _ROUND:
        return True, False
    return True, find_road_class(split_values(tags.get("highway", "")), classes, "all") != "motorway"
