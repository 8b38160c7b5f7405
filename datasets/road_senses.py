"""In which directions a way of OpenStreetMap may be driven: one rule for every reader."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["find_senses"]


def find_senses(tags: Mapping[str, str]) -> tuple[bool, bool]:
    """Whether a way may be driven along its line, and against it.

    A roundabout and a motorway are one-way unless ``oneway=no`` says otherwise.

    Examples
    --------
    >>> find_senses({"oneway": "-1"}), find_senses({"junction": "roundabout"})
    ((False, True), (True, False))
    """
    sense = tags.get("oneway", "")
    if sense in ("-1", "reverse"):
        return False, True
    round_about = tags.get("junction") in ("roundabout", "circular") or tags.get("highway") == "motorway"
    return True, not (sense in ("yes", "true", "1") or (round_about and sense != "no"))
