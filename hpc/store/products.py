"""Products: what a run leaves behind, each variable and column declared once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

__all__ = ["Column", "Product", "Table", "TableFormat", "Variable"]

Filled = Literal["blocks", "ledger", "inputs", "constant"]
TableFormat = Literal["parquet", "csv"]


@dataclass(frozen=True)
class Variable:
    """One array of a product, declared once.

    ``filled`` says who writes it: the blocks of a step (``shape[0]`` is then the blocked dim and a shard is
    ``per_shard`` rows of it), the ledger's scalars at the end, or the run's inputs at the beginning. A ``constant`` is
    zeros, laid out with the store: what it says stands in its attributes, as of a CF grid mapping.

    A shard has all of the other dims; of the second one only ``columns_per_shard`` if that is given, so that a block
    can hand over what is done while it goes on.

    A ``ragged`` variable has a row for each event, say, of a person, one person after another. ``ragged`` names the
    variable of the offsets: int64, one entry more than persons, from 0 to the number of events. That variable's
    ``instance_dimension`` is the dim whose rows it cuts (``person``). Of a ragged variable ``shape[0]`` may be 0: how
    many events there are is known only after the blocks have run.
    """

    name: str
    dims: tuple[str, ...]
    dtype: str
    units: str
    long_name: str
    filled: Filled
    shape: tuple[int, ...] = ()
    per_shard: int = 1
    standard_name: str | None = None
    more: Mapping[str, Any] = field(default_factory=dict)  # attributes beside these
    columns_per_shard: int = 0
    ragged: str = ""
    instance_dimension: str = ""

    @property
    def attrs(self) -> dict[str, Any]:
        units = {"units": self.units} if self.units else {}
        named = {"standard_name": self.standard_name} if self.standard_name else {}
        ragged = {"ragged": self.ragged} if self.ragged else {}
        instance = {"instance_dimension": self.instance_dimension} if self.instance_dimension else {}
        return {"long_name": self.long_name, **units, **named, **ragged, **instance, **self.more}

    @property
    def shard_bytes(self) -> int:
        whole = self.shape[1] if len(self.shape) > 1 else 1
        return self.per_shard * self.row_bytes * (self.columns_per_shard or whole) // max(1, whole)

    @property
    def row_bytes(self) -> int:
        itemsize = 16 if self.dtype == "string" else np.dtype(self.dtype).itemsize
        return int(np.prod(self.shape[1:], dtype=np.int64)) * itemsize


@dataclass(frozen=True)
class Product:
    """A store that a run leaves behind: its name, one sentence, and its variables.

    A store at ``person_level`` tells of single persons. Then texts of exceptions stay in a file that only the run's
    owner can read, and nothing of its arrays reaches report, table, summary or bundle.
    """

    name: str
    title: str
    variables: tuple[Variable, ...]
    attrs: Mapping[str, Any] = field(default_factory=dict)
    person_level: bool = False

    def filled_by(self, filler: Filled) -> tuple[Variable, ...]:
        return tuple(v for v in self.variables if v.filled == filler)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Product:
        listed = [Variable(**{**v, "dims": tuple(v["dims"]), "shape": tuple(v["shape"])}) for v in data["variables"]]
        return cls(data["name"], data["title"], tuple(listed), data["attrs"], data.get("person_level", False))


@dataclass(frozen=True)
class Column:
    """One column of a table, declared once: ``dtype`` is a NumPy name, or ``"string"``.

    A column that ``may_be_withheld`` may come as a masked array. What is masked is missing in the file, and never 0.
    """

    name: str
    dtype: str
    units: str
    long_name: str
    may_be_withheld: bool = False


@dataclass(frozen=True)
class Table:
    """A table that a run leaves behind, of any length: ``RUN/NAME.parquet`` or ``RUN/NAME.csv``.

    The function of its step returns one array for each column, all of one length; the rows of blocks follow one
    another in the order of the blocks.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    format: TableFormat = "parquet"
    attrs: Mapping[str, Any] = field(default_factory=dict)
    person_level: bool = False

    @property
    def file_name(self) -> str:
        return f"{self.name}.{self.format}"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Table:
        return cls(**{**data, "columns": tuple(Column(**column) for column in data["columns"])})
