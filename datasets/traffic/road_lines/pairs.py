"""Roads that a table draws twice: once for each direction, or by mistake."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
import numpy.typing as npt

from ...text.tables import is_number
from ..roads.classes import DROPPED, find_road_class
from ..roads.tag_values import split_values
from .columns import RoadColumns
from .headings import LANES_OF_BOTH

__all__ = ["DrawnLines", "find_overlaps", "find_single_rows"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_SAME_M = 0.5  # lines between the same ends that lie so near are drawn along the same way
_BESIDE_M = 20.0  # a line that runs back so near may be the other direction of a road
_BESIDE_SHARE = 0.25  # of its length, at most
_FEW = 0.05
_OF_OSM = ("reversed", "osmid", "osm_id", "osm_way_id", "key")  # columns of tables made from OpenStreetMap


@dataclass(frozen=True)
class DrawnLines:
    """Lines, or pieces of them, in the order of travel.

    Attributes
    ----------
    rows
        The row of each line.
    shapes
        Its places.
    metres
        Its vertices on a plane.
    ends
        Its nodes.
    directions
        Whether it is driven along its drawing, and against it.
    said
        What is read of it, in words of OpenStreetMap.
    classes
        What words of road class are declared to mean.
    """

    rows: Sequence[int]
    shapes: Sequence[tuple[int, ...]]
    metres: Sequence[Floats]
    ends: Sequence[tuple[int, int]]
    directions: Sequence[tuple[bool, bool]]
    said: Sequence[dict[str, str]]
    classes: Mapping[str, str] = field(default_factory=dict)

    def is_road(self, k: int) -> bool:
        """Whether cars may meet it: a footway along a street is not the street again."""
        words = split_values(self.said[k].get("highway", ""))
        return find_road_class(words, self.classes) != DROPPED and self.said[k].get("area") != "yes"


def find_single_rows(held: RoadColumns, lines: DrawnLines) -> tuple[Bools, Bools, Bools, tuple[str, ...]]:
    """Tell which two-way lines stand for one direction only, and which are given twice.

    A table with one row for each direction, as osmnx writes its edges, draws a two-way road twice: there and back.
    A table with one row for each road draws it once. Which of them a table is, its lines tell: if every two-way line
    has one that runs back, each row is one direction. A line back may run beside the other, as many tables draw it.
    A few that are drawn there and back in a table of roads are roads drawn twice, with one link each way.

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
    name = held.found.file.name
    form, is_against = _number_forms(lines)
    is_again = _find_repeats(held, lines, form, is_against, may_pair=True)
    two_way = [k for k, direction in enumerate(lines.directions) if all(direction) and not is_again[k]]
    pairs = _pair_exactly(lines, two_way, form, is_against)
    beside = _pair_beside(lines, sorted(set(two_way) - {k for pair in pairs for k in pair}))
    if 4 * (len(pairs) + len(beside)) > len(two_way):  # else they are two roads, as the two sides of a small island are
        pairs += beside
    is_paired = np.zeros(len(lines.rows), bool)
    is_paired[[k for pair in pairs for k in pair]] = True
    is_single = is_paired.copy()
    alone = [k for k in two_way if not is_paired[k]]
    notes = []
    if is_again.any():
        notes.append(f"{name}: {int(is_again.sum()):,} lines that repeat another are read once.")
    if pairs and "reversed" in held:
        # A row that says that it is two-way has a row back. One that says nothing may be a one-way street.
        stated = [k for k in alone if lines.said[k].get("oneway")]
        if len(stated) > _FEW * len(pairs) or len(alone) > len(pairs):
            _refuse_either(held, lines, pairs, alone)
        is_single[two_way] = True
        if stated:
            notes.append(f"{name}: {len(stated):,} two-way lines have no line back; they are driven as drawn.")
    elif pairs and alone and len(pairs) > _FEW * len(alone):
        _refuse_either(held, lines, pairs, alone)
    _refuse_unlike(held, lines, pairs)
    _refuse_lanes(held, lines, pairs if not alone else [], two_way)
    if pairs:
        notes.append(f"{name}: {len(pairs):,} two-way roads are drawn there and back; each line is one direction.")
    return is_single, is_paired, is_again, tuple(notes)


def find_overlaps(held: RoadColumns, pieces: DrawnLines) -> Bools:
    """Tell which pieces repeat a piece of another line in all that is read.

    Raises
    ------
    InputError
        If two pieces draw one direction of one road and say different things.
    """
    form, is_against = _number_forms(pieces)
    return _find_repeats(held, pieces, form, is_against, may_pair=False)


def _number_forms(lines: DrawnLines) -> tuple[list[int], list[bool]]:
    """Equal numbers for lines along the same way, in either order, and whether a line runs against the first one."""
    import shapely

    numbers: dict[tuple[int, ...], int] = {}
    by_ends: dict[tuple[int, int], list[int]] = defaultdict(list)
    form: list[int] = []
    is_against: list[bool] = []
    first: list[int] = []
    for k, shape in enumerate(lines.shapes):
        known = numbers.get(min(shape, shape[::-1]))
        if known is None:
            ends = (min(shape[0], shape[-1]), max(shape[0], shape[-1]))
            for other in by_ends[ends] if shape[0] != shape[-1] else ():
                one, two = (shapely.linestrings(lines.metres[i]) for i in (k, first[other]))
                if shapely.hausdorff_distance(one, two) <= _SAME_M:
                    known = other
                    break
        if known is None:
            known = len(first)
            by_ends[ends].append(known)
            first.append(k)
        numbers.setdefault(min(shape, shape[::-1]), known)
        before = lines.shapes[first[known]]
        form.append(known)
        is_against.append(shape[0] != before[0] if shape[0] != shape[-1] else shape != before)
    return form, is_against


def _find_repeats(
    held: RoadColumns, lines: DrawnLines, form: list[int], is_against: list[bool], *, may_pair: bool
) -> Bools:
    is_again = np.zeros(len(lines.rows), bool)
    drawn: dict[tuple[int, str], list[int]] = defaultdict(list)
    for k, number in enumerate(form):
        drawn[(number, held.cell("key", lines.rows[k]))].append(k)
    for same in drawn.values():
        roads = [k for k in same if len(same) > 1 and lines.is_road(k)]
        for one, other in combinations(roads, 2):
            if is_again[one] or is_again[other]:
                continue
            ways = [_find_ways(lines.directions[k], is_against[k]) for k in (one, other)]
            if not ways[0] & ways[1]:
                continue
            is_turned = is_against[one] != is_against[other]
            if may_pair and is_turned and len(ways[0]) == len(ways[1]) == 2:
                continue  # there and back
            _refuse_differing(held, lines, one, other, is_turned)
            is_again[other] = True
    return is_again


def _find_ways(directions: tuple[bool, bool], is_against: bool) -> set[bool]:
    """The directions of travel, seen from the first line along this way."""
    return {is_against != back for back, is_driven in ((False, directions[0]), (True, directions[1])) if is_driven}


def _refuse_differing(held: RoadColumns, lines: DrawnLines, one: int, other: int, is_turned: bool) -> None:
    ends = [lines.said[one], _turn(lines.said[other]) if is_turned else lines.said[other]]
    for k in (0, 1):  # of a one-way line only what its direction says
        forward, backward = lines.directions[(one, other)[k]][:: -1 if k and is_turned else 1]
        kept = {"": True, ":forward": forward, ":backward": backward}
        ends[k] = {key: text for key, text in ends[k].items() if kept.get(key[key.rfind(":") :] if ":" in key else "",
                                                                          True)}  # fmt: skip
    what = next((key for key in {**ends[0], **ends[1]} if _differ(ends[0].get(key), ends[1].get(key))), None)
    if what is None and lines.directions[one] == lines.directions[other][:: -1 if is_turned else 1]:
        return
    what = what or "oneway"
    before, now = (said.get(what, "") for said in ends)
    raise held.found.error(
        lines.rows[other],
        f"the line is that of {_show(held, lines.rows[one])}, with another {what.replace(':', ' ')}: {now!r} "
        f"instead of {before!r}",
        "remove one of them; of a row for each direction, draw each in its direction of travel",
    )


def _turn(said: dict[str, str]) -> dict[str, str]:
    """What is read of a line, seen from its other end."""
    other = {":forward": ":backward", ":backward": ":forward"}
    turned = {}
    for key, text in said.items():
        stem, colon, ending = key.rpartition(":")
        turned[stem + other[colon + ending] if colon + ending in other else key] = text
    if turned.get("oneway") in ("yes", "-1"):
        turned["oneway"] = "yes" if turned["oneway"] == "-1" else "-1"
    return turned


def _differ(one: str | None, other: str | None) -> bool:
    words = [sorted(word.strip().lower() for word in split_values(text or "")) for text in (one, other)]
    if len(words[0]) == len(words[1]) == 1 and is_number(words[0][0]) and is_number(words[1][0]):
        return not math.isclose(float(words[0][0]), float(words[1][0]), rel_tol=1e-3)
    return words[0] != words[1]


def _pair_exactly(
    lines: DrawnLines, two_way: list[int], form: list[int], is_against: list[bool]
) -> list[tuple[int, int]]:
    waiting: dict[tuple[int, bool, bool], list[int]] = defaultdict(list)
    pairs = []
    for k in two_way:
        is_road = lines.is_road(k)
        back = waiting[(form[k], not is_against[k], is_road)]
        if back:
            pairs.append((back.pop(), k))
        else:
            waiting[(form[k], is_against[k], is_road)].append(k)
    return pairs


def _pair_beside(lines: DrawnLines, alone: list[int]) -> list[tuple[int, int]]:
    """Lines that run back from the end of another to its start, beside it."""
    import shapely

    waiting: dict[tuple[int, int], list[int]] = defaultdict(list)
    pairs = []
    for k in alone:
        start, end = lines.ends[k]
        if start == end or not waiting[(end, start)]:
            waiting[(start, end)].append(k)
            continue
        line = shapely.linestrings(lines.metres[k])
        most = min(_BESIDE_M, _BESIDE_SHARE * float(shapely.length(line)))
        far = [float(shapely.hausdorff_distance(line, shapely.linestrings(lines.metres[other])))
               for other in waiting[(end, start)]]  # fmt: skip
        if min(far) <= most:
            pairs.append((waiting[(end, start)].pop(int(np.argmin(far))), k))
        else:
            waiting[(start, end)].append(k)
    return pairs


def _refuse_either(held: RoadColumns, lines: DrawnLines, pairs: list[tuple[int, int]], alone: list[int]) -> None:
    raise held.found.error(
        lines.rows[alone[0]],
        f"{len(pairs):,} two-way roads are drawn there and back, such as {_show(held, lines.rows[pairs[0][0]])}, and "
        f"{len(alone):,} only once: a row may be one direction, or a road",
        "write oneway = yes in rows that are one direction only, or remove the lines back",
    )


def _refuse_unlike(held: RoadColumns, lines: DrawnLines, pairs: list[tuple[int, int]]) -> None:
    """Refuse two directions of one road whose class, or whose count of all lanes, differs."""
    of_both = [what for what in ("highway", "lanes") if "reversed" not in held]
    for (one, other), what in _each(pairs, of_both):
        before, now = (lines.said[k].get(what, "") for k in (one, other))
        if _differ(before, now):
            raise held.found.error(
                lines.rows[other],
                f"the line is that of {_show(held, lines.rows[one])} driven back, with another {what}: {now!r} instead "
                f"of {before!r}",
                "write oneway = yes in both rows if each is a direction of its own, or remove one of them",
            )


def _each(pairs: list[tuple[int, int]], names: list[str]) -> Iterator[tuple[tuple[int, int], str]]:
    return ((pair, name) for pair in pairs for name in names)


def _refuse_lanes(held: RoadColumns, lines: DrawnLines, pairs: list[tuple[int, int]], two_way: list[int]) -> None:
    """Refuse lanes that may count one direction, as in GMNS, EMME and Visum, or both, as in OpenStreetMap."""
    column = held.by.get("lanes")
    if column is None or column.known in LANES_OF_BOTH or any(name in held.found.columns for name in _OF_OSM):
        return
    if pairs:
        why, affected = "draws each direction", [k for pair in pairs for k in pair]
    elif "directed" in held or column.known == "numlanes":
        why, affected = "holds two-way roads as well", two_way
    else:
        return
    row = next((lines.rows[k] for k in affected if lines.said[k].get("lanes")), None)
    if row is not None:
        raise held.found.error(
            row,
            f"column {column.heading!r} may count the lanes of one direction or of both, for the table {why}",
            "name it lanes_per_direction if it counts one direction, or lanes_total if it counts both",
        )


def _show(held: RoadColumns, row: int) -> str:
    return f"line {held.found.line[row]}" if held.found.line is not None else f"feature {row + 1}"
