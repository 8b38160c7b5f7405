"""Roads that a table draws twice: once for each direction, or by mistake."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .road_columns import RoadColumns

__all__ = ["find_single_rows"]

Bools = npt.NDArray[np.bool_]


def find_single_rows(
    held: RoadColumns,
    rows: Sequence[int],
    shapes: Sequence[tuple[int, ...]],
    is_two_way: Bools,
    tags: Sequence[dict[str, str]],
) -> tuple[Bools, Bools, Bools, tuple[str, ...]]:
    """Tell which two-way lines stand for one direction only, and which are given twice.

    A table with one row for each direction, as osmnx writes its edges, draws a two-way road twice: there and back.
    A table with one row for each road draws it once. Which of them a table is, its lines tell: if every two-way line
    has one that runs back, or there is a column ``reversed``, each row is one direction.

    Parameters
    ----------
    held
        The columns.
    rows, shapes, tags
        Of each line: its row, its places in the order of travel, and what is read of it.
    is_two_way : (line,) array

    Returns
    -------
    is_single : (line,) array
        Lines that are one direction, though they are not said to be one-way.
    is_paired : (line,) array
        Those of them whose other direction is a line too.
    is_again : (line,) array
        Lines that repeat another in all that is read.
    notes : tuple of str

    Raises
    ------
    InputError
        If some lines have one that runs back and others have none, or two draw one road and say different things.
    """
    is_single, is_again = np.zeros(len(rows), bool), np.zeros(len(rows), bool)
    drawn: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for k, shape in enumerate(shapes):
        drawn[(shape, tags[k].get("highway", "").lower(), held.cell("key", rows[k]))].append(k)
    name = held.found.file.name
    for same in drawn.values():
        for other in same[1:]:
            before, now = ({**tags[k], "name": ""} for k in (same[0], other))
            if before != now:
                one_way = {before.get("oneway", ""), now.get("oneway", "")}
                if one_way == {"yes", "-1"}:
                    continue  # the two directions of a road, drawn the same way
                what = next(key for key in {**before, **now} if before.get(key) != now.get(key))
                raise held.found.error(
                    rows[other],
                    f"the line is that of {_tell(held, rows[same[0]])}, with another {what}: {now.get(what, '')!r} "
                    f"instead of {before.get(what, '')!r}",
                    "remove one of them; of a row for each direction, draw each in its direction of travel",
                )
            is_again[other] = True
    waiting: dict[tuple[object, ...], list[int]] = defaultdict(list)
    two_way = [k for k in range(len(rows)) if is_two_way[k] and not is_again[k]]
    for k in two_way:
        word = tags[k].get("highway", "").lower()
        back = waiting[(shapes[k][::-1], word)]
        if back and back[-1] != k:
            is_single[[k, back.pop()]] = True
        else:
            waiting[(shapes[k], word)].append(k)
    n_pairs, n_alone = int(is_single.sum()) // 2, len(two_way) - int(is_single.sum())
    notes = []
    if is_again.any():
        notes.append(f"{name}: {int(is_again.sum()):,} lines that repeat another are read once.")
    is_paired = is_single.copy()
    if "reversed" in held and n_pairs:
        is_single[two_way] = True
    elif n_pairs and n_alone > 0 and n_pairs > 0.05 * n_alone:
        alone = next(k for k in two_way if not is_single[k])
        pair = next(k for k in two_way if is_single[k])
        raise held.found.error(
            rows[alone],
            f"{n_pairs:,} two-way roads are drawn there and back, such as {_tell(held, rows[pair])}, and {n_alone:,} "
            "only once: a row may be one direction, or a road",
            "write oneway = yes in rows that are one direction only, or remove the lines back",
        )
    if n_pairs:
        notes.append(f"{name}: {n_pairs:,} two-way roads are drawn there and back; each line is one direction.")
    return is_single, is_paired, is_again, tuple(notes)


def _tell(held: RoadColumns, row: int) -> str:
    return f"line {held.found.line[row]}" if held.found.line is not None else f"feature {row + 1}"
