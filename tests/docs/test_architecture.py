"""The page that a newcomer reads first is true of the tree."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PICTURE: dict[str, Any] = runpy.run_path(str(ROOT / "docs" / "images" / "draw_house.py"))


def test_the_picture_is_what_its_program_draws() -> None:
    assert (ROOT / "docs" / "images" / "house.svg").read_text(encoding="utf-8") == PICTURE["draw_house"]() + "\n"


def test_every_folder_in_the_picture_is_there() -> None:
    for row in PICTURE["ROWS"]:
        for name, lines, _, _ in row:
            room = ROOT / name
            assert room.is_dir() or room.with_suffix(".py").is_file()
            for folder in re.findall(r"(\w+)/", " ".join(lines)):
                assert (room / folder).is_dir(), f"{name}/{folder}"


def test_every_folder_of_hpc_datasets_and_kernels_is_in_the_picture() -> None:
    drawn = {name: " ".join(lines) for row in PICTURE["ROWS"] for name, lines, _, _ in row}
    for room in ("datasets", "hpc", "kernels"):
        found = [init.parent.name for init in (ROOT / room).glob("*/__init__.py")]
        assert found and not [name for name in found if f"{name}/" not in drawn[room]]


def test_the_example_of_a_step_runs(tmp_path: Path) -> None:
    (block,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    (tmp_path / "block.py").write_text(block, encoding="utf-8")
    told = subprocess.run([sys.executable, "block.py"], cwd=tmp_path, capture_output=True, text=True)
    assert told.returncode == 0 and "runoff" in told.stdout, told.stderr


def test_every_piece_of_furniture_has_a_row() -> None:
    pieces = ("question", "settings", "inputs", "steps", "products", "result", "figures")
    assert not [piece for piece in pieces if f"| `{piece}.py` |" not in PAGE]
