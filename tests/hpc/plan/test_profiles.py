from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from citytide.hpc.errors import RunError
from citytide.hpc.plan.devices import Machine, describe_machine, parse_memory, thread_budget
from citytide.hpc.plan.profiles import Pool, Profile, explain_profile, find_profiles, load_profile, size_pool

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
        (
            "cores: 32",
            "coers: 32",
            r"line 6: unknown key 'pools.cpu.coers'; did you mean 'cores'\? allowed: partition, ",
        ),
        ("backend:", "backand:", r"line 2: unknown key 'backand'; did you mean 'backend'\? allowed: name, "),
        (
            "120GB",
            "many",
            r"line 7: pools.cpu.memory: memory must be a size such as 2GB, .*, got 'many'",
        ),
        ("partition: work", 'partition: "a; rm -rf"', r"line 5: pools.cpu.partition: .*got 'a; rm -rf'"),
        ('"12:00:00"', "soon", r"line 8: pools.cpu.walltime: .*got 'soon'"),
        ('"12:00:00"', "12:00:00", r"line 8: pools.cpu.walltime: put the walltime into quotes.*got 43200"),
        (
            "  - module load python/3.11",
            '  - "module load x\\nrm y"',
            r"line breaks and control characters are not allowed",
        ),
        ("  cpu:", "  driver:", r"a pool's name must be .* and not `driver`, got 'driver'"),
        ("slurm-jobs", "pbs", r"line 2: backend: Input should be 'local', 'slurm-jobs'"),
    ],
)
def test_wrong_profile_is_refused_with_file_line_and_way_out(site: Path, old: str, new: str, sentence: str) -> None:
    site.write_text(SITE.replace(old, new))
    with pytest.raises(RunError, match=sentence) as refused:
        load_profile("night")
    assert str(site) in str(refused.value)


SLURM = {"memory": "8GB", "walltime": "12:00:00"}


@pytest.mark.parametrize(
    ("pool", "key", "sentence"),
    [
        ({"memory": "auto"}, "", "say how much memory a job gets, such as `memory: 8GB`"),
        ({"walltime": None}, "", 'say how long a job may run, such as `walltime: "12:00:00"`'),
        (
            {"threads": 4, "workers": 2, "cores": 7},
            ".cores",
            "7 cores are too few for 2 workers of 4 threads: ask for 8",
        ),
        ({"gpus": 4, "workers": 3}, ".workers", "3 workers do not fit 4 GPUs: one per GPU, which is `workers: auto`"),
        ({"gpu_type": "a100"}, ".gpu_type", "gpu_type a100 asks for a kind of GPU and gpus for none"),
        ({"gpu_memory": "80GB"}, ".gpu_memory", "gpu_memory 80000000000 tells of GPUs and gpus asks for none: add"),
        ({"nodes": 2}, ".nodes", "nodes 2: a job of slurm-jobs has one node"),
        ({"max_jobs": 9}, ".max_jobs", r"9 jobs are more than limits.max_jobs allows \(8\)"),
        ({"cores": 65}, ".cores", r"65 cores of one job are more than limits.max_cores allows \(64\)"),
    ],
)
def test_pool_that_slurm_could_not_run_is_refused_by_line(
    site: Path, pool: dict[str, object], key: str, sentence: str
) -> None:
    profile = {
        "name": "night", "backend": "slurm-jobs", "pools": {"cpu": {**SLURM, **pool}},
        "limits": {"max_jobs": 8, "max_cores": 64},
    }  # fmt: skip
    site.write_text(yaml.safe_dump(profile, sort_keys=False))
    line = next(
        n for n, text in enumerate(site.read_text().splitlines(), 1) if text.strip().startswith(key[1:] or "cpu")
    )
    with pytest.raises(RunError, match=f"line {line}: pools.cpu{key}: {sentence}"):
        load_profile("night")
    site.write_text(yaml.safe_dump({**profile, "backend": "local"}))  # a local pool needs none of it
    load_profile("night")


def test_allocation_has_one_pool_and_even_shares() -> None:
    pools = {"cpu": {**SLURM, "workers": 3, "cores": 8, "nodes": 2}, "big": SLURM}
    with pytest.raises(ValidationError) as refused:
        Profile.model_validate({"name": "x", "backend": "slurm-allocation", "pools": pools})
    assert "slurm-allocation runs in one allocation of one pool" in str(refused.value)
    assert "8 cores cannot be shared evenly by 3 workers of a node" in str(refused.value)


def test_job_is_sized_by_workers_threads_and_gpus() -> None:
    assert [(p.workers_per_job, p.job_cores) for p in (Pool(), Pool(threads=8), Pool(gpus=4, threads=6))] == [
        (1, 1), (1, 8), (4, 24),
    ]  # fmt: skip
    assert (Pool(workers=3, threads=2).job_cores, Pool(cores=9).job_cores) == (6, 9)
    assert Pool(walltime="1-00:30:00").walltime_s == 88_200 and Pool().walltime_s is None


def test_driver_takes_account_and_longest_walltime_and_a_partition_with_its_qos() -> None:
    pools = {
        "cpu": {**SLURM, "partition": "work", "account": "tides", "qos": "day"},
        "gpu": {**SLURM, "partition": "a100", "walltime": "3-00:00:00"},
    }
    job = Profile.model_validate({"name": "x", "backend": "slurm-jobs", "pools": pools}).driver_job()
    assert (job.partition, job.account, job.qos, job.walltime) == ("work", "tides", "day", "3-00:00:00")
    job = Profile.model_validate(
        {"name": "x", "backend": "slurm-jobs", "pools": pools, "driver": {"partition": "small", "cores": 2}}
    ).driver_job()
    assert (job.partition, job.account, job.qos, job.cores, job.memory) == ("small", "tides", None, 2, 2 * 2**30)


def test_description_may_fill_lines() -> None:
    assert Profile(name="x", description="two\n lines\n").description == "two lines"


def test_unknown_profile_lists_the_known() -> None:
    with pytest.raises(RunError, match=r"no profile 'nowhere'; known: .*local"):
        load_profile("nowhere")


def test_every_value_is_explained_by_file_and_line_or_default(site: Path) -> None:
    rows = {row.key: row for row in explain_profile("night")}
    assert rows["pools.cpu.cores"].source == f"{site}:6" and rows["pools.cpu.cores"].value == 32
    assert rows["pools.cpu.qos"].source == "default"


def test_pool_that_a_profile_lacks_is_refused_with_those_it_has() -> None:
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
