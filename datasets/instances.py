"""A road network with a demand, as a reader found it, and the one door through which all of them open."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .errors import InputError

if TYPE_CHECKING:
    from ..kernels.traffic.network import RoadNetwork

__all__ = ["Instance", "call_reader", "open_instance"]

Ints = npt.NDArray[np.int32]
LongInts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_PER_NODE = ("node_id", "passable", "x", "y")
_PER_PAIR = ("origin", "destination", "demand")
_PER_LINK = ("tail", "head", "free_time", "capacity", "b", "power", "length", "toll", "link_id")
_STORED = {"link_id": "link", "node_id": "node"}  # a stored dim's identifiers bear its name
_PLAIN = ("name", "n_nodes", "intrazonal_demand", "crs", "toll_weight", "distance_weight")


@dataclass(frozen=True)
class Instance:
    """A network with a demand, as a reader found it.

    Attributes
    ----------
    name
        What the data call themselves.
    n_nodes
        Nodes; all node indices below are in ``[0, n_nodes)``.
    tail, head : (link,) int32
        Node indices.
    free_time, capacity, b, power : (link,) float64
        Travel time is ``free_time * (1 + b * (flow / capacity) ** power)``.
    length, toll : (link,) float64
        In the source's units (see ``units``).
    link_id, node_id : int64
        Stable identifiers in the source.
    passable : (node,) bool
        False for a centroid that no path may pass through.
    origin, destination : (pair,) int32
        Node indices, sorted, each pair once, never equal.
    demand : (pair,) float64
        Above zero.
    intrazonal_demand
        Demand that never reaches the network.
    x, y : (node,) float64
        Coordinates, or a layout: ``crs`` says which.
    units
        UDUNITS text of ``time``, ``length``, ``flow`` as far as the source says; ``"1"`` where it does not.
    toll_weight, distance_weight
        Weights of generalised cost that the catalogue's name brings; 0 otherwise.
    link_name
        Names of the roads, or None.
    link_text, node_text
        Identifiers as the source has them, where they are texts and ``link_id`` or ``node_id`` count its rows. They
        serve to find what a scenario names, and are not stored.
    way_back : (link,) int32 or None
        The link that is the same row of the source, driven the other way, -1 for none; not stored either.
    sources
        Every file that was read.
    notes
        Sentences a report should show.
    """

    name: str
    n_nodes: int
    tail: Ints
    head: Ints
    free_time: Floats
    capacity: Floats
    b: Floats
    power: Floats
    length: Floats
    toll: Floats
    link_id: LongInts
    node_id: LongInts
    passable: Bools
    origin: Ints
    destination: Ints
    demand: Floats
    intrazonal_demand: float
    x: Floats
    y: Floats
    crs: str
    units: dict[str, str]
    toll_weight: float = 0.0
    distance_weight: float = 0.0
    link_name: tuple[str, ...] | None = None
    link_text: tuple[str, ...] | None = None
    node_text: tuple[str, ...] | None = None
    way_back: Ints | None = None
    sources: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        lengths = {name: self.n_nodes for name in _PER_NODE}
        lengths |= {name: self.n_links for name in _PER_LINK} | {name: self.n_pairs for name in _PER_PAIR}
        for name, expected in lengths.items():
            shape = getattr(self, name).shape
            if shape != (expected,):
                raise ValueError(f"{name} of {self.name} must have shape ({expected},), got {shape}")
        if self.link_name is not None and len(self.link_name) != self.n_links:
            raise ValueError(f"link_name of {self.name} must name {self.n_links} links, got {len(self.link_name)}")

    @property
    def n_links(self) -> int:
        """Links of the network."""
        return int(self.tail.size)

    @property
    def n_pairs(self) -> int:
        """Origin-destination pairs with demand."""
        return int(self.demand.size)

    def __repr__(self) -> str:
        return (
            f"<Instance {self.name}: {self.n_nodes:,} nodes, {self.n_links:,} links, {self.n_pairs:,} pairs, "
            f"demand {self.demand.sum():,.6g} {self.units.get('flow', '1')}>"
        )

    def network(
        self,
        toll_weight: float | None = None,
        distance_weight: float | None = None,
        capacity_factor: npt.ArrayLike | None = None,
        speed_factor: npt.ArrayLike | None = None,
    ) -> tuple[RoadNetwork, Bools]:
        """Return the network that kernels take, under one scenario's factors.

        Parameters
        ----------
        toll_weight, distance_weight
            Units of time per unit of toll and per unit of length; the instance's own when left out.
        capacity_factor, speed_factor : (link,) array of float, optional
            Multiply capacity and free-flow speed; 0 in either closes the link.

        Returns
        -------
        network : RoadNetwork
            Closed links keep their base travel time; the mask closes them.
        closed : (link,) array of bool
            Links that carry nothing: closed by a factor, or of capacity 0 in the source.

        Raises
        ------
        ValueError
            If a factor has another shape than ``(link,)``, is negative or not finite.

        Examples
        --------
        >>> from citytide.datasets.synthetic.textbook import make_braess
        >>> network, closed = make_braess().network(capacity_factor=[1, 1, 1, 1, 0])
        >>> closed.tolist()
        [False, False, False, False, True]
        """
        from ..kernels.traffic.network import RoadNetwork

        narrowed = self._factor("capacity_factor", capacity_factor)
        slowed = self._factor("speed_factor", speed_factor)
        capacity = self.capacity * narrowed
        closed = (capacity == 0.0) | (slowed == 0.0)
        toll = self.toll_weight if toll_weight is None else toll_weight
        distance = self.distance_weight if distance_weight is None else distance_weight
        network = RoadNetwork(
            n_nodes=self.n_nodes,
            tail=self.tail,
            head=self.head,
            free_time=self.free_time / np.where(closed, 1.0, slowed),
            capacity=np.where(closed, self.capacity, capacity),
            b=self.b,
            power=self.power,
            fixed_cost=toll * self.toll + distance * self.length,
            passable=self.passable,
        )
        return network, closed

    def _factor(self, name: str, factor: npt.ArrayLike | None) -> Floats:
        if factor is None:
            return np.ones(self.n_links)
        values = np.asarray(factor, dtype=np.float64)
        if values.shape != (self.n_links,):
            raise ValueError(f"{name} must have one value for each of {self.n_links} links, got shape {values.shape}")
        bad = ~(np.isfinite(values) & (values >= 0.0))
        if bad.any():
            link = int(np.argmax(bad))
            raise ValueError(f"{name} of link {self.link_id[link]} is {values[link]}; give a finite number from 0 up")
        return values

    def to_arrays(self) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
        """Return plain arrays and JSON-able attributes from which :meth:`from_arrays` rebuilds the instance.

        ``sources`` is left out: where files lay belongs to the record of a run, not to its data.
        Names of links become UTF-8 bytes with offsets, so no array holds objects or strings. Identifiers go by the name
        of their dim, ``link`` and ``node``, so that a store of these arrays is selected by them.

        Examples
        --------
        >>> from citytide.datasets.synthetic.textbook import make_braess
        >>> arrays, attrs = make_braess().to_arrays()
        >>> Instance.from_arrays(arrays, attrs)
        <Instance braess: 4 nodes, 5 links, 1 pairs, demand 6 1>
        """
        arrays: dict[str, npt.NDArray[Any]] = {
            _STORED.get(k, k): getattr(self, k) for k in (*_PER_LINK, *_PER_NODE, *_PER_PAIR)
        }
        if self.link_name is not None:
            encoded = [name.encode() for name in self.link_name]
            offset = np.zeros(len(encoded) + 1, dtype=np.int64)
            np.cumsum([len(name) for name in encoded], out=offset[1:])
            arrays["link_name"] = np.frombuffer(b"".join(encoded), dtype=np.uint8)
            arrays["link_name_offset"] = offset
        attrs: dict[str, Any] = {k: getattr(self, k) for k in _PLAIN}
        return arrays, attrs | {"units": dict(self.units), "notes": list(self.notes)}

    @classmethod
    def from_arrays(cls, arrays: dict[str, npt.NDArray[Any]], attrs: dict[str, Any]) -> Instance:
        """Rebuild an instance from what :meth:`to_arrays` returned."""
        known = {field.name for field in fields(cls)}
        arrays = arrays | {attribute: arrays[name] for attribute, name in _STORED.items()}
        values: dict[str, Any] = {k: np.asarray(v) for k, v in arrays.items() if k in known and k != "link_name"}
        if "link_name" in arrays:
            letters = np.asarray(arrays["link_name"], dtype=np.uint8).tobytes()
            offset = np.asarray(arrays["link_name_offset"]).tolist()
            values["link_name"] = tuple(letters[a:b].decode() for a, b in pairwise(offset))
        values |= {k: v for k, v in attrs.items() if k in known}
        values["notes"] = tuple(attrs["notes"])
        return cls(**values)


def open_instance(source: str | Path | None = None, **options: Any) -> Instance:
    """Open a network with its demand.

    Parameters
    ----------
    source
        A name in the catalogue, ``grid-LINKS`` or ``ring-radial-LINKS`` (and ``-seedSEED``) for a made-up city of
        that size, a folder of TNTP or GMNS files, an osmnx ``.graphml`` file, or None for the embedded synthetic
        city. A folder that is called like a name is reached as ``./NAME``.
    options
        Passed to the reader, for instance ``demand="rides.csv"`` with a ``.graphml``; ``trips`` is another word for
        ``demand``.

    Returns
    -------
    Instance

    Raises
    ------
    InputError
        If the name is unknown (the known ones are listed), or the files cannot be used.

    Examples
    --------
    >>> open_instance("synthetic-city").name
    'synthetic-city'
    """
    from . import catalogue

    options = _join_words(options)
    if source is None:
        source = catalogue.DEFAULT_NETWORK
    if isinstance(source, str) and source in catalogue.INSTANCES:
        return catalogue.open_named(source, **options)
    if isinstance(source, str) and source.startswith(("grid-", "ring-radial-")):
        from .synthetic.network import make_named

        made = make_named(source)
        if made is not None:
            return call_reader(lambda: made, None, options)
    path = Path(source).expanduser()
    if path.suffix.lower() == ".zarr":
        from .city.network import read_city_network

        return call_reader(read_city_network, path, options)
    if path.is_dir():
        return _open_folder(path, options)
    if path.suffix.lower() == ".graphml":
        from .graphml import read_graphml

        return call_reader(read_graphml, path, options)
    if path.suffix.lower() == ".tntp" and path.exists():
        from .tntp import read_tntp

        return call_reader(read_tntp, path, options)
    known = ", ".join([*sorted(catalogue.INSTANCES), "grid-LINKS", "ring-radial-LINKS"])
    if path.exists():
        raise InputError(
            "this is no network file that can be read",
            file=path,
            way_out=f"name a folder with TNTP or GMNS files, an osmnx .graphml, or one of {known}; other roads become "
            "one by citytide city build --roads FILE --out city.zarr: then name city.zarr",
        )
    raise InputError(
        f"network {str(source)!r} is neither a known name nor a folder or file that exists",
        way_out=f"{_suggest(str(source), catalogue.INSTANCES)}known names are {known}",
    )


def _join_words(options: dict[str, Any]) -> dict[str, Any]:
    """The options with ``demand`` for ``trips``, the word of TNTP."""
    if "trips" not in options:
        return options
    if "demand" in options:
        raise InputError(
            f"demand and trips mean the same file, got demand={options['demand']} and trips={options['trips']}",
            way_out="keep one of the two",
        )
    return {"demand" if name == "trips" else name: value for name, value in options.items()}


def _suggest(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name.lower(), known, n=1)
    return f"did you mean {close[0]}? " if close else ""


def _open_folder(folder: Path, options: dict[str, Any]) -> Instance:
    names = {entry.name.lower() for entry in folder.iterdir()}
    if any(name.endswith(".tntp") for name in names) and {"node.csv", "link.csv"} <= names:
        raise InputError(
            "the folder holds a TNTP and a GMNS network",
            file=folder,
            way_out="name the *_net.tntp file, or move one of the two to a folder of its own",
        )
    if any(name.endswith(".tntp") for name in names):
        from .tntp import read_tntp

        return call_reader(read_tntp, folder, options)
    if names & {"node.csv", "link.csv"}:
        from .gmns import read_gmns

        return call_reader(read_gmns, folder, options)
    raise InputError(
        "the folder holds no network",
        file=folder,
        way_out="it should hold *_net.tntp and *_trips.tntp (TNTP), or node.csv, link.csv and demand.csv (GMNS)",
    )


def call_reader(reader: Callable[..., Instance], path: Path | None, options: dict[str, Any]) -> Instance:
    """Call a reader with options that a user typed; one it does not have is refused with those it has."""
    from inspect import signature

    allowed = [p.name for p in signature(reader).parameters.values() if p.kind is p.KEYWORD_ONLY]
    for option in options:
        if option not in allowed:
            raise InputError(
                f"option {option!r}{' (trips)' if option == 'demand' else ''} means nothing to this kind of network",
                file=path,
                way_out=f"allowed: {', '.join(allowed)}" if allowed else "leave it out",
            )
    return reader(**options) if path is None else reader(path, **options)
