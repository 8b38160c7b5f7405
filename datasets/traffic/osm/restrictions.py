"""Turn restrictions of an OpenStreetMap extract."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from ...maps.osm_extract import find_deleted, open_osmium

__all__ = ["count_restrictions"]

_CARS = frozenset({"motorcar", "motor_vehicle"})
_CAR_ENDS = (":motorcar", ":motor_vehicle", ":vehicle")


def count_restrictions(file: Path) -> Counter[str]:
    """Turn restrictions that hold for cars, by kind."""
    osmium, kinds = open_osmium(file), Counter[str]()
    gone, known = find_deleted(file), set[int]()
    for item in osmium.FileProcessor(str(file), osmium.osm.RELATION):
        if item.deleted or not item.visible or ("relation", item.id) in gone or item.id in known:
            continue
        known.add(item.id)
        tags = {tag.k: tag.v for tag in item.tags}
        root, _, vehicle = tags.get("type", "").partition(":")
        if root != "restriction" or f":{vehicle}" not in (":", *_CAR_ENDS):
            continue
        if _CARS & {word.strip() for word in tags.get("except", "").split(";")}:
            continue
        held = {key: text for key, text in tags.items() if key.partition(":")[0] == "restriction"}
        said = [text for end in ("", *_CAR_ENDS) if (text := held.get(f"restriction{end}"))]
        timed = [text for end in ("", *_CAR_ENDS) if (text := held.get(f"restriction{end}:conditional"))]
        if said or timed:
            kinds[said[0] if said else f"{timed[0].partition('@')[0].strip()} at times"] += 1
        elif not held:
            kinds["unnamed"] += 1
    return kinds
