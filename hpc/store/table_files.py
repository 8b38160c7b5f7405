"""Files of tables: groups of rows into Parquet or CSV, and back as a DataFrame that knows its units."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

import numpy as np

from .products import Table

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["GroupWriter", "open_writer", "read_table"]

TABLE_SCHEMA_VERSION = "1"


class GroupWriter(Protocol):
    """Takes one group of rows after another."""

    def write(self, columns: Mapping[str, NDArray[Any]]) -> None:
        """Append rows, given by column."""
        ...


@contextmanager
def open_writer(file: BinaryIO, table: Table) -> Iterator[GroupWriter]:
    """A writer into an open file; the file is complete when the writer is left."""
    if table.format == "csv":
        yield _CsvWriter(file, table)
        return
    import pyarrow.parquet

    # A checksum on each page: else a flipped bit would be read back as data.
    with pyarrow.parquet.ParquetWriter(
        file, _describe(table), compression="zstd", version="2.6", write_page_checksum=True
    ) as writer:
        yield _ParquetWriter(writer)


def _describe(table: Table) -> Any:
    """Columns with units and meaning; no clock, host, path or run id."""
    import pyarrow

    fields = [
        pyarrow.field(
            column.name,
            pyarrow.string() if column.dtype == "string" else pyarrow.from_numpy_dtype(np.dtype(column.dtype)),
            metadata={"units": column.units, "long_name": column.long_name},
        )
        for column in table.columns
    ]
    told = {key: value if isinstance(value, str) else json.dumps(value) for key, value in table.attrs.items()}
    return pyarrow.schema(fields, {"title": table.title, "schema_version": TABLE_SCHEMA_VERSION, **told})


class _ParquetWriter:
    def __init__(self, writer: Any) -> None:
        self._writer = writer

    def write(self, columns: Mapping[str, NDArray[Any]]) -> None:
        import pyarrow

        schema = self._writer.schema
        arrays = [_to_arrow(columns[field.name], field.type) for field in schema]
        group = pyarrow.Table.from_arrays(arrays, schema=schema)
        self._writer.write_table(group, row_group_size=max(1, group.num_rows))


def _to_arrow(values: NDArray[Any], kind: Any) -> Any:
    import pyarrow

    if isinstance(values, np.ma.MaskedArray):
        return pyarrow.array(np.ma.getdata(values), kind, mask=np.ma.getmaskarray(values))
    return pyarrow.array(values, kind)


class _CsvWriter:
    """RFC 4180 in UTF-8: a line of names, then numbers that read back to the bit, text in quotes, empty if missing."""

    def __init__(self, file: BinaryIO, table: Table) -> None:
        self._file = file
        self._names = [column.name for column in table.columns]
        plain = [name if name.replace("_", "").isalnum() else _quote(name) for name in self._names]
        file.write((",".join(plain) + "\r\n").encode())

    def write(self, columns: Mapping[str, NDArray[Any]]) -> None:
        texts = [_as_texts(columns[name]) for name in self._names]
        rows = zip(*texts, strict=True)
        self._file.write("".join(f"{','.join(row)}\r\n" for row in rows).encode())


def _as_texts(values: NDArray[Any]) -> Sequence[str]:
    """Cells of a column as they stand in a CSV file: one that is withheld is empty, without quotes."""
    if isinstance(values, np.ma.MaskedArray):
        texts = _as_texts(np.ma.getdata(values))
        mask = np.ma.getmaskarray(values).tolist()
        return ["" if is_withheld else text for text, is_withheld in zip(texts, mask, strict=True)]
    kind = values.dtype.kind
    if kind == "b":
        return ["true" if value else "false" for value in values.tolist()]
    if kind == "f":  # the shortest digits that read back as the same number of this precision
        return ["" if text == "nan" else text for text in map(str, values)]
    if kind == "M":
        return ["" if text == "NaT" else text for text in np.datetime_as_string(values).tolist()]
    if kind == "U":
        return [_quote(text) for text in values.tolist()]
    return list(map(str, values.tolist()))


def _quote(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def read_table(path: Path, table: Table) -> pd.DataFrame:
    """A table as a DataFrame, each column of the dtype declared; ``attrs`` has title, units and meanings.

    A column whose values may be withheld has a dtype of pandas that knows missing values, such as ``Int64``.

    Parameters
    ----------
    path
        The file.
    table
        Its declaration.
    """
    withheld = [column for column in table.columns if column.may_be_withheld]
    if table.format == "csv":
        from pyarrow import csv

        types = {field.name: field.type for field in _describe(table)}
        convert = csv.ConvertOptions(
            column_types=types, null_values=[""], strings_can_be_null=bool(withheld), quoted_strings_can_be_null=False
        )
        read = csv.read_csv(path, None, csv.ParseOptions(newlines_in_values=True), convert)
        frame: pd.DataFrame = read.to_pandas()
    else:
        import pandas

        frame = pandas.read_parquet(path)
        if withheld:
            from pyarrow import parquet

            read = parquet.read_table(path)
    for column in withheld:
        frame[column.name] = read[column.name].to_pandas(types_mapper=_find_nullable)
    for column in table.columns:
        if column.dtype.startswith("datetime64"):  # Parquet has no seconds
            frame[column.name] = frame[column.name].astype(np.dtype(column.dtype))
    told: dict[Any, Any] = {
        "title": table.title,
        "units": {column.name: column.units for column in table.columns},
        "long_name": {column.name: column.long_name for column in table.columns},
        **table.attrs,
    }
    frame.attrs = told
    return frame


def _find_nullable(kind: Any) -> Any:
    """The dtype of pandas that holds an Arrow type and knows missing values; None where NumPy's own does."""
    import pandas
    import pyarrow

    if kind == pyarrow.string():
        return pandas.StringDtype()
    if kind == pyarrow.bool_():
        return pandas.BooleanDtype()
    name = {"double": "Float64", "float": "Float32"}.get(str(kind))
    if pyarrow.types.is_integer(kind):
        name = str(kind).replace("int", "Int").replace("u", "U")  # "uint8" and "UInt8"
    return pandas.api.types.pandas_dtype(name) if name else None
