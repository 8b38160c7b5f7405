"""What steps read: each input by name, the arrays behind it, and how many rows they must have."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from numpy.typing import NDArray

from ...errors import RunError
from ...store.products import Product, Table, Variable
from ..sources import Source
from ..steps import PlannedStep
from .names import name_known

__all__ = ["NOTHING", "Earlier", "NamedArrays", "ReadArray", "Readable"]

# Kinds of steps that read, file by file, what all blocks of a step left in RUN/work; others read what one block left.
EARLIER_INPUTS = re.compile(r"inputs(?:-\d+)?\.zarr")
READ_WORK_FILES = ("combine", "finalize", "gather", "place", "release", "table")
NamedArrays = Mapping[str, tuple[tuple[str, ...], NDArray[Any]]]  # dims and values


@dataclass(frozen=True)
class ReadArray:
    """An array that a step reads: the input it stands in, its name, first dim, and length (None if not known yet)."""

    input: str
    name: str
    dim: str
    length: int | None


@dataclass(frozen=True)
class Earlier:
    """What a run has already when it is planned further."""

    steps: Sequence[PlannedStep] = ()
    products: Sequence[Product] = ()
    sources: Mapping[str, Source] = field(default_factory=dict)
    inputs: Mapping[str, NamedArrays] = field(default_factory=dict)  # by group; what is not there is not checked


NOTHING = Earlier()


@dataclass(frozen=True)
class Readable:
    """All that steps of a plan may read. Without ``arrays`` what stands in ``inputs`` is not known."""

    steps: Sequence[PlannedStep]
    products: Mapping[str, Product]
    tables: Mapping[str, Table]
    sources: Mapping[str, Source]
    arrays: NamedArrays | None
    earlier: Earlier = NOTHING
    inputs: str = "inputs.zarr"

    def refuse_unknown(self) -> None:
        """Refuse inputs that nobody lays out or fills before they are read, and arrays of unlike lengths."""
        for at, step in enumerate(self.steps):
            read = list(chain.from_iterable(self._open(step, source, at) for source in step.inputs))
            given: dict[str, str] = {}
            for array in read:
                if given.setdefault(array.name, array.input) != array.input:
                    raise RunError(
                        f"the arrays of a step must have names of their own, got {array.name!r} of step {step.name!r} "
                        f"from both {given[array.name]!r} and {array.input!r}: name the variables that it reads "
                        "(INPUT:flow,cost), or give each Source a `prefix`"
                    )
                _refuse_length(step, array)

    def _open(self, step: PlannedStep, source: str, at: int) -> Iterator[ReadArray]:
        group, _, names = source.partition(":")
        if group.startswith("work/"):
            self._refuse_work(step, group.removeprefix("work/"), at)
        elif group == self.inputs:
            yield from self._open_inputs(step, source, names)
        elif group in self.earlier.inputs:
            rule = f"an array that is laid out in {group}"
            yield from self._open_arrays(step, source, names, self.earlier.inputs[group], rule)
        elif self.inputs != "inputs.zarr" and not self.earlier.inputs and EARLIER_INPUTS.fullmatch(group):
            return  # of an earlier plan of the run
        elif group == "source":
            yield from self._open_source(step, source, names)
        elif group in self.products:
            yield from self._open_product(step, source, self.products[group], names, at)
        elif group in (before := {product.name: product for product in self.earlier.products}):
            variables = {variable.name: variable for variable in before[group].variables}
            for name in self._choose(step, source, names, list(variables), f"a variable of product {group!r}"):
                length = _count_declared(variables[name])
                yield ReadArray(source, name, next(iter(variables[name].dims), ""), length)
        elif group in self.tables:
            raise RunError(
                f"a step cannot read a table of its own run, which is put together when all blocks are done, got "
                f"{source!r} of step {step.name!r}: let a product hold what it needs"
            )
        else:
            raise RunError(
                f"an input must be {self.inputs}, a product of the plan, work/STEP or source:NAME, got "
                f"{source!r} of step {step.name!r}; "
                f"{name_known(group, [*self.earlier.inputs, self.inputs, *before, *self.products])}"
            )

    def _refuse_work(self, step: PlannedStep, name: str, at: int) -> None:
        earlier = {before.name: before for before in (*self.earlier.steps, *self.steps[:at])}
        if name not in earlier:
            readable = [before.name for before in earlier.values() if before.product is None]
            raise RunError(
                f"work/STEP must name a step before the one that reads it, got 'work/{name}' of step {step.name!r}; "
                f"{name_known(name, readable)}"
            )
        below = earlier[name]
        if below.product is not None:
            raise RunError(
                f"work/STEP must name a step without a product, got 'work/{name}' of step {step.name!r}, and step "
                f"{name!r} fills {below.product!r}: read that"
            )
        if step.kind not in READ_WORK_FILES and (below.table or below.kind in ("ragged", "split", "gather", "place")):
            raise RunError(
                f"work/STEP must name a step that leaves arrays, got 'work/{name}' of step {step.name!r}, and step "
                f"{name!r} leaves rows of {below.table or below.fills or 'a shuffle'!r}: let a product hold what "
                f"{step.name!r} needs"
            )
        if step.kind not in READ_WORK_FILES and below.tasks != 1:
            raise RunError(
                f"work/STEP must name a step of one block, got 'work/{name}' of step {step.name!r}, and step {name!r} "
                f"has {below.tasks} blocks: reduce them (ReductionStep), let step {name!r} fill a product, or give it "
                f"one block (per_block={below.extent})"
            )

    def _open_inputs(self, step: PlannedStep, source: str, names: str) -> Iterator[ReadArray]:
        if self.arrays is None:
            return
        rule = f"an array that is laid out in {self.inputs}"
        yield from self._open_arrays(step, source, names, self.arrays, rule)

    def _open_arrays(
        self, step: PlannedStep, source: str, names: str, arrays: NamedArrays, rule: str
    ) -> Iterator[ReadArray]:
        for name in self._choose(step, source, names, list(arrays), rule):
            dims, values = arrays[name]
            yield ReadArray(source, name, dims[0] if dims else "", values.shape[0] if values.ndim else None)

    def _open_product(
        self, step: PlannedStep, source: str, product: Product, names: str, at: int
    ) -> Iterator[ReadArray]:
        variables = {variable.name: variable for variable in product.variables}
        chosen = self._choose(step, source, names, list(variables), f"a variable of product {product.name!r}")
        filler = next((other for other in self.steps if other.product == product.name), None)
        is_filled = any(before.product == product.name for before in self.steps[:at])
        for name in chosen:
            variable = variables[name]
            if variable.filled == "ledger":
                kept = ",".join(v.name for v in variables.values() if v.filled != "ledger")
                raise RunError(
                    "a step cannot read a variable that is filled from the ledger when all blocks are done, got "
                    f"{name!r} in {source!r} of step {step.name!r}: read others ('{product.name}:{kept}')"
                )
            if variable.filled == "blocks" and not is_filled:
                where = f"step {filler.name!r} fills only then or later" if filler else "no step fills"
                raise RunError(
                    f"a step must read a product that an earlier step fills, got {source!r} of step {step.name!r}, "
                    f"which {where}: change the order of the steps, or the input"
                )
            yield ReadArray(source, name, variable.dims[0] if variable.dims else "", self._count_rows(variable))

    def _count_rows(self, variable: Variable) -> int | None:
        if (declared := _count_declared(variable)) is not None or variable.ragged or variable.instance_dimension:
            return declared
        if self.arrays is None or variable.name not in self.arrays or variable.filled != "inputs":
            return None
        values = self.arrays[variable.name][1]
        return values.shape[0] if values.ndim else None

    def _open_source(self, step: PlannedStep, source: str, rest: str) -> Iterator[ReadArray]:
        name, _, names = rest.partition(":")
        sources = {**self.earlier.sources, **self.sources}
        if name not in sources:
            raise RunError(
                f"source:NAME must name a source of the plan, got {source!r} of step {step.name!r}; "
                f"{name_known(name, sources)}"
            )
        found = sources[name]
        if not found.path.exists():
            raise RunError(f"a source must exist, got {found.path} of source {name!r}: correct its path")
        if found.kind != "zarr":
            if names:
                raise RunError(
                    f"only a source of kind 'zarr' has variables, got {source!r} of step {step.name!r}, and source "
                    f"{name!r} is of kind {found.kind!r}: write 'source:{name}'"
                )
            yield ReadArray(source, name, "", None)  # its path
            return
        laid = _list_stored(name, found)
        for chosen in self._choose(step, source, names, list(laid), f"an array of source {name!r}"):
            yield ReadArray(source, found.name_array(chosen), *laid[chosen])

    def _choose(self, step: PlannedStep, source: str, names: str, known: Sequence[str], rule: str) -> Sequence[str]:
        chosen = names.split(",") if names else known
        for name in chosen:
            if name not in known:
                raise RunError(
                    f"what a step reads must be {rule}, got {name!r} in {source!r} of step {step.name!r}; "
                    f"{name_known(name, known)}"
                )
        return chosen


def _count_declared(variable: Variable) -> int | None:
    """Rows of a variable as far as its declaration tells; None if offsets cut it."""
    if variable.ragged or variable.instance_dimension or not variable.shape:
        return None
    return variable.shape[0]


def _list_stored(name: str, source: Source) -> dict[str, tuple[str, int | None]]:
    """First dim and length of each array of a Zarr store."""
    import zarr

    try:
        arrays = sorted(zarr.open_group(source.path, mode="r").arrays())
    except (OSError, ValueError, KeyError) as error:
        raise RunError(
            f"source {name!r} must be a Zarr store with arrays, got {source.path} ({error}): correct its path or kind"
        ) from None
    laid: dict[str, tuple[str, int | None]] = {}
    for key, array in arrays:
        dims = getattr(array.metadata, "dimension_names", None) or ("",)
        by_offsets = "ragged" in array.attrs or "instance_dimension" in array.attrs
        laid[key] = (dims[0] or "", array.shape[0] if array.ndim and not by_offsets else None)
    return laid


def _refuse_length(step: PlannedStep, array: ReadArray) -> None:
    """Refuse rows that blocks or ranks would not cover."""
    if array.length is None or step.kind in READ_WORK_FILES:
        return
    if array.dim == step.dim and array.length != step.extent:
        raise RunError(
            f"arrays along a step's dim must be as long as its extent, got {array.length} rows of {array.name!r} in "
            f"{array.input!r} and extent {step.extent} (dim {step.dim!r}) of step {step.name!r}: give both one length, "
            "or the array another dim"
        )
    if step.rank_dim and array.dim == step.rank_dim and array.length != step.rank_bounds[-1]:
        raise RunError(
            f"rank_bounds must end with the length of the arrays along rank_dim, got {step.rank_bounds[-1]} of step "
            f"{step.name!r} and {array.length} rows of {array.name!r} in {array.input!r} (dim {step.rank_dim!r}): "
            "correct the bounds"
        )
