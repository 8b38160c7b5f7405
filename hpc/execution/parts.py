"""Parts of a product that a block hands over while it runs: collected to whole shards, written, and forgotten.

A step's function may be a generator: it yields parts, and returns the rest.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import FAILED, RunError
from ..plan.plans import read_plan
from ..plan.refusals.results import refuse_incomplete
from ..plan.steps import Block, PlannedStep
from ..store.products import Product
from ..store.shards import open_layout
from ..store.stores import locate, write_block

__all__ = ["Part", "PartWriter", "Parts"]


class Part(NamedTuple):
    """Values of a variable for all rows of the block, from ``at`` on along the variable's second dim."""

    variable: str
    at: int
    values: NDArray[Any]


Parts = Generator[Part, None, Mapping[str, Any]]


@dataclass
class _Shard:
    """A shard that is not full yet: its values, and the first that is missing."""

    values: NDArray[Any]
    first: int
    stop: int


class PartWriter:
    """Writes the parts of one block of a step.

    Parts of a variable come in order, without a gap. Which of them come together leaves no trace in the files.
    """

    def __init__(self, folder: Path, product: str | None, block: Block, unsynced: set[str]) -> None:
        self.shards: dict[str, str] = {}  # hash of every file written
        self.seconds = 0.0  # spent on writing
        self._folder, self._product, self._block, self._unsynced = folder, product, block, unsynced
        self._reached: dict[str, int] = {}
        self._open: dict[str, _Shard] = {}

    def drain(self, result: Mapping[str, Any] | Parts) -> dict[str, Any]:
        """Write every part of a step's result, and return the rest of it.

        Raises
        ------
        RunError
            If a part does not fit its variable, or a variable does not come to its end.
        """
        if not isinstance(result, Generator):
            return dict(result)
        while True:
            try:
                part = next(result)
            except StopIteration as end:
                self._refuse_unfinished()
                return dict(end.value)
            began = time.perf_counter()
            self._take(part)
            del part  # before the next one is computed
            self.seconds += time.perf_counter() - began

    def refuse_incomplete(self, step: PlannedStep, results: Mapping[str, Any]) -> None:
        """Refuse a result that leaves something out, or holds what nobody declared, before any of it is written."""
        if step.kind in ("block", "finalize"):
            product = _find_product(str(self._folder), step.product) if step.product else None
            refuse_incomplete(step, product, self._block, results, self._reached)

    def _take(self, part: Part) -> None:
        name, at, values = part
        array = self._open_array(name)
        rows = self._block.stop - self._block.start
        reached = self._reached.get(name, 0)
        expected = (rows, values.shape[1] if values.ndim > 1 else 0, *array.shape[2:])
        if array.ndim < 2 or values.shape != expected or values.dtype != array.dtype:
            raise RunError(
                f"a part of {self._product}.{name} must be {(rows, 'n', *array.shape[2:])} of {array.dtype}, the block "
                f"yielded {values.shape} of {values.dtype}",
                exit_code=FAILED,
            )
        if at != reached or at + values.shape[1] > array.shape[1]:
            raise RunError(
                f"parts of {self._product}.{name} must come in order up to {array.shape[1]}: the next begins at "
                f"{reached}, the block yielded {at} to {at + values.shape[1]}",
                exit_code=FAILED,
            )
        per_shard = (array.shards or array.chunks)[1]
        while at < reached + values.shape[1]:
            first = at // per_shard * per_shard
            stop = min(first + per_shard, array.shape[1])
            piece = values[:, at - reached : stop - reached]
            at = self._add(name, piece, at, first, stop)
        self._reached[name] = at

    def _add(self, name: str, piece: NDArray[Any], at: int, first: int, stop: int) -> int:
        """Put a piece into its shard, which is written once it is full; returns what comes next."""
        until: int = at + piece.shape[1]
        if at == first and until == stop:
            self._write(name, piece, first, stop)
            return until
        if at == first:
            shape = (piece.shape[0], stop - first, *piece.shape[2:])
            self._open[name] = _Shard(np.empty(shape, piece.dtype), first, stop)
        shard = self._open[name]
        shard.values[:, at - first : until - first] = piece
        if until == stop:
            self._write(name, self._open.pop(name).values, first, stop)
        return until

    def _write(self, name: str, values: NDArray[Any], first: int, stop: int) -> None:
        assert self._product is not None
        block = self._block
        self.shards |= write_block(
            self._folder, self._product, block.start, block.stop, {name: values}, columns=(first, stop),
            unsynced=self._unsynced,
        )  # fmt: skip

    def _open_array(self, name: str) -> Any:
        if self._product is None:
            raise RunError(f"a step without a product cannot yield a part ({name}): give it one", exit_code=FAILED)
        return open_layout(f"{locate(self._folder, self._product)}/{name}")

    def _refuse_unfinished(self) -> None:
        for name, reached in self._reached.items():
            if reached < (whole := self._open_array(name).shape[1]):
                raise RunError(
                    f"parts of {self._product}.{name} must come up to {whole}, the block yielded {reached}",
                    exit_code=FAILED,
                )


@lru_cache(maxsize=8)
def _find_product(folder: str, name: str) -> Product:
    return read_plan(Path(folder)).product(name)
