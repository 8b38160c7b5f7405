"""The connected core of a road network: what is open to the mode, where every node reaches every other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ...place.axis_order import refuse_swapped
from .access import find_access, find_limited, find_unread
from .classes import (
    DROPPED,
    EMPTY,
    MODES,
    ROAD_CLASSES,
    UNKNOWN,
    find_class,
    find_road_class,
    normalise_class,
    read_classes,
    refuse_unknown_classes,
)  # fmt: skip
from .directions import find_directions
from .graph import UNSTATED, RoadEdge, RoadGraph, name_edge
from .lanes import MOST_LANES, find_lanes, find_unread_lanes, find_widest
from .lengths import check_lengths, check_place, read_lengths, read_lines
from .speeds import read_speeds
from .tag_values import split_values
from .units import METRES

__all__ = ["CORE_SHARE", "RoadCore", "read_core"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]
LongInts = npt.NDArray[np.int64]

CORE_SHARE = 0.8
_ONE_WAY = frozenset({"true", "yes", "1", "-1", "reverse"})
_TWO_WAY = frozenset({"false", "no", "0", "reversible", "alternating"})
_NEAR_M = 0.01  # by which the length of a way back may differ


@dataclass(frozen=True)
class RoadCore:
    """Links of a network, ascending by (source, target, key); ``rank`` is their place, from 0, among all edges."""

    edges: list[RoadEdge]
    rank: LongInts  # (link,)
    node_id: LongInts  # (node,) ascending
    x: Floats  # (node,)
    y: Floats
    tail: Ints  # (link,) place in node_id
    head: Ints
    classes: list[str]  # (link,) words of OpenStreetMap
    lines: list[Floats]  # (link,) of (vertex, 2)
    length_km: Floats  # (link,)
    speed_km_h: Floats
    lanes: Floats
    capacity_veh_h: Floats
    notes: tuple[str, ...]


def read_core(
    file: Path,
    graph: RoadGraph,
    *,
    mode: str = "car",
    classes: str | None = None,
    core_share: float | str = CORE_SHARE,
    length_unit: str | None = None,
) -> RoadCore:
    """Keep what is open to the mode, and of that the largest strongly connected part; rate its links.

    Parameters
    ----------
    file
        For errors.
    graph
        Edges with tags of OpenStreetMap. ``capacity_veh_h`` is a capacity that the file states for the link.
    mode
        ``"car"`` or ``"all"``.
    classes
        What unknown words of road class mean, see :func:`~citytide.datasets.traffic.roads.classes.read_classes`.
    core_share
        Least share of the open kilometres that the part must hold.
    length_unit
        Unit of the lengths that the edges state; metres if omitted.

    Raises
    ------
    InputError
        If nothing is open, a class is unknown, the part is too small, or a length or speed cannot be true.
    """
    if mode not in MODES:
        raise InputError(f"mode is {mode!r}", file=file, way_out=f"choose one of {', '.join(MODES)}")
    least, meanings = _read_share(core_share), read_classes(classes)
    edges = sorted(graph.edges, key=lambda edge: (edge.source, edge.target, edge.key))
    _refuse_twins(file, edges)
    notes = list(graph.notes)
    found = [find_road_class(split_values(edge.tags.get("highway", "")), meanings, mode) for edge in edges]
    _refuse_unknown(file, edges, found, meanings, length_unit)
    _note_dropped(edges, found, length_unit, notes)
    if not file.is_dir():  # a folder of tables has classes of its own, which its reader maps
        _note_unused(edges, meanings, notes)
    two_way = _find_two_way(edges)
    lanes = np.array([_find_lanes(file, edge, mode, both) for edge, both in zip(edges, two_way, strict=True)])
    rank = _find_open(file, edges, found, lanes, mode, notes)
    length_km = np.zeros(len(edges))
    length_km[rank] = read_lengths(file, [edges[k] for k in rank.tolist()], length_unit)
    opened = float(length_km[rank].sum())
    rank, node_id = _keep_largest(edges, rank, length_km)
    if not rank.size:
        raise InputError(
            f"no roads for mode {mode!r} make a connected network", file=file, way_out="choose another mode"
        )
    kept, kinds = [edges[k] for k in rank.tolist()], [found[k] for k in rank.tolist()]
    length_km = length_km[rank]
    notes.append(
        f"Of {len(edges):,} edges, {len(kept):,} are the largest strongly connected part of the {mode} network."
    )
    _refuse_small(file, float(length_km.sum()), opened, least, mode, notes)
    index = {node: k for k, node in enumerate(node_id.tolist())}
    x, y = (np.array([graph.place[node][axis] for node in node_id.tolist()]) for axis in (0, 1))
    lines = read_lines(file, graph, kept)
    if graph.crs != UNSTATED:
        refuse_swapped(x, y, file=file, crs=graph.crs)
        check_place(file, x, y, graph.crs)
        check_lengths(file, kept, length_km, lines, graph.crs)
    speed, without_speed = read_speeds(file, kept, kinds, length_km, notes)
    width, capacity = _rate(file, kept, kinds, lanes[rank], without_speed, notes)
    _note_unread(kept, notes)
    tail, head = (np.array([index[node] for node in ends], dtype=np.int32) for ends in _ends(kept))
    return RoadCore(
        kept, rank, node_id, x, y, tail, head, kinds, lines, length_km, speed, width, capacity, tuple(notes)
    )


def _ends(edges: Sequence[RoadEdge]) -> tuple[list[int], list[int]]:
    return [edge.source for edge in edges], [edge.target for edge in edges]


def _read_share(core_share: float | str) -> float:
    try:
        share = float(core_share)
    except ValueError:
        share = np.nan
    if not 0.0 <= share <= 1.0:
        raise InputError(f"core_share must be from 0 to 1, got {core_share!r}", way_out="0.8 is taken if omitted")
    return share


def _refuse_twins(file: Path, edges: list[RoadEdge]) -> None:
    for one, other in pairwise(edges):
        if (one.source, one.target, one.key) == (other.source, other.target, other.key):
            raise InputError(
                f"edge {one.source}-{one.target} with key {one.key} is given twice, first on line {one.line}",
                file=file,
                line=other.line,
                way_out="save the graph again with osmnx.save_graphml, or give each row of a table its own key",
            )


def _refuse_unknown(
    file: Path, edges: list[RoadEdge], found: list[str], meanings: Mapping[str, str], unit: str | None
) -> None:
    unknown = [edge for edge, word in zip(edges, found, strict=True) if word == UNKNOWN]
    km_of: Counter[str] = Counter()
    for edge, km in zip(unknown, read_lengths(file, unknown, unit).tolist(), strict=True):
        for word in split_values(edge.tags.get("highway", "")) or [EMPTY]:
            if find_road_class([word], meanings) == UNKNOWN:
                km_of[word] += km
    refuse_unknown_classes(file, km_of)


def _note_dropped(edges: Sequence[RoadEdge], found: Sequence[str], unit: str | None, notes: list[str]) -> None:
    """Which edges go by their class, with their kilometres."""
    count: Counter[str] = Counter()
    km = 0.0
    for edge, word in zip(edges, found, strict=True):
        if word == DROPPED:
            count.update(["/".join(split_values(edge.tags.get("highway", ""))) or EMPTY])
            length = _guess_length(edge)
            km += 0.0 if np.isnan(length) else length * METRES[unit or "m"] / 1000.0
    if count:
        shown = ", ".join(f"{word} {n:,}" for word, n in sorted(count.items(), key=lambda one: (-one[1], one[0])))
        notes.append(f"{count.total():,} edges of {km:,.1f} km are left out by their class: {shown}.")


def _note_unused(edges: Sequence[RoadEdge], meanings: Mapping[str, str], notes: list[str]) -> None:
    held: set[str] = set()
    for text in {edge.tags.get("highway", "") for edge in edges}:
        for word in split_values(text):
            held |= {normalise_class(word), *map(normalise_class, word.split(";"))}
    unused = sorted(set(meanings) - held - {EMPTY, "*"})
    if unused:
        notes.append(f"Words that classes declares and no road has: {', '.join(unused)}.")


def _find_two_way(edges: Sequence[RoadEdge]) -> list[bool]:
    """Whether edges share their lanes with a way back.

    Where ``oneway`` does not tell (it is missing, or parts of an edge differ), the edges do: a way back has the length
    of the way there.
    """
    back: dict[tuple[int, int], list[tuple[int, float]]] = {}
    for k, edge in enumerate(edges):
        back.setdefault((edge.target, edge.source), []).append((k, _guess_length(edge)))
    found = []
    for k, edge in enumerate(edges):
        words = {word.strip().lower() for word in split_values(edge.tags.get("oneway", ""))}
        if words and (words <= _ONE_WAY or words <= _TWO_WAY):
            found.append(words <= _TWO_WAY)
            continue
        length = _guess_length(edge)
        others = [other for n, other in back.get((edge.source, edge.target), []) if n != k]
        found.append(any(not abs(length - other) > _NEAR_M for other in others))
    return found


def _guess_length(edge: RoadEdge) -> float:
    """NaN where the edge states none that can be read, which the reader of lengths refuses."""
    try:
        return float(edge.tags.get("length", ""))
    except ValueError:
        return np.nan


def _find_lanes(file: Path, edge: RoadEdge, mode: str, is_two_way: bool) -> float:
    """NaN where the tags do not say, or say that the mode does not drive."""
    if (widest := find_widest(edge.tags)) > MOST_LANES:
        raise InputError(
            f"a road must have at most {MOST_LANES} lanes, {name_edge(edge)} has {widest:g}",
            file=file,
            line=edge.line or None,
            way_out="correct lanes, or remove it so that the class of road gives them",
        )
    lanes = find_lanes(edge.tags, edge.along, is_two_way=is_two_way)
    return np.nan if lanes is None or (mode != "car" and not lanes) else lanes


def _find_open(
    file: Path, edges: list[RoadEdge], found: list[str], lanes: Floats, mode: str, notes: list[str]
) -> LongInts:
    roads = [k for k, word in enumerate(found) if word != DROPPED and edges[k].tags.get("area") != "yes"]
    access = {k: _is_open(file, edges[k], mode) for k in roads}
    closed = [k for k in roads if not access[k]]
    buses = [k for k in roads if access[k] and lanes[k] == 0.0]
    if closed:
        notes.append(f"{len(closed):,} edges are closed to the mode {mode} by their access tags and left out.")
    if buses:
        notes.append(f"{len(buses):,} edges have lanes for buses only, or none of their direction, and are left out.")
    return np.array([k for k in roads if access[k] and lanes[k] != 0.0], dtype=np.int64)


def _is_open(file: Path, edge: RoadEdge, mode: str) -> bool:
    opened = find_access(edge.tags, mode)
    own = {key: text for key, text in edge.tags.items() if key.startswith("oneway:")}
    try:
        directions = find_directions(own) if own and mode == "car" else (True, True)
    except InputError as error:
        raise InputError(f"{name_edge(edge)}: {error}", file=file, line=edge.line or None) from None
    return all(direction[0 if edge.along else 1] for direction in (opened, directions))


def _keep_largest(edges: list[RoadEdge], rank: LongInts, length_km: Floats) -> tuple[LongInts, LongInts]:
    """Ranks of the edges of the part with the most kilometres and ids of its nodes, both ascending."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    if not rank.size:
        return rank, rank
    ends = np.array([(edges[k].source, edges[k].target) for k in rank.tolist()], dtype=np.int64)
    node_id, place = np.unique(ends, return_inverse=True)
    place = place.reshape(ends.shape)
    links = csr_array((np.ones(rank.size), (place[:, 0], place[:, 1])), shape=(node_id.size, node_id.size))
    n_parts, part = connected_components(links, connection="strong")
    within = part[place[:, 0]] == part[place[:, 1]]
    km = np.bincount(part[place[within, 0]], weights=length_km[rank[within]], minlength=n_parts)
    core = part == np.lexsort((-np.arange(n_parts), np.bincount(part), km))[-1]
    inside = core[place[:, 0]] & core[place[:, 1]]
    if not inside.any():
        return rank[:0], rank[:0]
    return rank[inside], node_id[core]


def _refuse_small(file: Path, kept: float, opened: float, least: float, mode: str, notes: list[str]) -> None:
    share = kept / opened if opened else 1.0
    told = f"{kept:,.1f} of {opened:,.1f} km that are open to the mode {mode} ({100.0 * share:.1f} %)"
    notes.append(f"These links are {told}.")
    if share < least * (1.0 - 1e-12):
        raise InputError(
            f"the largest strongly connected part must hold {100.0 * least:g} % of the kilometres, it holds {told}",
            file=file,
            way_out="do lines meet at their vertices, and are one-way streets right? If the part is meant, "
            f"say core_share={max(0.0, np.floor(1000.0 * share) / 1000.0):g}",
        )


def _rate(
    file: Path, edges: Sequence[RoadEdge], kinds: Sequence[str], lanes: Floats, without_speed: int, notes: list[str]
) -> tuple[Floats, Floats]:
    """Lanes and capacities [veh h-1] of one direction."""
    assumed = [find_class(kind) for kind in kinds]
    width = np.where(np.isnan(lanes), [float(road.lanes) for road in assumed], lanes)
    capacity = width * np.array([road.capacity_veh_h_lane for road in assumed])
    n_stated = 0
    for k, edge in enumerate(edges):
        text = edge.tags.get("capacity_veh_h", "").strip()
        if text:
            try:
                capacity[k] = float(text)
            except ValueError:
                capacity[k] = np.nan
            if not 0.0 < capacity[k] < np.inf:
                raise InputError(
                    f"a capacity must be above 0, {name_edge(edge)} has {text!r}",
                    file=file,
                    line=edge.line or None,
                    way_out="give vehicles per hour, or leave it empty: then it follows from the class of road",
                )
            n_stated += 1
    without_lanes = int(np.isnan(lanes).sum())
    rest = "so do all capacities per lane" if not n_stated else f"so do capacities per lane, but for {n_stated:,} links"
    notes.append(
        f"Speeds of {without_speed:,} and lanes of {without_lanes:,} of {len(edges):,} links are not in the source, or "
        f"not read, and follow from the class of road; {rest}."
    )
    used = {kind for kind, n in zip(kinds, lanes, strict=True) if np.isnan(n) and kind in ROAD_CLASSES}
    if used:
        shown = ", ".join(f"{kind} {find_class(kind).lanes}" for kind in sorted(used, key=[*ROAD_CLASSES].index))
        notes.append(f"Lanes by class count one direction, of one-way and two-way roads alike: {shown}.")
    return width, capacity


def _note_unread(edges: Sequence[RoadEdge], notes: list[str]) -> None:
    """What is known of the links kept, and changes nothing."""
    limited = sum(find_limited(edge.tags) for edge in edges)
    if limited:
        notes.append(
            f"{limited:,} links are open to traffic with a destination there only (destination, customers); they are "
            "driven like others."
        )
    unread: Counter[str] = Counter()
    for edge in edges:
        unread.update(key for key in edge.tags if key.endswith(":conditional"))
        unread.update(key for key in ("toll", "hov") if edge.tags.get(key, "no") != "no")
        unread.update(find_unread(edge.tags))
        unread.update(find_unread_lanes(edge.tags))
    if unread:
        shown = ", ".join(f"{key} ({count:,})" for key, count in sorted(unread.items()))
        notes.append(f"Tags that are known and not read, by links: {shown}.")
