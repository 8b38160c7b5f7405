"""Which GMNS links and lanes are open to cars, from the words of ``allowed_uses``."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ....text.tables import Table
from .columns import read_if_there

__all__ = ["USE_COLUMNS", "find_car_rows"]

USE_COLUMNS = (
    "allowed_uses",
    "allowed_use",
    "vdf_allowed_uses",
    "vdf_allowed_uses1",
)  # of link.csv; a road must be open in each

_CAR = frozenset({
    "all", "any", "auto", "autos", "automobile", "car", "cars", "drive", "driving", "drive_alone", "da", "sov", "p",
    "passenger", "passenger_car", "private", "vehicle", "vehicles", "motor_vehicle", "motor_vehicles", "motorcar",
    "general", "general_purpose", "gp",
})  # fmt: skip
_NO_CAR = frozenset({
    "walk", "walking", "walk_only", "ped", "peds", "pedestrian", "pedestrians", "foot", "bike", "bikes", "bicycle",
    "bicycles", "cycle", "cycling", "scooter", "bus", "buses", "transit", "brt", "tram", "streetcar", "rail", "railway",
    "light_rail", "train", "metro", "subway", "ferry", "aeroway", "air", "none", "no", "closed", "parking", "shoulder",
    "taxi", "emergency", "truck", "trucks", "freight", "hgv", "heavy_truck", "light_truck", "delivery",
})  # fmt: skip
# Names that may follow each other without a mark; "private bus" or "emergency vehicles" are no such lists.
_PLAIN = frozenset({
    "auto", "autos", "car", "cars", "sov", "walk", "walking", "ped", "peds", "pedestrian", "pedestrians", "foot",
    "bike", "bikes", "bicycle", "bicycles", "bus", "buses", "transit", "tram", "rail", "truck", "trucks", "taxi",
})  # fmt: skip
_NEGATION = re.compile(
    r"(?:^|_)(?:no|not|non|never|except|excl\w*|without|but|prohib\w*|forbid\w*|bann?ed|restrict\w*|closed)(?:_|$)"
)
_HOV = re.compile(r"hov\d?\+?|hot|carpool|shared_ride|sr\d\+?")
_DIVIDERS = re.compile(r"[,;|/&]+")


def find_car_rows(table: Table, folder: Path, column: str = "allowed_uses") -> npt.NDArray[np.bool_]:
    """Tell which rows are open to every car; an empty cell allows all.

    Parameters
    ----------
    table
        ``link.csv``, or another table with the column.
    folder
        ``use_group.csv`` there says which uses a group has.
    column
        Where the uses stand.

    Raises
    ------
    InputError
        If it cannot be told from the words whether cars may drive there.

    Examples
    --------
    >>> links = Table(Path("link.csv"), {"allowed_uses": ["WALK, BIKE", "auto;bike", "", "bus"]}, [2, 3, 4, 5])
    >>> find_car_rows(links, Path()).tolist()
    [False, True, True, False]
    """
    cells = table.columns.get(column, [""] * len(table))
    groups: dict[str, set[str]] | None = None
    known: dict[str, bool] = {}
    for row, cell in enumerate(cells):
        if cell in known:
            continue
        words = _split(cell)
        if groups is None and not words <= _CAR | _NO_CAR:
            groups = _read_groups(folder)
        for _ in groups or {}:  # a group may hold groups
            words = set().union(*((groups or {}).get(word, {word}) for word in words)) if words else words
        negated = sorted(word for word in words if word not in _NO_CAR and _NEGATION.search(word))
        if not negated and (not words or words & _CAR):
            known[cell] = True
            continue
        unsure = sorted(words - _NO_CAR)
        if unsure:
            problem = f"{column} is {cell.strip()!r}, which does not tell whether cars may drive there"
            if all(_HOV.fullmatch(word) for word in unsure):
                problem = f"{column} is {cell.strip()!r}: roads for shared cars only are not read"
            raise table.error(
                row, problem, "list who may: auto if all cars may, or words such as walk, bike, bus, truck"
            )
        known[cell] = False
    return np.array([known[cell] for cell in cells], dtype=np.bool_)


def _split(cell: str) -> set[str]:
    """Words of a cell; of a part of several words each counts where all are plain names of travellers."""
    words: set[str] = set()
    for part in _DIVIDERS.split(cell.strip().strip("[](){}\"'").lower()):
        joined = re.sub(r"[\s_-]+", "_", part.strip().strip("\"'"))
        whole = joined.removesuffix("_only")
        if whole in _CAR | _NO_CAR or _HOV.fullmatch(whole):
            words.add(whole)
            continue
        pieces = set(joined.split("_"))
        words |= pieces if pieces <= _PLAIN else {joined}
    return words - {""}


def _read_groups(folder: Path) -> dict[str, set[str]]:
    table = read_if_there(folder, "use_group.csv")
    if table is None or "use_group" not in table or "uses" not in table:
        return {}
    pairs = zip(table.columns["use_group"], table.columns["uses"], strict=True)
    return {re.sub(r"[\s_-]+", "_", group.strip().lower()): _split(uses) for group, uses in pairs}
