"""``citytide city`` as a person gives it: built, shown, refused in one sentence."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from citytide.__main__ import cli
from citytide.datasets.city.city import open_city
from citytide.hpc.errors import RunError

GAUGES = "站号,站名,类型,经度,纬度\nG1,莲花山,雨量站,114.0083,22.5172\nG2,笔架山,雨量站,114.0123,22.5212\n"
BEIJING = "站号,时间,雨量(mm/h)\nG2,2023-09-08 01:00,3.5\nG1,2023-09-07 22:00,12\nG1,2023-09-07 23:00,40.5\n"
UTC = "站号,时间,雨量(mm/h)\nG1,2023-09-07T15:00Z,40.5\nG1,2023-09-07T14:00Z,12\nG2,2023-09-07T17:00Z,3.5\n"


def invoke(*words: str) -> Result:
    return CliRunner().invoke(cli, ["city", *words], catch_exceptions=True)


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("深圳 城市") / "两公里.zarr"
    done = invoke("build", "--synthetic", "--size", "2km", "--out", str(place))
    assert done.exit_code == 0, done.output
    assert "citytide city show" in done.output
    return place


def test_build_writes_a_store_and_the_record_of_its_making(city: Path) -> None:
    assert open_city(city).roads.n_links > 200
    record = json.loads(city.with_suffix(".build.json").read_text(encoding="utf-8"))
    assert record["request"]["size"] == "2km" and record["inputs"] == [] and record["place"]["packages"]["numpy"]


def test_show_tells_and_draws(city: Path, tmp_path: Path) -> None:
    told = json.loads(invoke("show", str(city), "--out", str(tmp_path / "map.png"), "--json").output)
    assert told["layers"]["roads"]["synthetic"] and told["people"] == 40_000
    assert {truth["kind"] for truth in told["truths"]} == {"underpass", "valley"}
    assert set(told["crosswalks"]) == {"link_cell", "area_cell", "area_node", "facility_node", "station_link"}
    assert Path(told["map"]).read_bytes().startswith(b"\x89PNG")
    words = invoke("show", str(city), "--no-map")
    assert words.exit_code == 0 and "40,000 people" in words.output and "underpass" in words.output


def test_one_table_in_three_encodings_and_two_zones_gives_the_same_bytes(tmp_path: Path, data: Path) -> None:
    stores = []
    for k, (encoding, readings) in enumerate(
        [("utf-8", BEIJING), ("utf-8-sig", BEIJING), ("gb18030", BEIJING), ("utf-8", UTC), ("gb18030", UTC)]
    ):
        folder = tmp_path / f"第{k} 次"
        folder.mkdir()
        (folder / "stations.csv").write_text(GAUGES, encoding=encoding)
        (folder / "readings.csv").write_text(readings, encoding=encoding)
        done = invoke(
            "build", "--roads", str(data / "traffic/futian/roads.graphml"), "--stations", str(folder / "stations.csv"),
            "--readings", str(folder / "readings.csv"), "--declare", "stations.crs=EPSG:4326",
            "--declare", "readings.time_zone=Asia/Shanghai", "--out", str(folder / "city.zarr"), "--json",
        )  # fmt: skip
        assert done.exit_code == 0, done.output
        stores.append(content(folder / "city.zarr"))
    assert all(store == stores[0] for store in stores[1:])
    readings_layer = open_city(tmp_path / "第0 次" / "city.zarr").readings
    assert readings_layer is not None and readings_layer.value.tolist() == [12.0, 40.5, 3.5]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--synthetic", "--size", "9km"], "9km"),
        (["--synthetic", "--seed", "x"], "seed"),
        (["--synthetic", "--cell-m", "0"], "cell_m"),
        (["--synthetic", "--declare", "terrain.colour=green"], "terrain.colour"),
        (["--synthetic", "--declare", "nonsense"], "nonsense"),
        (["--roads", "nowhere.graphml"], "nowhere.graphml"),
        ([], "--synthetic"),
    ],
)
def test_a_bad_request_is_one_sentence_and_writes_nothing(tmp_path: Path, words: list[str], complaint: str) -> None:
    command = [sys.executable, "-m", "citytide", "city", "build", *words, "--out", str(tmp_path / "city.zarr")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 2, done.stderr
    assert complaint in done.stderr and "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_taken_place_is_refused_before_work_starts(city: Path) -> None:
    before = content(city)
    refused = invoke("build", "--synthetic", "--size", "2km", "--out", str(city))
    assert "exists already" in str(refused.exception) and content(city) == before


def test_a_picture_of_another_format_is_refused(city: Path, tmp_path: Path) -> None:
    refused = invoke("show", str(city), "--out", str(tmp_path / "map.docx"))
    assert "must be one of .png, .svg, .pdf, got" in str(refused.exception)


def test_help_has_examples() -> None:
    for command in ("build", "show"):
        text = invoke(command, "--help").output
        assert f"citytide city {command}" in text and "Exit codes" in text


def test_file_may_be_the_product_of_a_run(tmp_path: Path) -> None:
    refused = invoke("build", "--roads", "run:nowhere/roads", "--out", str(tmp_path / "city.zarr"))
    assert isinstance(refused.exception, RunError) and not (tmp_path / "city.zarr").exists()
    assert str(refused.exception).startswith("roads=run:nowhere/roads must name a run: there is no run 'nowhere'")
