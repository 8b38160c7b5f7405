"""Mapping tables of codes: from a national edition to a vocabulary, or from drugs to their ATC groups."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..text.encodings import read_text
from .records import EVENT, Records

__all__ = ["CodeMap", "read_code_map"]

UNMAPPED = ("keep", "drop")
COLUMNS = ("person", "day", "until", "code", "kind", "value", "cost_fen", "facility", "sex", "area")
Texts = npt.NDArray[np.str_]


@dataclass(frozen=True)
class CodeMap:
    """Codes and what stands for them; many may go to one.

    Parameters
    ----------
    codes
        New code by old code.
    names
        Of new codes, as far as the table gives them.
    sha256
        Of the table's bytes: part of what a run is made of.
    unmapped
        What becomes of a code that is not in the table: it is kept, or its events are dropped.
    """

    codes: Mapping[str, str]
    sha256: str
    names: Mapping[str, str] = field(default_factory=dict)
    unmapped: Literal["keep", "drop"] = "keep"

    def apply(self, codes: Texts) -> tuple[Texts, int]:
        """Map codes.

        Parameters
        ----------
        codes
            (event,) as the source writes them.

        Returns
        -------
        codes : (event,) array of str
            Empty where an event is to be dropped.
        n_unmapped : int
            How many events have a code that is not in the table.

        Examples
        --------
        >>> to_groups = CodeMap({"A10BA02": "A10", "A10BB12": "A10"}, "", unmapped="drop")
        >>> codes, n_unmapped = to_groups.apply(np.array(["A10BA02", "A10BB12", "C07AB02"]))
        >>> codes.tolist(), n_unmapped
        (['A10', 'A10', ''], 1)
        """
        old, place = np.unique(codes, return_inverse=True)
        known = np.array([code in self.codes for code in old.tolist()], np.bool_)
        keep = self.unmapped == "keep"
        new = [self.codes.get(code, code if keep else "") for code in old.tolist()]
        n_unmapped = int(np.count_nonzero(~known[place])) if len(old) else 0
        return np.array(new, dtype=np.str_)[place] if new else codes, n_unmapped

    def map_records(self, records: Records) -> Records:
        """Records with mapped codes; those that are not in the table are counted, and left out if they are dropped."""
        if records.row != EVENT:
            return records
        codes, n_unmapped = self.apply(records.code)
        kept = codes != ""
        columns = {name: getattr(records, name)[kept] for name in COLUMNS} | {"code": codes[kept]}
        what = "events whose code is not in the table of codes" + (", kept" if self.unmapped == "keep" else "")
        return replace(records, **columns, counts={**records.counts, what: n_unmapped})


def read_code_map(path: str | Path, *, unmapped: str = "keep") -> CodeMap:
    """Read a mapping table of codes: CSV with the columns ``from`` and ``to``, and perhaps ``name`` of the new code.

    Raises
    ------
    InputError
        If a column or a code is missing, a code goes to several, or a new code has two names.
    """
    path = Path(path).expanduser()
    if unmapped not in UNMAPPED:
        raise InputError(f"unmapped must be keep or drop, got {unmapped!r}", way_out="choose one of them")
    text = read_text(path)
    rows = csv.DictReader(text.splitlines())
    has = [name.strip() for name in rows.fieldnames or ()]
    rows.fieldnames = has
    if not {"from", "to"} <= set(has) or set(has) - {"from", "to", "name"}:
        raise InputError(
            f"a table of codes must have the columns from and to, and may have name, got {', '.join(has) or 'none'}",
            file=path,
            line=1,
            way_out="rename its columns and remove others",
        )
    codes: dict[str, str] = {}
    names: dict[str, str] = {}
    for row in rows:
        old, new = (str(row[key] or "").strip() for key in ("from", "to"))
        if not (old and new):
            raise InputError("a row must have both codes", file=path, line=rows.line_num, way_out="fill or remove it")
        _enter(codes, old, new, "a code must go to one code", path, rows.line_num)
        if name := str(row.get("name") or "").strip():
            _enter(names, new, name, "a code must have one name", path, rows.line_num)
    if not codes:
        raise InputError("a table of codes must have a row", file=path, way_out="add one")
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return CodeMap(codes, sha256, names, "drop" if unmapped == "drop" else "keep")


def _enter(held: dict[str, str], key: str, value: str, rule: str, path: Path, line: int) -> None:
    if held.setdefault(key, value) != value:
        raise InputError(
            f"{rule}, but {key!r} has {held[key]!r} and {value!r}", file=path, line=line, way_out="keep one of them"
        )
