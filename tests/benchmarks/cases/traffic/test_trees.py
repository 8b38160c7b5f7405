"""Both sides of a comparison of trees read one file; growth is told in multiples of n log n."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from citytide.benchmarks.cases.traffic.growth import measure_growth, relate_to_nlogn
from citytide.benchmarks.cases.traffic.tree_networks import load_network, make_tree_network
from citytide.benchmarks.cases.traffic.trees import main
from citytide.benchmarks.sides import parse_answer


def test_written_network_is_read_back_and_timed(tmp_path: Path) -> None:
    path = tmp_path / "city.npz"
    cli = CliRunner()
    assert cli.invoke(main, ["write", "city-5k", str(path), "--kind", "grid"]).exit_code == 0
    written = make_tree_network("city-5k", kind="grid")
    read = load_network(path)
    assert all(np.array_equal(read[name], array) for name, array in written.items())
    ran = cli.invoke(main, ["run", str(path), "--repeat", "1"])
    answer = parse_answer(ran.stdout)
    assert answer["trees"] == len(np.unique(written["origin"]))
    assert answer["cpu_seconds_per_tree"] * answer["trees"] == pytest.approx(answer["cpu_seconds"])


def test_demand_to_all_nodes_leaves_no_node_out() -> None:
    arrays = make_tree_network("city-5k", to="nodes")
    n = int(arrays["n_nodes"])
    assert arrays["demand"].size == arrays["origins"].size * (n - 1)
    first = arrays["destination"][arrays["origin"] == arrays["origins"][0]]
    assert set(first) == set(range(n)) - {int(arrays["origins"][0])}


def test_unknown_network_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="known: chicago-sketch, city-5k"):
        make_tree_network("atlantis")


@pytest.mark.parametrize("factor", [1.0, 3.0])
def test_growth_like_nlogn_is_one_whatever_the_machine(factor: float) -> None:
    nodes = [1_000, 7_000, 90_000]
    assert relate_to_nlogn(nodes, [factor * n * math.log(n) for n in nodes]) == [1.0, 1.0, 1.0]


def test_growth_names_every_size() -> None:
    grown = measure_growth(["city-5k", "city-5k"], rounds=1, repeat=1)
    assert [size["network"] for size in grown["sizes"]] == ["city-5k"] * 2
    assert grown["sizes"][0]["over_nlogn"] == 1.0
    assert json.loads(json.dumps(grown)) == grown
