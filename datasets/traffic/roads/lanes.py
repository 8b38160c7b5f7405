"""How many lanes of a road are open to cars in one direction.

References
----------
.. [1] OpenStreetMap Wiki, Key:lanes: ``lanes`` counts both directions, with the lanes for buses
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import product
from math import ceil

from .access import find_value_access
from .tag_values import split_values

__all__ = ["MOST_LANES", "find_lanes", "find_unread_lanes", "find_widest"]

MOST_LANES = 30  # of a whole way: a wider one is an error, mostly a width in metres
_BUS = ("psv", "bus")
_RESERVED = frozenset({"designated", "only"})
_CAR_LISTS = ("motorcar:lanes", "motor_vehicle:lanes", "vehicle:lanes", "access:lanes")  # the most specific comes first
_COUNTS = ("lanes", "lanes:forward", "lanes:backward", "lanes:both_ways")
_NUMBER = re.compile(r"\s*(?:双向)?(\d+(?:\.\d+)?)\s*(?:车道)?\s*")  # both directions together
_SIDES = ("", ":both", ":left", ":right")
# Known to narrow the road for some cars, by a rule that is not read; by the values that say there is none.
_UNREAD_ROOTS = ("lanes:hov", "hov:lanes", "lanes:taxi", "taxi:lanes", "lanes:reversible", "maxspeed:lanes")
_NONE = frozenset({"", "no", "none", "separate", "0"})


def find_lanes(tags: Mapping[str, str], along: bool, *, is_two_way: bool) -> float | None:
    """Lanes for cars in one direction.

    Lanes for buses are taken off. A two-way road whose tags give no direction shares its lanes evenly: the one lane of
    a narrow road counts half in each direction. A lane in the middle for turns of both directions is left out. A road
    merged from parts is as wide as its narrowest part. A total that leaves nothing for the other direction of a
    two-way road says nothing of that direction.

    Parameters
    ----------
    tags
        ``lanes``, ``lanes:forward``, ``lanes:backward``, ``lanes:both_ways``, ``lanes:psv``, ``lanes:bus`` (these with
        ``:forward`` and ``:backward`` too), ``psv:lanes``, ``bus:lanes``, ``access:lanes``, ``vehicle:lanes``,
        ``motor_vehicle:lanes``, ``motorcar:lanes``.
    along
        Whether the direction is that of the way's line.
    is_two_way
        Whether the way carries traffic in both directions.

    Returns
    -------
    float or None
        0 if buses take them all, or the tags say 0 for this direction; None where the tags do not say.

    Examples
    --------
    >>> tags = {"lanes": "4", "lanes:forward": "3", "lanes:backward": "1"}
    >>> find_lanes(tags, True, is_two_way=True), find_lanes(tags, False, is_two_way=True)
    (3.0, 1.0)
    >>> find_lanes({"lanes": "1"}, True, is_two_way=True), find_lanes({"lanes": "3", "lanes:psv": "1"}, True,
    ...     is_two_way=False)
    (0.5, 2.0)
    """
    of_lanes = {key: text for key, text in tags.items() if "lanes" in key}
    if len(of_lanes) > 1:
        return _find_by_tags(tuple(sorted(of_lanes.items())), along, is_two_way)
    total = _count(of_lanes, "lanes")
    if "lanes" in of_lanes:
        return total if total is None or not is_two_way else total / 2.0
    return _find_by_tags(tuple(of_lanes.items()), along, is_two_way) if of_lanes else None


@lru_cache(maxsize=4096)  # roads of a city share few sets of tags
def _find_by_tags(held: tuple[tuple[str, str], ...], along: bool, is_two_way: bool) -> float | None:
    tags = dict(held)
    here, there = ("forward", "backward") if along else ("backward", "forward")
    total, middle = _count(tags, "lanes"), _count(tags, "lanes:both_ways") or 0.0
    mine, theirs = _count(tags, f"lanes:{here}"), _count(tags, f"lanes:{there}")
    if not is_two_way:
        # A one-way street may carry lanes of buses against it: they count in the total too.
        if mine is None:
            mine = total if total is not None else theirs
            if mine is None:
                return None
            listed = sum(_count_listed(tags, end, mine) for end in (":forward", ":backward"))
            return max(0.0, mine - max(listed, _count_closed(tags, None, mine)))
        return max(0.0, mine - _count_closed(tags, here, mine))
    if mine is None and total is not None and theirs is not None:
        rest = total - theirs - middle
        if rest <= 0.0:
            return None
        mine = rest
    if mine is not None:
        closed = _count_closed(tags, here, mine)
        if not closed and not _count_closed(tags, there, theirs):
            closed = _count_closed(tags, None, total) / 2.0
        return max(0.0, mine - closed)
    if total is None:
        return None
    half = (total - middle) / 2.0
    closed, others = (_count_closed(tags, one, ceil(half)) for one in (here, there))
    if closed or others:
        # Of three lanes with one for buses two are left: one each way. Of six with one, two and three.
        rest = max(0.0, total - middle - closed - others)
        return rest / 2.0 if rest % 2.0 == 0.0 else min(max(0.0, half - closed), rest)
    return max(0.0, half - _count_closed(tags, None, total) / 2.0)


def find_unread_lanes(tags: Mapping[str, str]) -> list[str]:
    """Tags of lanes that are known and not read, as ``key=text`` where the text is the reason, else as ``key``.

    Examples
    --------
    >>> find_unread_lanes({"lanes": "2+1", "hov:lanes": "designated|", "busway:right": "lane"})
    ['lanes=2+1', 'busway:right', 'hov:lanes']
    """
    tags = {key: text for key, text in tags.items() if "lanes" in key or key.startswith("busway")}
    if not tags or (tags.get("lanes", "").isdecimal() and len(tags) == 1):
        return []
    counts = [key for key in tags if key in _COUNTS or key.startswith(("lanes:psv", "lanes:bus"))]
    found = [
        f"{key}={word.strip()}"
        for key in sorted(counts)
        for text in split_values(tags[key])
        for word in text.split(";")
        if word.strip() and not _NUMBER.fullmatch(word)
    ]
    sides = [f"busway{side}" for side in _SIDES] + [f"lanes:bus:{side}" for side in ("left", "right")]
    unread = [key for key in sides if tags.get(key, "").strip().lower() not in _NONE]
    for root in _UNREAD_ROOTS:
        for key in (root, f"{root}:forward", f"{root}:backward"):
            words = {word.strip().lower() for text in split_values(tags.get(key, "")) for word in text.split("|")}
            if words - _NONE:
                unread.append(key)
    return found + unread


def find_widest(tags: Mapping[str, str]) -> float:
    """The largest number of lanes that the tags name.

    Examples
    --------
    >>> find_widest({"lanes": "['2', '50']"})
    50.0
    """
    texts = [text for key in _COUNTS for text in split_values(tags.get(key, ""))]
    matches = [_NUMBER.fullmatch(number) for text in texts for number in text.split(";")]
    return max((float(number[1]) for number in matches if number), default=0.0)


def _count_closed(tags: Mapping[str, str], direction: str | None, count: float | None) -> float:
    """Lanes for buses, or closed to cars: of a direction, or of the whole way, where ``count`` lanes are counted."""
    counts = [0.0]
    for kind in _BUS:
        if direction is not None:
            counts.append(_count(tags, f"lanes:{kind}:{direction}") or 0.0)
            continue
        counts.append(_count(tags, f"lanes:{kind}") or 0.0)
        counts.append(sum(_count(tags, f"lanes:{kind}:{one}") or 0.0 for one in ("forward", "backward")))
    return max(*counts, _count_listed(tags, "" if direction is None else f":{direction}", count))


def _count_listed(tags: Mapping[str, str], end: str, count: float | None) -> float:
    """Of lanes listed one by one (``yes|designated``), those that cars may not use.

    A list may name cycle lanes, which no count of lanes holds: what is more than the count is not taken off.
    """
    cars = [split_values(tags.get(key + end, "")) or [""] for key in _CAR_LISTS]
    buses = [split_values(tags.get(f"{kind}:lanes{end}", "")) or [""] for kind in _BUS]
    closed = [0.0]
    for texts in product(*cars, *buses):
        lists = [text.split("|") for text in texts]
        n_lanes = max(len(words) for words in lists)
        padded = [[*words, *[""] * (n_lanes - len(words))] for words in lists]
        shut = sum(_is_shut(words[: len(cars)], words[len(cars) :]) for words in zip(*padded, strict=True))
        beyond = 0.0 if count is None else max(0.0, n_lanes - count)
        closed.append(shut - min(beyond, shut))
    return max(closed)


def _is_shut(cars: tuple[str, ...], buses: tuple[str, ...]) -> bool:
    for word in cars:
        if (said := find_value_access(word)) is not None:
            return not said
    return any(word.strip().lower() in _RESERVED for word in buses)


def _count(tags: Mapping[str, str], key: str) -> float | None:
    numbers: list[float] = [
        float(match[1])
        for text in split_values(tags.get(key, ""))
        for number in text.split(";")
        if (match := _NUMBER.fullmatch(number))
    ]
    # No lanes at all is what some write where none are painted; of one kind or direction it is a count.
    found = [number for number in numbers if number or key != "lanes"]
    return min(found, default=None)
