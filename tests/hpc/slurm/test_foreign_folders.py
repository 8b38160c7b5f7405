"""Folders named as people name them here, with Chinese characters and blanks, from the city to the run on Slurm."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from slurm_runs import nothing_is_left, write_profile

pytestmark = pytest.mark.slurm


def citytide(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "citytide", *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=dict(os.environ), timeout=300)


def product_bytes(run: Path) -> dict[str, bytes]:
    store = run / "assignment.zarr"
    return {str(path.relative_to(store)): path.read_bytes() for path in sorted(store.rglob("*")) if path.is_file()}


def test_city_and_run_lie_in_folders_with_chinese_characters_and_blanks(sandbox, tmp_path: Path) -> None:
    folder = tmp_path / "深圳 福田区 数据"
    folder.mkdir()
    built = citytide("city", "build", "--synthetic", "--size", "2km", "--out", "城市 一.zarr", folder=folder)
    assert built.returncode == 0, built.stderr
    asked = [
        "traffic-assignment",
        "--set",
        "network=城市 一.zarr",
        "--set",
        "gap=1e-4",
        "--set",
        "demand_factors=0.5,1",
    ]
    profile = str(write_profile(folder))
    done = citytide("run", *asked, "--profile", profile, "--out", "运行 一号", "--json", folder=folder)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["state"] == "done"
    here = citytide("run", *asked, "--out", "本地 运行", folder=folder)
    assert here.returncode == 0, here.stderr
    assert product_bytes(folder / "运行 一号") == product_bytes(folder / "本地 运行") != {}
    assert "城市 一" in (folder / "运行 一号" / "run.json").read_text(encoding="utf-8")
    assert nothing_is_left(folder / "运行 一号")
