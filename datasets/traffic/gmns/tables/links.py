"""Directed links of a GMNS ``link.csv``: an undirected row is two, a row that is closed to cars is none."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ....errors import InputError
from ....text.tables import Table
from ...roads.classes import DROPPED
from .columns import Ids, read_flags, read_ids
from .uses import USE_COLUMNS, find_car_rows

__all__ = ["LinkRows", "read_links"]

LongInts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class LinkRows:
    """Directed links, ascending by id.

    Attributes
    ----------
    table
        ``link.csv``.
    row : (link,) array of int
        The row that each link stands on.
    is_reverse : (link,) array of bool
        Whether the link is the way back of an undirected row.
    link_id : (link,) array of int
    tail, head : (link,) arrays of int
        Rows of ``node.csv``.
    text : tuple of str or None
        Identifiers that are no numbers, as they stand.
    """

    table: Table
    row: LongInts
    is_reverse: npt.NDArray[np.bool_]
    link_id: LongInts
    tail: LongInts
    head: LongInts
    text: tuple[str, ...] | None

    @property
    def reverse_link(self) -> npt.NDArray[np.int32]:
        """For each link that a row is driven along, the link of its way back; -1 if there is none."""
        back = {row: k for k, row in enumerate(self.row.tolist()) if self.is_reverse[k]}
        found = [-1 if self.is_reverse[k] else back.get(row, -1) for k, row in enumerate(self.row.tolist())]
        return np.array(found, dtype=np.int32)

    def error(self, link: int, problem: str, way_out: str) -> InputError:
        """An error that names the link's line."""
        return self.table.error(int(self.row[link]), problem, way_out)


def read_links(
    links: Table, nodes: Ids, words: list[str], folder: Path, notes: list[str], *, mode: str = "car"
) -> LinkRows:
    """Read the ends of all links that are open to a mode.

    Parameters
    ----------
    links
        ``link.csv``.
    nodes
        Of ``node.csv``.
    words
        Classes of road by row; what is dropped is no link.
    folder
        May hold ``use_group.csv``.
    notes
        Takes what was left out, and how links are numbered.
    mode
        ``"car"``, or ``"all"`` for every link.

    Raises
    ------
    InputError
        If an end is unknown, an id is given twice, or it cannot be told who may drive where.
    """
    ids = read_ids(links, "link_id", notes)
    tail, head = (nodes.find(links, name) for name in ("from_node_id", "to_node_id"))
    _refuse_unsure_directions(links)
    both = ~read_flags(links, "directed")
    _note_directed(links, notes)
    kept = np.ones(len(links), dtype=np.bool_)
    for column in USE_COLUMNS if mode == "car" else ():
        kept &= find_car_rows(links, folder, column)
    is_road = np.array([word != DROPPED for word in words], dtype=np.bool_)
    if not is_road.all():
        notes.append(
            f"{int((~is_road).sum()):,} rows of {links.file.name} are of classes that are not for cars: left out."
        )
    if not kept.all():
        notes.append(f"{int((~kept).sum()):,} rows of {links.file.name} are closed to cars by allowed_uses: left out.")
    kept &= is_road
    if not kept.any():
        raise InputError("no link is open to cars", file=links.file, way_out="write auto into allowed_uses")
    ahead, back = np.flatnonzero(kept), np.flatnonzero(kept & both)
    _refuse_two_ways_twice(links, tail, head, np.flatnonzero(kept & both))
    largest, least = int(ids.number.max()), int(ids.number.min())
    above = 10 ** len(str(max(largest, largest - least)))  # more than any two ids differ
    if back.size:
        if largest + above >= 2**63:
            raise InputError(
                f"link_id {largest} is too large: the way back of an undirected link has that id plus {above}",
                file=links.file,
                way_out="give smaller ids, or one directed row each way",
            )
        notes.append(
            f"{back.size:,} undirected rows of {links.file.name} are driven both ways; the id of the way back is the "
            f"row's plus {above:,}. A scenario that names the row changes both."
        )
    row = np.concatenate([ahead, back])
    is_reverse = np.arange(row.size) >= ahead.size
    link_id = ids.number[row] + (np.where(is_reverse, above, 0) if back.size else 0)
    order = np.argsort(link_id, kind="stable")
    row, is_reverse = row[order], is_reverse[order]
    text = ids.list_texts(row)
    ends = np.where(is_reverse, head[row], tail[row]), np.where(is_reverse, tail[row], head[row])
    pairs = np.column_stack(ends)
    parallel = len(pairs) - len(np.unique(pairs, axis=0))
    if parallel:
        notes.append(f"{parallel:,} links repeat the ends of another one; each is kept as a road of its own.")
    return LinkRows(links, row, is_reverse, link_id[order], *ends, text)


def _note_directed(links: Table, notes: list[str]) -> None:
    cells = [cell.strip() for cell in links.columns.get("directed", [])]
    if not any(cells):
        notes.append(f"{links.file.name} states nowhere if links are directed: each row is driven one way only.")
    elif "" in cells:
        raise links.error(cells.index(""), "directed is empty, and other rows state it", "write true or false")


def _refuse_two_ways_twice(links: Table, tail: LongInts, head: LongInts, both: LongInts) -> None:
    """Undirected rows there and back are one street twice, unless their length or time tells two streets apart."""
    told = [links.columns[name] for name in ("length", "vdf_length_mi", "vdf_fftt", "vdf_fftt1") if name in links]
    first: dict[tuple[int, int], list[int]] = {}
    for row in both.tolist():
        ends = int(tail[row]), int(head[row])
        for other in first.get(ends[::-1], []) if ends[0] != ends[1] else []:
            if all(cells[row].strip() == cells[other].strip() for cells in told):
                raise links.error(
                    row,
                    f"directed is false, and so it is on line {links.line[other]}, which joins the same nodes the "
                    "other way: the street would count twice",
                    "write directed=true in both rows, or omit one; of two streets write the ends in the same order",
                )
        first.setdefault(ends, []).append(row)


def _refuse_unsure_directions(links: Table) -> None:
    """``dir_flag`` tells how a line is drawn; some programs say with it in which directions a link is driven."""
    if "directed" in links:
        return
    for row, cell in enumerate(links.columns.get("dir_flag", [])):
        if cell.strip() not in ("", "1", "1.0"):
            raise links.error(
                row,
                f"dir_flag is {cell.strip()}, and no column says whether the link is directed",
                "add a column directed: true where the link is driven from from_node_id to to_node_id only, else false",
            )
