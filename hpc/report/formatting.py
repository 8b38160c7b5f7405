"""How the report writes numbers and tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

__all__ = ["Column", "make_column", "make_columns", "number_text", "size_text", "unit_text"]

DIGITS = 10  # of a column's largest number, if it does not say
_MINUS, _TIMES = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}"
_DIGITS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


@dataclass(frozen=True)
class Column:
    """A table's column: key of its cells, heading, unit, whether numbers stand in it, and with how many decimals."""

    key: str
    heading: str
    unit: str = ""
    is_number: bool = False
    decimals: int | None = None
    is_identifier: bool = False
    missing: str = ""

    def text(self, value: object) -> str:
        """A cell of this column; numbers of a column share their decimals, so that their points stand in one line."""
        if value is None and self.missing:
            return self.missing
        if self.is_identifier:
            return "" if value is None else str(value)
        is_plain = self.decimals is not None and isinstance(value, int | float) and not isinstance(value, bool)
        if is_plain and isfinite(value):  # type: ignore[arg-type]
            return f"{value:,.{self.decimals}f}".replace("-", _MINUS)
        return number_text(value)


def make_columns(
    rows: Iterable[Mapping[str, Any]], told: Mapping[str, Mapping[str, Any]] | None = None
) -> list[Column]:
    """Columns of a list of records: those that are told of in their order, then any others under their own names.

    Parameters
    ----------
    rows
        The records.
    told
        What ``SummaryColumn`` says of a column, by key: ``heading``, ``unit``, ``digits``, ``is_identifier``,
        ``missing``.

    Examples
    --------
    >>> told = {"n": {"heading": "Visits"}}
    >>> [column.heading for column in make_columns([{"the_place": "A", "n": 1.0}], told)]
    ['Visits', 'the place']
    """
    held: dict[str, list[Any]] = {}
    for row in rows:
        for key, value in row.items():
            held.setdefault(key, []).append(value)
    said = told or {}
    columns = []
    for key in [*(key for key in said if key in held), *(key for key in held if key not in said)]:
        column = said.get(key, {})
        heading, unit = column.get("heading") or key.replace("_", " "), unit_text(str(column.get("unit") or ""))
        digits, is_identifier = column.get("digits"), column.get("is_identifier") is True
        shown = digits if isinstance(digits, int) and 4 < digits < 16 else DIGITS
        made = make_column(key, str(heading), unit, held[key], shown, is_identifier)
        columns.append(replace(made, missing=str(column.get("missing") or "")))
    return columns


def make_column(
    key: str, heading: str, unit: str, values: Iterable[object], digits: int = DIGITS, is_identifier: bool = False
) -> Column:
    """A column for these values; so many digits for the largest of them where all are of a readable size."""
    cells = list(values)
    if is_identifier:
        return Column(key, heading, unit, is_identifier=True)
    if not all(_is_number_or_none(value) for value in cells):
        return Column(key, heading, unit)
    sizes = [abs(value) for value in cells if isinstance(value, int | float) and isfinite(value)]
    if not sizes or max(sizes) >= 1e15 or any(0 < size < 1e-3 for size in sizes):
        return Column(key, heading, unit, True)
    most = min(max(digits - len(str(int(max(sizes)))), 0), digits - 4)
    needed = max(len(f"{size:.6f}".rstrip("0").partition(".")[2]) for size in sizes)
    return Column(key, heading, unit, True, min(most, needed))


def _is_number_or_none(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def number_text(value: object) -> str:
    r"""A cell's text: integers whole, other numbers to ten digits, small and huge ones with a power of ten.

    Examples
    --------
    >>> [number_text(value) for value in (4231335.28710744, 12, 0.0, True, "base", float("nan"))]
    ['4,231,335.287', '12', '0', 'yes', 'base', 'NaN']
    >>> number_text(9.87654e-11).split()[-1]
    '10⁻¹¹'
    """
    if value is None:
        return "\N{EM DASH}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, int | float):
        return str(value)
    if value != value:
        return "NaN"
    if not isfinite(value):
        return "\N{INFINITY}" if value > 0 else f"{_MINUS}\N{INFINITY}"
    if isinstance(value, int):
        return f"{value:,}".replace("-", _MINUS)
    if value == 0:
        return "0"
    if not 1e-3 <= abs(value) < 1e15:
        digits, _, power = f"{value:.3e}".partition("e")
        digits = digits.rstrip("0").rstrip(".")
        return f"{digits}\N{NO-BREAK SPACE}{_TIMES}\N{NO-BREAK SPACE}10{str(int(power)).translate(_DIGITS)}".replace(
            "-", _MINUS
        )
    whole = len(str(int(abs(value))))
    text = f"{value:,.{max(10 - whole, 0)}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", _MINUS)


def size_text(n_bytes: object) -> str:
    """Bytes as a person reads them, in powers of 1000.

    Examples
    --------
    >>> size_text(999), size_text(52_428_800), size_text(None)
    ('999 B', '52.4 MB', '—')
    """
    if not isinstance(n_bytes, int | float) or isinstance(n_bytes, bool):
        return "\N{EM DASH}"
    size = float(n_bytes)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if size < 1000 or unit == "TB":
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.3g} {unit}"


def unit_text(unit: str) -> str:
    """A UDUNITS text as a person writes it; nothing for ``"1"``.

    Examples
    --------
    >>> [unit_text(unit) for unit in ("veh h-1", "min", "1", "m s-2")]
    ['veh/h', 'min', '', 'm s-2']
    """
    words = unit.split()
    if len(words) > 1 and words[-1].endswith("-1") and not any("-" in word for word in words[:-1]):
        return f"{' '.join(words[:-1])}/{words[-1][:-2]}"
    return "" if unit == "1" else unit
