"""Areas with people from polygons."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from ..errors import InputError
from .features import Features, read_features
from .layers import AreaLayer

__all__ = ["open_areas"]

_CODES = ("code", "adcode", "area_code", "xzqhdm", "xzqdm", "行政区划代码", "代码", "id")
_NAMES = ("name", "qh", "xzqmc", "mc", "名称", "区", "街道", "社区")
_MOST_PEOPLE = 10_000_000_000  # more than live on earth
_PEOPLE = ("people", "population", "pop", "rk", "人口", "常住人口")


def open_areas(file: str | Path, *, crs: str | None = None, people_optional: bool = False) -> AreaLayer:
    """Read areas.

    Parameters
    ----------
    file
        Polygons with columns of names, of people, and, if there are, of administrative division codes, under their
        usual English or Chinese headings; see :func:`~.features.read_features`.
    crs
        The CRS to assume if the file names none.
    people_optional
        Count 0 people in every area where the file has no column of people, and say so in the notes.

    Returns
    -------
    AreaLayer
        In order of code; where there are none, an area's name is its code.

    Raises
    ------
    InputError
        If an area is not a polygon, crosses itself or has the code of another, or its people are not a whole number.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "areas.csv"
    ...     _ = file.write_text('code,name,people,wkt\\n440304,福田,1553225,"POLYGON ((0 0, 9 0, 9 9, 0 0))"\\n')
    ...     open_areas(file, crs="local").people.tolist()
    [1553225]
    """
    import shapely

    found = read_features(file, crs=crs)
    kinds = shapely.get_type_id(found.geometry)
    wrong = ~np.isin(kinds, [shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON])
    wrong |= shapely.is_empty(found.geometry)
    name_of, code_of = found.find(_NAMES), found.find(_CODES)
    names = [text.strip() for text in found.columns[name_of]] if name_of else [""] * len(found)
    codes = [text.strip().removesuffix(".0") for text in found.columns[code_of]] if code_of else names
    if not any(codes):
        raise InputError(
            "the areas must have codes or names",
            file=found.file,
            way_out=f"name a column code or name; the columns are {', '.join(found.columns) or 'none'}",
        )
    if wrong.any():
        row = int(np.argmax(wrong))
        raise found.error(row, f"area {codes[row]} {names[row]} is not a polygon", "omit it")
    broken = ~shapely.is_valid(found.geometry)
    if broken.any():
        row = int(np.argmax(broken))
        why = shapely.is_valid_reason(found.geometry[row])
        raise found.error(row, f"area {codes[row]} {names[row]} is not a valid polygon ({why})", "correct its outline")
    seen: set[str] = set()
    for row, code in enumerate(codes):
        if not code:
            raise found.error(row, f"area {names[row]!r} has no code", "give every area its own code")
        if code in seen:
            raise found.error(
                row, f"each area must have its own code, {code} is used twice", "keep one of the two, or join them"
            )
        seen.add(code)
    notes: tuple[str, ...] = ()
    if people_optional and found.find(_PEOPLE) is None:
        people = np.zeros(len(found), np.int64)
        notes = ("The source of the areas has no people: every area counts 0.",)
    else:
        people = _count(found, codes)
    order = np.array(sorted(range(len(found)), key=codes.__getitem__))
    layer = _flatten(found, [codes[k] for k in order], [names[k] for k in order], people[order], order)
    return replace(layer, notes=notes)


def _count(found: Features, codes: list[str]) -> np.ndarray:
    column = found.find(_PEOPLE)
    if column is None:
        raise InputError(
            "the areas must have numbers of people",
            file=found.file,
            way_out=f"add a column people with whole numbers; the columns are {', '.join(found.columns)}",
        )
    people = found.numbers(column)
    wrong = ~(np.isfinite(people) & (people >= 0) & (people == np.floor(people)) & (people <= _MOST_PEOPLE))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise found.error(
            row,
            f"{column} of area {codes[row]} is {found.columns[column][row]!r}",
            f"give a whole number from 0 to {_MOST_PEOPLE:,}",
        )
    return people.astype(np.int64)


def _flatten(found: Features, codes: list[str], names: list[str], people: np.ndarray, order: np.ndarray) -> AreaLayer:
    import shapely

    holes: list[bool] = []
    rings: list[np.ndarray] = []
    n_rings = []
    for geometry in found.geometry[order]:
        before = len(rings)
        for part in shapely.get_parts(geometry):
            for k, ring in enumerate(shapely.get_rings(part)):
                holes.append(k > 0)
                rings.append(shapely.get_coordinates(ring))
        n_rings.append(len(rings) - before)
    points = np.concatenate(rings)
    return AreaLayer(
        crs=found.crs,
        code=tuple(codes),
        name=tuple(names),
        people=people,
        ring_offset=np.concatenate([[0], np.cumsum(n_rings)]).astype(np.int64),
        hole=np.array(holes, dtype=np.bool_),
        vertex_offset=np.concatenate([[0], np.cumsum([len(ring) for ring in rings])]).astype(np.int64),
        vertex_x=np.ascontiguousarray(points[:, 0]),
        vertex_y=np.ascontiguousarray(points[:, 1]),
        sources=(found.file,),
    )
