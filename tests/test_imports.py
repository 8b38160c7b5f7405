"""Who leans on whom, and what an import costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HEAVY = {"dask", "distributed", "matplotlib", "numba", "numpy", "pandas", "scipy", "xarray", "zarr"}
LIGHT = ["citytide", "citytide.__main__"] + [
    f"citytide.{commands.parent.name}.commands" for commands in sorted(ROOT.glob("*/commands.py"))
]


def loaded_by(statement: str) -> set[str]:
    """Top-level packages in a fresh interpreter after ``statement``."""
    code = f"import sys\n{statement}\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


@pytest.mark.parametrize("module", LIGHT)
def test_import_is_light(module: str) -> None:
    assert not loaded_by(f"import {module}") & HEAVY


def test_reports_light_imports_by_a_measure_that_sees_heavy_ones() -> None:
    assert "numpy" in loaded_by("import citytide.kernels.engines")


def test_public_names_resolve_on_first_use() -> None:
    code = "import citytide; assert all(callable(getattr(citytide, n)) for n in ('run', 'open_run', 'lift'))"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_rooms_lean_only_on_those_below_them() -> None:
    tool = Path(sys.executable).parent / "lint-imports"
    run = subprocess.run([tool], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout
