"""Headings of columns as tables of stations write them, with the unit in brackets."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from ..errors import InputError
from ..tables import Table
from .features import Features

__all__ = ["NAME_HEADINGS", "STATION_HEADINGS", "find_column", "find_texts", "split_heading"]

STATION_HEADINGS = (
    "station_id", "station", "id", "code", "stcd", "站号", "区站号", "站码", "站点编号", "测站编码", "编号",
    "point", "point_id", "点号",
)  # fmt: skip
NAME_HEADINGS = ("name", "station_name", "stnm", "站名", "名称", "站点名称", "测站名称")


def split_heading(heading: str) -> tuple[str, str | None]:
    """Split a heading into its words and the unit in brackets, if there is one.

    Examples
    --------
    >>> split_heading("雨量(毫米/小时)"), split_heading("Rain [mm/h]"), split_heading("水位")
    (('雨量', '毫米/小时'), ('rain', 'mm/h'), ('水位', None))
    """
    plain = unicodedata.normalize("NFKC", heading).strip().lower()
    found = re.fullmatch(r"(.*?)\s*[(\[](.+)[)\]]", plain)
    return (found[1], found[2].strip()) if found else (plain, None)


def find_column(columns: Mapping[str, list[str]], headings: Sequence[str]) -> str | None:
    """Return the first column, in the order of the headings, that bears one of them; None if none does."""
    stems = {split_heading(column)[0]: column for column in columns}
    return next((stems[heading] for heading in headings if heading in stems), None)


def find_texts(table: Table | Features, headings: Sequence[str], what: str) -> list[str]:
    """Return the texts of a column that no row may leave empty."""
    column = find_column(table.columns, headings)
    if column is None:
        raise InputError(
            f"the table has no {what}",
            file=table.file,
            line=None if table.line is None else 1,
            way_out=f"name a column {headings[0]}; the columns are {', '.join(table.columns)}",
        )
    texts = [cell.strip() for cell in table.columns[column]]
    if "" in texts:
        raise table.error(texts.index(""), f"{column} is empty", "give every row its own")
    return texts
