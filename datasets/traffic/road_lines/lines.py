"""Lines of a map file as a road graph: joined where they meet, or by the nodes that the table names."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ...maps.features import Features, read_features
from ...place.axis_order import refuse_swapped
from ...place.distortion import measure_steps_m
from ..roads.classes import read_classes
from ..roads.directions import find_directions
from ..roads.graph import RoadEdge, RoadGraph
from ..roads.lanes import find_lanes
from .columns import RoadColumns, find_road_columns, spread_tags
from .distances import read_distances
from .ends import NamedEnds, read_named_ends, refuse_sorted_ends
from .joins import Piece, cut_lines, find_places, flatten
from .pairs import DrawnLines, find_overlaps, find_single_rows
from .tags import LineTags, read_line_tags

__all__ = ["read_line_graph"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class _Lines:
    """Lines end to end: line k has the vertices ``offset[k]:offset[k + 1]`` and stands in row ``row[k]``."""

    row: list[int]
    offset: Ints
    points: Floats
    place: Ints

    def choose(self, kept: Bools) -> _Lines:
        vertex = np.repeat(kept, np.diff(self.offset))
        offset = np.concatenate([[0], np.cumsum(np.diff(self.offset)[kept])]).astype(np.int64)
        return _Lines([row for row, is_kept in zip(self.row, kept.tolist(), strict=True) if is_kept], offset,
                      self.points[vertex], self.place[vertex])  # fmt: skip

    def turn(self, turned: Bools) -> _Lines:
        order = np.arange(len(self.points))
        for k in np.flatnonzero(turned).tolist():
            order[self.offset[k] : self.offset[k + 1]] = order[self.offset[k] : self.offset[k + 1]][::-1]
        return _Lines(self.row, self.offset, self.points[order], self.place[order])


def read_line_graph(
    file: Path,
    *,
    crs: str | None = None,
    length_unit: str | None = None,
    speed_unit: str | None = None,
    oneway: str | None = None,
    classes: str | None = None,
) -> RoadGraph:
    """Read lines whose columns are named as OpenStreetMap's tags, or by another table that is known.

    Lines are cut where they share a vertex, unless one passes over the other. Where the table names the nodes that its
    lines run from and to, these are the nodes of the graph, and the direction of travel is from the one to the other.
    Lengths are measured on the ground, whatever the CRS.

    Parameters
    ----------
    file
        See :func:`~citytide.datasets.maps.features.read_features`.
    crs
        The CRS to assume if the file names none.
    length_unit
        ``m``, ``km``, ``mile`` or ``ft``: of a column of lengths, which are then used.
    speed_unit
        ``km/h``, ``mph`` or ``m/s``: of speeds whose heading and cells do not say.
    oneway
        What letters or numbers of direction mean, see
        :data:`~citytide.datasets.traffic.road_lines.ways.ONEWAY_READINGS`.
    classes
        What words of road class mean: a motorway is one-way by any word.

    Raises
    ------
    InputError
        If the file cannot be used, a feature is no line, or a column can be read in two ways.
    """
    found = spread_tags(read_features(file, crs=crs))
    held = find_road_columns(found)
    notes = list(held.notes)
    tags = read_line_tags(held, speed_unit=speed_unit, oneway=oneway)
    lines = _read_lines(found, held, tags, notes)
    notes += tags.notes
    first, last = lines.place[lines.offset[:-1]], lines.place[lines.offset[1:] - 1]
    named = read_named_ends(held, lines.row, first, last)
    if named is not None:
        lines = lines.turn(named.is_turned)
        if named.is_turned.any():
            notes.append(
                f"{file.name}: {int(named.is_turned.sum()):,} lines are drawn against {held.by['from'].heading} and "
                f"{held.by['to'].heading}, which tell the direction."
            )
    meanings = read_classes(classes)
    directions = [_find_directions(found, row, tags.rows[row], meanings) for row in lines.row]
    ends = list(zip(first.tolist(), last.tolist(), strict=True))
    if named is not None:
        refuse_sorted_ends(held, lines.row, named, [direction != (True, True) for direction in directions])
        ends = list(zip(named.start, named.end, strict=True))
    spans = list(pairwise(lines.offset.tolist()))
    said_of = {row: tags.tell(row) | {"length": held.cell("length", row)} for row in set(lines.row)}
    alone, paired, again, said = find_single_rows(
        held, _describe(found, lines, lines.row, spans, ends, directions, [said_of[row] for row in lines.row], meanings)
    )
    notes += said
    _refuse_directions(held, lines, alone)
    kept = ~again
    lines, alone, paired = lines.choose(kept), alone[kept], paired[kept]
    directions = [direction for direction, is_kept in zip(directions, kept.tolist(), strict=True) if is_kept]
    named = named if named is None else _choose_ends(named, kept)
    steps = measure_steps_m(lines.points[:, 0], lines.points[:, 1], found.crs, file=file)
    measured = [float(steps[low : high - 1].sum()) for low, high in pairwise(lines.offset.tolist())]
    scale, said = read_distances(held, lines.row, np.array(measured), length_unit)
    notes += said
    pieces, place = _join(lines, [tags.level[row] for row in lines.row], named)
    if named is None:
        spans = [(int(lines.offset[p.line]) + p.low, int(lines.offset[p.line]) + p.high + 1) for p in pieces]
        without_length = {row: {**said, "length": ""} for row, said in said_of.items()}
        twice = find_overlaps(
            held,
            _describe(found, lines, [lines.row[p.line] for p in pieces], spans, [(p.start, p.end) for p in pieces],
                      [(directions[p.line][0], directions[p.line][1] and not alone[p.line]) for p in pieces],
                      [without_length[lines.row[p.line]] for p in pieces], meanings),
        )  # fmt: skip
        if twice.any():
            notes.append(
                f"{file.name}: {int(twice.sum()):,} parts of lines that repeat a part of another are read once."
            )
        pieces = [piece for piece, is_twice in zip(pieces, twice.tolist(), strict=True) if not is_twice]
    edges: list[RoadEdge] = []
    for piece in pieces:
        low, high = (int(lines.offset[piece.line]) + k for k in (piece.low, piece.high))
        line = lines.points[low : high + 1].copy()
        line[0], line[-1] = place[piece.start], place[piece.end]
        length = float(steps[low:high].sum()) * float(scale[piece.line])
        edges += _make_edges(held, tags, lines.row[piece.line], piece, line, length,
                             directions[piece.line], bool(alone[piece.line]), bool(paired[piece.line]),
                             named is not None, len(edges))  # fmt: skip
    return RoadGraph(found.crs, place, edges if named is not None else _rank(edges), tuple(notes))


def _read_lines(found: Features, held: RoadColumns, tags: LineTags, notes: list[str]) -> _Lines:
    """The lines that are roads, without vertices that repeat the one before."""
    import shapely

    empty = shapely.is_missing(found.geometry) | shapely.is_empty(found.geometry)
    kinds = shapely.get_type_id(found.geometry)
    wrong = empty | ~np.isin(kinds, [shapely.GeometryType.LINESTRING, shapely.GeometryType.MULTILINESTRING])
    if wrong.any():
        raise found.error(int(np.argmax(wrong)), "the feature is no line", "give a layer of roads as lines")
    kept = np.array([not (no_road or shut) for no_road, shut in zip(held.no_road, tags.closed, strict=True)], bool)
    name = found.file.name
    if any(held.no_road):
        notes.append(f"{name}: {sum(held.no_road):,} lines without a class are railways, rivers or the like: left out.")
    if any(tags.closed):
        notes.append(f"{name}: {sum(tags.closed):,} lines are closed in both directions, or ferries: left out.")
    if not kept.any():
        raise InputError("the file has no roads", file=found.file, way_out="is it the right layer?")
    shapes = found.geometry[kept]
    if "from" in held and "to" in held:
        several = shapely.get_type_id(shapes) == shapely.GeometryType.MULTILINESTRING
        shapes = np.where(several, shapely.line_merge(shapes, directed=True), shapes)
    parts, index = shapely.get_parts(shapes, return_index=True)
    rows = np.flatnonzero(kept)[index]
    if "from" in held and "to" in held and len(parts) > len(shapes):
        row = int(rows[int(np.argmax(np.diff(index, prepend=-1) == 0))])
        raise found.error(row, "the line has several parts, and the table names its two ends", "give each part a row")
    points, line = shapely.get_coordinates(parts, return_index=True)
    row_of = rows[line]
    refuse_swapped(
        points[:, 0], points[:, 1], file=found.file, crs=found.crs,
        line=None if found.line is None else [found.line[row] for row in row_of.tolist()],
    )  # fmt: skip
    place = find_places(points, found.crs, file=found.file)
    fresh = np.ones(len(points), bool)
    fresh[1:] = (place[1:] != place[:-1]) | (line[1:] != line[:-1])
    count = np.bincount(line[fresh], minlength=len(parts))
    point = count < 2
    if point.any():
        notes.append(f"{name}: {int(point.sum()):,} lines are shorter than 1 cm and left out.")
    long = fresh & ~point[line]
    if not long.any():
        raise InputError("no line is longer than 1 cm", file=found.file, way_out="check the CRS of the lines")
    offset = np.concatenate([[0], np.cumsum(count[~point])]).astype(np.int64)
    return _Lines(rows[~point].tolist(), offset, points[long], place[long])


def _rank(edges: list[RoadEdge]) -> list[RoadEdge]:
    """Number edges by their nodes, lines and tags, in which the order of the rows does not show."""
    order = sorted(edges, key=lambda e: (e.source, e.target, e.tags["geometry"], not e.along, sorted(e.tags.items())))
    return [replace(edge, key=key) for key, edge in enumerate(order)]


def _describe(
    found: Features, lines: _Lines, rows: list[int], spans: list[tuple[int, int]], ends: list[tuple[int, int]],
    directions: list[tuple[bool, bool]], said: list[dict[str, str]], classes: dict[str, str],
) -> DrawnLines:  # fmt: skip
    plane = flatten(lines.points, found.crs, file=found.file)
    shapes = [tuple(lines.place[low:high].tolist()) for low, high in spans]
    return DrawnLines(rows, shapes, [plane[low:high] for low, high in spans], ends, directions, said, classes)


def _find_directions(found: Features, row: int, tags: dict[str, str], classes: dict[str, str]) -> tuple[bool, bool]:
    try:
        return find_directions(tags, classes)
    except InputError as error:
        raise found.error(row, str(error), "correct the cell") from None


def _refuse_directions(held: RoadColumns, lines: _Lines, alone: Bools) -> None:
    """Refuse values of one direction in a table that draws each direction and does not say which is the road's own."""
    column = next((one.heading for what, one in held.by.items() if what.endswith((":forward", ":backward"))), None)
    if column is not None and alone.any() and "reversed" not in held:
        raise held.found.error(
            lines.row[int(np.argmax(alone))],
            f"column {column!r} speaks of one direction of a road that is drawn there and back",
            "give a column reversed, as osmnx does, or draw each road once",
        )


def _choose_ends(named: NamedEnds, kept: Bools) -> NamedEnds:
    at = np.flatnonzero(kept).tolist()
    return NamedEnds([named.start[k] for k in at], [named.end[k] for k in at], named.is_turned[kept])


def _join(
    lines: _Lines, levels: list[int], named: NamedEnds | None
) -> tuple[list[Piece], dict[int, tuple[float, float]]]:
    """The pieces between nodes, and the place of each node."""
    place: dict[int, tuple[float, float]] = {}
    if named is not None:  # the table says what meets: its lines are cut nowhere
        pieces = []
        for k, (start, end) in enumerate(zip(named.start, named.end, strict=True)):
            low, high = int(lines.offset[k]), int(lines.offset[k + 1]) - 1
            pieces.append(Piece(k, 0, high - low, start, end))
            for node, vertex in ((start, low), (end, high)):
                place.setdefault(node, (float(lines.points[vertex, 0]), float(lines.points[vertex, 1])))
        return pieces, place
    pieces, first = cut_lines(lines.offset, lines.place, np.array(levels))
    # Neither the place of a node nor its number may depend on the order of the rows.
    order = np.lexsort((lines.points[:, 1], lines.points[:, 0], lines.place))
    known, least = np.unique(lines.place[order], return_index=True)
    spots = lines.points[order[least[np.searchsorted(known, lines.place[first])]]]
    number = np.empty(len(first), np.int64)
    number[np.lexsort((np.arange(len(first)), spots[:, 1], spots[:, 0]))] = np.arange(1, len(first) + 1)
    for k, (x, y) in zip(number.tolist(), spots.tolist(), strict=True):
        place[k] = (x, y)
    moved = [Piece(p.line, p.low, p.high, int(number[p.start]), int(number[p.end])) for p in pieces]
    return moved, dict(sorted(place.items()))


def _make_edges(
    held: RoadColumns, tags: LineTags, row: int, piece: Piece, line: Floats, length: float,
    directions: tuple[bool, bool], is_alone: bool, is_paired: bool, is_named: bool,
    key: int,
) -> list[RoadEdge]:  # fmt: skip
    forward, backward = directions
    found = held.found
    # Of a line for each direction, one without a line back is one-way unless the table says that it is not.
    is_two_way = forward and backward and (is_paired or not is_alone or "oneway" in tags.rows[row])
    plain = {**tags.rows[row], "oneway": str(not is_two_way), "length": repr(length)}
    at = found.line[row] if found.line is not None else 0
    merged = held.cell("reversed", row).lower()
    turned = merged in ("true", "1", "t", "yes")
    if "true" in merged and "false" in merged:  # parts of both directions: tags of one direction speak of neither
        plain = {key: text for key, text in plain.items() if not key.endswith((":forward", ":backward"))}
    ways: list[tuple[Any, ...]] = [(line, piece.start, piece.end, True)] * forward
    if backward and not is_alone:
        ways.append((line[::-1], piece.end, piece.start, False))
    edges: list[RoadEdge] = []
    for way, start, end, ahead in ways:
        is_along = ahead != turned
        own = {**plain, **tags.by_direction[is_along][row]}
        if (capacity := tags.capacity_lane[row]) is not None:
            lanes = find_lanes(own, is_along, is_two_way=is_two_way)
            if not lanes:
                raise found.error(
                    row, "the capacity is that of a lane, and the row has no lanes", "give a column lanes"
                )
            own["capacity_veh_h"] = repr(capacity * lanes)
        own["geometry"] = "LINESTRING (" + ", ".join(f"{x!r} {y!r}" for x, y in way.tolist()) + ")"
        number = held.cell("key", row)
        given = is_named and number.isdecimal() and len(ways) == 1
        edges.append(RoadEdge(start, end, int(number) if given else key + len(edges), at, own, is_along))
    return edges
