"""What a class of road is assumed to be where its tags do not say: speed, lanes, capacity; and which word means which.

Capacities are what a lane passes in an hour with the junctions that such roads have, not what it passes between them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ...errors import InputError
from .vocabulary import NO_ROADS, NOT_FOR_CARS, SYNONYMS

__all__ = [
    "DROPPED",
    "EMPTY",
    "MODES",
    "OTHER",
    "ROAD_CLASSES",
    "UNKNOWN",
    "RoadClass",
    "find_class",
    "find_road_class",
    "normalise_class",
    "read_classes",
    "refuse_unknown_classes",
]


@dataclass(frozen=True)
class RoadClass:
    """Assumptions for one value of the tag ``highway``; lanes count one direction."""

    speed_km_h: float
    lanes: int
    capacity_veh_h_lane: float


ROAD_CLASSES = {
    "motorway": RoadClass(90.0, 3, 1900.0),
    "trunk": RoadClass(70.0, 3, 1600.0),
    "primary": RoadClass(50.0, 3, 1000.0),
    "secondary": RoadClass(40.0, 2, 850.0),
    "tertiary": RoadClass(35.0, 1, 700.0),
    "motorway_link": RoadClass(50.0, 1, 1400.0),
    "trunk_link": RoadClass(45.0, 1, 1200.0),
    "primary_link": RoadClass(35.0, 1, 900.0),
    "secondary_link": RoadClass(30.0, 1, 800.0),
    "tertiary_link": RoadClass(30.0, 1, 650.0),
    "unclassified": RoadClass(30.0, 1, 550.0),
    "residential": RoadClass(25.0, 1, 450.0),
    "living_street": RoadClass(15.0, 1, 300.0),
    "service": RoadClass(15.0, 1, 300.0),
}
OTHER = RoadClass(20.0, 1, 300.0)  # footways and the like, in the mode "all"

MODES = ("car", "all")
DROPPED = "drop"  # also what a declared class may be
UNKNOWN = "unknown"
EMPTY = "(empty)"  # how a road without a class is called in errors and in declared classes
_ALL_OTHERS = "*"


def find_class(word: str) -> RoadClass:
    """What is assumed of a class of road.

    Examples
    --------
    >>> find_class("residential").speed_km_h
    25.0
    """
    return ROAD_CLASSES.get(word, OTHER)


def normalise_class(word: str) -> str:
    """A word of road class in lower case, with _ for spaces and hyphens.

    Examples
    --------
    >>> normalise_class(" Motorway Link "), normalise_class("")
    ('motorway_link', '(empty)')
    """
    return re.sub(r"[\s\-_]+", "_", word.strip().casefold()) or EMPTY


def find_road_class(words: Iterable[str], classes: Mapping[str, str] | None = None, mode: str = "car") -> str:
    """The class of a road, as a word of OpenStreetMap.

    A road that was merged from parts of several classes has the slowest of them: it is as good as its worst part. It
    is omitted if all of its parts are.

    Parameters
    ----------
    words
        What the map says; one word, or those of all parts.
    classes
        What words are declared to mean, see :func:`read_classes`.
    mode
        ``"car"``, or ``"all"``, which keeps footways and the like.

    Returns
    -------
    str
        A key of ``ROAD_CLASSES``, a word such as ``footway`` in the mode ``"all"``, ``DROPPED`` or ``UNKNOWN``.

    Examples
    --------
    >>> find_road_class(["Primary"]), find_road_class(["主干路", "支路"]), find_road_class(["footway"])
    ('primary', 'tertiary', 'drop')
    >>> find_road_class(["2_Klass"]), find_road_class(["2_Klass"], {"2_klass": "secondary"})
    ('unknown', 'secondary')
    """
    known = classes or {}
    found = [_find_one(part, known, mode) for word in words for part in _split(word, known)]
    found = found or [_find_one(EMPTY, known, mode)]
    if UNKNOWN in found:
        return UNKNOWN
    kept = [word for word in found if word != DROPPED]
    if not kept:
        return DROPPED
    return min(kept, key=lambda word: find_class(word).speed_km_h * find_class(word).capacity_veh_h_lane)


def _split(word: str, classes: Mapping[str, str]) -> list[str]:
    """The classes of a word such as ``primary;residential``, unless the whole of it is declared."""
    whole = normalise_class(word)
    return [whole] if whole in classes else [normalise_class(part) for part in word.split(";")]


def _find_one(word: str, classes: Mapping[str, str], mode: str) -> str:
    meant = classes.get(word, word)
    meant = SYNONYMS.get(meant, meant)
    if meant in NOT_FOR_CARS:
        return DROPPED if mode == "car" else meant
    if meant in NO_ROADS or meant == DROPPED:
        return DROPPED
    return meant if meant in ROAD_CLASSES else classes.get(_ALL_OTHERS, UNKNOWN)


def read_classes(text: str | None) -> dict[str, str]:
    """What a user declares words of road class to mean.

    Parameters
    ----------
    text
        ``"word=primary,other=drop"``: each word, and the word of OpenStreetMap that it stands for, or ``drop``, which
        leaves such roads out. ``(empty)`` stands for roads without a class, ``*`` for all other unknown words. A word
        may hold commas.

    Raises
    ------
    InputError
        If it cannot be read, or a meaning is no class of OpenStreetMap.

    Examples
    --------
    >>> read_classes("2_Klass=secondary, Sti=drop")
    {'2_klass': 'secondary', 'sti': 'drop'}
    >>> read_classes("Strasse, klein=residential,*=drop")
    {'strasse,_klein': 'residential', '*': 'drop'}
    """
    classes: dict[str, str] = {}
    parts: list[str] = []
    for part in (text or "").split(","):
        # What has no meaning yet goes on behind the comma: "Strasse, klein=residential".
        if parts and "=" not in parts[-1]:
            parts[-1] += f",{part}"
        elif part.strip():
            parts.append(part)
    for part in parts:
        word, equals, meaning = part.rpartition("=")
        meant = normalise_class(meaning)
        if not equals or not word.strip():
            raise InputError(
                f"classes must be pairs of word=class, got {part.strip()!r}",
                way_out="write classes=word=primary,other=drop",
            )
        meant = SYNONYMS.get(meant, meant)
        if meant not in ROAD_CLASSES and meant not in NOT_FOR_CARS and meant != DROPPED:
            raise InputError(
                f"classes must give a class of OpenStreetMap for {word.strip()!r}, got {meaning.strip()!r}",
                way_out=f"choose one of {', '.join(ROAD_CLASSES)}, or {DROPPED} to leave such roads out",
            )
        known = normalise_class(word)
        if classes.setdefault(known, meant) != meant:
            raise InputError(
                f"classes gives two meanings for {word.strip()!r}: {classes[known]} and {meant}",
                way_out="list each word only once",
            )
    return classes


def refuse_unknown_classes(file: str | Path, km_of: Mapping[str, float]) -> None:
    """Refuse roads whose words of class are unknown.

    Parameters
    ----------
    file
        For the error.
    km_of
        Kilometres by word.

    Raises
    ------
    InputError
        If there is any word: with the kilometres of each.

    Examples
    --------
    >>> refuse_unknown_classes("roads.gpkg", {"2_Klass": 12.25})
    Traceback (most recent call last):
    ...
    citytide.datasets.errors.InputError: roads.gpkg: the class of each road must be known, these words are not: \
'2_Klass' (12.2 km); say what they are with classes=2_Klass=CLASS, where CLASS is a word of OpenStreetMap such as \
primary, or drop to leave these roads out; *=CLASS says so of all
    """
    if not km_of:
        return
    words = sorted(km_of, key=lambda word: (-km_of[word], word))
    shown = ", ".join(f"{word!r} ({km_of[word]:,.1f} km)" for word in words[:8])
    more = "" if len(words) <= 8 else f" and {len(words) - 8} more"
    raise InputError(
        f"the class of each road must be known, these words are not: {shown}{more}",
        file=file,
        way_out=f"say what they are with classes={words[0]}=CLASS, where CLASS is a word of OpenStreetMap such as "
        f"primary, or {DROPPED} to leave these roads out; {_ALL_OTHERS}=CLASS says so of all",
    )
