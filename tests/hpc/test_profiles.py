from pathlib import Path

import pytest

from citytide.hpc.clusters import make_backend
from citytide.hpc.devices import Machine, describe_machine, parse_memory, thread_budget
from citytide.hpc.errors import RunError
from citytide.hpc.profiles import Pool, Profile, explain_profile, find_profiles, load_profile, size_pool

SITE = """\
name: night
backend: slurm-jobs
pools:
  cpu:
    partition: work
    cores: 32
    memory: 120GB
    walltime: "12:00:00"
  gpu:
    partition: a100
    gpus: 4
    memory: 60GiB
    walltime: 2-00:00:00
environment:
  - module load python/3.11
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CITYTIDE_PROFILES", str(tmp_path))
    path = tmp_path / "night.yaml"
    path.write_text(SITE)
    return path


def test_shipped_profiles_are_valid() -> None:
    assert load_profile("local").backend == "local"
    for path in find_profiles().values():
        load_profile(str(path))


def test_site_profile_is_found_by_name_and_read(site: Path) -> None:
    profile = load_profile("night")
    assert profile.pool("cpu").memory == 120 * 10**9 and profile.pool("gpu").gpus == 4


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("cores: 32", "coers: 32", r"line 6: unknown key 'pools.cpu.coers'; did you mean 'cores'\? allowed: partition, "),
        ("backend:", "backand:", r"line 2: unknown key 'backand'; did you mean 'backend'\? allowed: name, "),
        ("120GB", "many", r"line 7: pools.cpu.memory: memory 'many' is not understood; write for example 2GB"),
        ("partition: work", 'partition: "a; rm -rf"', r"line 5: pools.cpu.partition: .*got 'a; rm -rf'"),
        ('"12:00:00"', "soon", r"line 8: pools.cpu.walltime: .*got 'soon'"),
        ("slurm-jobs", "pbs", r"line 2: backend: Input should be 'local', 'slurm-jobs'"),
    ],
)
def test_wrong_profile_is_refused_with_file_line_and_way_out(site: Path, old: str, new: str, sentence: str) -> None:
    site.write_text(SITE.replace(old, new))
    with pytest.raises(RunError, match=sentence) as refused:
        load_profile("night")
    assert str(site) in str(refused.value)


def test_unknown_profile_lists_the_known() -> None:
    with pytest.raises(RunError, match=r"no profile 'nowhere'; known: .*local"):
        load_profile("nowhere")


def test_every_value_is_explained_by_file_and_line_or_default(site: Path) -> None:
    rows = {row.key: row for row in explain_profile("night")}
    assert rows["pools.cpu.cores"].source == f"{site}:6" and rows["pools.cpu.cores"].value == 32
    assert rows["pools.cpu.qos"].source == "default"


def test_backend_that_cannot_run_here_is_refused(site: Path) -> None:
    with pytest.raises(RunError, match="'slurm-jobs', which this version cannot run; use a profile with"):
        make_backend(load_profile("night"))
    with pytest.raises(RunError, match="no pool 'tpu'; it has cpu"):
        Profile(name="x").pool("tpu")


def test_memory_that_is_not_there_is_refused() -> None:
    machine = Machine(cores=4, memory_bytes=16 * 10**9, available_bytes=12 * 10**9)
    assert size_pool(Pool(), machine) == (4, int(0.8 * 16e9) // 4)
    assert size_pool(Pool(threads=2), machine)[0] == 2
    with pytest.raises(RunError, match="asks for 4 workers of 8 GB, but this machine has 16 GB"):
        size_pool(Pool(memory="8GB"), machine)


@pytest.mark.parametrize(("text", "n"), [("2GB", 2e9), ("2 GiB", 2 * 2**30), ("600MB", 6e8), ("1.5k", 1500), (77, 77)])
def test_memory_is_read_with_its_unit(text: str | int, n: float) -> None:
    assert parse_memory(text) == n


def test_this_machine_has_cores_and_memory() -> None:
    machine = describe_machine()
    assert machine.cores >= 1 and 0 < machine.available_bytes <= machine.memory_bytes


def test_thread_budget_holds_every_pool_of_threads() -> None:
    budget = thread_budget(3)
    assert {budget[f"{pool}_NUM_THREADS"] for pool in ("OMP", "MKL", "OPENBLAS", "NUMBA")} == {"3"}
    assert budget["NUMBA_THREADING_LAYER"] != "workqueue"
