"""What a raster states about its place: plane, height datum and unit of heights, from WKT or a ``.prj`` of ARC/INFO."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import InputError
from ..place.crs import LOCAL
from ..place.heights import HeightUnit, find_height_datum, name_height_unit

__all__ = ["StatedPlace", "read_projection", "split_crs"]


class StatedPlace(NamedTuple):
    """What a file states; None where it says nothing."""

    crs: Any = None
    height_datum: str | None = None
    height_unit: HeightUnit | None = None
    notes: tuple[str, ...] = ()


def split_crs(held: Any, declared: str | None = None, *, file: str | Path | None = None) -> StatedPlace:
    """Split a CRS into that of places and that of heights.

    Parameters
    ----------
    held
        What the file holds: a WKT, or anything that pyproj understands.
    declared
        ``local`` takes a plane that lies nowhere on earth for what it is.
    file
        For errors.

    Raises
    ------
    InputError
        If its heights are depths, or its local plane is not in metres.

    Examples
    --------
    >>> from pyproj import CRS
    >>> found = split_crs("EPSG:2229+6360")
    >>> found.crs.to_epsg(), found.height_datum, found.height_unit.name
    (2229, 'NAVD88', 'US survey foot')
    """
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    if not held:
        return StatedPlace()
    try:
        known = CRS.from_user_input(held)
    except CRSError:
        return StatedPlace(held)
    if known.is_engineering and (declared or "").strip().lower() == LOCAL:
        if any(axis.unit_conversion_factor != 1.0 for axis in known.axis_info):
            raise InputError(
                f"the local plane is in {known.axis_info[0].unit_name}", file=file, way_out="convert it to metres"
            )
        return StatedPlace(LOCAL)
    if known.is_compound:
        plane, height = (_unbind(part) for part in known.sub_crs_list[:2])
        # In ESRI's dialect the plane keeps its own text, by which it is known in registries.
        alone = _ESRI_HEIGHTS.search(held) if isinstance(held, str) else None
        return _with_heights(held[: alone.start()] if alone else plane, height, file)
    if len(known.axis_info) == 3 and not known.is_geocentric:
        axis = known.axis_info[2]
        base = known.geodetic_crs
        name = "WGS84" if base is not None and base.to_2d().to_epsg() == 4326 else f"{known.to_2d().name} ellipsoid"
        return StatedPlace(known.to_2d(), name, HeightUnit(axis.unit_name, float(axis.unit_conversion_factor)))
    return StatedPlace(held)


def _unbind(crs: Any) -> Any:
    return crs.source_crs if crs.is_bound else crs


def _with_heights(plane: Any, height: Any, file: str | Path | None) -> StatedPlace:
    axis = height.axis_info[0]
    if axis.direction != "up":
        raise InputError(f"{height.name} counts depths downwards", file=file, way_out="give heights, counted upwards")
    unit = HeightUnit(axis.unit_name, float(axis.unit_conversion_factor))
    code = height.to_epsg(min_confidence=70)
    for text in (f"EPSG:{code}" if code else None, height.name):
        try:
            return StatedPlace(plane, find_height_datum(text).name, unit)
        except InputError:
            continue
    return StatedPlace(plane, None, unit, (f"The file's height datum, {height.name!r}, is unknown and was not used.",))


_ESRI_HEIGHTS = re.compile(r",\s*VERTCS\s*\[")
_WKT = re.compile(r"\s*[A-Za-z_]+\s*\[")
_DATUMS = {"WGS84": (326, 4326), "WGS_1984": (326, 4326), "NAD83": (269, 4269), "NAD27": (267, 4267)}
_METRES, _DEGREES = ("METERS", "METER", "METRES", "METRE"), ("DD", "DEGREES", "DECIMALDEGREES")
# Units FEET of ARC/INFO are those of the US survey, 1200/3937 m.
_HEIGHT_UNITS = {**dict.fromkeys(_METRES, "m"), **dict.fromkeys(("FEET", "FOOT"), "us-ft")}
_MADE = ("NO", "NONE")


def read_projection(file: Path, declared: str | None = None) -> StatedPlace:
    """Read the ``.prj`` beside a grid: WKT, or the key words of ARC/INFO; nothing if there is none.

    Parameters
    ----------
    file
        The grid.
    declared
        The CRS declared by the user, which a projection that is not read here needs.

    Raises
    ------
    InputError
        If its projection is not read and no CRS is declared, or its units are none that are known.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "dem.asc"
    ...     _ = file.with_suffix(".prj").write_text("Projection UTM\\nZone 33\\nDatum WGS84\\nZunits FEET\\n")
    ...     found = read_projection(file)
    >>> found.crs, found.height_unit.name
    ('EPSG:32633', 'US survey foot')
    """
    stem = file.with_suffix("") if file.suffix.lower() == ".gz" else file
    beside = next((path for end in (".prj", ".PRJ") if (path := stem.with_suffix(end)).is_file()), None)
    if beside is None:
        return StatedPlace()
    text = beside.read_text(encoding="utf-8-sig", errors="replace")
    if _WKT.match(text):
        return split_crs(text, declared, file=beside)
    words = {
        line.split()[0].upper(): " ".join(line.split()[1:]).upper()
        for line in text.splitlines()
        if len(line.split()) > 1
    }
    if "PROJECTION" not in words and "ZUNITS" not in words:
        return split_crs(text.strip(), declared, file=beside)
    crs = _find_arcinfo(words, beside)
    if crs is None and declared is None:
        raise InputError(
            f"the projection {words.get('PROJECTION', 'that is not named')!r} of this .prj is not read",
            file=beside,
            way_out="declare one, such as EPSG:32633, that is the same"
            + ("" if words.get("ZUNITS", "NO") not in _MADE else ", and height_units= if heights are not in metres"),
        )
    notes: tuple[str, ...] = ()
    if crs is None:
        notes = (f"The projection in {beside.name} was not read: {declared} was declared.",)
    return StatedPlace(crs, None, _find_zunits(words.get("ZUNITS", "NO"), beside), notes)


def _find_zunits(zunits: str, beside: Path) -> HeightUnit | None:
    if zunits in _MADE:
        return None
    if zunits not in _HEIGHT_UNITS:
        raise InputError(
            f"Zunits is {zunits!r}, which is unknown",
            file=beside,
            way_out="write METERS or FEET, or NO and declare height_units",
        )
    return name_height_unit(_HEIGHT_UNITS[zunits])


def _find_arcinfo(words: dict[str, str], beside: Path) -> str | None:
    """UTM and degrees are read; of another projection the parameters would have to be trusted."""
    projection, units = words.get("PROJECTION", ""), words.get("UNITS", "").replace(" ", "")
    family = _DATUMS.get(words.get("DATUM", "").replace(" ", ""))
    if family is None:
        return None
    if projection.startswith("GEO") and units in ("", *_DEGREES):
        _refuse_shift(words, beside)
        return f"EPSG:{family[1]}"
    if projection != "UTM" or units not in ("", *_METRES):
        return None
    try:
        zone = int(words.get("ZONE", ""))
    except ValueError:
        return None
    shift = _refuse_shift(words, beside, 10_000_000.0)
    # A southern zone is negative, or its false northing stands apart.
    south = zone < 0 or shift == 10_000_000.0
    if not 1 <= abs(zone) <= 60:
        return None
    if family[0] != 326:
        return None if south or abs(zone) > 22 else f"EPSG:{family[0]}{abs(zone):02d}"
    return f"EPSG:{32700 + abs(zone) if south else 32600 + abs(zone)}"


def _refuse_shift(words: dict[str, str], beside: Path, northing: float = 0.0) -> float:
    """The false northing of a southern zone, or 0; other shifts are refused: the places are then of no listed CRS."""
    for key, allowed in (("XSHIFT", (0.0,)), ("YSHIFT", (0.0, northing))):
        try:
            shift = float(words.get(key, "0"))
        except ValueError:
            shift = float("nan")
        if shift not in allowed:
            raise InputError(
                f"{key.capitalize()} is {words[key]}, but the grid must not be shifted",
                file=beside,
                way_out="take it from the corner of the grid and write 0 here",
            )
    return shift
