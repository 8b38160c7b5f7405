"""Read scenarios: what happens to which links.

``base``, in which nothing happens, is always the first.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..text.tables import Table, is_number, read_table
from .instances import Instance
from .scenario_store import read_scenario_store
from .scenario_table import BASE, FACTORS, LARGEST_FACTOR, SMALLEST_SPEED, ScenarioTable

__all__ = ["read_scenarios"]


def read_scenarios(path: str | Path, instance: Instance) -> ScenarioTable:
    """Read scenarios for a network.

    Parameters
    ----------
    path
        A CSV with ``scenario``; ``link`` (its id in the source, or a name that no other link has) or ``from, to``
        (node ids); the id of an undirected row of a GMNS table changes both directions, ``from, to`` one;
        ``capacity_factor`` and ``speed_factor``, 1 if omitted; or a Zarr group of ``capacity_factor, speed_factor
        (scenario, link)`` with names in ``scenario``. A row with neither link nor nodes names a scenario that changes
        nothing.
    instance
        Whose links are meant.

    Returns
    -------
    ScenarioTable
        In the order of the file, ``base`` first.

    Raises
    ------
    InputError
        If a link is unknown or ``from, to`` names several, a link is given twice in a scenario, or a factor is
        negative, above 5 or not finite, or a speed_factor is below 1e-6 and not 0: with the line.
    """
    path = Path(path)
    if path.is_dir():
        return read_scenario_store(path, instance)
    table = read_table(path, require=("scenario",))
    allowed = ("scenario", "link", "from", "to", *FACTORS)
    unknown = [column for column in table.columns if column not in allowed]
    if unknown:  # a misspelt factor would leave every scenario without effect
        problem = f"unknown column {unknown[0]!r}"
        raise InputError(problem, file=table.file, line=1, way_out=f"allowed columns are {', '.join(allowed)}")
    row_of, links = _find_links(table, instance)
    capacity_factor, speed_factor = (table.numbers(factor, default=1.0) for factor in FACTORS)
    for factor, values in zip(FACTORS, (capacity_factor, speed_factor), strict=True):
        if (values > LARGEST_FACTOR).any():
            row = int(np.argmax(values))
            problem = f"{factor} must be at most {LARGEST_FACTOR:g}, got {values[row]:g}"
            raise table.error(row, problem, "give a share of 1, such as 0.7 for 70 %")
        slow = (values > 0.0) & (values < SMALLEST_SPEED)
        if factor == "speed_factor" and slow.any():
            row = int(np.argmax(slow))
            problem = f"{factor} must be 0 or at least {SMALLEST_SPEED:g}, got {values[row]:g}"
            raise table.error(row, problem, "give 0 to close the link")
    names: dict[str, int] = {BASE: 0}
    scenario = np.zeros(len(table), dtype=np.int64)
    for row, cell in enumerate(table.columns["scenario"]):
        name = cell.strip()
        if not name or "@" in name:
            problem = "the scenario has no name" if not name else f"scenario {name!r} has an '@' in its name"
            raise table.error(row, problem, "give a name without '@', which joins name and demand factor")
        if name == BASE and row in row_of and (capacity_factor[row] != 1.0 or speed_factor[row] != 1.0):
            raise table.error(
                row, "scenario 'base' changes a link", "base is the network as it is: choose another name"
            )
        scenario[row] = names.setdefault(name, len(names))
    if not names.keys() - {BASE}:
        raise InputError("the file names no scenario", file=path, way_out="give at least one row")
    scenario = scenario[row_of]
    capacity_factor, speed_factor = capacity_factor[row_of], speed_factor[row_of]
    order = np.lexsort((links, scenario))
    repeated = (scenario[order][1:] == scenario[order][:-1]) & (links[order][1:] == links[order][:-1])
    if repeated.any():
        at = order[int(np.argmax(repeated))]
        name = table.columns["scenario"][row_of[at]].strip()
        first, again = sorted(int(row_of[order[int(np.argmax(repeated)) + k]]) for k in (0, 1))
        raise table.error(
            again,
            f"link {instance.link_id[links[at]]} stands twice in scenario {name!r}, first on line {table.line[first]}",
            "keep one of the two rows",
        )
    if order.size and not any(factor in table for factor in FACTORS):
        raise InputError(
            "no column says what happens to the links",
            file=table.file,
            line=1,
            way_out="give capacity_factor or speed_factor; 0 closes the link",
        )
    order = order[(capacity_factor[order] != 1.0) | (speed_factor[order] != 1.0)]
    changes = scenario[order], links[order], capacity_factor[order], speed_factor[order]
    return ScenarioTable.from_changes(tuple(names), instance.n_links, *changes)


def _find_links(table: Table, instance: Instance) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the row of each change and the index of its link; a row may name none, one, or a street's two."""
    by_ends = "from" in table and "to" in table
    if "link" in table and by_ends:
        raise InputError(
            "the columns name links twice: by 'link' and by 'from, to'",
            file=table.file,
            line=1,
            way_out="keep one of the two ways",
        )
    if "link" not in table and not by_ends:
        raise InputError(
            "no column says which links change", file=table.file, line=1, way_out="give 'link', or 'from' and 'to'"
        )
    find = _by_ends(table, instance) if by_ends else _by_id(table, instance)
    found = [(row, link) for row in range(len(table)) for link in find(row)]
    row_of, links = (np.array([pair[k] for pair in found], dtype=np.int64) for k in (0, 1))
    return row_of, links


def _whole(table: Table, column: str, row: int) -> int:
    cell = table.columns[column][row].strip()
    try:
        return int(cell)
    except ValueError:
        raise table.error(row, f"{column} is {cell!r}", "give a whole number") from None


def _by_id(table: Table, instance: Instance) -> Callable[[int], list[int]]:
    index = {link: k for k, link in enumerate(instance.link_id.tolist())}
    texts: dict[str, list[int]] = {}
    for k, text in enumerate(instance.link_text or ()):
        texts.setdefault(text, []).append(k)
    named: dict[str, list[int]] = {}
    for k, name in enumerate(instance.link_name or ()):
        if name and not is_number(name):
            named.setdefault(name, []).append(k)
    back = instance.reverse_link
    ids = instance.link_text or instance.link_id.tolist()

    def both(link: int) -> list[int]:
        """The street, where the source has one row for its two directions."""
        return [link] if back is None or back[link] < 0 else [link, int(back[link])]

    def find(row: int) -> list[int]:
        cell = table.columns["link"][row].strip()
        if not cell:
            return []
        if cell in texts:
            return texts[cell]
        if cell in named:
            streets = [k for k in named[cell] if back is None or k not in back]
            if len(streets) > 1:
                shown = ", ".join(str(ids[k]) for k in streets[:5])
                raise table.error(row, f"{len(streets)} links are called {cell!r}: {shown}", "give the id of one")
            return both(streets[0])
        if texts:
            raise table.error(
                row,
                f"link {cell} is not in network {instance.name}",
                f"its links have texts as ids, such as {next(iter(texts))!r}",
            )
        link = _whole(table, "link", row)
        if link not in index:
            raise table.error(
                row,
                f"link {link} is not in network {instance.name}",
                f"its link ids run from {instance.link_id.min()} to {instance.link_id.max()}",
            )
        return both(index[link])

    return find


def _by_ends(table: Table, instance: Instance) -> Callable[[int], list[int]]:
    ids = instance.node_text or instance.node_id.tolist()
    link_ids = instance.link_text or instance.link_id.tolist()
    ends: dict[tuple[str | int, str | int], list[int]] = {}
    for k, (tail, head) in enumerate(zip(instance.tail.tolist(), instance.head.tolist(), strict=True)):
        ends.setdefault((ids[tail], ids[head]), []).append(k)

    def name(column: str, row: int) -> str | int:
        return table.columns[column][row].strip() if instance.node_text else _whole(table, column, row)

    def find(row: int) -> list[int]:
        if not table.columns["from"][row].strip() and not table.columns["to"][row].strip():
            return []
        pair = name("from", row), name("to", row)
        found = ends.get(pair, [])
        if not found:
            raise table.error(
                row,
                f"no link leads from {pair[0]} to {pair[1]} in network {instance.name}",
                "name two nodes that a link joins in this direction",
            )
        if len(found) > 1:
            parallel = " and ".join(str(link_ids[k]) for k in found)
            raise table.error(
                row,
                f"links {parallel} both lead from {pair[0]} to {pair[1]}",
                "name the one that is meant in a column 'link'",
            )
        return found

    return find
