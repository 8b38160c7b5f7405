"""What a run read is told by content: files by their bytes, stores by those of all their files."""

from __future__ import annotations

import subprocess
from pathlib import Path

from citytide.hpc.run.records import stamp_inputs


def make_store(folder: Path) -> Path:
    (folder / "flow" / "c").mkdir(parents=True)
    (folder / "zarr.json").write_text("{}")
    (folder / "flow.md").write_text("")  # "." sorts before "/"
    (folder / "flow" / "c" / "0").write_bytes(b"\x00\x01")
    return folder


def test_a_store_is_stamped_as_sha256sum_would_over_its_files(tmp_path: Path) -> None:
    store = make_store(tmp_path / "城市 一.zarr")
    (stamp,) = stamp_inputs({"city": store})
    shell = "find . -type f | sed 's|^./||' | LC_ALL=C sort | xargs sha256sum | sha256sum"
    told = subprocess.run(shell, shell=True, cwd=store, check=True, capture_output=True, text=True).stdout
    assert stamp["sha256"] == told.split()[0]
    assert (stamp["bytes"], stamp["files"]) == (4, 3)


def test_a_stores_stamp_changes_with_a_byte_and_with_a_name(tmp_path: Path) -> None:
    store = make_store(tmp_path / "one.zarr")
    stamps = [stamp_inputs({"city": store})[0]["sha256"]]
    (store / "flow" / "c" / "0").write_bytes(b"\x00\x02")
    stamps.append(stamp_inputs({"city": store})[0]["sha256"])
    (store / "flow" / "c" / "0").rename(store / "flow" / "c" / "1")
    stamps.append(stamp_inputs({"city": store})[0]["sha256"])
    assert len(set(stamps)) == 3
