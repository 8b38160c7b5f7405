"""Rows of row groups of a Parquet file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...errors import InputError
from .ranges import RANGE_BYTES
from .rows import Rows

__all__ = ["cut_row_groups", "list_parquet_columns", "read_parquet_rows"]


def list_parquet_columns(path: Path) -> list[str]:
    """Names of a Parquet file's columns."""
    return list(_open(path).schema_arrow.names)


def cut_row_groups(path: Path, columns: Sequence[str]) -> list[tuple[int, int, int]]:
    """Ranges of row groups with what their columns take unpacked [B]: (start, stop, bytes)."""
    metadata = _open(path).metadata
    cuts: list[tuple[int, int, int]] = []
    for group in range(metadata.num_row_groups):
        held = metadata.row_group(group)
        parts = (held.column(i) for i in range(held.num_columns))
        n_bytes = sum(part.total_uncompressed_size for part in parts if part.path_in_schema in columns)
        if cuts and cuts[-1][2] + n_bytes <= RANGE_BYTES:
            start, _, before = cuts.pop()
            cuts.append((start, group + 1, before + n_bytes))
        else:
            cuts.append((group, group + 1, n_bytes))
    return cuts


def read_parquet_rows(path: Path, start: int, stop: int, columns: Sequence[str], missing: Sequence[str] = ()) -> Rows:
    """Read columns of row groups ``start`` to ``stop``; a column that the file lacks is left out.

    Raises
    ------
    InputError
        If it is no Parquet file, or damaged.
    """
    opened = _open(path)
    wanted = [column for column in columns if column in opened.schema_arrow.names]
    try:
        table = opened.read_row_groups(list(range(start, stop)), columns=wanted, use_threads=False)
    except OSError as error:
        raise _refuse(path, error) from None
    before = sum(opened.metadata.row_group(group).num_rows for group in range(start))
    found = {column: _decode(table.column(column)) for column in wanted}
    return Rows(str(path), found, table.num_rows, lambda row: before + row + 1, False, frozenset(missing))


def _open(path: Path) -> Any:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        return parquet.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise _refuse(path, error) from None


def _refuse(path: Path, error: Exception) -> InputError:
    said = str(error).splitlines()[0] if str(error) else type(error).__name__
    return InputError(f"the file cannot be read as Parquet ({said})", file=path, way_out="write it again")


def _decode(column: Any) -> Any:
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    whole = column.combine_chunks()
    return whole.chunk(0) if hasattr(whole, "chunk") else whole
