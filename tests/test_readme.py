"""The blocks of the README and of the pages for users run, in their order, in one folder, as a reader would run them.

A ``bash`` or ``python`` block runs unless the line before it is ``<!-- not run: REASON -->``; one after
``<!-- on slurm: REASON -->`` runs in tests/hpc/slurm/test_readme_slurm.py.
A block of any language after ``<!-- file: NAME -->`` is written to that file first.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from readme_blocks import run_dask_section

README = Path(__file__).parent.parent / "README.md"
PAGES = [
    README,
    README.parent / "docs" / "city.md",
    README.parent / "docs" / "inundation.md",
    README.parent / "docs" / "flood-warning.md",
    README.parent / "docs" / "records.md",
]
BLOCK = re.compile(
    r"(?:<!-- (?P<mark>not run|on slurm|file): (?P<text>[^\n]+?) -->\n)?```(?P<language>\w+)\n(?P<body>.*?)^```",
    re.M | re.S,
)


class Block(NamedTuple):
    language: str
    body: str
    file: str
    reason: str


def blocks(page: Path) -> list[Block]:
    return [
        Block(
            found["language"],
            found["body"],
            found["text"] if found["mark"] == "file" else "",
            found["text"] if found["mark"] in ("not run", "on slurm") else "",
        )
        for found in BLOCK.finditer(page.read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_blocks_run_as_written(tmp_path: Path, page: Path) -> None:
    bin_folder = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}"}
    environment["XDG_CONFIG_HOME"] = str(tmp_path / "config")  # the key of pseudonyms is made there, and not the user's
    n_run = 0
    for place, block in enumerate(blocks(page)):
        if block.file:
            (tmp_path / block.file).write_text(block.body, encoding="utf-8")
        if block.reason or block.language not in ("bash", "python"):
            continue
        script = tmp_path / f"block_{place}.{'py' if block.language == 'python' else 'sh'}"
        script.write_text(block.body, encoding="utf-8")
        command = (
            [sys.executable, script.name] if block.language == "python" else ["bash", "-euo", "pipefail", script.name]
        )
        run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=900)
        assert run.returncode == 0, f"{block.body}\n{run.stdout[-2000:]}\n{run.stderr[-4000:]}"
        n_run += 1
    assert n_run, f"{page.name} shows nothing that runs"


def test_dask_code_runs_on_this_machine_too(tmp_path: Path) -> None:
    (tmp_path / "ci.yaml").write_text("name: ci\npools: {cpu: {workers: 2, memory: 500MB}}\n", encoding="utf-8")
    run_dask_section(tmp_path, {"CITYTIDE_PROFILES": str(tmp_path)})


def test_every_scenario_of_the_readme_changes_a_road_that_is_driven(tmp_path: Path) -> None:
    from citytide.datasets.catalogue.networks import open_instance
    from citytide.datasets.traffic.scenarios import read_scenarios
    from citytide.kernels.traffic.assignment import assign_traffic

    (table,) = (block.body for block in blocks(README) if block.file == "closures.csv")
    (tmp_path / "closures.csv").write_text(table, encoding="utf-8")
    city = open_instance()
    network, closed = city.network()
    flow = assign_traffic(network, city.origin, city.destination, city.demand, gap=1e-2, closed=closed).flow
    scenarios = read_scenarios(tmp_path / "closures.csv", city)
    changed = {scenarios.name[row]: flow[scenarios.changed_links(row)].sum() for row in range(1, len(scenarios))}
    assert len(changed) == 2 and min(changed.values()) > 500.0


def test_blocks_that_need_a_gpu_run_on_the_stand_in(cupy: Any) -> None:
    found = [block.body for block in blocks(README) if block.language == "python" and "import cupy" in block.body]
    assert found
    for body in found:
        exec(compile(body, README.name, "exec"), {"__name__": "readme"})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_block_that_does_not_run_says_why(page: Path) -> None:
    assert all(len(block.reason.split()) >= 3 for block in blocks(page) if block.reason)


def test_the_page_of_the_city_lists_every_variable_as_declared() -> None:
    from citytide.datasets.city.variables import CROSSWALKS, VARIABLES

    text = (README.parent / "docs" / "city.md").read_text(encoding="utf-8")
    for v in VARIABLES:
        assert f"| `{v.name}` | {', '.join(v.dims)} | `{v.units}` | {v.long_name} |" in text, v.name
    assert all(f"| `{name}` |" in text for name in CROSSWALKS)


def test_readme_names_both_commands() -> None:
    text = README.read_text(encoding="utf-8")
    assert "make demo" in text
    assert "make test" in text
