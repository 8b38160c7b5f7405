"""A source is what its files are: a changed, missing or new one is named."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from citytide.hpc.errors import RunError
from citytide.hpc.identity.sources import (
    compare_files,
    hash_files,
    list_digest,
    read_file_hashes,
    weigh_sources,
)
from citytide.hpc.plan.sources import Source
from citytide.hpc.run.records import write_json


def make_folder(path: Path) -> Path:
    (path / "part").mkdir(parents=True)
    for name in (".hidden", "a.csv", "part/b.csv"):
        (path / name).write_text(name)
    return path


def test_every_file_counts_as_sha256sum_tells_it(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "事件")
    (told,) = weigh_sources({"events": Source(folder, "folder")})[0].values()
    shell = "find . -type f | sed 's|^./||' | LC_ALL=C sort | xargs sha256sum | sha256sum"
    listed = subprocess.run(shell, shell=True, cwd=folder, check=True, capture_output=True, text=True).stdout
    assert told["sha256"] == listed.split()[0]
    assert (told["files"], told["bytes"], told["run"]) == (3, len(".hiddena.csvpart/b.csv"), "")


def test_each_change_is_named(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "events")
    before = hash_files(folder)
    assert compare_files(before, hash_files(folder)) == []
    (folder / "a.csv").write_text("other")
    (folder / "part" / "b.csv").unlink()
    (folder / ".temporary").touch()
    changed = ["file .temporary is new", "file a.csv has changed", "file part/b.csv is missing"]
    assert compare_files(before, hash_files(folder)) == changed
    assert "a folder" in compare_files(before, hash_files(folder / "a.csv"))[0]


def test_links_are_followed_and_circles_end(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "events")
    elsewhere = make_folder(tmp_path / "elsewhere")
    (folder / "linked").symlink_to(elsewhere)
    (elsewhere / "back").symlink_to(folder)
    assert {"linked/a.csv", "linked/part/b.csv"} <= set(hash_files(folder))


def test_a_file_name_that_is_no_text_can_be_recorded(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "events")
    (Path(os.fsdecode(os.fsencode(folder) + b"/\xff.csv"))).write_text("x")
    told, files = weigh_sources({"events": Source(folder, "folder")})
    write_json(tmp_path / "sources.json", files)
    held = read_file_hashes(tmp_path / "sources.json", "events", told["events"]["sha256"])
    assert held == files["events"] and list_digest(held) == told["events"]["sha256"]


def test_a_record_that_is_not_what_was_written_is_not_believed(tmp_path: Path) -> None:
    _, files = weigh_sources({"events": Source(make_folder(tmp_path / "events"), "folder")})
    write_json(tmp_path / "sources.json", files)
    assert read_file_hashes(tmp_path / "sources.json", "events", "0" * 64) is None
    assert read_file_hashes(tmp_path / "nothing.json", "events", "0" * 64) is None


def test_a_product_of_a_run_is_told_with_its_run(tmp_path: Path) -> None:
    make_folder(tmp_path / "run" / "flood.zarr")
    write_json(tmp_path / "run" / "run.json", {"id": "inundation-1"})
    told, _ = weigh_sources({"flood": Source(tmp_path / "run" / "flood.zarr", "zarr")})
    assert told["flood"]["run"] == "inundation-1"


def test_a_missing_source_is_refused_when_a_run_begins(tmp_path: Path) -> None:
    gone = {"events": Source(tmp_path / "gone.csv")}
    with pytest.raises(RunError, match=r"source 'events' must be there when a run begins, but there is no .*gone.csv"):
        weigh_sources(gone)
    assert weigh_sources(gone, must_exist=False)[0]["events"]["sha256"] == ""
