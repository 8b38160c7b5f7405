"""Notation: how Slurm writes lists, times, node names, GPUs and sizes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

__all__ = ["MEBIBYTE", "NOTHING", "Row", "expand_nodes", "list_gpus", "parse_minutes", "split_list"]

Row = Mapping[str, str]
MEBIBYTE = 1024**2
NOTHING = ("", "(null)", "N/A", "NONE", "none")  # its ways to say that there is none


def split_list(text: str) -> list[str]:
    """Words of a list as Slurm prints it; empty for its ways to say none."""
    return [word for word in map(str.strip, text.split(",")) if word not in NOTHING]


def list_gpus(gres: str) -> dict[str, int]:
    """GPUs by type in a text such as ``gpu:a100:4(S:0-1),shard:8``.

    Examples
    --------
    >>> list_gpus("gpu:a100:4(S:0-1),gpu:2,shard:8")
    {'a100': 4, '': 2}
    """
    found: dict[str, int] = {}
    for entry in re.sub(r"\([^)]*\)", "", gres).split(","):
        name, *rest = entry.split(":")
        if name == "gpu":
            count = int(rest.pop()) if rest and rest[-1].isdigit() else 1
            kind = rest[0] if rest else ""
            found[kind] = found.get(kind, 0) + count
    return found


def parse_minutes(text: str) -> int | None:
    """Seconds of a time as Slurm prints it: ``2-00:00:00``, ``01:00:00``, ``30:00``, ``30``; None for no limit.

    Examples
    --------
    >>> parse_minutes("2-00:00:00"), parse_minutes("01:30:00"), parse_minutes("30"), parse_minutes("UNLIMITED")
    (172800, 5400, 1800, None)
    """
    if text in (*NOTHING, "UNLIMITED", "INFINITE") or not re.fullmatch(r"(\d+-)?\d+(:\d+){0,2}", text):
        return None
    days, _, clock = text.rpartition("-")
    parts = [int(part) for part in clock.split(":")]
    if days:  # D-H, D-H:M, D-H:M:S
        hours, minutes, seconds = [*parts, 0, 0][:3]
    else:  # M, M:S, H:M:S
        hours, minutes, seconds = parts if len(parts) == 3 else (0, *[*parts, 0][:2])
    return ((int(days or 0) * 24 + hours) * 60 + minutes) * 60 + seconds


def expand_nodes(text: str) -> Iterator[str]:
    """Names meant by a list such as ``n[01-03,7],login``.

    Examples
    --------
    >>> list(expand_nodes("n[01-03,7],login"))
    ['n01', 'n02', 'n03', 'n7', 'login']
    """
    for entry in re.findall(r"(?:[^,\[]|\[[^\]]*\])+", text):
        before, bracket, rest = entry.partition("[")
        if not bracket:
            yield entry
            continue
        inside, _, after = rest.partition("]")
        for span in inside.split(","):
            first, _, last = span.partition("-")
            for n in range(int(first), int(last or first) + 1):
                for tail in expand_nodes(after) if after else [""]:
                    yield f"{before}{n:0{len(first)}d}{tail}"
