"""The network of the tables: stated times, capacities, tolls and zones, its demand in every form, and its optimum."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from dresses import FALSE, OPEN, PLAIN, Measure
from road_world import GAP, WAYS, list_links, solve

from citytide.datasets.traffic.instances import Instance
from citytide.kernels.traffic.assignment import assign_traffic
from citytide.workflows.traffic.assignment.question import prepare_assignment
from citytide.workflows.traffic.assignment.settings import AssignmentSettings
from citytide.workflows.workflow import Prepared

NUMBER = {1: 1, 3: 2, 5: 3, 7: 4, 9: 5, 2: 6, 4: 7, 6: 8, 8: 9, 10: 10}  # zones first, as TNTP wants them
ZONES = (1, 2, 3, 4, 5)
VOLUME = {
    (1, 5): 900.0, (5, 1): 700.0, (4, 2): 650.0, (2, 4): 500.0, (1, 2): 350.0, (3, 2): 420.0, (4, 3): 380.0,
    (2, 1): 310.0, (5, 3): 205.0, (3, 4): 160.0,
}  # fmt: skip
METRES = {"m": 1.0, "km": 1000.0, "mile": 1609.344, "mi": 1609.344, "ft": 0.3048, "foot": 0.3048}
MINUTES = {"0.01 h": 0.6, "s": 1 / 60, "min": 1.0, "h": 60.0}


@dataclass(frozen=True)
class TableLink:
    """A directed link as a table states it; ``capacity`` is of one lane."""

    tail: int
    head: int
    nodes: tuple[int, ...]  # of the map, for the line
    length_m: float
    speed_km_h: float
    capacity: float
    lanes: int
    alpha: float
    beta: float
    toll: float
    way: str

    @property
    def minutes(self) -> float:
        return 0.06 * self.length_m / self.speed_km_h


@lru_cache
def list_table_links(*, is_uniform: bool = False) -> tuple[TableLink, ...]:
    """The links of the world with capacities that no class of road gives; both directions of a road are alike."""
    links = []
    for link in list_links(WAYS):
        k = ord(link.way.key) - ord("a")
        alpha, beta = (0.15, 4.0) if is_uniform or k % 3 else (0.45, 2.0)
        links.append(
            TableLink(
                NUMBER[link.tail], NUMBER[link.head], link.nodes, link.length_m, link.speed_km_h, 610.0 + 23.0 * k,
                1 if k % 2 else 2, alpha, beta, 2.5 if link.way.key in "ao" else 0.0, link.way.key,
            )
        )  # fmt: skip
    return tuple(links)


@lru_cache
def solve_tables(
    links: tuple[TableLink, ...], *, is_blocked: bool, toll_weight: float = 0.0, km_weight: float = 0.0
) -> tuple[float, float]:
    """Objective and total cost in minutes."""
    return solve(
        [(link.tail, link.head) for link in links],
        [link.minutes for link in links],
        [link.capacity * link.lanes for link in links],
        b=[link.alpha for link in links],
        power=[link.beta for link in links],
        fixed=[toll_weight * link.toll + km_weight * link.length_m / 1000.0 for link in links],
        demand=VOLUME,
        blocked=ZONES if is_blocked else (),
    )


def prepare(settings: dict[str, Any]) -> Prepared:
    return prepare_assignment(AssignmentSettings(**settings))


def measure_against(
    links: Sequence[TableLink], settings: dict[str, Any], *, is_blocked: bool, toll_weight: float = 0.0,
    distance_weight: float = 0.0, metres: float = 1000.0, noted: Sequence[str] = (), time_unit: str | None = None,
) -> Measure:  # fmt: skip
    """Compare what a run would solve with the truth: links, demand, objective and total time to 1e-6.

    ``distance_weight`` counts per unit of length that the reading names, or else per ``metres``.
    """

    def measure(prepared: Prepared) -> str | None:
        instance = Instance.from_arrays(
            {name: values for name, (_, values) in prepared.arrays.items()}, prepared.attrs["instance"]
        )
        unit_m = METRES.get(instance.units.get("length", "1"), metres)
        right = solve_tables(
            tuple(links), is_blocked=is_blocked, toll_weight=toll_weight, km_weight=distance_weight * 1000.0 / unit_m
        )
        network, closed = instance.network(settings.get("toll_weight"), settings.get("distance_weight"))
        n_open = int((~closed).sum())
        if n_open != len(links):
            return f"{n_open} open links, {len(links)} are right"
        if not np.isclose(instance.demand.sum(), sum(VOLUME.values()), rtol=1e-9):
            return f"the demand is {instance.demand.sum():g}, {sum(VOLUME.values()):g} are right"
        answer = assign_traffic(network, instance.origin, instance.destination, instance.demand, gap=GAP, closed=closed)
        unit = MINUTES.get(time_unit or instance.units.get("time", "1"), 1.0)
        read = (unit * answer.objective, unit * float((answer.flow * answer.cost)[~closed].sum()))
        if not np.allclose(read, right, rtol=1e-6):
            read_as, right_as = (f"{objective:,.4f}, {total:,.4f}" for objective, total in (read, right))
            return f"objective and total cost are {read_as}, right are {right_as}"
        notes = " ".join(prepared.notes).lower()
        unsaid = [word for word in noted if word.lower() not in notes]
        return f"the notes do not tell of {unsaid[0]}" if unsaid else None

    return measure


DEMAND_FORMS = {
    "o_zone_id,d_zone_id,volume": PLAIN, "origin,destination,demand": PLAIN, "semicolons": PLAIN, "tabs": PLAIN,
    "two empty columns": PLAIN, "rows shuffled": PLAIN, "byte order mark": PLAIN, "zeros and diagonal": PLAIN,
    "two periods, chosen": PLAIN, "two periods, not chosen": FALSE, "one period": OPEN, "two modes, chosen": PLAIN,
    "two modes, not chosen": FALSE, "modes and periods, chosen": PLAIN, "modes and periods, one chosen": FALSE,
    "time_period, not chosen": FALSE, "a period that is not there": FALSE, "times, not chosen": FALSE,
    "matrix": PLAIN, "matrix, semicolons": PLAIN, "matrix, columns shuffled": PLAIN, "matrix without names": OPEN,
    "matrix with totals": OPEN, "omx": PLAIN, "omx, two matrices": FALSE, "omx without zones": OPEN,
    "omx, two lookups": OPEN, "one negative": FALSE, "one is nan": FALSE, "one is inf": FALSE, "one is empty": FALSE,
    "an unknown zone": FALSE, "from,to,trips": OPEN, "a remark": OPEN, "a pair twice": OPEN, "a pair in two rows": OPEN,
}  # fmt: skip


def write_demand(
    option: str, folder: Path, zones: dict[int, Any], rng: np.random.Generator
) -> tuple[Path, dict[str, str]]:
    """Write the demand in one form; return the file and what the user sets beside it."""
    if option.startswith(("matrix", "omx")):
        return _write_matrix(option, folder, zones, rng)
    names = ["o_zone_id", "d_zone_id", "volume"]
    if option in ("origin,destination,demand", "from,to,trips"):
        names = option.split(",")
    rows: list[list[Any]] = [[zones[o], zones[d], volume] for (o, d), volume in VOLUME.items()]
    settings: dict[str, str] = {}
    more, said = _list_parts(option)
    if more:
        names = [*names, *more[0][0]]
        rows = [[*row[:2], row[2] * share, *words] for row in rows for _, words, share in more]
        settings = said
    if option == "two empty columns":
        names, rows = [*names, "", ""], [[*row, "", ""] for row in rows]
    if option == "zeros and diagonal":
        rows += [[zones[z], zones[z], 12.5] for z in ZONES] + [[zones[1], zones[3], 0.0]]
    if option == "rows shuffled":
        rows = [rows[k] for k in rng.permutation(len(rows))]
    if option.startswith("one is") or option == "one negative":
        rows[3][2] = {"one negative": -5.0, "one is empty": "", "one is nan": "nan", "one is inf": "inf"}[option]
    if option == "an unknown zone":
        rows.append([99, zones[1], 10.0])
    if option == "a remark":
        names, rows = [*names, "remark"], [[*row, "早高峰"] for row in rows]
    if option == "a pair twice":
        rows.append([zones[1], zones[4], 0.0])
        rows.append([zones[1], zones[4], 0.0])
    if option == "a pair in two rows":
        rows[0][2] -= 100.0
        rows.append([*rows[0][:2], 100.0])
    file = folder / "trips-of-day.csv"
    text = _compose([names, *rows], {"semicolons": ";", "tabs": "\t"}.get(option, ","))
    file.write_bytes(text.encode("utf-8-sig" if option == "byte order mark" else "utf-8"))
    return file, settings


def _list_parts(option: str) -> tuple[list[tuple[list[str], list[str], float]], dict[str, str]]:
    """Columns, words and shares of the parts of a demand; the chosen part has the whole true demand."""
    periods = [(["period"], ["am"], 1.0), (["period"], ["pm"], 0.6)]
    modes = [(["mode"], ["car"], 1.0), (["mode"], ["truck"], 0.3)]
    both = [(["mode", "period"], [m[1][0], p[1][0]], m[2] * p[2]) for m in modes for p in periods]
    return {
        "two periods, chosen": (periods, {"demand_period": "am"}), "two periods, not chosen": (periods, {}),
        "one period": (periods[:1], {}), "two modes, chosen": (modes, {"demand_mode": "car"}),
        "two modes, not chosen": (modes, {}), "modes and periods, one chosen": (both, {"demand_mode": "car"}),
        "modes and periods, chosen": (both, {"demand_mode": "car", "demand_period": "am"}),
        "time_period, not chosen": ([(["time_period"], words, share) for _, words, share in periods], {}),
        "a period that is not there": (periods, {"demand_period": "night"}),
        "times, not chosen": ([(["time"], ["07:00"], 1.0), (["time"], ["08:00"], 0.5)], {}),
    }.get(option, ([], {}))  # fmt: skip


def _compose(rows: Sequence[Sequence[Any]], separator: str) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _write_matrix(
    option: str, folder: Path, zones: dict[int, Any], rng: np.random.Generator
) -> tuple[Path, dict[str, str]]:
    order = list(ZONES)
    if option == "matrix, columns shuffled":
        order = [order[k] for k in rng.permutation(len(order))]
    square = np.array([[VOLUME.get((o, d), 0.0) for d in order] for o in ZONES])
    if option.startswith("omx"):
        return _write_omx(option, folder, square, zones), {}
    rows: list[list[Any]] = [["zone", *(zones[d] for d in order)]]
    rows += [[zones[o], *square[k].tolist()] for k, o in enumerate(ZONES)]
    if option == "matrix without names":
        rows = square.tolist()
    if option == "matrix with totals":
        rows = [[*row, sum(row[1:]) if k else "total"] for k, row in enumerate(rows)]
        rows.append(["total", *square.sum(axis=0).tolist(), float(square.sum())])
    file = folder / "trips-of-day.csv"
    file.write_text(_compose(rows, ";" if option.endswith("semicolons") else ","), encoding="utf-8")
    return file, {}


def _write_omx(option: str, folder: Path, square: Any, zones: dict[int, Any]) -> Path:
    import h5py

    file = folder / "trips.omx"
    with h5py.File(file, "w") as store:
        store.attrs["OMX_VERSION"] = np.bytes_("0.2")
        store.attrs["SHAPE"] = np.array(square.shape, dtype=np.int32)
        data = store.create_group("data")
        data["car"] = square
        if option == "omx, two matrices":
            data["truck"] = 0.3 * square
        lookup = store.create_group("lookup")
        if option != "omx without zones":
            lookup["zone"] = np.array([int(float(zones[z])) for z in ZONES], dtype=np.int64)
        if option == "omx, two lookups":
            lookup["district"] = np.array([7, 7, 8, 8, 9], dtype=np.int32)
    return file
