"""TNTP trip tables: ``Origin o``, then ``d : flow;`` over and over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ..demand.pairs import find_repeated_pair
from .header import Header, read_header

__all__ = ["Trips", "read_trips"]

# Of the total that the header states: less is a file cut off, any difference beyond rounding is worth a note.
_SHORTFALL = 1e-4
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Trips:
    """Entries of a trip table in the order of the file; zones as the file numbers them."""

    origin: npt.NDArray[np.int64]
    destination: npt.NDArray[np.int64]
    demand: npt.NDArray[np.float64]
    header: Header
    notes: tuple[str, ...]


def read_trips(file: Path, *, n_zones: int | None = None) -> Trips:
    """Read a TNTP trip table.

    Parameters
    ----------
    file
        A ``*_trips.tntp``.
    n_zones
        Zones of the network; entries beyond are refused. The table's own header if omitted.

    Raises
    ------
    InputError
        If the file is missing, cut off, malformed, names a zone beyond the count, gives a pair twice, or holds a
        negative or non-finite flow: each with its line.
    """
    header = read_header(file)
    notes = []
    stated = header.count("NUMBER OF ZONES")
    if n_zones is None:
        n_zones = stated
    elif stated is not None and stated != n_zones:
        notes.append(f"{file.name} states {stated} zones, the network {n_zones}: the network's count was used.")
    try:
        origin, destination, demand = _parse(header.body)
    except OverflowError:
        raise InputError(
            "a zone has more than 18 digits", file=file, way_out="correct the origins and destinations"
        ) from None
    except ValueError:
        raise _malformed(header) from None
    for field, zone in (("origin", origin), ("destination", destination)):
        beyond = (zone < 1) | (zone > (n_zones if n_zones is not None else np.iinfo(np.int64).max))
        if beyond.any():
            entry = int(np.argmax(beyond))
            raise InputError(
                f"{field} {zone[entry]} is not among zones 1 to {n_zones}",
                file=file,
                line=_line(header, entry),
                way_out="correct the entry, or <NUMBER OF ZONES> of the network file",
            )
    bad = ~(np.isfinite(demand) & (demand >= 0.0))
    if bad.any():
        entry = int(np.argmax(bad))
        raise InputError(
            f"demand from {origin[entry]} to {destination[entry]} is {demand[entry]:g}",
            file=file,
            line=_line(header, entry),
            way_out="give a finite number from 0 up",
        )
    twice = find_repeated_pair(origin, destination)
    if twice is not None:
        raise InputError(
            f"demand from {origin[twice[1]]} to {destination[twice[1]]} is given twice, "
            f"first on line {_line(header, twice[0])}",
            file=file,
            line=_line(header, twice[1]),
            way_out="keep one of the two entries",
        )
    notes += _compare_total(header, float(demand.sum())) + header.describe_unread()
    return Trips(origin, destination, demand, header, tuple(notes))


def _parse(body: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    # Whole blocks at once: a table of a million entries must not cost a Python loop over its lines.
    if "~" in body:
        body = re.sub(r"~[^\n]*", "", body)
    before, *blocks = re.split(r"\borigin\b", body, flags=re.IGNORECASE)
    if before.strip():
        raise ValueError("text before the first origin")
    zones: list[int] = []
    entries: list[str] = []
    counts: list[int] = []
    for block in blocks:
        first, _, rest = block.lstrip(" \t").partition("\n")
        *parts, tail = rest.split(";")
        if tail.strip():
            raise ValueError("an entry without its end")
        zones.append(int(first))
        counts.append(len(parts))
        entries += parts
    flat = ":".join(entries).split(":") if entries else []
    if len(flat) != 2 * len(entries) or any(entry.count(":") != 1 for entry in entries):
        raise ValueError("an entry that is not a pair")
    destination = np.array(list(map(int, flat[::2])), dtype=np.int64)
    demand = np.array(list(map(float, flat[1::2])), dtype=np.float64)
    return np.repeat(np.array(zones, dtype=np.int64), counts), destination, demand


def _lines(header: Header) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(header.body.split("\n"), start=header.body_line):
        bare = line.split("~")[0].strip()
        if bare:
            yield number, bare


def _line(header: Header, entry: int) -> int:
    """Line of the entry-th entry; only errors ask, so the walk may be slow."""
    each = (number for number, line in _lines(header) for _ in range(line.count(";")))
    return next(islice(each, entry, None), header.body_line)


def _malformed(header: Header) -> InputError:
    """Say what the fast parser stumbled over, and where."""
    started = False
    lines = list(_lines(header))
    for number, line in lines:
        if line.lower().startswith("origin"):
            started = True
            if not re.fullmatch(r"(?i)origin\s+\d+", line):
                return InputError(
                    f"{line!r} names no origin", file=header.file, line=number, way_out="write 'Origin ZONE'"
                )
            continue
        if not started:
            return InputError(
                f"{line[:40]!r} stands before the first origin",
                file=header.file,
                line=number,
                way_out="start with 'Origin ZONE'",
            )
        *entries, tail = line.split(";")
        for entry in entries:
            if not re.fullmatch(
                r"\s*[+-]?\d+\s*:\s*([+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|nan|[+-]?inf)\s*", entry.lower()
            ):
                return InputError(
                    f"{entry.strip()!r} is not an entry",
                    file=header.file,
                    line=number,
                    way_out="write 'DESTINATION : FLOW;'",
                )
        if tail.strip():
            cut = number == lines[-1][0]
            return InputError(
                f"{tail.strip()!r} is not ended by ';'" + (": the file is cut off here" if cut else ""),
                file=header.file,
                line=number,
                way_out="fetch the file again" if cut else "write 'DESTINATION : FLOW;'",
            )
    return InputError(
        "the trip table cannot be read", file=header.file, way_out="write 'Origin ZONE', then 'DESTINATION : FLOW;'"
    )


def _compare_total(header: Header, total: float) -> list[str]:
    stated = header.number("TOTAL OD FLOW")
    if stated is None:
        return []
    decimals = len(header.values["TOTAL OD FLOW"].partition(".")[2])
    rounding = 0.5 * 10.0 ** -min(decimals, 12)
    if total < stated * (1.0 - _SHORTFALL) - rounding:
        raise InputError(
            f"the entries add up to {total:.10g}, but <TOTAL OD FLOW> promises {stated:.10g}",
            file=header.file,
            line=header.lines["TOTAL OD FLOW"],
            way_out="the file is cut off or was edited: fetch it again, or correct the header",
        )
    if abs(total - stated) > _ROUNDING * stated + rounding:
        name = header.file.name
        return [f"{name} states a total flow of {stated:.10g}; its entries, which count, add up to {total:.10g}."]
    return []
