"""The workflow from settings to products, on networks whose answers are known."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
import zarr
from click.testing import CliRunner
from pyproj import CRS

import citytide
from citytide.datasets.errors import InputError
from citytide.hpc.run.resumption.verify import verify_run
from citytide.hpc.run.runs import Run
from citytide.hpc.store.ledger import done_blocks, read_ledger
from citytide.workflows.commands import run as cli
from citytide.workflows.runner import resume

WORKERS = "name: w{0}\npools:\n  cpu:\n    workers: {0}\n"


def solve(out: Path, workers: int = 2, **settings: Any) -> Run:
    profile = out.parent / f"w{workers}.yaml"
    profile.write_text(WORKERS.format(workers))
    run = citytide.run("traffic-assignment", set=settings, profile=str(profile), out=out)
    assert run.result["state"] == "done", run.result
    return run


def store_bytes(run: Run) -> dict[str, bytes]:
    return {
        str(path.relative_to(run.path)): path.read_bytes()
        for product in run.products.values()
        for path in sorted(product.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Run]:
    """The embedded city under four scenarios: nothing, a closure, a storm, and one that cuts a zone off."""
    from citytide.datasets.catalogue.networks import open_instance

    folder = tmp_path_factory.mktemp("city")
    city = open_instance("synthetic-city")
    zone = int(city.destination[0])
    into = city.link_id[city.head == zone]
    rows = ["closure,10,0,1", "storm,614,0.7,0.6", *(f"cut,{link},1,0" for link in into)]
    csv = folder / "scenarios.csv"
    csv.write_text("scenario,link,capacity_factor,speed_factor\n" + "\n".join(rows) + "\n")
    return csv, solve(folder / "run", scenarios=str(csv), gap=1e-4, demand_factors="0.8,1", od_time=True)


def test_scenarios_are_crossed_with_factors_scenario_major(city: tuple[Path, Run]) -> None:
    data = city[1].open("assignment")
    expected = [f"{name}@{factor}" for name in ("base", "closure", "storm", "cut") for factor in ("0.8", "1.0")]
    assert data.scenario.values.tolist() == expected
    assert [row["scenario"] for row in city[1].result["summary"]] == expected
    np.testing.assert_array_equal(data.demand_factor, [0.8, 1.0] * 4)


def test_certificate_holds_in_the_store(city: tuple[Path, Run]) -> None:
    data = city[1].open("assignment")
    assert (data.relative_gap <= 1e-4).all() and (data.converged == 1).all()
    excess = data.tstt - data.sptt
    np.testing.assert_allclose(data.lower_bound, data.objective - excess, rtol=1e-14)
    finite = np.where(np.isfinite(data.cost), data.cost, 0.0)
    np.testing.assert_allclose((data.flow.values * finite).sum(axis=1), data.tstt, rtol=1e-12)


def test_closed_link_carries_nothing_and_costs_infinity(city: tuple[Path, Run]) -> None:
    data = city[1].open("assignment")
    closed = data.sel(link=10, scenario=["closure@0.8", "closure@1.0"])
    assert (closed.flow == 0).all() and np.isinf(closed.cost).all()
    assert np.isfinite(data.cost.sel(scenario="base@1.0")).all()


def test_pairs_without_a_path_are_omitted_listed_and_summed(city: tuple[Path, Run]) -> None:
    data, result = city[1].open("assignment"), city[1].result
    unserved = data.unserved_demand.sel(scenario="cut@1.0").item()
    assert unserved > 0 and (data.unserved_demand.sel(scenario=["base@1.0", "storm@1.0"]) == 0).all()
    listed = [pair["demand"] for pair in result["unserved"] if pair["scenario"] == "cut@1.0"]
    assert sum(listed) == pytest.approx(unserved, rel=1e-12)
    assert any(text.startswith("scenario cut@1.0:") and "have no path" in text for text in result["warnings"])


def test_zone_to_zone_costs_are_those_of_the_cheapest_paths(city: tuple[Path, Run]) -> None:
    data = city[1].open("assignment").sel(scenario="base@1.0")
    costs = data.od_time.values
    assert (np.diag(costs) == 0).all()
    inner = costs[:, :, None] + costs[None, :, :]  # over any zone in between it is no cheaper
    assert (costs <= np.nanmin(inner, axis=1) * (1 + 1e-12)).all()


def test_envelope_holds_every_scenario(city: tuple[Path, Run]) -> None:
    data, ends = city[1].open("assignment"), city[1].open("envelope")
    np.testing.assert_array_equal(ends.flow_least, data.flow.min("scenario"))
    np.testing.assert_array_equal(ends.flow_most, data.flow.max("scenario"))
    base = (data.flow.sel(scenario=["base@0.8", "base@1.0"]) > data.capacity).sum("scenario")
    assert (ends.n_over_capacity >= base).all() and (ends.n_over_capacity <= 8).all()


@pytest.mark.parametrize(("workers", "per_block"), [(1, 8), (4, 3)])
def test_stores_are_the_same_bytes(city: tuple[Path, Run], tmp_path: Path, workers: int, per_block: int) -> None:
    again = solve(
        tmp_path / "run", workers, scenarios=str(city[0]), gap=1e-4, demand_factors=[0.8, 1.0], od_time=True,
        scenarios_per_block=per_block,
    )  # fmt: skip
    assert store_bytes(again) == store_bytes(city[1])


def test_store_holds_no_clock_host_path_or_run_id(city: tuple[Path, Run]) -> None:
    run = city[1]
    secrets = (run.id, f'"{run.record["host"]}"', str(run.path), run.record["created"][:10])
    for name, data in store_bytes(run).items():
        for secret in secrets if name.endswith(".json") else ():
            assert secret.encode() not in data, (name, secret)


def test_scenarios_started_from_the_base_reach_the_same_optimum(city: tuple[Path, Run], tmp_path: Path) -> None:
    warm = solve(tmp_path / "run", scenarios=str(city[0]), gap=1e-4, demand_factors="0.8,1", start="base")
    steps = [line["step"] for line in done_blocks(read_ledger(warm.path / "ledger.jsonl")).values()]
    assert steps[0] == "base" and steps.count("assignment") == 8
    data, cold = warm.open("assignment"), city[1].open("assignment")
    assert (data.converged == 1).all()
    assert (data.objective >= cold.lower_bound - 1e-9 * cold.objective).all()
    assert (cold.objective >= data.lower_bound - 1e-9 * cold.objective).all()


@pytest.fixture
def three_links(tmp_path: Path) -> Run:
    """Links 1 and 2 on the way, link 3 back: no link's number is its place."""
    folder = tmp_path / "network"
    folder.mkdir()
    (folder / "node.csv").write_text(
        "node_id,x_coord,y_coord,zone_id\n10,114.0,22.5,1\n20,114.1,22.5,\n30,114.2,22.5,2\n"
    )
    (folder / "link.csv").write_text(
        "link_id,from_node_id,to_node_id,directed,length,free_speed,capacity\n"
        "1,10,20,true,10.3,60,900\n2,20,30,true,10.3,60,900\n3,30,20,true,10.3,60,900\n"
    )
    (folder / "demand.csv").write_text("o_zone_id,d_zone_id,volume\n1,2,300\n")
    asked = {"length_unit": "km", "speed_unit": "km/h", "zone_nodes": "pass"}
    return solve(tmp_path / "run", network=str(folder), demand_factors="1,2", od_time=True, **asked)


def test_link_is_selected_by_its_number_and_not_by_its_place(three_links: Run) -> None:
    run = three_links
    for product in ("assignment", "envelope"):
        data = run.open(product)
        assert data.link.values.tolist() == [1, 2, 3] and "link_id" not in data.variables
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            others = xr.open_zarr(run.products[product], decode_coords="all")
        assert others.from_x.encoding["grid_mapping"] == "crs" and others.from_x.attrs["units"] == "degrees_east"
        assert CRS.from_cf(others.crs.attrs) == CRS("EPSG:4326") and others.identical(data.chunk())
        assert data.from_node.sel(link=2).item() == 20 and data.to_node.sel(link=2).item() == 30
    flow = run.open("assignment").flow.sel(scenario="base@2.0")
    assert [flow.sel(link=link).item() for link in (1, 2, 3)] == pytest.approx([600, 600, 0], abs=1e-9)
    assert run.open("envelope").flow_most.sel(link=3).item() == 0 < run.open("envelope").flow_least.sel(link=2).item()
    costs = run.open("assignment").od_time.sel(scenario="base@1.0", origin_zone=10)
    assert np.isfinite(costs.sel(destination_zone=30)) and costs.sel(destination_zone=10) == 0


def test_damaged_metadata_of_a_georeferenced_store_is_mended(three_links: Run) -> None:
    before = store_bytes(three_links)
    for name in ("zarr.json", "crs/zarr.json", "from_x/zarr.json"):
        file = three_links.products["assignment"] / name
        file.write_bytes(file.read_bytes().replace(b"degree", b"DEGREE", 1).replace(b"float64", b"float32", 1))
    assert {damage.path for damage in verify_run(three_links)} == {
        f"assignment.zarr/{name}" for name in ("zarr.json", "crs/zarr.json", "from_x/zarr.json")
    }
    assert store_bytes(resume(three_links.path)) == before


def test_scenario_without_any_path_is_nan_and_the_run_is_done(tmp_path: Path) -> None:
    from citytide.datasets.catalogue.networks import open_instance

    links = open_instance("synthetic-city").link_id
    path = tmp_path / "none.csv"
    path.write_text("scenario,link,speed_factor\n" + "\n".join(f"nothing,{link},0" for link in links))
    run = solve(tmp_path / "run", scenarios=str(path), gap=1e-3)
    lost = run.open("assignment").sel(scenario="nothing@1.0")
    assert np.isnan(lost.objective) and lost.converged == 0 and (lost.flow == 0).all() and np.isinf(lost.cost).all()
    assert any("no trip has a path left" in text for text in run.result["warnings"])


def test_scenario_that_is_stopped_says_so_in_its_summary(tmp_path: Path, two_routes: Path) -> None:
    short, whole = (
        solve(tmp_path / str(n), network=str(two_routes), max_iterations=n, gap=1e-12).result["summary"][0]
        for n in (1, 500)
    )
    assert (short["converged"], whole["converged"]) == (0, 1) and short["relative_gap"] > 1e-12


def test_scenario_that_changes_no_used_link_is_told(tmp_path: Path, two_routes: Path) -> None:
    (tmp_path / "s.csv").write_text("scenario,link,capacity_factor\nidle,3,0.5\nshut,3,0\nused,1,0.5\nopened,2,0\n")
    run = solve(tmp_path / "run", network=str(two_routes), scenarios=str(tmp_path / "s.csv"), demand_factors="1,3")
    effects = {row["scenario"]: row["changes_used_link"] for row in run.result["summary"]}
    assert effects == {
        "base@1.0": 0, "base@3.0": 0, "idle@1.0": 0, "idle@3.0": 0, "shut@1.0": 0, "shut@3.0": 0, "used@1.0": 1,
        "used@3.0": 1, "opened@1.0": 1, "opened@3.0": 1,
    }  # fmt: skip
    told = [text for text in run.result["warnings"] if "its answer is that of the base" in text]
    assert [text.split(":")[0] for text in told] == [
        f"scenario {name}@{k}.0" for name in ("idle", "shut") for k in (1, 3)
    ]
    assert (
        "Changes a used link" in (run.path / "report.html").read_text()
        and told[0] in (run.path / "report.html").read_text()
    )
    same, other = (run.open("assignment").objective.sel(scenario=name).item() for name in ("idle@1.0", "used@1.0"))
    assert same == run.open("assignment").objective.sel(scenario="base@1.0").item() != other


def test_factors_of_a_header_are_those_of_the_settings(data: Path, tmp_path: Path) -> None:
    """Anaheim with distance at 0.001 min/ft: the same problem, whether the file or the user says so."""
    from citytide.datasets.catalogue.networks import open_instance
    from citytide.kernels.traffic.assignment import assign_traffic

    for file in (data / "traffic" / "tntp" / "Anaheim").glob("Anaheim_[nt]*.tntp"):
        (tmp_path / file.name).write_text(file.read_text().replace("<END", "<DISTANCE FACTOR> 0.001\n<END", 1))
    stated, plain = open_instance(tmp_path), open_instance("anaheim")
    objective = []
    for instance, weight in ((stated, None), (plain, 0.001), (plain, None)):
        network, closed = instance.network(distance_weight=weight)
        pairs = instance.origin, instance.destination, instance.demand
        objective.append(assign_traffic(network, *pairs, gap=1e-8, closed=closed).objective)
    assert objective[0] == objective[1] > 1.5 * objective[2] and objective[2] == pytest.approx(1286032.17, rel=1e-6)


@pytest.mark.parametrize(("power", "factor", "demand"), [("8", "1e-40", "10"), ("4", "1", "1e80")])
def test_scenario_whose_costs_overflow_is_never_solved(
    tmp_path: Path, two_routes: Path, power: str, factor: str, demand: str
) -> None:
    net, trips = two_routes / "t_net.tntp", two_routes / "t_trips.tntp"
    net.write_text(net.read_text().replace(" 4 0 0 1 ;", f" {power} 0 0 1 ;"))
    trips.write_text(trips.read_text().replace("10.0", demand))
    rows = "".join(f"dry,{link},{factor}\n" for link in (1, 2))
    (tmp_path / "s.csv").write_text("scenario,link,capacity_factor\n" + rows)
    asked = [f"--set=network={two_routes}", f"--set=scenarios={tmp_path / 's.csv'}", "--set=od_time=true"]
    done = CliRunner().invoke(cli, ["traffic-assignment", *asked, "--out", str(tmp_path / "run"), "--json"])
    assert done.exit_code == 1 and "rows are not solved: their numbers are not finite" in done.output
    run = citytide.open_run(tmp_path / "run")
    lost = run.result["overflowed"]
    assert lost == (["dry@1.0"] if factor != "1" else ["base@1.0", "dry@1.0"])
    data, ends = run.open("assignment").sel(scenario="dry@1.0"), run.open("envelope")
    assert data.converged == 0 and np.isnan([data.objective, data.relative_gap, data.tstt]).all()
    assert np.isnan(data.flow).all() and data.unserved_demand == 0 and np.isnan(data.od_time.values).all()
    assert any(text.startswith("scenario dry@1.0: travel costs are not finite") for text in run.result["warnings"])
    assert np.isfinite(ends.flow_most).all() == (factor != "1") and (ends.n_over_capacity <= 1).all()
    row = json.loads(done.stdout)["summary"][-1]
    assert row["objective"] is None and row["relative_gap"] is None and row["converged"] == 0
    if "base@1.0" in lost:
        assert run.result["headline"] == "base@1.0 is not solved: travel costs are not finite."
        report = (run.path / "report.html").read_text()
        assert "It is not solved: its travel costs" in report and "more than their capacity" not in report


def test_zarr_of_scenarios_is_the_same_as_the_table(city: tuple[Path, Run], tmp_path: Path) -> None:
    from citytide.datasets.catalogue.networks import open_instance
    from citytide.datasets.traffic.scenarios import read_scenarios

    instance = open_instance("synthetic-city")
    table = read_scenarios(city[0], instance)
    group = zarr.open_group(tmp_path / "scenarios.zarr", mode="w")
    for index, name in enumerate(("capacity_factor", "speed_factor")):
        values = np.stack([table.factors(row)[index] for row in range(len(table))])
        group.create_array(name, data=values)
    group.create_array("scenario", data=np.array(table.name, dtype=np.dtypes.StringDType()))
    group.create_array("link", data=instance.link_id)
    run = solve(
        tmp_path / "run", scenarios=str(tmp_path / "scenarios.zarr"), gap=1e-4, demand_factors="0.8,1", od_time=True
    )
    assert store_bytes(run) == store_bytes(city[1])


def test_base_network_that_cuts_a_pair_is_refused(tmp_path: Path) -> None:
    net = "<NUMBER OF ZONES> 2\n<NUMBER OF NODES> 2\n<FIRST THRU NODE> 1\n<NUMBER OF LINKS> 1\n<END OF METADATA>\n"
    (tmp_path / "t_net.tntp").write_text(net + "~\n2 1 1 1 1 0.15 4 0 0 1 ;\n")
    (tmp_path / "t_trips.tntp").write_text(
        "<NUMBER OF ZONES> 2\n<TOTAL OD FLOW> 1\n<END OF METADATA>\nOrigin 1\n 2 : 1.0;\n"
    )
    with pytest.raises(InputError, match="no path leads from 1 to 2, which has a demand of 1"):
        citytide.run("traffic-assignment", set={"network": str(tmp_path)}, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [("zone_nodes", "pass"), ("length_unit", "km"), ("speed_unit", "mph"), ("core_share", 0.5), ("classes", "a=drop"),
     ("crs", "EPSG:4547"), ("trips", "a.csv"), ("demand_period", "am"), ("demand_mode", "car")],
)  # fmt: skip
def test_a_setting_that_means_nothing_to_the_network_is_refused(tmp_path: Path, name: str, value: object) -> None:
    option = "'demand' \\(trips\\)" if name == "trips" else f"'{name}'"
    with pytest.raises(InputError, match=f"option {option} means nothing to this kind of network"):
        citytide.run("traffic-assignment", set={name: value, "network": "grid-100"}, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("network", "principle", "objective"),
    [
        ("sioux-falls", "user", 4231335.28710744),
        ("sioux-falls", "system", 7194256.05289299),
        ("anaheim", "user", 1286032.17109603),
    ],
)
def test_published_optima_from_the_files(
    data: Path, tmp_path: Path, network: str, principle: str, objective: float
) -> None:
    run = solve(tmp_path / "run", network=network, principle=principle, gap=1e-10)
    (row,) = run.result["summary"]
    assert row["objective"] == pytest.approx(objective, rel=1e-9) and row["relative_gap"] <= 1e-10
    assert row["lower_bound"] <= objective * (1 + 1e-12)
    if principle == "system":  # total cost, and the marginal one under its own name
        assert row["tstt"] == pytest.approx(objective, rel=1e-9) and row["sptt"] < row["tstt"]
        assert (
            row["marginal_tstt"] == pytest.approx(21687187, rel=1e-6) and row["marginal_sptt"] <= row["marginal_tstt"]
        )
    inputs = {
        Path(item["path"]).name: item["sha256"] for item in json.loads((run.path / "run.json").read_text())["inputs"]
    }
    assert len(inputs) >= 2 and all(len(digest) == 64 for digest in inputs.values())
