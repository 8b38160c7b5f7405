"""Pairs of codes over synthetic persons, beside SciPy's sparse product and DuckDB's self-join.

All sides count the same events and print the same ``checksums``: persons with a code, with both of a pair, and with
one before the other. Ours starts from events, and so does DuckDB's, in tables made beforehand. SciPy's product has its
matrix of first occurrences made beforehand, and knows no order: ``--given-first`` starts ours from the same.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import numpy as np

from ..stopwatch import print_answer, time_goes

__all__ = ["main", "make_events", "time_citytide", "time_expected", "time_merge", "time_scipy"]

CODES = 1600


def make_events(n_events: int, *, per_person: float = 24.0, n_codes: int = CODES, seed: int = 0) -> Any:
    """Offsets, days (ten years) and codes of persons with Poisson numbers of events and codes by Zipf's law."""
    random = np.random.default_rng(seed)
    n = random.poisson(per_person, max(1, round(n_events / per_person)))
    offset = np.concatenate(([0], np.cumsum(n)))
    share = 1.0 / np.arange(1, n_codes + 1)
    code = random.choice(n_codes, size=offset[-1], p=share / share.sum()).astype(np.uint32)
    day = random.integers(0, 3650, offset[-1]).astype(np.int32)
    order = np.lexsort((code, day, np.repeat(np.arange(len(n)), n)))
    return offset, day[order], code[order]


def _tell(seconds: dict[str, Any], n_events: int, **checksums: int) -> dict[str, Any]:
    rate = n_events / max(seconds["cpu_seconds"], 1e-9)
    return {**seconds, "events": n_events, "events_per_cpu_second": rate, "checksums": checksums}


def time_citytide(n_events: int, *, repeat: int = 5, given_first: bool = False) -> dict[str, Any]:
    """Find first occurrences, unless they are given, and count their pairs; compiled, median seconds of one go.

    Examples
    --------
    >>> sorted(time_citytide(2000, repeat=1)["checksums"])
    ['both', 'earlier', 'persons', 'ranked']
    """
    from ....kernels.medical.first import find_first_occurrences
    from ....kernels.medical.pairs import count_pairs

    offset, day, code = make_events(n_events)
    count_pairs(*find_first_occurrences([0, 1], day[:1], code[:1], CODES), CODES)  # compiles
    first = find_first_occurrences(offset, day, code, CODES)

    def count() -> Any:
        return count_pairs(*(first if given_first else find_first_occurrences(offset, day, code, CODES)), CODES)

    seconds, counts = time_goes(count, repeat=repeat)
    both = np.triu(counts.both, 1)
    return _tell(
        seconds, len(code), persons=int(counts.persons.sum()), both=int(both.sum()), earlier=int(counts.first.sum()),
        ranked=_rank(both),
    )  # fmt: skip


def _rank(both: Any) -> int:
    """Weighs each pair, so that pairs which changed places show."""
    a, b = np.nonzero(both)
    return int((both[a, b].astype(np.int64) * (a * 31 + b * 17)).sum())


def time_scipy(n_events: int, *, repeat: int = 5) -> dict[str, Any]:
    """The product of the matrix of persons and codes with itself.

    Examples
    --------
    >>> theirs, ours = time_scipy(2000)["checksums"], time_citytide(2000)["checksums"]
    >>> all(ours[name] == number for name, number in theirs.items())
    True
    """
    from scipy.sparse import csr_array

    offset, _day, code = make_events(n_events)
    person = np.repeat(np.arange(len(offset) - 1), np.diff(offset))
    place = np.unique(person * CODES + code)
    shape = (len(offset) - 1, CODES)
    has = csr_array((np.ones(len(place), np.int32), (place // CODES, place % CODES)), shape=shape)
    across = has.T.tocsr()
    seconds, product = time_goes(lambda: across @ has, repeat=repeat)
    table = product.toarray()
    both = np.triu(table, 1)
    return _tell(seconds, len(code), persons=int(table.trace()), both=int(both.sum()), ranked=_rank(both))


def time_expected(n_strata: int, *, repeat: int = 5) -> dict[str, Any]:
    """Expected pairs of all codes from exact strata."""
    from ....kernels.medical.expected import expect_pairs

    persons = np.full(n_strata, 50_000)
    having = np.random.default_rng(0).integers(0, 5000, (n_strata, CODES))
    expect_pairs(persons[:1], having[:1, :2])  # compiles
    seconds, table = time_goes(lambda: expect_pairs(persons, having), repeat=repeat)
    return {**seconds, "strata": n_strata, "checksum": float(table.sum())}


def time_merge(n_events: int, n_segments: int, *, repeat: int = 5) -> dict[str, Any]:
    """Merge segments of periods that follow each other; events come from all of them.

    Examples
    --------
    >>> time_merge(2000, 3, repeat=1)["segments"]
    3
    """
    from ....kernels.medical.events import NO_DAY, PersonEvents
    from ....kernels.medical.segments import merge_segments

    offset, day, code = make_events(n_events)
    n = len(offset) - 1
    pseudonym = np.sort(np.random.default_rng(1).integers(0, 2**63, n).astype(np.uint64))
    pseudonym = np.stack([pseudonym, np.arange(n, dtype=np.uint64)], axis=1)
    person, period = np.repeat(np.arange(n), np.diff(offset)), day * n_segments // 3650
    segments = []
    for at in range(n_segments):
        mine = period == at
        here, begin = np.unique(person[mine], return_index=True)  # a segment has the persons who have events in it
        unknown, size = np.full(len(here), NO_DAY, np.int32), int(mine.sum())
        kind, n_days, value, cost, facility = (np.zeros(size, dtype) for dtype in ("u1", "u2", "f4", "i4", "u2"))
        segments.append(PersonEvents(
            np.append(begin, size), day[mine], code[mine], kind, n_days, value, cost, facility,
            unknown, unknown, unknown, unknown, np.zeros(len(here), np.uint8), np.zeros(len(here), np.uint32),
            pseudonym[here],
        ))  # fmt: skip
    merge_segments(segments)  # compiles
    seconds, merged = time_goes(lambda: merge_segments(segments), repeat=repeat)
    return {**_tell(seconds, len(code), merged=len(merged.day)), "segments": n_segments}


@click.command()
@click.argument("side", type=click.Choice(["citytide", "scipy", "write", "expected", "merge"]))
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--events", default=4_800_000, show_default=True)
@click.option("--strata", default=400, show_default=True)
@click.option("--segments", default=2, show_default=True)
@click.option("--given-first", is_flag=True, help="Ours starts from first occurrences.")
@click.option("--repeat", default=5, show_default=True)
def main(side: str, path: Path | None, events: int, strata: int, segments: int, given_first: bool, repeat: int) -> None:
    """Time one side and print one JSON line; `write PATH` writes the events for DuckDB's side."""
    if side == "write":
        if path is None:
            raise click.UsageError("write needs a path: write events.npz")
        np.savez(path, **dict(zip(("offset", "day", "code"), make_events(events), strict=True)))
    elif side == "expected":
        print_answer(time_expected(strata, repeat=repeat))
    elif side == "merge":
        print_answer(time_merge(events, segments, repeat=repeat))
    elif side == "scipy":
        print_answer(time_scipy(events, repeat=repeat))
    else:
        print_answer(time_citytide(events, repeat=repeat, given_first=given_first))


if __name__ == "__main__":
    main()
