"""How many lanes of a road are open to cars in one direction.

References
----------
.. [1] OpenStreetMap Wiki, Key:lanes: ``lanes`` counts both directions, with the lanes for buses
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from .road_words import split_words

__all__ = ["find_lanes"]

_BUS = ("psv", "bus")
_RESERVED = frozenset({"designated", "only"})


def find_lanes(tags: Mapping[str, str], along: bool, *, is_two_way: bool) -> float | None:
    """Lanes for cars in one direction.

    Lanes for buses are taken off. A two-way road whose tags give no direction shares its lanes evenly: the one lane of
    a narrow road counts half in each direction. A lane in the middle for turns of both directions is left out. A road
    merged from parts is as wide as its narrowest part.

    Parameters
    ----------
    tags
        ``lanes``, ``lanes:forward``, ``lanes:backward``, ``lanes:both_ways``, ``lanes:psv``, ``lanes:bus`` (these with
        ``:forward`` and ``:backward`` too), ``psv:lanes``, ``bus:lanes``.
    along
        Whether the direction is that of the way's line.
    is_two_way
        Whether the way carries traffic in both directions.

    Returns
    -------
    float or None
        0 if buses take them all; None where the tags do not say.

    Examples
    --------
    >>> tags = {"lanes": "4", "lanes:forward": "3", "lanes:backward": "1"}
    >>> find_lanes(tags, True, is_two_way=True), find_lanes(tags, False, is_two_way=True)
    (3.0, 1.0)
    >>> find_lanes({"lanes": "1"}, True, is_two_way=True), find_lanes({"lanes": "3", "lanes:psv": "1"}, True,
    ...     is_two_way=False)
    (0.5, 2.0)
    """
    here, there = ("forward", "backward") if along else ("backward", "forward")
    total, middle = _count(tags, "lanes"), _count(tags, "lanes:both_ways") or 0.0
    mine, theirs = _count(tags, f"lanes:{here}"), _count(tags, f"lanes:{there}")
    if not is_two_way:
        # A one-way street may carry lanes of buses against it: they count in the total too.
        if mine is None:
            mine = total if total is not None else theirs
            return None if mine is None else max(0.0, mine - _count_buses(tags, None))
        return max(0.0, mine - _count_buses(tags, here))
    if mine is None and total is not None and theirs is not None:
        mine = max(0.0, total - theirs - middle)
    if mine is not None:
        buses = _count_buses(tags, here)
        if not buses and not _count_buses(tags, there):
            buses = _count_buses(tags, None) / 2.0
        return max(0.0, mine - buses)
    if total is None:
        return None
    if _count_buses(tags, here) or _count_buses(tags, there):
        return max(0.0, (total - middle) / 2.0 - _count_buses(tags, here))
    return max(0.0, (total - middle - _count_buses(tags, None)) / 2.0)


def _count_buses(tags: Mapping[str, str], direction: str | None) -> float:
    """Lanes for buses: of a direction, or of the whole way."""
    counts = [0.0]
    for kind in _BUS:
        if direction is not None:
            counts.append(_count(tags, f"lanes:{kind}:{direction}") or 0.0)
            counts.append(_count_reserved(tags, f"{kind}:lanes:{direction}"))
            continue
        both = sum(_count(tags, f"lanes:{kind}:{one}") or 0.0 for one in ("forward", "backward"))
        drawn = sum(_count_reserved(tags, f"{kind}:lanes{one}") for one in ("", ":forward", ":backward"))
        counts += [_count(tags, f"lanes:{kind}") or 0.0, both, drawn]
    return max(counts)


def _count_reserved(tags: Mapping[str, str], key: str) -> float:
    """Of lanes listed one by one (``yes|designated``), those that are the buses' own."""
    parts = [sum(lane.strip() in _RESERVED for lane in text.split("|")) for text in split_words(tags.get(key, ""))]
    return float(max(parts, default=0))


def _count(tags: Mapping[str, str], key: str) -> float | None:
    numbers = [
        float(number)
        for text in split_words(tags.get(key, ""))
        for number in text.split(";")
        if re.fullmatch(r"\s*\d+(\.\d+)?\s*", number)
    ]
    # No lanes at all is what some write where none are painted; of one kind or direction it is a count.
    found = [number for number in numbers if number or key != "lanes"]
    return min(found, default=None)
