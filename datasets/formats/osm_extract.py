"""OpenStreetMap extracts, ``.osm.pbf`` or XML: their items with tags and places."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from ..errors import InputError

__all__ = ["OSM_SUFFIXES", "count_restrictions", "read_osm_items"]

OSM_SUFFIXES = (".pbf", ".osm", ".osm.bz2", ".osm.gz")


def _open(file: Path) -> Any:
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

    Nodes of a way that the file does not have are None.

    Raises
    ------
    InputError
        If osmium is not installed, or the file cannot be read.
    """
    osmium = _open(file)
    found: list[tuple[Any, ...]] = []
    try:
        for item in osmium.FileProcessor(str(file)).with_locations().with_filter(osmium.filter.KeyFilter(*keys)):
            tags = {tag.k: tag.v for tag in item.tags}
            if item.is_node():
                found.append((f"n{item.id}", tags, [(item.id, item.location.lon, item.location.lat)]))
            elif item.is_way():
                places = [(node.ref, node.lon, node.lat) if node.location.valid() else None for node in item.nodes]
                found.append((f"w{item.id}", tags, places))
    except RuntimeError as error:
        raise InputError(f"the extract cannot be read ({error})", file=file, way_out="fetch it again") from None
    return found


def count_restrictions(file: Path) -> Counter[str]:
    """Turn restrictions that hold for cars, by kind."""
    osmium, kinds = _open(file), Counter[str]()
    for item in osmium.FileProcessor(str(file), osmium.osm.RELATION):
        tags = {tag.k: tag.v for tag in item.tags}
        is_meant = tags.get("type", "").partition(":")[0] == "restriction"
        if is_meant and "motorcar" not in tags.get("except", "").split(";"):
            kinds[next((value for key, value in tags.items() if key.startswith("restriction")), "unnamed")] += 1
    return kinds
