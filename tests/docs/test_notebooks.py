"""The notebooks run, cell after cell, as a reader would run them; no Jupyter is needed for it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = sorted((Path(__file__).parent.parent.parent / "docs" / "notebooks").glob("*.ipynb"))


def read_cells(notebook: Path) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return cells


def test_there_are_three() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["assignment", "own-dask-code", "radar-to-warning"]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_cells_run_in_their_order(notebook: Path, tmp_path: Path) -> None:
    codes = ["".join(cell["source"]) for cell in read_cells(notebook) if cell["cell_type"] == "code"]
    (tmp_path / "cells.py").write_text("\n\n".join(codes) + "\n", encoding="utf-8")
    told = subprocess.run([sys.executable, "cells.py"], cwd=tmp_path, capture_output=True, text=True, timeout=900)
    assert told.returncode == 0, f"{told.stdout[-2000:]}\n{told.stderr[-4000:]}"


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_is_committed_without_outputs(notebook: Path) -> None:
    document = json.loads(notebook.read_text(encoding="utf-8"))
    assert document["nbformat"] == 4
    for cell in document["cells"]:
        assert set(cell) >= {"cell_type", "id", "metadata", "source"}
        assert not cell.get("outputs") and cell.get("execution_count") is None


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_begins_with_what_a_reader_can_do_after_it(notebook: Path) -> None:
    first = "".join(read_cells(notebook)[0]["source"])
    assert first.startswith("# ") and "After this notebook you can" in first
