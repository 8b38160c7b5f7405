"""The halo of a tile: what its neighbours own, fetched from them while the tile's inner cells are computed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .layout import Box, Place, TileLayout

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .gang import Gang

__all__ = ["HaloExchange"]

TAG = 7


class HaloExchange:
    """Exchange of the halos of some fields, each (member, y, x) at cells or at faces, in one message per neighbour.

    A neighbour's message holds exactly the cells and faces that it owns and this tile holds, corners included, so a
    face between two tiles ends as its owner computed it, and the outer faces of the halo come too.

    Parameters
    ----------
    gang
        The ranks.
    layout
        Their tiles.
    places : mapping of name to "cell", "x_face" (one column more) or "y_face" (one row more)
        The fields, of any dtype, the same on every rank.

    Examples
    --------
    ::

        halo = HaloExchange(gang, layout, {"depth": "cell", "flow_x": "x_face"})
        halo.start({"depth": depth, "flow_x": flow_x})
        ...  # compute tile.inner()
        halo.finish()
        ...  # compute tile.rim()
    """

    def __init__(self, gang: Gang, layout: TileLayout, places: Mapping[str, Place]) -> None:
        self._comm = gang.comm
        self._tile = mine = layout.tiles[gang.rank]
        self._places = dict(places)
        self._parts: list[tuple[int, list[tuple[str, Box]], list[tuple[str, Box]]]] = []
        for rank, other in enumerate(layout.tiles):
            if rank == gang.rank:
                continue
            send = [(n, b) for n, p in self._places.items() if (b := mine.owned(p).meet(other.held(p)))]
            receive = [(n, b) for n, p in self._places.items() if (b := other.owned(p).meet(mine.held(p)))]
            if send or receive:
                self._parts.append((rank, send, receive))
        self._pending: tuple[Mapping[str, NDArray[Any]], list[Any], list[Any], list[NDArray[np.uint8]]] | None = None

    @property
    def neighbours(self) -> list[int]:
        """Ranks with which messages are exchanged."""
        return [rank for rank, _, _ in self._parts]

    def start(self, fields: Mapping[str, NDArray[Any]]) -> None:
        """Send what the neighbours need of ``fields``; the arrays' own cells may be read, not yet replaced.

        Raises
        ------
        ValueError
            If a field is missing, is not the tile's shape, or an exchange is under way already.
        """
        if self._pending is not None:
            raise ValueError("an exchange of halos is under way: call finish() before the next start()")
        for name, place in self._places.items():
            if name not in fields or fields[name].shape[-2:] != self._tile.shape(place):
                found = fields[name].shape if name in fields else "missing"
                raise ValueError(f"field {name!r} must end in {self._tile.shape(place)} ({place}), it is {found}")
        incoming, requests, outgoing = [], [], []
        for rank, _, receive in self._parts:
            buffer = np.empty(sum(self._slot(fields, n, b).nbytes for n, b in receive), np.uint8)
            incoming.append(buffer)
            requests.append(self._comm.Irecv(buffer, rank, TAG))
        for rank, send, _ in self._parts:
            flat = [np.ascontiguousarray(self._slot(fields, n, b)).reshape(-1).view(np.uint8) for n, b in send]
            outgoing.append(np.concatenate(flat) if flat else np.empty(0, np.uint8))
            requests.append(self._comm.Isend(outgoing[-1], rank, TAG))
        self._pending = (fields, requests, outgoing, incoming)  # the buffers must live until finish()

    def finish(self) -> None:
        """Wait for the neighbours and fill the halos of the fields given to :meth:`start`."""
        if self._pending is None:
            raise ValueError("no exchange of halos is under way: call start() first")
        fields, requests, _, incoming = self._pending
        for request in requests:
            request.Wait()
        for (_, _, receive), buffer in zip(self._parts, incoming, strict=True):
            offset = 0
            for name, box in receive:
                slot = self._slot(fields, name, box)
                slot[...] = buffer[offset : offset + slot.nbytes].view(slot.dtype).reshape(slot.shape)
                offset += slot.nbytes
        self._pending = None

    def exchange(self, fields: Mapping[str, NDArray[Any]]) -> None:
        """Start and finish."""
        self.start(fields)
        self.finish()

    def _slot(self, fields: Mapping[str, NDArray[Any]], name: str, box: Box) -> NDArray[Any]:
        return fields[name][box.within(self._tile.corner)]
