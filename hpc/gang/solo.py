"""A communicator of one rank, without MPI: what a gang of one needs, in the worker's own process."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["SoloComm", "SoloRequest"]


class SoloRequest:
    """A message that has gone, or one that is to be taken when it is waited for."""

    def __init__(self, comm: SoloComm | None = None, buffer: Any = None, tag: int = 0) -> None:
        self._comm, self._buffer, self._tag = comm, buffer, tag

    def Wait(self) -> None:
        if self._comm is not None:
            self._comm.Recv(self._buffer, 0, self._tag)
            self._comm = None


class SoloComm:
    """What ``mpi4py.MPI.COMM_WORLD`` offers, for one rank: messages to itself, and collectives that change nothing.

    Examples
    --------
    >>> comm = SoloComm()
    >>> comm.Get_size(), comm.allgather("mine"), comm.allreduce(3)
    (1, ['mine'], 3)
    """

    rank = 0
    size = 1

    def __init__(self) -> None:
        self._mail: dict[int, deque[bytes]] = {}

    def Get_rank(self) -> int:
        return self.rank

    def Get_size(self) -> int:
        return self.size

    def Barrier(self) -> None:
        """Everybody is here."""

    barrier = Barrier

    def bcast(self, obj: Any, root: int = 0) -> Any:
        _refuse_others(root)
        return obj

    def gather(self, obj: Any, root: int = 0) -> list[Any]:
        _refuse_others(root)
        return [obj]

    def allgather(self, obj: Any) -> list[Any]:
        return [obj]

    def scatter(self, objs: Sequence[Any], root: int = 0) -> Any:
        _refuse_others(root)
        (obj,) = objs
        return obj

    def alltoall(self, objs: Sequence[Any]) -> list[Any]:
        return [self.scatter(objs)]

    def reduce(self, obj: Any, op: Any = None, root: int = 0) -> Any:
        _refuse_others(root)
        return obj

    def allreduce(self, obj: Any, op: Any = None) -> Any:
        return obj

    def Bcast(self, buffer: Any, root: int = 0) -> None:
        _refuse_others(root)

    def Allreduce(self, sent: Any, received: Any, op: Any = None) -> None:
        np.copyto(received, sent)

    def Send(self, buffer: Any, dest: int, tag: int = 0) -> None:
        """Keep a copy of the bytes until :meth:`Recv` of the same tag; those of one tag come in their order."""
        _refuse_others(dest)
        self._mail.setdefault(tag, deque()).append(np.ascontiguousarray(buffer).tobytes())

    def Isend(self, buffer: Any, dest: int, tag: int = 0) -> SoloRequest:
        self.Send(buffer, dest, tag)
        return SoloRequest()

    def Recv(self, buffer: Any, source: int = 0, tag: int = 0) -> None:
        _refuse_others(source)
        if not self._mail.get(tag):
            raise RuntimeError(f"a rank must send before it receives from itself, got no message of tag {tag}")
        message = np.frombuffer(self._mail[tag].popleft(), np.uint8)
        buffer.reshape(-1).view(np.uint8)[: message.size] = message

    def Irecv(self, buffer: Any, source: int = 0, tag: int = 0) -> SoloRequest:
        _refuse_others(source)
        return SoloRequest(self, buffer, tag)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"a gang of one rank has no MPI, and its communicator no {name!r}: use the methods of Gang and those that "
            "SoloComm lists, or plan 2 ranks or more"
        )


def _refuse_others(rank: int) -> None:
    if rank != 0:
        raise ValueError(f"a gang of one rank has rank 0 alone, got {rank}: ask gang.size for how many there are")
