"""OpenStreetMap extracts, ``.osm.pbf`` or XML: their items with tags and places."""

from __future__ import annotations

import bz2
import gzip
from collections.abc import Callable, Container
from pathlib import Path
from typing import Any
from xml.parsers import expat

from ..errors import InputError

__all__ = ["OSM_SUFFIXES", "find_deleted", "open_osmium", "read_osm_items"]

OSM_SUFFIXES = (".pbf", ".osm", ".osm.bz2", ".osm.gz")
_OTHER: tuple[Any, ...] = (False, {}, [])  # a way that is not wanted, or deleted


def open_osmium(file: Path) -> Any:
    """The library that reads the format, once it is known that it and the file are there."""
    try:
        import osmium
    except ImportError:
        raise InputError(
            "osmium, which reads this format, is not installed", file=file, way_out='pip install "citytide[geo]"'
        ) from None
    if not file.is_file():
        raise InputError("the file is missing", file=file, way_out="check the name and the folder")
    return osmium


def read_osm_items(file: Path, *keys: str) -> list[tuple[Any, ...]]:
    """(id, tags, [(node, longitude, latitude), ...]) of every node and way with one of some keys.

    Nodes of a way that the file does not have are None. The order of the file does not matter: places are read in a
    pass of their own. What is marked as deleted is left out; what is there twice and is the same is read once.

    Raises
    ------
    InputError
        If osmium is not installed, the file cannot be read, or it holds several versions of an item.
    """
    osmium = open_osmium(file)
    try:
        if osmium.FileProcessor(str(file)).header.has_multiple_object_versions:
            raise _refuse_versions(file, "an item of this history file")
        gone = find_deleted(file)
        nodes = _read_nodes(osmium, file, keys, gone)
        ways = _read_ways(osmium, file, keys, gone)
        place = _read_places(osmium, file, {ref for _, _, members in ways for ref, _ in members}, gone)
    except (RuntimeError, OSError, EOFError) as error:
        raise InputError(f"the extract cannot be read ({error})", file=file, way_out="fetch it again") from None
    items: list[tuple[Any, ...]] = [(f"n{number}", tags, [(number, *at)]) for number, tags, at in nodes]
    for number, tags, members in ways:
        # Some services write the places of nodes into the way, and no nodes.
        found = [(ref, place.get(ref, own)) for ref, own in members]
        items.append((f"w{number}", tags, [None if at is None else (ref, *at) for ref, at in found]))
    return items


def _find_place(location: Any) -> tuple[float, float] | None:
    return (location.lon, location.lat) if location.valid() else None


def _read_nodes(
    osmium: Any, file: Path, keys: tuple[str, ...], gone: Container[tuple[str, int]]
) -> list[tuple[int, dict[str, str], tuple[float, float]]]:
    known: dict[int, tuple[Any, ...]] = {}
    found = osmium.FileProcessor(str(file), osmium.osm.NODE).with_filter(osmium.filter.KeyFilter(*keys))
    for node in found:
        at = _find_place(node.location)
        if at is None or node.deleted or not node.visible or ("node", node.id) in gone:
            continue
        held = ({tag.k: tag.v for tag in node.tags}, at)
        if known.setdefault(node.id, held) != held:
            raise _refuse_versions(file, f"node {node.id}")
    return [(number, tags, at) for number, (tags, at) in known.items()]


def _read_ways(
    osmium: Any, file: Path, keys: tuple[str, ...], gone: Container[tuple[str, int]]
) -> list[tuple[int, dict[str, str], list[tuple[int, tuple[float, float] | None]]]]:
    """All ways are looked at: the version of a way that deletes it has no tags."""
    known: dict[int, tuple[Any, ...]] = {}
    for way in osmium.FileProcessor(str(file), osmium.osm.WAY):
        is_gone = way.deleted or not way.visible or ("way", way.id) in gone
        is_meant = not is_gone and any(key in way.tags for key in keys)
        held = _OTHER
        if is_meant:
            tags = {tag.k: tag.v for tag in way.tags}
            held = (True, tags, [(node.ref, _find_place(node.location)) for node in way.nodes])
        if known.setdefault(way.id, held) != held:
            raise _refuse_versions(file, f"way {way.id}")
    return [(number, tags, members) for number, (is_meant, tags, members) in known.items() if is_meant]


def _read_places(
    osmium: Any, file: Path, needed: set[int], gone: Container[tuple[str, int]]
) -> dict[int, tuple[float, float]]:
    place: dict[int, tuple[float, float]] = {}
    found = osmium.FileProcessor(str(file), osmium.osm.NODE)
    if all(ref > 0 for ref in needed):  # the filter takes no ids below 0, which editors give to what is new
        found = found.with_filter(osmium.filter.IdFilter(needed))
    for node in found:
        at = _find_place(node.location)
        if node.id not in needed or at is None or node.deleted or not node.visible or ("node", node.id) in gone:
            continue
        if place.setdefault(node.id, at) != at:
            raise _refuse_versions(file, f"node {node.id}")
    return place


def _refuse_versions(file: Path, name: str) -> InputError:
    return InputError(
        f"each item must be given once, {name} is given in several versions",
        file=file,
        way_out="take an extract of one date: osmium time-filter makes one of a history, osmium merge one of several",
    )


def find_deleted(file: Path) -> set[tuple[str, int]]:
    """What the editor JOSM marks as deleted in XML (``action='delete'``), which osmium does not see."""
    openers: dict[str, Callable[..., Any]] = {".osm": open, ".bz2": bz2.open, ".gz": gzip.open}
    opener = openers.get(file.suffix.lower())
    if opener is None:
        return set()
    with opener(file, "rb") as raw:
        if not any(b"action" in line for line in raw):
            return set()
    found: set[tuple[str, int]] = set()

    def note(name: str, attributes: dict[str, str]) -> None:
        if attributes.get("action") == "delete":
            found.add((name, int(attributes.get("id", "0"))))

    parser = expat.ParserCreate()
    parser.StartElementHandler = note
    with opener(file, "rb") as raw:
        try:
            parser.ParseFile(raw)
        except (expat.ExpatError, ValueError) as error:
            raise RuntimeError(str(error)) from None
    return found
