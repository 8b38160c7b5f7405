"""Two files of one name are two inputs of a run."""

from __future__ import annotations

from pathlib import Path

import citytide
from citytide.workflows.hydro.inundation.question import prepare_inundation
from citytide.workflows.hydro.inundation.settings import InundationSettings
from citytide.workflows.input_files import name_inputs


def test_file_named_like_another_gets_its_place_and_none_is_lost(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a/q.csv", "2-q.csv", "b/q.csv", "c/q.csv")]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        path.write_text(path.name)
    named = name_inputs([*paths, paths[0], tmp_path / "none.csv"])
    assert list(named.values()) == paths and list(named) == ["q.csv", "2-q.csv", "3-q.csv", "4-q.csv"]


def test_two_brooks_from_files_of_one_name_are_both_in_the_record(tmp_path: Path) -> None:
    inflows = []
    for folder, x in (("north", 5), ("south", 15)):
        (tmp_path / folder).mkdir()
        table = tmp_path / folder / "q.csv"
        table.write_text("time (min),flow (m3/s)\n0,1\n60,2\n")
        inflows.append(f"{x} 5 {table}")
    grid = tmp_path / "flat.asc"
    grid.write_text("ncols 3\nnrows 3\nxllcorner 0\nyllcorner 0\ncellsize 10\n" + "1 1 1\n" * 3)
    settings = InundationSettings(
        terrain=str(grid), crs="local", height_datum="local", rain="0", inflow=";".join(inflows), duration_minutes=1
    )
    inputs = prepare_inundation(settings).inputs
    assert {name: path.parent.name for name, path in inputs.items() if path.name == "q.csv"} == {
        "q.csv": "north", "3-q.csv": "south",
    }  # fmt: skip
    run = citytide.run("inundation", set=settings.model_dump(exclude_unset=True), out=tmp_path / "run")
    assert {"q.csv", "3-q.csv"} <= {entry["name"] for entry in run.record["inputs"]}
