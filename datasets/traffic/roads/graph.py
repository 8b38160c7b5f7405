"""Nodes and edges of a GraphML file that osmnx wrote, with their tags as text."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.parsers import expat

from ...errors import InputError
from ...place.crs import name_crs
from .tag_values import split_values

__all__ = ["UNSTATED", "RoadEdge", "RoadGraph", "name_edge", "read_road_graph"]

UNSTATED = "unstated"
_DIRECTED = (":forward", ":backward")  # ends of tags that speak of one direction of the way's line


@dataclass(frozen=True)
class RoadEdge:
    """One directed edge, and the line of the file it starts on.

    ``along`` tells whether it runs along the line of its way: tags such as ``lanes:forward`` speak of that direction.
    """

    source: int
    target: int
    key: int
    line: int
    tags: dict[str, str]
    along: bool = True


@dataclass(frozen=True)
class RoadGraph:
    """A road graph; ``place`` gives x and y of each node by its id."""

    crs: str
    place: dict[int, tuple[float, float]]
    edges: list[RoadEdge]
    notes: tuple[str, ...] = ()


def name_edge(edge: RoadEdge) -> str:
    """How an error names an edge: by its nodes, and its way of OpenStreetMap where that is known.

    Examples
    --------
    >>> name_edge(RoadEdge(4, 7, 0, 12, {"osmid": "99"}))
    'edge 4-7 (way 99)'
    """
    ways = split_values(edge.tags.get("osmid", ""))
    return f"edge {edge.source}-{edge.target}" + (f" (way {', '.join(ways)})" if ways else "")


def read_road_graph(file: Path) -> RoadGraph:
    """Parse an osmnx ``.graphml``.

    The parser is the standard library's, event by event. A document type is refused: it is the only door for
    entities that grow or read other files, and osmnx writes none.

    Raises
    ------
    InputError
        If the file is missing, no XML, cut off, undirected, or a node or edge lacks what it must have: with its line.
    """
    reader = _Reader(file)
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise InputError(
            f"the file cannot be read ({error.strerror})", file=file, way_out="check the name and the folder"
        ) from None
    try:
        reader.parser.Parse(raw, True)
    except expat.ExpatError as error:
        raise InputError(
            f"this is no complete XML ({expat.ErrorString(error.code)})",
            file=file,
            line=error.lineno,
            way_out="is the file cut off? Save it again with osmnx.save_graphml",
        ) from None
    if not reader.edges:
        raise InputError("the graph has no edges", file=file, way_out="save it again with osmnx.save_graphml")
    for edge in reader.edges:
        for end in (edge.source, edge.target):
            if end not in reader.place:
                raise InputError(
                    f"edge {edge.source}-{edge.target} ends at node {end}, which the file does not have",
                    file=file,
                    line=edge.line,
                    way_out="save the graph again with osmnx.save_graphml",
                )
    notes: tuple[str, ...] = ()
    if reader.n_unclear:
        notes = (
            f"Tags of one direction (such as lanes:forward) of {reader.n_unclear:,} edges are not read: the file does "
            "not say (reversed) how the edge runs to its way.",
        )
    return RoadGraph(_read_crs(reader.crs, file), reader.place, reader.edges, notes)


def _read_crs(text: str, file: Path) -> str:
    """The name of a CRS that is written as a name, a PROJ string, WKT, or a dict of PROJ in text."""
    text = text.strip()
    if text.lower() in ("", "none", "null", "nan"):  # older osmnx writes None
        return UNSTATED
    held: Any = text
    if text.startswith("{"):
        try:
            held = dict(ast.literal_eval(text))
        except (ValueError, SyntaxError, TypeError):
            raise InputError(
                f"crs must be a name, WKT or PROJ, got {text!r}", file=file, way_out="write a name such as EPSG:4326"
            ) from None
        held = held.get("init") or " ".join(
            f"+{key}" if value is True else f"+{key}={value}" for key, value in held.items() if value is not False
        )
    found = re.match(r"(?:\+init=)?epsg:(\d+)(?:\s.*)?$", str(held), re.IGNORECASE)
    return name_crs(f"EPSG:{found[1]}" if found else held, file=file)


class _Reader:
    def __init__(self, file: Path) -> None:
        self.file = file
        self.crs = ""
        self.n_unclear = 0
        self.place: dict[int, tuple[float, float]] = {}
        self.edges: list[RoadEdge] = []
        self._names: dict[str, str] = {}
        self._tags: dict[str, str] = {}
        self._graph_tags: dict[str, str] = {}
        self._holder: str | None = None
        self._attributes: dict[str, str] = {}
        self._line = 0
        self._data: str | None = None
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._refuse

    def _error(self, problem: str, way_out: str = "save the graph again with osmnx.save_graphml") -> InputError:
        line = self._line or self.parser.CurrentLineNumber
        return InputError(problem, file=self.file, line=line, way_out=way_out)

    def _refuse(self, *_: object) -> None:
        raise self._error("the file declares a document type, which is refused", "remove the <!DOCTYPE ...> part")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if name == "key":
            self._names[attributes.get("id", "")] = attributes.get("attr.name", "")
        elif name == "graph" and attributes.get("edgedefault") == "undirected":
            raise self._error("the graph is undirected", "save the directed graph that osmnx made, not a copy of it")
        elif name in ("node", "edge"):
            self._holder, self._attributes, self._tags = name, attributes, {}
            self._line = self.parser.CurrentLineNumber
        elif name == "data":
            self._data = self._names.get(attributes.get("key", ""), "")

    def _text(self, text: str) -> None:
        if self._data is not None:
            tags = self._tags if self._holder else self._graph_tags
            tags[self._data] = tags.get(self._data, "") + text

    def _end(self, name: str) -> None:
        name = name.rpartition(":")[2]
        if name == "data":
            self._data = None
            if self._holder is None and "crs" in self._graph_tags:
                self.crs = self._graph_tags["crs"]
        elif name == "node":
            self._add_node()
        elif name == "edge":
            self._add_edge()
        if name in ("node", "edge"):
            self._holder, self._line = None, 0

    def _whole(self, what: str, text: str | None) -> int:
        try:
            return int(text or "")
        except ValueError:
            raise self._error(f"{what} must be a whole number, got {text!r}") from None

    def _add_node(self) -> None:
        node = self._whole("a node's id", self._attributes.get("id"))
        if node in self.place:
            raise self._error(f"node {node} is given twice")
        try:
            x, y = float(self._tags["x"]), float(self._tags["y"])
        except (KeyError, ValueError):
            raise self._error(f"node {node} has no x and y") from None
        if not (abs(x) < float("inf") and abs(y) < float("inf")):
            raise self._error(f"node {node} lies at {x}, {y}")
        self.place[node] = (x, y)

    def _add_edge(self) -> None:
        source = self._whole("an edge's source", self._attributes.get("source"))
        target = self._whole("an edge's target", self._attributes.get("target"))
        key = self._whole("an edge's id", self._attributes.get("id", "0"))
        against = {word.strip().lower() for word in split_values(self._tags.get("reversed", ""))}
        tags = self._tags
        if against not in ({"true"}, {"false"}):
            directed = [name for name in tags if name.endswith(_DIRECTED) or name.startswith("oneway:")]
            self.n_unclear += bool(directed)
            tags = {name: text for name, text in tags.items() if name not in directed}
        self.edges.append(RoadEdge(source, target, key, self._line, tags, against != {"true"}))
