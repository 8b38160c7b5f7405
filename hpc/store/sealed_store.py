"""A store or table at person level as it is handed out: its names may be read, its arrays are sealed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from .products import Product, Table
from .sealed import Sealed
from .table_files import read_table

__all__ = ["SealedStore"]


class SealedStore(Mapping[str, Sealed]):
    """The arrays of a store, or the columns of a table, by name; an array is read when it is unsealed."""

    def __init__(self, path: Path, declared: Product | Table) -> None:
        self._path, self._declared = path, declared
        parts = declared.columns if isinstance(declared, Table) else declared.variables
        self._names = tuple(part.name for part in parts)

    def __getitem__(self, name: str) -> Sealed:
        if name not in self._names:
            raise KeyError(name)
        if isinstance(self._declared, Table):
            return Sealed(read_table(self._path, self._declared)[name].to_numpy(), name)
        import zarr

        array = zarr.open_group(self._path, mode="r")[name]
        assert isinstance(array, zarr.Array)
        return Sealed(array, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __repr__(self) -> str:
        return f"<{self._declared.name} at person level: {', '.join(self._names)}; sealed>"
