"""Facilities from points."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..errors import InputError
from .features import read_features
from .layers import FACILITY_KINDS, FacilityLayer
from .osm_extract import OSM_SUFFIXES, read_osm_items

__all__ = ["find_facility_kind", "open_facilities"]

_IDS = ("facility_id", "id", "code", "osm_id", "编号", "代码", "机构编码")
_NAMES = ("name", "名称", "机构名称", "医院名称")
_KINDS = ("kind", "type", "amenity", "category", "emergency", "类型", "类别")
_OSM_KINDS = (("amenity", None), ("emergency", "ambulance_station"))
_CAPACITIES = ("capacity", "beds", "vehicles", "床位", "床位数", "容量")
_WORDS = {
    "hospital": 1, "医院": 1, "综合医院": 1, "ambulance station": 2, "ambulance_station": 2, "急救站": 2, "急救中心": 2,
    "120急救站": 2, "clinic": 3, "doctors": 3, "诊所": 3, "社康中心": 3, "社康": 3, "shelter": 4, "避难场所": 4,
    "避难所": 4, "school": 5, "学校": 5, "fire station": 6, "fire_station": 6, "消防站": 6, "police": 7, "派出所": 7,
}  # fmt: skip


def find_facility_kind(word: str) -> int:
    """Place of a kind in ``FACILITY_KINDS`` by its usual English, Chinese or OpenStreetMap word; 0 if unknown.

    Examples
    --------
    >>> [FACILITY_KINDS[find_facility_kind(word)] for word in ("医院", "Fire_Station", "sauna")]
    ['hospital', 'fire station', 'other']
    """
    return _WORDS.get(word.strip().lower(), 0)


def open_facilities(file: str | Path, *, crs: str | None = None) -> FacilityLayer:
    """Read facilities.

    Parameters
    ----------
    file
        Points (of a polygon the middle is taken) with columns of names and kinds and, if there are, of ids and
        capacities; see :func:`~.features.read_features`. ``.osm.pbf`` gives what OpenStreetMap tags as such.
    crs
        The CRS to assume if the file names none.

    Raises
    ------
    InputError
        If a column or the CRS is missing, an id is not unique, or a capacity is not a number >= 0.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "care.csv"
    ...     _ = file.write_text("名称,类型,床位,经度,纬度\\n市民医院,医院,1200,114.05,22.54\\n", encoding="utf-8-sig")
    ...     open_facilities(file, crs="EPSG:4326").capacity.tolist()
    [1200.0]
    """
    import shapely

    file = Path(file)
    if file.name.lower().endswith(OSM_SUFFIXES):
        return _read_osm(file)
    found = read_features(file, crs=crs)
    kind_of, name_of, id_of = found.find(_KINDS), found.find(_NAMES), found.find(_IDS)
    if kind_of is None:
        raise InputError(
            "the facilities must have kinds",
            file=file,
            way_out=f"name a column kind; the columns are {', '.join(found.columns)}",
        )
    empty = shapely.is_empty(found.geometry) | shapely.is_missing(found.geometry)
    if empty.any():
        raise found.error(int(np.argmax(empty)), "a facility must have a place", "give its coordinates")
    words = found.columns[kind_of]
    kind = np.array([find_facility_kind(word) for word in words], np.uint8)
    unknown = sorted({word.strip() for word, place in zip(words, kind.tolist(), strict=True) if not place})
    notes = (f"Facilities of kind {', '.join(unknown)} are kept as {FACILITY_KINDS[0]!r}.",) if unknown else ()
    ids = [text.strip() for text in found.columns[id_of]] if id_of else [str(k + 1) for k in range(len(found))]
    seen: set[str] = set()
    for row, text in enumerate(ids):
        if text in seen or not text:
            raise found.error(
                row, f"facility id {text!r} {'is not unique' if text else 'is empty'}", "give each facility its own"
            )
        seen.add(text)
    size_of = found.find(_CAPACITIES)
    capacity = found.numbers(size_of) if size_of else np.full(len(found), np.nan)
    wrong = ~(np.isnan(capacity) | ((capacity >= 0.0) & np.isfinite(capacity)))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise found.error(row, f"{size_of} is {capacity[row]:g}", "give a number >= 0, or leave the cell empty")
    middle = shapely.get_coordinates(shapely.point_on_surface(found.geometry))
    names = found.columns[name_of] if name_of else ids
    return FacilityLayer(
        found.crs, tuple(ids), kind, tuple(name.strip() for name in names), middle[:, 0].copy(), middle[:, 1].copy(),
        capacity, sources=(file,), notes=notes,
    )  # fmt: skip


def _read_osm(file: Path) -> FacilityLayer:
    """What OpenStreetMap tags as hospital, clinic, school, shelter, fire, police or ambulance station."""
    found = []
    for identity, tags, places in read_osm_items(file, "amenity", "emergency"):
        words = [tags.get(key, "") for key, only in _OSM_KINDS if only in (None, tags.get(key))]
        kind = next((place for word in words if (place := find_facility_kind(word))), 0)
        places = [place for place in places if place is not None]
        if kind and places:
            middle = np.mean([[x, y] for _, x, y in places[: -1 if len(places) > 1 else None]], axis=0)
            beds = tags.get("beds") or tags.get("capacity") or ""
            found.append((identity, kind, tags.get("name", ""), *middle, float(beds) if beds.isdecimal() else np.nan))
    if not found:
        raise InputError("the extract has no facilities", file=file, way_out="check that the extract covers the city")
    ids, kinds, names, x, y, capacity = zip(*sorted(found, key=lambda row: row[0]), strict=True)
    return FacilityLayer(
        "EPSG:4326", ids, np.array(kinds, np.uint8), names, np.array(x), np.array(y), np.array(capacity),
        sources=(file,),
        notes=("Facilities: (c) OpenStreetMap contributors, ODbL; those mapped as relations are left out.",),
    )  # fmt: skip
