"""Height datums that tables of water levels name, in a heading or in a column of their own."""

from __future__ import annotations

from ..errors import InputError
from ..heights import find_height_datum
from ..tables import Table
from .headings import split_heading

__all__ = ["find_level_datum"]

_DATUMS = (
    "datum", "height datum", "height_datum", "vertical datum", "vertical_datum", "基面", "高程基准", "高程系",
)  # fmt: skip


def find_level_datum(
    table: Table, column: str, unit: str | None, expected: str | None, of: str
) -> tuple[str | None, str | None, str | None]:
    """Tell the unit of water levels, the datum that the table names, and the column that names it.

    Parameters
    ----------
    table, column
        The column of levels.
    unit
        What its heading says in brackets: ``m CN85`` is a unit and a datum.
    expected
        The datum by its one name; None where none is expected.
    of
        What has the expected datum, for the error.

    Raises
    ------
    InputError
        If the table names another datum than the one expected, or several.
    """
    unit, told = find_height_datum(unit, split_heading(column)[0])
    beside = next((name for name in table.columns if split_heading(name)[0] in _DATUMS), None)
    named = {} if told is None else {told: f"heading {column!r}"}
    for cell in dict.fromkeys(table.columns[beside] if beside is not None else []):
        if cell.strip():
            named[find_height_datum(cell, "")[1] or cell.strip()] = f"column {beside!r}"
    for known, where in named.items():
        if expected is not None and known != expected:
            raise InputError(
                f"{where} counts water levels from {known}, {of} from {expected}",
                file=table.file,
                line=1,
                way_out="convert the levels to one datum (the survey office knows the local offset) and name that",
            )
    if len(named) > 1:
        raise InputError(
            f"the levels are counted from several datums: {', '.join(named)}",
            file=table.file,
            line=1,
            way_out="convert them to one",
        )
    return unit, next(iter(named), None), beside
