"""One small network in random dresses: every format, unit, CRS, spelling and way of saying one-way gives the one right
answer or is refused.

A failing draw names its field and number. ``CITYTIDE_DRAW=osm-17 pytest tests/fuzz/test_road_formats.py`` repeats
it alone; ``CITYTIDE_DRAWS=3000`` makes more draws, and ``CITYTIDE_FIRST_DRAW=3000`` others.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from draws import list_numbers, refuse_misread
from dresses import FALSE, OPEN, PLAIN, Field, dress_plainly, list_single_dresses, make_generator
from road_edges import AEQUILIBRAE, EDGES
from road_gmns import GMNS
from road_graphml import GRAPHML
from road_lines import LINES
from road_osm import OSM
from road_tables import list_table_links, solve_tables
from road_tntp import TNTP
from road_trips import GMNS_ROADS, TRIPS
from road_world import WAYS, list_links
from verdicts import REFUSED, RIGHT, judge

from citytide.__main__ import main
from citytide.datasets.city.city import open_city

FIELDS = {
    "osm": OSM, "graphml": GRAPHML, "lines": LINES, "edges": EDGES, "aequilibrae": AEQUILIBRAE, "gmns": GMNS,
    "gmns_roads": GMNS_ROADS, "tntp": TNTP, "trips": TRIPS,
}  # fmt: skip
SHARES = {  # of all draws
    "osm": 0.12, "graphml": 0.12, "lines": 0.26, "edges": 0.1, "aequilibrae": 0.07, "gmns": 0.14, "gmns_roads": 0.04,
    "tntp": 0.11, "trips": 0.04,
}  # fmt: skip
N_DRAWS = 150


@pytest.mark.parametrize("name", FIELDS)
def test_no_draw_is_misread(name: str) -> None:
    refuse_misread(name, FIELDS[name], list_numbers(name, share=SHARES[name], default=N_DRAWS))


@pytest.mark.parametrize("name", FIELDS)
def test_the_plain_dress_is_read(name: str) -> None:
    of = FIELDS[name]
    verdict = judge(of, dress_plainly(of.aspects), make_generator(1))
    assert verdict.kind == RIGHT, str(verdict)


@pytest.mark.parametrize(
    ("name", "aspect", "option"),
    [(name, *single) for name, of in FIELDS.items() for single in list_single_dresses(of)],
)
def test_single_options_are_read_or_refused(name: str, aspect: str, option: str) -> None:
    of = FIELDS[name]
    verdict = judge(of, of.dress_singly(aspect, option), make_generator(1))
    allowed = {PLAIN: (RIGHT,), OPEN: (RIGHT, REFUSED), FALSE: (REFUSED,)}[verdict.level]
    assert verdict.kind in allowed, str(verdict)


@pytest.mark.parametrize(
    ("name", "worn"),
    [
        ("lines", {"format": "shp", "lanes": "bus:lanes beside"}),  # which a shapefile calls bus_lanes
        ("lines", {"format": "shp", "lanes": "lanes:psv beside"}),
        ("lines", {"format": "shp", "columns": "Chinese", "speeds": "speed, mph declared", "senses": "numbers"}),
        ("edges", {"format": "shp", "rows": "one a road", "lanes": "bus:lanes beside"}),
        ("tntp", {"lines": "a comment below the names", "delay": "columns swapped"}),
        ("tntp", {"lines": "gbk comment", "header": "<ORIGINAL HEADER>", "toll": "with a weight"}),
        ("gmns_roads", {"lanes": "not there", "capacity": "empty"}),
    ],
)
def test_options_together_are_not_misread(name: str, worn: dict[str, str]) -> None:
    """Pairs of options that were misread once."""
    of = FIELDS[name]
    verdict = judge(of, dress_plainly(of.aspects, **worn), make_generator(1))
    assert verdict.kind in (RIGHT, REFUSED), str(verdict)


@pytest.mark.parametrize("name", ["osm", "lines", "edges"])
@pytest.mark.parametrize("change", ["speed_km_h", "capacity_veh_h", "length_m", "lanes", "x"])
def test_oracle_tells_a_wrong_map(name: str, change: str, tmp_path: Path) -> None:
    """The measure must find fault with a layer of which one link, or one node, was changed a little."""
    of = FIELDS[name]
    case = of.write(dress_plainly(of.aspects), make_generator(2), tmp_path)
    layer = of.prepare(case.settings)
    assert case.measure(layer) is None
    values = getattr(layer, change).copy()
    values[3] *= 1.01
    object.__setattr__(layer, change, values)
    assert case.measure(layer) is not None


@pytest.mark.parametrize("name", ["gmns", "tntp"])
@pytest.mark.parametrize("change", ["free_time", "capacity", "demand", "b", "passable"])
def test_oracle_tells_a_wrong_table(name: str, change: str, tmp_path: Path) -> None:
    of = FIELDS[name]
    case = of.write(dress_plainly(of.aspects), make_generator(2), tmp_path)
    prepared = of.prepare(case.settings)
    assert case.measure(prepared) is None
    dims, values = prepared.arrays[change]
    prepared.arrays[change] = (dims, ~values if change == "passable" else np.asarray(values) * 1.001)
    assert case.measure(prepared) is not None


def run_command(of: Field, dress: dict[str, str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Do what a person does with the files of a dress; return the exit code."""
    inputs = folder / "inputs"
    inputs.mkdir()
    settings = dict(of.write(dress, make_generator(1), inputs).settings)
    if "file" in settings:
        words = ["city", "build", "--roads", str(settings.pop("file")), "--out", str(folder / "city.zarr")]
        words += [word for key, value in settings.items() for word in ("--declare", f"roads.{key}={value}")]
    else:
        words = ["run", "traffic-assignment", "--out", str(folder / "run")]
        words += [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    monkeypatch.setattr(sys, "argv", ["citytide", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.mark.parametrize(
    ("name", "aspect", "option"),
    [
        ("lines", "crs", "not said"), ("lines", "speeds", "speed, not declared"), ("lines", "ends", "3 m off"),
        ("gmns", "zones", "not said"), ("gmns", "units", "nothing"), ("gmns", "turns", "movement.csv bans one"),
        ("tntp", "files", "the net alone"), ("trips", "demand", "two periods, not chosen"),
    ],
)  # fmt: skip
def test_commands_refuse_with_exit_code_2_and_one_sentence(
    name: str,
    aspect: str,
    option: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    of = FIELDS[name]
    assert run_command(of, of.dress_singly(aspect, option), tmp_path, monkeypatch) == 2
    told = [line for line in capfd.readouterr().err.splitlines() if line.startswith("citytide: /")]
    assert len(told) == 1 and "; " in told[0]
    assert not (tmp_path / "run").exists() and not (tmp_path / "city.zarr").exists()


@pytest.mark.parametrize(
    ("name", "aspect", "option"), [("lines", "speeds", "speed, mph declared"), ("osm", "cut", "whole")]
)
def test_command_builds_the_right_roads(
    name: str, aspect: str, option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = FIELDS[name]
    assert run_command(of, of.dress_singly(aspect, option), tmp_path, monkeypatch) == 0
    city = open_city(tmp_path / "city.zarr")
    lanes, speed = city.roads.lanes, city.roads.speed_km_h
    right = sorted((link.lanes, link.speed_km_h) for link in list_links(WAYS))
    assert np.allclose(sorted(zip(lanes.tolist(), speed.tolist(), strict=True)), right)


def test_command_finds_the_optimum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dress = GMNS.dress_singly("zones", "pass")
    assert run_command(GMNS, dress, tmp_path, monkeypatch) == 0
    with xr.open_zarr(tmp_path / "run" / "assignment.zarr") as answer:
        objective = float(answer["objective"].values[0])
    assert objective == pytest.approx(solve_tables(list_table_links(), is_blocked=False)[0], rel=1e-6)
