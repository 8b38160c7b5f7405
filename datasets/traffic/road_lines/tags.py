"""What the columns of road lines say of each row, in tags of OpenStreetMap."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from ...text.tables import is_number
from .columns import RoadColumns
from .values import read_capacities, read_speeds
from .ways import read_ways

__all__ = ["LineTags", "read_line_tags"]

_OWN = frozenset({  # what is read here, or elsewhere, and is no tag of a road
    "oneway", "dir_travel", "direction", "directed", "speed", "speed:forward", "speed:backward", "capacity",
    "capacity:forward", "capacity:backward", "length", "from", "to", "reversed", "key", "lanes:direction",
    "roundabout", "ar_auto", "private", "ferry_type", "modes", "allowed_uses", "form_of_way", "road_structure",
})  # fmt: skip
_COUNTED = ("lanes", "lanes:forward", "lanes:backward", "maxspeed", "maxspeed:forward", "maxspeed:backward")
_YES = frozenset({"y", "yes", "true", "1", "t", "是"})
_NONE = frozenset({"", "no", "false", "0", "0.0", "f", "n", "none", "nan", "null", "-", "否", "无", "building_passage"})
_ACCESS = ("motorcar", "motor_vehicle", "vehicle", "access")
_PLAIN_ACCESS = dict.fromkeys(("n", "f", "0", "0.0", "false", "否", "禁止", "禁行"), "no") | dict.fromkeys(
    ("y", "t", "1", "1.0", "true", "是", "允许"), "yes"
)
_NO_FERRY = frozenset({"", "h", "n", "0", "no", "none"})
_CAR_USES = frozenset({
    "auto", "autos", "car", "cars", "all", "any", "drive", "driving", "vehicle", "vehicles", "motor_vehicle", "sov",
    "hov", "motorcar", "passenger", "private", "pkw", "小汽车", "小客车", "机动车",
})  # fmt: skip
_OTHER_USES = frozenset({
    "bicycle", "bike", "bikes", "bus", "buses", "coach", "cycle", "cycling", "ferry", "foot", "freight", "funicular",
    "hgv", "metro", "moped", "ped", "pedestrian", "pedestrians", "pt", "rail", "railway", "ship", "stop", "subway",
    "taxi", "train", "tram", "transit", "transit_walk", "truck", "trucks", "walk", "walking", "公交", "公交车", "步行",
    "自行车", "非机动车",
})  # fmt: skip
_EMPTY = frozenset({"", "nan", "none", "null", "<na>"})


@dataclass(frozen=True)
class LineTags:
    """Of each row.

    Attributes
    ----------
    rows
        Tags, ``oneway`` as OpenStreetMap writes it.
    by_direction
        Tags of the edge along the line (True) and against it (False), which win over those of the row.
    closed
        Rows that nobody may drive.
    level
        Bridges above, tunnels below 0.
    capacity_lane
        Capacity of one lane [veh h-1], where the table gives that.
    """

    rows: list[dict[str, str]]
    by_direction: dict[bool, list[dict[str, str]]]
    closed: list[bool]
    level: list[int]
    capacity_lane: list[float | None]
    notes: tuple[str, ...] = ()

    def tell(self, row: int) -> dict[str, str]:
        """All that is read of a row but its name, by which two rows can be compared."""
        said = {what: text for what, text in self.rows[row].items() if what != "name"}
        for is_along, word in ((True, "forward"), (False, "backward")):
            said |= {f"{what}:{word}": text for what, text in self.by_direction[is_along][row].items()}
        if self.capacity_lane[row] is not None:
            said["capacity of a lane"] = repr(self.capacity_lane[row])
        return said


def read_line_tags(held: RoadColumns, *, speed_unit: str | None, oneway: str | None) -> LineTags:
    """Read all columns but those that tell nodes and lengths.

    Raises
    ------
    InputError
        If a cell cannot be read, or a column can be read in two ways.
    """
    n = len(held.found)
    directions, closed, notes = read_ways(held, oneway)
    speeds = read_speeds(held, speed_unit)
    capacities, is_per_lane = read_capacities(held)
    plain = [what for what in held.by if what not in _OWN and what not in speeds]
    rows: list[dict[str, str]] = []
    for row in range(n):
        tags = {what: text for what in plain if (text := held.cell(what, row)).lower() not in _EMPTY}
        if directions[row]:
            tags["oneway"] = directions[row]
        form, structure = held.cell("form_of_way", row).lower(), held.cell("road_structure", row).lower()
        if held.cell("roundabout", row).lower() in _YES or form == "roundabout":
            tags.setdefault("junction", "roundabout")
        if form == "dual carriageway" and not directions[row]:
            raise held.found.error(
                row,
                f"{held.by['form_of_way'].heading} is {held.cell('form_of_way', row)!r}, one side of a road, and no "
                "column tells in which direction it is driven",
                "give a column oneway with yes, no or -1",
            )
        for word, what in (("tunnel", "tunnel"), ("bridge", "bridge")):
            if word in structure:
                tags.setdefault(what, "yes")
        for what in [what for what in tags if what.split(":")[0] in _ACCESS]:
            tags[what] = _PLAIN_ACCESS.get(tags[what].lower(), tags[what])
        if held.cell("private", row).lower() in _YES:
            tags.setdefault("access", "private")
        if held.cell("ar_auto", row).lower() in ("n", "no", "false", "0"):
            tags.setdefault("motorcar", "no")
        if not _is_for_cars(held, row):
            tags.setdefault("motorcar", "no")
        if (lanes := held.cell("lanes:direction", row)) and lanes.lower() not in _EMPTY:
            for what in ("lanes:forward", "lanes:backward"):
                if not re.fullmatch(r"0+(\.0+)?", tags.get(what, "0")) and tags[what] != lanes:
                    raise held.found.error(
                        row,
                        f"{held.by['lanes:direction'].heading} is {lanes}, and {held.by[what].heading} is {tags[what]}",
                        "remove the column that should not count",
                    )
                tags[what] = lanes
        _refuse_other_sum(held, row, tags)
        for what in _COUNTED:
            if re.fullmatch(r"0+(\.0+)?", tags.get(what, "")):
                del tags[what]  # 0 is what tables write where nobody has counted, or there is no such direction
        rows.append(tags)
    ferry = [held.cell("ferry_type", row).lower() not in _NO_FERRY for row in range(n)]
    by_direction: dict[bool, list[dict[str, str]]] = {True: [], False: []}
    for ahead, word in ((True, "forward"), (False, "backward")):
        for row in range(n):
            own: dict[str, str] = {}
            for what in (f"speed:{word}", "speed", f"maxspeed:{word}", "maxspeed"):
                if what in speeds and not np.isnan(speeds[what][row]):
                    own.setdefault("maxspeed", repr(float(speeds[what][row])))
            for what in (f"capacity:{word}", "capacity"):
                given = capacities.get(what)
                if given is not None and not np.isnan(given[row]) and not (what == "capacity" and is_per_lane):
                    own.setdefault("capacity_veh_h", repr(float(given[row])))
            by_direction[ahead].append(own)
    per_lane = capacities["capacity"].tolist() if is_per_lane else [np.nan] * n
    return LineTags(
        rows,
        by_direction,
        [shut or sails for shut, sails in zip(closed, ferry, strict=True)],
        [_find_level(tags) for tags in rows],
        [None if np.isnan(value) else value for value in per_lane],
        notes,
    )


def _refuse_other_sum(held: RoadColumns, row: int, tags: dict[str, str]) -> None:
    """Refuse lanes that are not the sum of those of the two directions; OpenStreetMap has a rule of its own."""
    parts = ("lanes:forward", "lanes:backward")
    if not all(what in held and ":" not in held.by[what].known for what in ("lanes", *parts)):
        return
    if held.by["lanes"].known == "phys_lanes":
        return  # HERE: with lanes for turns
    total, forward, backward = (tags.get(what, "") for what in ("lanes", *parts))
    numbers = [float(text) for text in (total, forward, backward) if is_number(text)]
    if len(numbers) == 3 and all(numbers) and numbers[0] != numbers[1] + numbers[2]:
        raise held.found.error(
            row,
            f"{held.by['lanes'].heading} is {total}, and {held.by[parts[0]].heading} and "
            f"{held.by[parts[1]].heading} are {forward} and {backward}",
            "remove the column that should not count",
        )


def _is_for_cars(held: RoadColumns, row: int) -> bool:
    """What columns of modes say; AequilibraE writes letters, of which c is the car."""
    said = []
    for what in ("modes", "allowed_uses"):
        text = held.cell(what, row).lower()
        words = set(re.split(r"[\s,;|/+]+", text)) - _EMPTY
        if not words:
            continue
        if what == "modes" and "from" in held and held.by["from"].known == "a_node":
            said.append("c" in text)
            continue
        if not words <= _CAR_USES | _OTHER_USES:
            raise held.found.error(
                row,
                f"{held.by[what].heading} is {held.cell(what, row)!r}",
                f"write auto for roads open to cars, or words such as {', '.join(sorted(_OTHER_USES)[:4])}; or remove "
                "the column, and the rows that are closed to cars",
            )
        said.append(bool(words & _CAR_USES))
    return all(said)


def _find_level(tags: dict[str, str]) -> int:
    """The layer, or else 1 for a bridge and -1 for a tunnel: lines of different level pass over each other."""
    layer = tags.get("layer", "")
    if re.fullmatch(r"[-+]?\d+(\.0+)?", layer) and float(layer):
        return int(float(layer))
    if tags.get("tunnel", "").lower() not in _NONE:
        return -1
    return int(tags.get("bridge", "").lower() not in _NONE)
