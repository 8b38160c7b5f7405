"""A run folder as a finished run leaves it, small, for the tests that only read one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from citytide.hpc.run.result import Result, RowList, SummaryColumn, Tile

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 420 230"><title>{}</title></svg>'
T0 = 1_767_323_045.0  # 2026-01-02 03:04:05 UTC
FACTORS = (0.8, 1.0, 1.2)


def summary_row(scenario: str, size: float = 1.0) -> dict[str, Any]:
    z = 4231335.28710744 * size
    return {
        "scenario": scenario, "objective": z, "lower_bound": z * (1 - 8e-8), "relative_gap": 9.81e-7 * size,
        "average_excess_cost": 2.04e-5, "tstt": 7480225.34 * size, "sptt": 7480218.0 * size, "iterations": 41,
        "converged": True, "unserved_demand": 0.0,
    }  # fmt: skip


COLUMNS = {
    "scenario": SummaryColumn("Scenario", is_identifier=True), "objective": SummaryColumn("Objective"),
    "relative_gap": SummaryColumn("Relative gap"), "tstt": SummaryColumn("TSTT"),
    "converged": SummaryColumn("Converged", is_yes_or_no=True), "unserved_demand": SummaryColumn("Unserved demand"),
}  # fmt: skip


def tell_result(summary: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """What a question's finish adds to ``result.json``."""
    n = len(summary)
    first = summary[0] if summary else {}
    given: dict[str, Any] = {
        "headline": f"All {n} scenarios reached the gap asked for.", "summary": summary,
        "summary_title": f"{n:,} scenario{'s' if n != 1 else ''}", "summary_note": "TSTT: total travel time.",
        "columns": COLUMNS,
        "tiles": [Tile(COLUMNS[key].heading, first[key]) for key in ("objective", "tstt") if key in first],
        "tiles_note": f"These numbers are of scenario {first.get('scenario')}.",
        "lists": (RowList("unserved", "No pairs without a path", []),), **more,
    }  # fmt: skip
    return Result(**given).to_json()


def block_line(
    block: int, *, step: str = "solve", attempt: int = 1, worker: str = "worker-0", at: float = 1.0
) -> dict[str, Any]:
    return {
        "kind": "block", "step": step, "block": block, "attempt": attempt, "worker": worker, "started": T0 + at,
        "seconds": 0.8, "memory_bytes": 210_000_000 + block, "shards": {f"flow/c/{block}/0": "crc32c:1"},
        "scalars": {"objective": 1.0}, "time": T0 + at + 0.85,
    }  # fmt: skip


def write_run(folder: Path, scenarios: list[str] | None = None, **changed: Any) -> Path:
    """Write the folder; a keyword replaces the object that ``KEYWORD.json`` (or ``ledger``) would hold."""
    names = scenarios or [f"base@{factor}" for factor in FACTORS]
    folder.mkdir(parents=True, exist_ok=True)
    record = {
        "schema": 1, "id": "traffic-assignment-20260102-030405-1f2e", "workflow": "traffic-assignment",
        "name": "Sioux Falls", "created": "2026-01-02T03:04:05+00:00", "version": "0.1.0",
        "command": ["citytide", "run", "traffic-assignment", "--set", "network=sioux-falls", "--out", "runs/demo"],
        "settings": {
            "network": {"value": "sioux-falls", "source": "--set"},
            "demand_factors": {"value": [0.8, 1.0, 1.2], "source": "run.yaml"},
            "gap": {"value": 1e-6, "source": "default"},
            "principle": {"value": "user", "source": "default"},
        },
        "profile": {"name": "laptop", "backend": "local", "workers": 2},
        "inputs": [
            {"name": "network", "path": "/data/SiouxFalls_net.tntp", "sha256": "ace9" * 16, "bytes": 3812},
            {"name": "demand", "path": "/data/SiouxFalls_trips.tntp", "sha256": "56f9" * 16, "bytes": 9876},
        ],
        "seeds": {"demand": 7}, "host": "node07", "user": "ada", "packages": {"numpy": "2.4.6", "numba": "0.62.1"},
        "python": "3.11.7", "platform": "Linux-6.1", "notes": ["Times are in minutes."],
    }  # fmt: skip
    plan = {
        "steps": [{"name": "solve", "kind": "block", "function": "m:f", "blocks": len(names), "tasks": len(names),
                   "bytes_in": 1000, "bytes_out": 2000, "memory_bytes": 400_000_000, "seconds": 2.0}],
        "node_hours": 0.001,
    }  # fmt: skip
    ledger: list[Any] = [{"kind": "driver", "attempt": 1, "host": "node07", "pid": 4711, "time": T0}]
    ledger += [block_line(block, worker=f"worker-{block % 2}", at=1 + block) for block in range(len(names))]
    ledger.append({"kind": "end", "attempt": 1, "state": "done", "time": T0 + 9})
    result = {
        "run": record["id"], "state": "done", "products": {"assignment": "assignment.zarr"},
        **tell_result([summary_row(name, 0.6 + 0.2 * place) for place, name in enumerate(names)]),
        "memory": {"declared": 400_000_000, "measured": 210_000_002},
        "started": "2026-01-02T03:04:05+00:00", "ended": "2026-01-02T03:04:14+00:00", "seconds": 9.0,
    }  # fmt: skip
    files = {"run": record, "plan": plan, "result": result}
    for name, content in files.items():
        content = {**content, **changed.pop(name, {})}
        (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    lines = changed.pop("ledger", ledger)
    (folder / "ledger.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    assert not changed, changed
    (folder / "figures").mkdir()
    (folder / "figures" / "01-map.svg").write_text(SVG.format("map"), encoding="utf-8")
    side = {
        "section": "result",
        "title": "Where the traffic goes",
        "caption": "Width: flow.",
        "alt": "Map of 76 links.",
    }
    (folder / "figures" / "01-map.json").write_text(json.dumps(side), encoding="utf-8")
    (folder / "tables").mkdir()
    table = {"section": "result", "title": "Busiest roads", "caption": "By flow.",
             "columns": [{"name": "road", "unit": ""}, {"name": "flow", "unit": "veh h-1"}],
             "rows": [["10 to 16", 23192.25], ["16 to 10", 23126.5]]}  # fmt: skip
    (folder / "tables" / "01-roads.json").write_text(json.dumps(table), encoding="utf-8")
    store = folder / "assignment.zarr"
    store.mkdir()
    (store / "zarr.json").write_text("{}", encoding="utf-8")
    return folder
