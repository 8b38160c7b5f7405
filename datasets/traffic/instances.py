"""A road network with a demand, as a reader found it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from ...kernels.traffic.network import RoadNetwork

__all__ = ["Instance"]

Ints = npt.NDArray[np.int32]
LongInts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_PER_NODE = ("node_id", "passable", "x", "y")
_PER_PAIR = ("origin", "destination", "demand")
_PER_LINK = ("tail", "head", "free_time", "capacity", "b", "power", "length", "toll", "link_id")
_STORED = {"link_id": "link", "node_id": "node"}  # a stored dim's identifiers have its name
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
    reverse_link : (link,) int32 or None
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
    reverse_link: Ints | None = None
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
            Units of time per unit of toll and per unit of length; the instance's own if omitted.
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
        >>> from citytide.datasets.synthetic.traffic.textbook import make_braess
        >>> network, closed = make_braess().network(capacity_factor=[1, 1, 1, 1, 0])
        >>> closed.tolist()
        [False, False, False, False, True]
        """
        from ...kernels.traffic.network import RoadNetwork

        capacity = self.capacity * self._check_factor("capacity_factor", capacity_factor)
        speed = self._check_factor("speed_factor", speed_factor)
        closed = (capacity == 0.0) | (speed == 0.0)
        toll = self.toll_weight if toll_weight is None else toll_weight
        distance = self.distance_weight if distance_weight is None else distance_weight
        network = RoadNetwork(
            n_nodes=self.n_nodes,
            tail=self.tail,
            head=self.head,
            free_time=self.free_time / np.where(closed, 1.0, speed),
            capacity=np.where(closed, self.capacity, capacity),
            b=self.b,
            power=self.power,
            fixed_cost=toll * self.toll + distance * self.length,
            passable=self.passable,
        )
        return network, closed

    def _check_factor(self, name: str, factor: npt.ArrayLike | None) -> Floats:
        if factor is None:
            return np.ones(self.n_links)
        values = np.asarray(factor, dtype=np.float64)
        if values.shape != (self.n_links,):
            raise ValueError(f"{name} must have one value for each of {self.n_links} links, got shape {values.shape}")
        bad = ~(np.isfinite(values) & (values >= 0.0))
        if bad.any():
            link = int(np.argmax(bad))
            raise ValueError(f"{name} must be finite and >= 0, got {values[link]} at link {self.link_id[link]}")
        return values

    def to_arrays(self) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
        """Return plain arrays and JSON-able attributes from which :meth:`from_arrays` rebuilds the instance.

        ``sources`` is omitted: where files lay belongs to the record of a run, not to its data.
        Names of links become UTF-8 bytes with offsets, so no array holds objects or strings. Identifiers go by the name
        of their dim, ``link`` and ``node``, so that a store of these arrays is selected by them.

        Examples
        --------
        >>> from citytide.datasets.synthetic.traffic.textbook import make_braess
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
