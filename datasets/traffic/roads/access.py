"""Which roads are open to cars: the access tags of OpenStreetMap, where the most specific kind of vehicle wins.

References
----------
.. [1] OpenStreetMap Wiki, Key:access: the hierarchy of land-based transport
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from .tag_values import split_values

__all__ = ["find_access", "find_limited", "find_unread", "find_value_access", "is_barred"]

_CAR_KEYS = ("motorcar", "motor_vehicle", "vehicle", "access")  # the most specific comes first
_OTHER_KEYS = ("motorcar", "motor_vehicle", "vehicle", "bicycle", "foot")
_OPEN = frozenset({
    "yes", "designated", "official", "permissive", "public", "discouraged", "toll",
    "y", "t", "true", "1", "是", "允许",  # of tables
})  # fmt: skip
_LIMITED = frozenset({"destination", "customers"})  # open, and the notes count them: no traffic passes through
_CLOSED = frozenset({
    "no", "private", "delivery", "permit", "residents", "employees", "members", "staff", "service", "restricted",
    "emergency", "military", "forestry", "agricultural", "bus", "psv", "taxi", "hgv", "bicycle", "foot", "horse",
    "motorcycle", "moped", "tourist_bus", "coach", "hov", "use_sidepath", "dismount", "none",
    "n", "f", "false", "0", "否", "禁止",  # of tables
})  # fmt: skip

_BARRIERS = frozenset({
    "bollard", "block", "bus_trap", "chain", "cycle_barrier", "debris", "full-height_turnstile", "jersey_barrier",
    "kissing_gate", "log", "motorcycle_barrier", "planter", "stile", "sump_buster", "turnstile",
})  # fmt: skip


def find_access(tags: Mapping[str, str], mode: str = "car") -> tuple[bool, bool]:
    """Whether a way is open along its line, and against it.

    ========================================== ==============================================
    value                                      a car may use the way
    ========================================== ==============================================
    yes, designated, official, permissive,     yes
    public, discouraged, toll
    destination, customers                     yes: the notes count these links
    no, private, delivery, permit, residents,  no
    employees, members, staff, service,
    restricted, emergency, military, forestry,
    agricultural, bus, psv, taxi, hgv,
    bicycle, foot, horse, motorcycle, moped,
    tourist_bus, coach, hov, use_sidepath,
    dismount, none
    y, t, true, 1, 是, 允许 (of tables)        yes
    n, f, false, 0, 否, 禁止 (of tables)       no
    anything else                              as if the tag were not there
    ========================================== ==============================================

    ``motorcar`` wins over ``motor_vehicle``, ``vehicle`` and ``access``, in this order; among tags of one kind the one
    of a direction (``motor_vehicle:backward``) wins. Of several values with ``;`` one that is open is enough; of a
    link merged from parts one part that is closed closes it.

    Parameters
    ----------
    tags
        Tags of the way.
    mode
        ``"car"``, or ``"all"``: closed is then only what ``access`` closes and no other tag opens.

    Examples
    --------
    >>> find_access({"access": "no", "motor_vehicle": "yes"}), find_access({"motorcar": "no"})
    ((True, True), (False, False))
    >>> find_access({"vehicle:backward": "no"})
    (True, False)
    """
    if mode != "car":
        closed = _is_open(tags.get("access", "")) is False and not any(_is_open(tags.get(k, "")) for k in _OTHER_KEYS)
        return not closed, not closed
    held = tuple((key, text) for key, text in tags.items() if key.partition(":")[0] in _CAR_KEYS)
    return _find_cars(held) if held else (True, True)


@lru_cache(maxsize=4096)  # roads of a city share few sets of tags
def _find_cars(held: tuple[tuple[str, str], ...]) -> tuple[bool, bool]:
    tags = dict(held)
    return _is_way_open(tags, "forward"), _is_way_open(tags, "backward")


def _is_way_open(tags: Mapping[str, str], direction: str) -> bool:
    for key in _CAR_KEYS:
        for name in (f"{key}:{direction}", key):
            said = _is_open(tags.get(name, ""))
            if said is not None:
                return said
    return True


def _is_open(text: str) -> bool | None:
    """None where nothing is said."""
    parts = [said for word in split_values(text) if (said := find_value_access(word)) is not None]
    return all(parts) if parts else None


def find_value_access(text: str) -> bool | None:
    """Whether one value, or one of several with ``;``, opens a road to cars; None where it says nothing.

    Examples
    --------
    >>> find_value_access("designated"), find_value_access("no"), find_value_access("perhaps")
    (True, False, None)
    """
    words = {word.strip().lower() for word in text.split(";")}
    if words & (_OPEN | _LIMITED):
        return True
    return False if words & _CLOSED else None


def find_limited(tags: Mapping[str, str]) -> bool:
    """Whether a way that is open is so for traffic with a destination on it only.

    Examples
    --------
    >>> find_limited({"motor_vehicle": "destination"}), find_limited({"access": "yes"})
    (True, False)
    """
    for key in _CAR_KEYS:
        words = {word.strip().lower() for part in split_values(tags.get(key, "")) for word in part.split(";")}
        if words & (_OPEN | _LIMITED | _CLOSED):
            return bool(words & _LIMITED) and not words & _OPEN
    return False


def find_unread(tags: Mapping[str, str]) -> list[str]:
    """Access tags of cars whose words are unknown, as ``key=word``.

    Examples
    --------
    >>> find_unread({"motorcar": "perhaps", "access": "no"})
    ['motorcar=perhaps']
    """
    if not any(key.partition(":")[0] in _CAR_KEYS for key in tags):
        return []
    return [
        f"{name}={word}"
        for key in _CAR_KEYS
        for name in (key, f"{key}:forward", f"{key}:backward")
        for word in split_values(tags.get(name, ""))
        if word.strip().lower() not in ("", "unknown") and find_value_access(word) is None
    ]


def is_barred(tags: Mapping[str, str]) -> bool:
    """Whether a car cannot pass a node: by its access tags or, where they say nothing, its kind of barrier.

    Examples
    --------
    >>> is_barred({"barrier": "bollard"}), is_barred({"barrier": "bollard", "motor_vehicle": "yes"})
    (True, False)
    >>> is_barred({"barrier": "gate"}), is_barred({"barrier": "gate", "access": "private"})
    (False, True)
    """
    for key in _CAR_KEYS:
        said = _is_open(tags.get(key, ""))
        if said is not None:
            return not said
    return tags.get("barrier") in _BARRIERS
