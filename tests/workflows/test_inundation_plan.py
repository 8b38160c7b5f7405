"""A ground of Shenzhen's size is planned: 6,000 x 3,300 cells of 10 m, two hours, a look every five minutes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from citytide.hpc.errors import RunError
from citytide.hpc.plans import Plan
from citytide.workflows.runner import draft_run

rasterio = pytest.importorskip("rasterio", reason="rasterio is not installed: pip install 'citytide[geo]'")


@pytest.fixture(scope="module")
def slope(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Heights that fall steadily towards the south."""
    path = tmp_path_factory.mktemp("ground") / "slope.tif"
    profile: dict[str, Any] = {"driver": "GTiff", "height": 3300, "width": 6000, "count": 1, "dtype": "float32"}
    place = rasterio.transform.from_origin(500_000, 2_500_000, 10, 10)
    with rasterio.open(path, "w", **profile, crs="EPSG:4547", transform=place, compress="deflate", zlevel=1) as file:
        file.write(np.broadcast_to(np.linspace(33, 0, 3300, dtype=np.float32)[:, None], (3300, 6000)), 1)
    return str(path)


def plan(slope: str, profile: str, **changed: Any) -> Plan:
    asked = {"terrain": slope, "height_datum": "local", "rain": 60, "duration_minutes": 120, "output_minutes": 5}
    return draft_run("inundation", set={**asked, **changed}, profile=profile).plan


def test_one_member_runs_in_a_worker_that_holds_one(slope: str) -> None:
    step = plan(slope, "generic-gpu").step("inundation")
    assert (step.pool, step.tasks, step.at_once) == ("gpu", 1, 1)
    with pytest.raises(RunError, match=r"'inundation' needs .* to run one block at a time .* pool 'bigmem'"):
        plan(slope, "ci")


def test_twenty_members_share_workers(slope: str) -> None:
    made = plan(slope, "generic-gpu", rain_factors=",".join(map(str, range(1, 21))))
    step = made.step("inundation")
    assert step.tasks == 20 and step.at_once == 3
    assert any("3 blocks at a time: memory 8.45 GB each" in said for said in made.describe_shares())


def test_four_ranks_share_a_node(slope: str) -> None:
    step = plan(slope, "generic-gpu", ranks=4).step("inundation")
    assert step.at_once == 1 and step.memory_bytes > 4 * step.rank_bytes
