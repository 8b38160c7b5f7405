"""Names of columns of ``link.csv`` that speak of what changes the answer, and are not those that are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...errors import InputError
from ...text.tables import Table, is_number
from .classes import is_closed_to_cars
from .measures import read_measure
from .tables.columns import NEXT_PERIOD, read_column, read_flags
from .tables.links import LinkRows
from .tables.uses import find_car_rows

__all__ = ["refuse_other_names"]

_NO = frozenset({"", "0", "no", "n", "false", "f", "none", "nan", "null", "na", "n/a"})
_YES = frozenset({"", "1", "yes", "y", "true", "t", "open", "active", "existing", "ok", "normal", "operational"})
# Words of a name with which it speaks of other travellers than cars.
_OTHERS = re.compile(r"\b(?:trucks?|hgv|freight|bikes?|bicycles?|cycle|bus|psv|ped|foot|walk|taxi|hov|transit|rail)\b")
_REFERENCE = re.compile(r"\b(?:ref|obs|observed|reference)\b")


def _is_off(cell: str) -> bool:
    return cell.lower() in _NO or (is_number(cell) and float(cell) == 0.0)


def _is_absent(cell: str) -> bool:
    return _is_off(cell) or (is_number(cell) and float(cell) < 0.0)


def _is_one(cell: str) -> bool:
    return cell.lower() in ("", "nan") or (is_number(cell) and float(cell) == 1.0)


def _is_on(cell: str) -> bool:
    return cell.lower() in _YES or (is_number(cell) and float(cell) == 1.0)


def _is_empty(cell: str) -> bool:
    return cell.lower() in ("", "nan")


@dataclass(frozen=True)
class _Group:
    """Names of one sort: their words, the cells that change nothing, and the way out."""

    words: re.Pattern[str]
    what: str
    changes_nothing: Callable[[str], bool]
    cure: str
    but: re.Pattern[str] | None = None


def _compile(*words: str, also: str = "") -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(words) + r")\b" + (f"|{also}" if also else ""))


_REMOVE = "remove the column if it changes nothing"
# Of these no column of the specification says the same: they are refused wherever they hold something.
_ALWAYS = (
    _Group(_compile("units?", also="单位"), "the unit of another column", _is_empty,
           "put the unit into config.csv, a setting or the name of that column, and remove this one"),
    _Group(_compile("factors?", "adj", "adjust\\w*", "multipliers?", "scal(?:e|ing)", "plf", "phf", "qdf", "pce"),
           "a factor", _is_one, "multiply capacity, time or demand by it, and remove the column"),
    _Group(_compile("tolls?", "fees?", "fares?", "charges?", "prices?", also="收费|费用|通行费"), "a toll", _is_off,
           "call it toll if it is that of cars; else remove the column", _OTHERS),
    _Group(_compile("closed?", "closures?", "blocked", "disabled", "inactive", "abandoned", "removed",
                    "deleted", "construction", "proposed", "planned", also="封闭|禁行|禁止"), "closed links", _is_off,
           "give closed links capacity 0, and remove the column"),
    _Group(_compile("open", "opened", "active", "enabled", "status", "passable", "in service", "usable", "drivable",
                    also="开通|通行状态"), "closed links", _is_on,
           "give closed links capacity 0, and remove the column"),
    _Group(_compile("only", "exclusive", "reserved", "(?:hov|hot|bus|psv|transit|taxi|truck) (?:lanes?|ways?)",
                    "busways?", "(?:is )?(?:hov|brt)"),
           "links or lanes that are not for all cars", _is_off,
           "write allowed_uses, such as bus, for such links, take such lanes off lanes, and remove the column"),
    _Group(_compile("restrict\\w*", "bann?e?d?", "prohibit\\w*", "prohibitions?", "forbid\\w*", "excluded?",
                    "block ?list", "turns?", also="限行|转向"),
           "what is forbidden", _is_absent,
           "write allowed_uses for links that are not for cars, split nodes for turns, and remove the column",
           re.compile(_OTHERS.pattern + r"|\bturn (?:lanes?|bays?|pockets?)\b|\bspeed\b")),
    _Group(_compile("penalt\\w+", "delays?", "impedance", "resistance", "surcharge", "costs?"), "a further cost",
           _is_absent, "put it into vdf_fftt or toll, and remove the column", _REFERENCE),
    _Group(_compile("preload", "background", "base vol\\w*"), "traffic beside the demand", _is_absent,
           "add it to the demand, or remove the column"),
)  # fmt: skip
_USES = _compile("modes?", "uses?", "access", "allow\\w*", "permitted", "vehicles?", "motor ?vehicles?", "motorcar")
_NO_USES = re.compile(_OTHERS.pattern + r"|\bland\b")
_CLASSES = _compile("type", "class", "kind", "category", "fclass", "frc")
# Where the column of the specification leaves something open, these may hold it: (that column, words, but not these).
_ALIKE: tuple[tuple[str, re.Pattern[str], re.Pattern[str] | None], ...] = (
    ("directed", _compile("one ?way", "two ?way", "bidirectional", "bidir"), None),
    ("vdf_alpha", _compile("alpha", "bpr a", "^b$"), None),
    ("vdf_beta", _compile("beta", "bpr b", "^power$", "exponent"), None),
    ("vdf_fftt", re.compile(r"\b(?:ff)?(?:t|tt)\b(?!.)|fft|\btimes?\b|time\b|\bduration\b|\bminutes?\b|时间"),
     re.compile(r"\b(?:period|zone|stamp|day|start|end|date|id|timestamp)\b")),
    ("lanes", re.compile(r"\b[a-z]?lanes?\b|车道"),
     re.compile(_OTHERS.pattern + r"|\b(?:width|parking|id|type|turn|cap\w*|speed)\b")),
    ("capacity", re.compile(r"capac|\bcap\b|\bvph\b|\bsaturation\b|通行能力"), _OTHERS),
    ("free_speed", re.compile(r"speed|\bspd\b|\bvmax\b|\bv max\b|^v$|\bffs\b|velocity|\b(?:kmh|kph|mph)\b|限速|车速"),
     re.compile(_OTHERS.pattern + r"|\b(?:id|class|cat)\b")),
    ("length", re.compile(r"leng|\blen\b|distance|\bdist\b|mileage|长度|里程"),
     re.compile(_OTHERS.pattern + r"|\b(?:id|district)\b")),
)  # fmt: skip


_UNIT = {"vdf_fftt": ", in minutes,", "capacity": ", in vehicles per hour and lane,", "lanes": ", of one direction,"}


def refuse_other_names(links: LinkRows, folder: Path, read: Iterable[str]) -> None:
    """Refuse columns that change the answer under names that are not read.

    A name that speaks of speeds, times, lanes, capacities, lengths, directions or the BPR function is refused where
    the column of the specification leaves a link without; one that speaks of tolls, closures, factors, forbidden uses
    or further costs wherever it holds something for a link that is open to cars.

    Parameters
    ----------
    links
        Of ``link.csv``; rows that are no links do not count.
    folder
        May hold ``use_group.csv``.
    read
        Names that are read.

    Raises
    ------
    InputError
        Naming the column, what it may be called, and that it can be removed.
    """
    table = links.table
    rows = np.unique(links.row).tolist()
    gaps: dict[str, int] | None = None
    known = set(read)
    for name, cells in table.columns.items():
        held = [cells[row].strip() for row in rows]
        if name in known or NEXT_PERIOD.fullmatch(name) or all(map(_is_empty, held)):
            continue
        words = _split(name)
        for group in _ALWAYS:
            if group.words.search(words) is None or (group.but is not None and group.but.search(words)):
                continue
            wrong = next((row for row, cell in zip(rows, held, strict=True) if not group.changes_nothing(cell)), None)
            if wrong is not None:
                problem = f"{name} is {cells[wrong].strip()!r}: it may state {group.what}, and is not read"
                raise table.error(wrong, problem, group.cure)
            break
        else:
            if _USES.search(words) and not _NO_USES.search(words):
                _refuse_uses(table, folder, name, rows)
            elif _CLASSES.search(words):
                _refuse_classes(table, name, rows)
            elif re.fullmatch("(?:is )?one ?way", words) and "directed" in table:
                _refuse_other_sense(table, name, rows)
            if all(map(_is_absent, held)):
                continue
            gaps = _find_gaps(links) if gaps is None else gaps
            _refuse_alike(table, name, words, gaps)


def _split(name: str) -> str:
    """Words of a name, divided by blanks; digits are no words."""
    return " ".join(re.findall(r"[^\W\d_]+", name.lower()))


def _refuse_uses(table: Table, folder: Path, name: str, rows: list[int]) -> None:
    for row in rows:
        cell = table.columns[name][row].strip()
        if _is_on(cell):
            continue
        one = Table(table.file, {name: [cell]}, [table.line[row]])
        try:
            is_open = bool(find_car_rows(one, folder, name)[0])
        except InputError:
            is_open = False
        if not is_open:
            raise table.error(
                row,
                f"{name} is {cell!r}: it may close the link to cars, and is not read",
                f"call it allowed_uses if it is, with words such as auto or bus; or {_REMOVE}",
            )


def _refuse_classes(table: Table, name: str, rows: list[int]) -> None:
    for row in rows:
        cell = table.columns[name][row].strip()
        if is_closed_to_cars(cell):
            raise table.error(
                row,
                f"{name} is {cell!r}, which is no road for cars, and the column is not read",
                f"call it facility_type, or {_REMOVE}",
            )


def _refuse_other_sense(table: Table, name: str, rows: list[int]) -> None:
    directed = read_flags(table, "directed")
    for row in rows:
        cell = table.columns[name][row].strip()
        if cell and _is_on(cell) != bool(directed[row]):
            stated = table.columns["directed"][row].strip()
            raise table.error(
                row, f"{name} is {cell!r}, and directed is {stated!r}", "correct one, or remove the column"
            )


def _find_gaps(links: LinkRows) -> dict[str, int]:
    """How many links each column of the specification leaves without a value that matters."""
    table, row = links.table, links.row
    length, speed = (read_measure(table, name, "m" if name == "length" else "km/h").value[row]
                     for name in ("length", "free_speed"))  # fmt: skip
    time = read_column(table, ("vdf_fftt", "vdf_fftt1"))[0][row]
    computed = np.isnan(time) & ~(length == 0.0)

    def count(*names: str) -> int:
        return int(np.all([np.isnan(read_column(table, (name,))[0][row]) for name in names], axis=0).sum())

    directed = table.columns.get("directed", table.columns.get("dir_flag", [""] * len(table)))
    return {
        "directed": sum(1 for k in row.tolist() if not directed[k].strip() or "directed" not in table),
        "vdf_alpha": count("vdf_alpha", "vdf_alpha1"),
        "vdf_beta": count("vdf_beta", "vdf_beta1"),
        "vdf_fftt": int(computed.sum()),
        "lanes": count("lanes"),
        "capacity": count("capacity", "vdf_cap", "vdf_cap1"),
        "free_speed": int((computed & np.isnan(speed)).sum()),
        "length": int(np.isnan(length).sum()),
    }


def _refuse_alike(table: Table, name: str, words: str, gaps: dict[str, int]) -> None:
    alike = [column for column, pattern, but in _ALIKE
             if pattern.search(words) and not (but is not None and but.search(words))]  # fmt: skip
    if words == "direction" and "dir_flag" not in table:
        alike.append("directed")
    if name in ("v0", "t0"):
        alike.append("free_speed" if name == "v0" else "vdf_fftt")
    column = next((one for one in alike if gaps[one]), None)
    if column is not None:
        lack = "is missing" if column not in table else f"is empty for {gaps[column]:,} links"
        raise InputError(
            f"column {column!r} {lack}, and {name!r} may be it",
            file=table.file,
            line=1,
            way_out=f"call it {column}{_UNIT.get(column, '')} if it is, as the specification has it; else remove it",
        )
    if words.split()[:1] == ["vdf"]:
        raise InputError(
            f"column {name!r} may change the delay function, and is not read",
            file=table.file,
            line=1,
            way_out="put it into vdf_alpha, vdf_beta, capacity or vdf_fftt, and remove the column",
        )
