"""A ground of Shenzhen's size is planned: 6,000 x 3,300 cells of 10 m, two hours, a look every five minutes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from citytide.hpc.errors import RunError
from citytide.hpc.plan.plans import Plan
from citytide.hpc.plan.steps import Block
from citytide.workflows.drafts import draft_run
from citytide.workflows.hydro.simulation.memory import FloodMemory

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


def test_one_member_fits_into_a_worker_of_the_generic_cluster(slope: str) -> None:
    step = plan(slope, "generic-cpu").step("inundation")
    assert (step.pool, step.tasks, step.at_once) == ("cpu", 1, 1)
    assert 2.5e9 < step.memory_bytes < 3.3e9  # 8.45 GB when all looks were held to the end
    with pytest.raises(RunError, match=r"'inundation' needs .* to run one block at a time .* pool 'bigmem'"):
        plan(slope, "ci")


def test_twenty_members_run_two_at_a_time(slope: str) -> None:
    made = plan(slope, "generic-cpu", rain_factors=",".join(map(str, range(1, 21))))
    step = made.step("inundation")
    assert step.tasks == 20 and step.at_once == 2
    assert "inundation: pool 'cpu', 4 threads, 2 blocks at a time: memory" in made.describe_shares()[0]


def test_four_ranks_fit_onto_a_node(slope: str) -> None:
    made = plan(slope, "generic-gpu", ranks=4)
    step = made.step("inundation")
    assert (step.pool, step.at_once) == ("gpu", 1) and 4 * step.rank_bytes < step.memory_bytes < 12e9
    assert "4 ranks on the worker's node, 1 block at a time" in made.describe_shares()[0]


def test_block_on_a_gpu_takes_less_of_the_host_and_its_fields_of_the_gpu() -> None:
    """Shenzhen at 10 m: a member takes 160 bytes a cell there, so forty fit beside each other on no card of today."""
    memory, one = FloodMemory(19_800_000, 4, 0, (), has_soil=False), Block(0, 0, 1)
    assert memory.count_host(one) < memory.count_block(one)
    assert 3.1e9 < memory.count_device(one) < 4.5e9
    twenty = memory.count_device(Block(0, 0, 20))
    assert 6e10 < twenty < 7e10 and memory.count_device(Block(0, 0, 45)) > 141e9


def test_profile_that_states_its_gpus_memory_takes_as_many_members_as_fit(slope: str, tmp_path: Path) -> None:
    cpu = {"memory": "60GiB", "walltime": "01:00:00"}
    pools = {"cpu": cpu, "gpu": {**cpu, "gpus": 1, "gpu_memory": "24GB"}}
    (tmp_path / "site.yaml").write_text(json.dumps({"name": "site", "backend": "slurm-jobs", "pools": pools}))
    many = {"rain_factors": ",".join(map(str, range(1, 9)))}
    step = plan(slope, str(tmp_path / "site.yaml"), **many, members_per_block=4).step("inundation")
    assert (step.pool, step.gpus, step.params["device"], step.per_block) == ("gpu", 1, "gpu", 4)
    pools["gpu"]["max_jobs"] = 1
    (tmp_path / "one.yaml").write_text(json.dumps({"name": "one", "backend": "slurm-jobs", "pools": pools}))
    assert plan(slope, str(tmp_path / "one.yaml"), **many).step("inundation").per_block == 7
    assert plan(slope, str(tmp_path / "one.yaml"), **many, device="cpu").step("inundation").per_block == 1
    with pytest.raises(RunError, match=r"step 'inundation' needs .* of a GPU's memory a block.*up to 7 of its 8"):
        plan(slope, str(tmp_path / "site.yaml"), **many, members_per_block=8, device="gpu")
