"""What an assignment answers: summary, warnings, figures and tables from the published products and the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....datasets.traffic.instances import Instance
from ....datasets.traffic.scenario_table import BASE
from ....hpc.run.records import write_json
from ....hpc.run.result import Result, RowList, SummaryColumn, Tile
from ....hpc.run.runs import Run
from ....hpc.store.ledger import done_blocks, read_ledger
from ....hpc.store.stores import read_arrays
from .figures import SolvedScenarios, write_figures
from .products import list_scalars

__all__ = ["finish_assignment"]

BUSIEST = 15  # links in the table of the busiest
DRAWN = 2000  # scenarios whose convergence is handed to the figure
UNUSED = 1e-9  # of the largest flow: what is below is rounding, no traffic
COLUMNS = {
    "scenario": SummaryColumn("Scenario", is_identifier=True),
    "objective": SummaryColumn("Objective"),
    "lower_bound": SummaryColumn("Lower bound", is_hidden_in_terminal=True),
    "relative_gap": SummaryColumn("Relative gap"),
    "average_excess_cost": SummaryColumn("Average excess cost"),
    "tstt": SummaryColumn("TSTT"),
    "sptt": SummaryColumn("SPTT", is_hidden_in_terminal=True),
    "marginal_tstt": SummaryColumn("Marginal TSTT"),
    "marginal_sptt": SummaryColumn("Marginal SPTT"),
    "iterations": SummaryColumn("Iterations"),
    "converged": SummaryColumn("Converged", is_yes_or_no=True),
    "unserved_demand": SummaryColumn("Unserved demand"),
    "changes_used_link": SummaryColumn("Changes a used link"),
}
SUMMARY = frozenset(COLUMNS) - {"scenario", "unserved_demand", "changes_used_link"}  # of them, the stored scalars
PAIR_COLUMNS = {
    "scenario": SummaryColumn("Scenario", is_identifier=True),
    "origin": SummaryColumn("Origin", is_identifier=True),
    "destination": SummaryColumn("Destination", is_identifier=True),
    "demand": SummaryColumn("Demand"),
}
TILES = ("objective", "relative_gap", "tstt", "iterations")
NOTE = (
    "TSTT: total travel time of the flows found. SPTT: the same trips, each on its shortest path at those times. "
    "Their difference over TSTT is the relative gap; over the trips, the average excess cost. With principle=system "
    "the marginal ones count. The optimum lies between lower bound and objective."
)


def finish_assignment(run: Run) -> Result:
    """Write figures and tables, and return summary, warnings and pairs without a path."""
    data = run.open("assignment")
    inputs = read_arrays(run.path / "inputs.zarr")
    labels = [str(label) for label in data.scenario.values]
    settings = {name: setting["value"] for name, setting in run.record["settings"].items()}
    columns = _ledger_columns(run)
    changes = _find_changes(data, inputs, labels, columns["changed_flow"])
    told = [name for name in list_scalars(settings["principle"]) if name in SUMMARY]
    summary = [
        {"scenario": label, **{name: data[name].values[row].item() for name in told}}
        | ({"changes_used_link": changes[row]} if inputs["scenario_row"].any() else {})
        for row, label in enumerate(labels)
    ]
    shown = _shown(labels, inputs["demand_factor"])
    instance = Instance.from_arrays(inputs, run.record["attrs"]["instance"])
    served = inputs["demand"].sum() * inputs["demand_factor"] - data.unserved_demand.values
    histories = zip(labels[:DRAWN], columns["history"][:DRAWN], strict=True)
    solved = SolvedScenarios(
        label=labels,
        flow=data.flow.data if hasattr(data.flow, "data") else data.flow.values,
        closed=_Closed(data),
        tstt=data.tstt.values,
        served_demand=served,
        gaps={label: history for label, history in histories if np.isfinite(history).any()},
    )
    write_figures(run.path, instance, solved, gap=float(settings["gap"]))
    _write_busiest(run, data, instance, inputs, shown)
    lost = [line["scenario"] for line, trips in zip(summary, served, strict=True) if _overflowed(line, trips)]
    pairs = _name_unreachable_pairs(labels, columns, inputs)
    return Result(
        headline=_headline(data, served, shown, instance.units),
        summary=summary,
        summary_title=_count(len(summary), "scenario"),
        summary_note=NOTE,
        columns=COLUMNS,
        by_row={"unserved_demand": dict(zip(labels, data.unserved_demand.values.tolist(), strict=True))},
        tiles=_list_tiles(summary[shown]),
        tiles_note=(
            f"These numbers are of scenario {labels[shown]}; the others stand under “What came out”."
            if len(labels) > 1
            else ""
        ),
        warnings=_warn(summary, data, columns, served),
        lists=(RowList("unserved", f"{_count(len(pairs), 'pair')} without a path", pairs, PAIR_COLUMNS),),
        unsolved=lost,
        more={"overflowed": lost, "converged": dict(zip(labels, data.converged.values.tolist(), strict=True))},
    )


def _find_changes(data: Any, inputs: Mapping[str, Any], labels: list[str], changed_flow: list[float]) -> list[int]:
    """For each scenario, 1 if a link that it changes carries flow under it or in the base at the same demand, else 0.

    Where neither carries any, the base's answer and the scenario's are answers to the same question.
    """
    factors, rows, offset = inputs["demand_factor"], inputs["scenario_row"], inputs["change_offset"]
    found = [0] * len(labels)
    for factor in np.unique(factors):
        same = np.flatnonzero(factors == factor)
        base = data.flow[int(same[rows[same] == 0][0])].values
        least = UNUSED * float(np.nanmax(base, initial=0.0))
        for row in same.tolist():
            links = inputs["change_link"][offset[rows[row]] : offset[rows[row] + 1]]
            is_used = np.isnan(changed_flow[row]) or changed_flow[row] > least or (base[links] > least).any()
            found[row] = int(links.size > 0 and bool(is_used))
    return found


def _overflowed(line: Mapping[str, Any], served: float) -> bool:
    """Whether a scenario with trips has an objective that is not finite."""
    return bool(served > 0.0 and not np.isfinite(line["objective"]))


def _list_tiles(line: Mapping[str, Any]) -> Sequence[Tile]:
    """The main numbers of a scenario, as far as they are numbers."""
    return [Tile(COLUMNS[key].heading, line[key], repr(line[key])) for key in TILES if line[key] == line[key]]


def _count(n: int, thing: str) -> str:
    return f"{n:,} {thing}{'s' if n != 1 else ''}"


def _shown(labels: list[str], factors: Any) -> int:
    """The scenario that a reader sees first: the base at the demand nearest to what was given."""
    base = [row for row, label in enumerate(labels) if label.startswith("base@")]
    return min(base, key=lambda row: abs(float(factors[row]) - 1.0))


def _headline(data: Any, served: Any, row: int, units: Mapping[str, str]) -> str:
    """The answer in one sentence."""
    demand, total = float(served[row]), float((data.flow[row] * data.cost[row].where(data.flow[row] > 0, 0.0)).sum())
    over = int((data.flow[row] > data.capacity).sum())
    if not demand > 0:
        return ""
    if not np.isfinite(data.objective.values[row]):  # flows of NaN would add up to 0
        return f"{data.scenario.values[row]} is not solved: travel costs are not finite."
    time = units.get("time", "1")
    unit = "" if time == "1" else f" x {time}" if time[0].isdigit() else f" {time}"
    return (
        f"Under {data.scenario.values[row]}, {demand:,.6g} trips take {total / demand:.4g}{unit} each on average; "
        f"{over:,} of {data.sizes['link']:,} links carry more than their capacity."
    )


class _Closed:
    """Rows of the mask of closed links, made when asked for: their cost is infinite."""

    def __init__(self, data: Any) -> None:
        self.cost = data.cost

    def __getitem__(self, scenario: int, /) -> Any:
        return np.isinf(self.cost[scenario].values)


def _ledger_columns(run: Run) -> dict[str, list[Any]]:
    """What travelled in the ledger beside the product's scalars, scenario by scenario."""
    done = done_blocks(read_ledger(run.path / "ledger.jsonl"))
    tasks = run.plan.step("assignment").tasks
    blocks = [done["assignment", index]["scalars"] for index in range(tasks)]
    return {
        name: [value for block in blocks for value in block[name]]
        for name in ("history", "unserved", "n_unserved", "changed_flow")
    }


def _name_unreachable_pairs(
    labels: list[str], columns: Mapping[str, list[Any]], inputs: Mapping[str, Any]
) -> list[Any]:
    node = inputs["node"]
    return [
        {
            "scenario": label,
            "origin": int(node[inputs["origin"][pair]]),
            "destination": int(node[inputs["destination"][pair]]),
            "demand": float(inputs["demand"][pair] * factor),
        }
        for label, factor, pairs in zip(labels, inputs["demand_factor"], columns["unserved"], strict=True)
        for pair in pairs
    ]


def _warn(
    summary: list[dict[str, Any]], data: Any, columns: Mapping[str, list[Any]], served: NDArray[np.float64]
) -> list[str]:
    warnings = []
    for row, line in enumerate(summary):
        label, n_unserved = line["scenario"], int(columns["n_unserved"][row])
        if _overflowed(line, served[row]):
            warnings.append(
                f"scenario {label}: travel costs are not finite, and it is not solved; check demand, capacities "
                "and powers, and the factors of the scenario"
            )
            continue
        if line["objective"] != line["objective"]:
            why = "no trip has a path left" if n_unserved else "there is no demand"
            warnings.append(f"scenario {label}: {why}; its figures are not a number")
            continue
        if n_unserved:
            demand = float(data.unserved_demand.values[row])
            warnings.append(
                f"scenario {label}: {n_unserved:,} pairs with a demand of {demand:,.6g} have no path and are omitted"
            )
        if not line.get("changes_used_link", 1) and not label.startswith(f"{BASE}@"):
            warnings.append(
                f"scenario {label}: no link that it changes carries traffic, there or in the base; "
                "its answer is that of the base"
            )
        if not data.converged.values[row]:
            warnings.append(
                f"scenario {label}: stopped at relative gap {line['relative_gap']:.3g} after {line['iterations']} "
                "iterations: allow more with --set max_iterations=N, or ask for a larger gap"
            )
    return warnings


def _write_busiest(run: Run, data: Any, instance: Instance, inputs: Mapping[str, Any], shown: int) -> None:
    """The links that carry most in the scenario shown first."""
    flow, cost = data.flow[shown].values, data.cost[shown].values
    names, units = instance.link_name, instance.units
    order = np.argsort(-flow, kind="stable")[:BUSIEST]
    columns = [("link", "1"), ("from", "1"), ("to", "1"), ("flow", units.get("flow", "1")), ("flow / capacity", "1"),
               ("cost", units.get("time", "1"))]  # fmt: skip
    rows = []
    for link in order.tolist():
        capacity = inputs["capacity"][link]
        row = [int(inputs[name][link]) for name in ("link", "from_node", "to_node")]
        ratio = float(flow[link] / capacity) if capacity > 0 else None
        rows.append([*row, float(flow[link]), ratio, float(cost[link]), *([names[link]] if names else [])])
    (run.path / "tables").mkdir(exist_ok=True)
    write_json(
        run.path / "tables" / "01-busiest.json",
        {
            "section": "result",
            "title": "Busiest links",
            "caption": f"The {len(rows)} links with the largest flow in scenario {data.scenario.values[shown]}.",
            "columns": [
                {"name": name, "unit": unit, "is_identifier": name in ("link", "from", "to")}
                for name, unit in columns + ([("name", "1")] if names else [])
            ],
            "rows": rows,
        },
    )
