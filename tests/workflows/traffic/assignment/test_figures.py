"""Which figures an assignment gets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from citytide.datasets.synthetic.traffic.network import make_network
from citytide.workflows.traffic.assignment.figures import SolvedScenarios, write_figures


def sidecar(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.with_suffix(".json").read_text(encoding="utf-8")))


class Rows:
    """Rows that may each be taken, never the whole: as a store gives them."""

    def __init__(self, rows: np.ndarray[Any, Any]) -> None:
        self.rows, self.taken = rows, set[int]()

    def __getitem__(self, scenario: int) -> Any:
        self.taken.add(int(scenario))
        return self.rows[scenario]


def test_an_ensemble_shows_the_base_and_what_moves_most(tmp_path: Path) -> None:
    city = make_network("grid", 100, 0)
    flow_of_base = np.linspace(1.0, 1500.0, city.n_links)
    names = [f"{name}@{factor}" for name in ("base", "a", "b", "c", "d") for factor in (0.8, 1.0, 1.2)]
    flow = Rows(np.array([flow_of_base * (1 + row / 20) for row in range(len(names))]))
    tstt = np.array([10.0, 20, 30, 11, 21, 31, 99, 12, 99, 10, 20, 30, 10, 60, 30])
    solved = SolvedScenarios(
        names, flow, tstt=tstt, served_demand=np.full(15, 5.0), gaps={name: [0.1, 0.01] for name in names}
    )
    paths = write_figures(tmp_path, city, solved)
    assert [path.name for path in paths] == [
        "01-map.svg", "02-difference.svg", "03-difference.svg", "04-difference.svg", "05-convergence.svg",
        "06-demand.svg",
    ]  # fmt: skip
    assert [sidecar(path)["title"] for path in paths[:3]] == [
        "Where the traffic goes: base@1.0", "What changes: d@1.0 against base@1.0",
        "What changes: b@1.0 against base@1.0",
    ]  # fmt: skip
    assert len(flow.taken) == 4


def test_one_scenario_has_a_map_and_no_comparison(tmp_path: Path) -> None:
    city = make_network("grid", 100, 0)
    solved = SolvedScenarios(["base@1.0"], np.ones((1, city.n_links)), gaps={"base@1.0": [0.1]})
    assert [path.name for path in write_figures(tmp_path, city, solved)] == ["01-map.svg", "02-convergence.svg"]
