"""Who leans on whom, and what an import costs."""

from __future__ import annotations

import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from grimp import build_graph

ROOT = Path(__file__).parent.parent
HEAVY = {"dask", "distributed", "matplotlib", "numba", "numpy", "pandas", "scipy", "xarray", "zarr"}
COMMANDS = [
    path for room in ("datasets", "hpc", "kernels", "workflows") for path in sorted((ROOT / room).rglob("*.py"))
    if "commands" in path.relative_to(ROOT).with_suffix("").parts
]  # fmt: skip
LIGHT = ["citytide", "citytide.__main__"] + [
    ".".join(("citytide", *path.relative_to(ROOT).with_suffix("").parts)) for path in COMMANDS
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
    code = "import citytide; assert all(callable(getattr(citytide, n)) for n in ('cluster', 'lift', 'open_run', 'run'))"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_rooms_lean_only_on_those_below_them() -> None:
    tool = Path(sys.executable).parent / "lint-imports"
    run = subprocess.run([tool], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout


def test_no_module_imports_itself_by_a_circle() -> None:
    graph = build_graph("citytide", exclude_type_checking_imports=False)
    arrows = {module: graph.find_modules_directly_imported_by(module) - {module} for module in graph.modules}
    assert len(arrows) > 300
    TopologicalSorter(arrows).prepare()  # CycleError names the circle


def run_with_only(allowed: str, statement: str) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter in which no other package can be imported than those allowed, and citytide."""
    code = f"""
import sys, sysconfig
from importlib.machinery import PathFinder
from pathlib import Path
class Shut:
    @staticmethod
    def find_spec(name, path=None, target=None):
        top = name.partition(".")[0]
        if path is None and top not in {{"citytide", *{allowed.split()!r}}}:
            spec = PathFinder.find_spec(name)
            if spec is not None and "site-packages" in str(spec.origin or list(spec.submodule_search_locations or [])):
                raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
        return None
sys.meta_path.insert(0, Shut)
{statement}
"""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


KERNELS = sorted(
    ".".join(("citytide", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")
    for path in (ROOT / "kernels").rglob("*.py")
    if path.name != "commands.py"
)


def test_kernels_import_with_numpy_and_numba_alone() -> None:
    told = run_with_only("numpy numba llvmlite", f"for name in {KERNELS}: __import__(name)\nprint(len(sys.modules))")
    assert told.returncode == 0, told.stderr


def test_kernel_of_each_field_runs_with_numpy_and_numba_alone() -> None:
    told = run_with_only(
        "numpy numba llvmlite",
        "import numpy as np, citytide\n"
        "from citytide.kernels.hydro.infiltration import compute_runoff\n"
        "from citytide.kernels.space.crosswalk import cross_points\n"
        "from citytide.kernels.space.grid import Grid\n"
        "from citytide.kernels.traffic.godunov import advance_density\n"
        "road = dict(time_step_s=1.0, cell_length_m=50.0, free_speed_m_s=25.0, jam_density_veh_m=0.12)\n"
        "print(citytide.lift(compute_runoff)(np.array([100.0]), np.array([80.0])).round(3).tolist())\n"
        "print(advance_density(np.full((1, 4), 0.04), **road).tolist())\n"
        "print(cross_points([15.0], [5.0], Grid(0.0, 0.0, 10.0, 1, 2)).column.tolist())",
    )
    # Curve number: S = 25400 / 80 - 254 = 63.5 mm, (100 - 0.2 S)^2 / (100 + 0.8 S); even traffic stays as it is.
    assert told.stdout.splitlines() == ["[50.539]", "[[0.04, 0.04]]", "[1]"], told.stderr


def test_measurement_of_a_gpu_imports_on_a_bare_machine() -> None:
    modules = sorted(
        ".".join(("citytide", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")
        for path in (ROOT / "benchmarks" / "gpu").rglob("*.py")
    )
    told = run_with_only(
        "numpy numba llvmlite scipy click",
        f"for name in {modules}: __import__(name)\n"
        "from citytide.benchmarks.gpu.cases.listing import find_uncovered\n"
        "print(len(find_uncovered()) < 20)",
    )
    assert told.stdout.splitlines() == ["True"], told.stderr


@pytest.mark.parametrize(
    ("allowed", "statement"),
    [
        ("", "import citytide.__main__"),
        ("", "import citytide; citytide.run"),
        *(
            (
                "click dask yaml",
                f"import sys; sys.argv = {['citytide', *words.split()]!r}; import citytide.__main__ as m; m.main()",
            )
            for words in ("plan traffic-assignment", "status", "doctor", "city show x.zarr")
        ),
    ],
)
def test_what_the_light_install_lacks_is_named_with_the_way_out(allowed: str, statement: str) -> None:
    told = run_with_only(f"numpy numba llvmlite scipy {allowed}", statement)
    assert told.returncode == 1 and "which is not installed: pip install 'citytide[run]'" in told.stderr
