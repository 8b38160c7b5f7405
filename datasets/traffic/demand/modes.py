"""Which words of modes are cars, and which columns of a demand hold other traffic or scale it."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ...text.headings import split_heading
from ...text.tables import Table, is_number

__all__ = ["excludes_cars", "excludes_trips", "is_mode", "refuse_no_cars", "refuse_other_volumes"]

_VEHICLE_COLUMNS = frozenset((
    "mode", "modes", "vehicle_type", "vehicle_class", "veh_type", "veh_class", "vehtype", "agent_type", "agent", "方式",
    "出行方式", "车型", "交通方式",
))  # fmt: skip
_MODE_COLUMNS = _VEHICLE_COLUMNS | {
    "user_class", "class", "demand_class", "demand_type", "segment", "demand_segment", "purpose", "trip_purpose",
    "matrix", "category", "type", "类型", "目的", "出行目的",
}  # fmt: skip
_CARS = frozenset((
    "car", "cars", "auto", "autos", "automobile", "automobiles", "vehicle", "vehicles", "veh", "sov", "hov", "da", "sr",
    "drive", "driving", "driver", "drivers", "alone", "single", "high", "occupancy", "truck", "trucks", "lorry",
    "lorries", "hgv", "lgv", "mgv", "hgvs", "lgvs", "hdv", "ldv", "heavy", "light", "medium", "goods", "freight", "van",
    "vans", "taxi", "taxis", "private", "own", "pc", "pcu", "pce", "motor", "motorcar", "motorized", "motorised", "ev",
    "suv", "carpool", "rideshare", "business", "commercial", "com", "commute", "general", "traffic", "road", "duty",
    "小汽车", "私家车", "轿车", "机动车", "汽车", "小客车", "出租车", "网约车", "货车", "卡车", "大货车", "小货车",
    "驾车", "自驾", "载货汽车", "私人小汽车",
))  # fmt: skip
_NO_CARS = re.compile(
    r"walk|foot|pedestrian|bike|bicycl|cycl|(?<![a-z])(?:bus(?:es)?|brt|pt|put|transit|rail|train|metro|subway|tram|lrt|"
    r"ferry|air|coach|public|scooter)(?![a-z])|步行|自行车|骑行|公交|公共|地铁|轨道|电动车|非机动"
)
_VOLUME_WORDS = frozenset((
    "demand", "volume", "volumes", "trips", "flow", "flows", "vehicles", "veh", "total", "cars", "car", "auto", "autos",
    "truck", "trucks", "hgv", "lgv", "hgvs", "lgvs", "van", "vans", "taxi", "taxis", "sov", "hov", "freight", "lorries",
    "pcu", "vph", "aadt", "小汽车", "货车", "出租车", "需求", "需求量", "出行量", "流量", "交通量", "合计", "总量",
))  # fmt: skip
_NO_VOLUME = frozenset((
    "id", "no", "nr", "km", "type", "name", "class", "distance", "dist", "length", "time", "cost", "toll", "speed",
    "mode", "source", "year", "vot", "code", "key", "skim", "utility", "std", "sd", "se", "error",
    "variance", "ownership", "availability",
))  # fmt: skip
_SCALING = re.compile(
    r"(?:^|_)(?:factors?|weights?|weighting|expansion|scale|scaling|shares?|occupancy|occ|multipliers?|pces?|pcus?|"
    r"growth|percent|percentage|pct|ratio|rate|conversion|proportion|probability)(?:_|$)|persons?_per|per_veh|per_car|"
    r"系数|权重|比例|增长率|载客"
)


def is_mode(stem: str) -> bool:
    """Whether a column of this name tells modes, vehicles or purposes apart.

    Examples
    --------
    >>> is_mode("main_mode"), is_mode("demand_class"), is_mode("modelled")
    (True, True, False)
    """
    return stem in _MODE_COLUMNS or _is_of_vehicles(stem)


def _is_of_vehicles(stem: str) -> bool:
    return stem in _VEHICLE_COLUMNS or "mode" in stem.split("_")


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", text.lower())


def excludes_cars(text: str) -> bool:
    """Whether a text names a mode that is known to be no car.

    Examples
    --------
    >>> [excludes_cars(text) for text in ("Public Transit", "SCHOOL BUS", "business car", "公共交通")]
    [True, True, False, True]
    """
    return _NO_CARS.search(re.sub(r"[_-]", " ", text.lower())) is not None


def excludes_trips(name: str) -> bool:
    """Whether the name of a column or a matrix speaks of something else than trips.

    Examples
    --------
    >>> excludes_trips("distance_km"), excludes_trips("travel time"), excludes_trips("car_am")
    (True, True, False)
    """
    return re.search(r"dist|time|cost|skim|toll|speed|length|util|fare|index", name.lower()) is not None


def refuse_no_cars(table: Table, column: str, stem: str, value: str) -> None:
    """Refuse a mode that is no car, or not known to be one, where nobody chose it.

    Raises
    ------
    InputError
        With the setting that chooses it.
    """
    if not value:
        return
    problem = ""
    if excludes_cars(value):
        problem = "which are no cars"
    elif _is_of_vehicles(stem) and not (_words(value) and all(word in _CARS for word in _words(value))):
        problem = "which is not known to be cars"
    if problem:
        raise InputError(
            f"{column} is {value!r} in every row, {problem}",
            file=table.file,
            way_out=f"set demand_mode={value} if these trips drive on the roads",
        )


def refuse_other_volumes(
    table: Table, volume: str, rest: Iterable[str], row: npt.NDArray[np.int64], chosen: bool
) -> None:
    """Refuse columns beside the volumes that scale them, or that may hold more of the traffic.

    Parameters
    ----------
    table
        Pairs.
    volume
        The column of volumes.
    rest
        Columns that are not read.
    row
        The rows that are read.
    chosen
        Whether the user chose the column of volumes by its name: then other volumes are left out as meant.

    Raises
    ------
    InputError
        Naming the column.
    """
    for column in rest:
        stem = re.sub(r"[\s-]+", "_", split_heading(column)[0]).strip("_")
        cells = {table.columns[column][k].strip() for k in row.tolist()} - {""}
        if _SCALING.search(stem):
            if any(not is_number(cell) or float(cell) != 1.0 for cell in cells):
                raise InputError(
                    f"column {column!r} may scale the demand and is not read",
                    file=table.file,
                    line=1,
                    way_out="multiply the volumes by it and remove the column, or remove it",
                )
            continue
        words = set(stem.split("_"))
        if chosen or not words & _VOLUME_WORDS or words & _NO_VOLUME or excludes_cars(stem):
            continue
        if all(map(is_number, cells)) and any(float(cell) != 0.0 for cell in cells):
            raise InputError(
                f"column {column!r} may hold more of the traffic, and only {volume!r} is read",
                file=table.file,
                line=1,
                way_out=f"choose one column with demand_mode={volume}, or add them up in one and remove the other",
            )
