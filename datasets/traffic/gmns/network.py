"""The network of a GMNS folder: nodes, directed links, their widths, times and lines; no demand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ...text.tables import Table, read_table
from .classes import CAPACITY_COLUMNS, CLASS_COLUMNS, Widths, find_class_speeds, find_road_classes, read_widths
from .measures import find_unit_columns, refuse_lookalikes
from .movements import refuse_turn_bans
from .names import refuse_other_names
from .tables.columns import Ids, find_file, list_unread, read_column, read_ids, refuse_periods
from .tables.config import Config, read_config
from .tables.folder import refuse_other_tables
from .tables.lines import LinkLines, read_lines
from .tables.links import LinkRows, read_links
from .tables.nodes import NodePlaces, are_degrees, read_places
from .tables.uses import USE_COLUMNS
from .tables.zones import read_passable
from .times import TIME_COLUMNS, LinkTimes, read_times

__all__ = ["GmnsNetwork", "read_network"]

ALPHA = ("vdf_alpha", "vdf_alpha1")
BETA = ("vdf_beta", "vdf_beta1")
TOLL = ("toll", "vdf_toll", "vdf_toll1")
_NEUTRAL = {  # columns that change the answer, and the value with which they do not
    "vdf_plf": 1.0, "vdf_plf1": 1.0, "vdf_phf": 1.0, "vdf_phf1": 1.0, "vdf_preload": 0.0, "vdf_preload1": 0.0,
    "vdf_penalty": 0.0, "vdf_penalty1": 0.0, "penalty": 0.0,
}  # fmt: skip
_LINK_COLUMNS = (
    "link_id", "name", "from_node_id", "to_node_id", "directed", "dir_flag", "geometry", "geometry_id", "vdf_type",
    "restricted_turn_nodes", "bridge", "tunnel", "layer", *USE_COLUMNS, *ALPHA, *BETA, *TOLL, *_NEUTRAL,
    *CAPACITY_COLUMNS, *CLASS_COLUMNS, *TIME_COLUMNS,
)  # fmt: skip
_NODE_COLUMNS = ("node_id", "x_coord", "y_coord", "zone_id", "node_type")


@dataclass(frozen=True)
class GmnsNetwork:
    """What a folder holds beside its demand; nodes by row of ``node.csv``."""

    nodes: Table
    node_ids: Ids
    links: LinkRows
    places: NodePlaces
    lines: LinkLines | None
    words: list[str]
    widths: Widths
    times: LinkTimes
    passable: npt.NDArray[np.bool_]
    sources: tuple[Path, ...]
    notes: list[str]

    @property
    def names(self) -> tuple[str, ...] | None:
        """Names of the roads; where identifiers are texts, those stand in for an empty name."""
        table = self.links.table
        if "name" not in table:
            return self.links.text
        names = [table.columns["name"][row].strip() for row in self.links.row.tolist()]
        if self.links.text is not None:
            names = [name or text for name, text in zip(names, self.links.text, strict=True)]
        return tuple(names)


def read_network(
    folder: Path,
    *,
    length_unit: str | None = None,
    speed_unit: str | None = None,
    zone_nodes: str | None = None,
    crs: str | None = None,
    classes: str | None = None,
    mode: str = "car",
    in_metres: bool = False,
) -> GmnsNetwork:
    """Read ``node.csv``, ``link.csv`` and what belongs to them.

    Parameters
    ----------
    folder
        Folder of the tables.
    length_unit, speed_unit, zone_nodes, crs, classes
        What the files may leave open.
    mode
        ``"car"`` or ``"all"``.
    in_metres
        Whether every link needs a length and a speed: then both are checked though times are stated.

    Raises
    ------
    InputError
        If a file is missing, a row cannot be used, or something that matters is not stated.
    """
    nodes, table = (_open(folder, name) for name in ("node.csv", "link.csv"))
    nodes.require("node_id")
    table.require("link_id", "from_node_id", "to_node_id")
    notes: list[str] = []
    config: Config = read_config(folder, length_unit, speed_unit, notes)
    refuse_lookalikes(nodes)
    _refuse_functions(table)
    refuse_periods(table)
    ids = read_ids(nodes, "node_id", notes)
    row_words = find_road_classes(table, classes, mode)
    links = read_links(table, ids, row_words, folder, notes, mode=mode)
    with_units = (*find_unit_columns(table, "length"), *find_unit_columns(table, "free_speed"))
    refuse_other_names(links, folder, (*_LINK_COLUMNS, *with_units))
    refuse_other_tables(folder, notes)
    passable = read_passable(nodes, links, zone_nodes, notes, in_city=in_metres)
    refuse_turn_bans(folder, links, nodes, passable, notes)
    words = [row_words[row] for row in links.row.tolist()]
    widths = read_widths(links, words, notes)
    places = read_places(nodes, config, crs)
    lines = read_lines(links, places, folder, notes)
    n = links.row.size
    road_m, drawn = (None, np.zeros(n, dtype=np.bool_)) if lines is None else (lines.road_m, lines.drawn)
    times = read_times(links, config, places, road_m, drawn, find_class_speeds(words), notes, in_metres=in_metres)
    if places.is_assumed:
        places = _settle_crs(places, times, road_m, nodes, notes)
    for one, read in ((table, (*_LINK_COLUMNS, *with_units)), (nodes, _NODE_COLUMNS)):
        left = list_unread(one, read)
        if left:
            notes.append(left)
    sources = (nodes.file, table.file, *([config.file] if config.file else []))
    return GmnsNetwork(nodes, ids, links, places, lines, words, widths, times, passable, sources, notes)


def _open(folder: Path, name: str) -> Table:
    table = read_table(find_file(folder, name) or folder / name)
    if not len(table):
        raise InputError("the table has no rows", file=table.file, way_out="fetch it again")
    return table


def _refuse_functions(table: Table) -> None:
    """Refuse delay functions other than the BPR one, and factors of it that have no place here."""
    for row, cell in enumerate(table.columns.get("vdf_type", [])):
        if cell.strip().lower() not in ("", "bpr", "0"):
            raise table.error(row, f"vdf_type is {cell.strip()!r}", "only the BPR function is read: bpr")
    for name, neutral in _NEUTRAL.items():
        if name not in table:
            continue
        value, _ = read_column(table, (name,), least=-np.inf)
        wrong = ~np.isnan(value) & (value != neutral)
        if wrong.any():
            row = int(np.argmax(wrong))
            raise table.error(
                row, f"{name} is {value[row]:g}, and only {neutral:g} is read", "put it into capacity, time or demand"
            )


def _settle_crs(
    places: NodePlaces, times: LinkTimes, road_m: npt.NDArray[np.float64] | None, nodes: Table, notes: list[str]
) -> NodePlaces:
    """Degrees are degrees only where lengths are about what they would then be."""
    if places.crs != "EPSG:4326":
        notes.append(f"{nodes.file.name} states no CRS; coordinates are kept as they stand there.")
        return places
    unit = None if times.length_unit == "1" else times.length_unit
    if are_degrees(times.length, unit, road_m):
        notes.append(f"{nodes.file.name} states no datum; its numbers are taken as degrees of WGS 84.")
        return places
    notes.append(f"{nodes.file.name} states no CRS, and its numbers are no degrees: lengths contradict that.")
    return NodePlaces(places.x, places.y, "unstated", True, places.file)


def read_function(network: GmnsNetwork) -> tuple[npt.NDArray[np.float64], ...]:
    """Parameters of the BPR function and the toll, by link."""
    links, notes = network.links, network.notes
    found = []
    for names, default, what in ((ALPHA, 0.15, "vdf_alpha"), (BETA, 4.0, "vdf_beta"), (TOLL, 0.0, "toll")):
        value = read_column(links.table, names)[0][links.row]
        gap = np.isnan(value)
        if gap.any() and what != "toll":
            notes.append(f"{what} of {int(gap.sum()):,} of {gap.size:,} links is not stated: {default:g} was taken.")
        found.append(np.where(gap, default, value))
    return tuple(found)
