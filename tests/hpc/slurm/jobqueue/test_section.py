"""A pool in dask-jobqueue's keys. Golden files are written anew with CITYTIDE_GOLDEN=1."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from job_scripts import CPU, GPU, SITE, make_profile

from citytide.hpc.errors import RunError
from citytide.hpc.plan.profiles import Profile
from citytide.hpc.slurm.jobqueue.section import fill_section, write_section

GOLDEN = Path(__file__).parent / "golden"
PYTHON = "/site/envs/city tide/bin/python"
PLAIN = make_profile(pools={"cpu": {**CPU, "partition": "work", "interface": "ib0"}}, environment=SITE, python=PYTHON)
ONE_GPU = {**GPU, "gpus": 1, "memory": "50GiB", "skip_directives": ["--mem", "-A"]}
RICH = make_profile(pools={"gpu": ONE_GPU}, slurm_conf="/etc/slurm west/slurm.conf", python=PYTHON)
WHOLE = make_profile(
    "slurm-allocation", python=PYTHON, pools={"cpu": {**CPU, "nodes": 3, "workers": 4, "threads": 2, "cores": 12}}
)
CASES = {"plain": (PLAIN, "cpu"), "gpu": (RICH, "gpu"), "allocation": (WHOLE, "cpu")}


@pytest.mark.parametrize("case", CASES)
def test_section_is_the_golden_one(case: str) -> None:
    path, text = GOLDEN / f"{case}.yaml", write_section(*CASES[case])
    if os.environ.get("CITYTIDE_GOLDEN") == "1":
        path.write_text(text)
    assert text == path.read_text()


@pytest.mark.parametrize("case", CASES)
def test_job_script_is_the_golden_one_and_bash_can_read_it(case: str) -> None:
    from citytide.hpc.slurm.jobqueue.submission import import_jobqueue

    defaults = import_jobqueue()
    import dask.config
    from dask_jobqueue.slurm import SLURMJob

    profile, pool = CASES[case]
    with dask.config.set({"jobqueue.citytide": {**defaults, **fill_section(profile, pool)}}):
        text = SLURMJob("tls://10.0.0.1:8786", name="w-0", config_name="citytide").job_script()
    path = GOLDEN / f"{case}.sh"
    if os.environ.get("CITYTIDE_GOLDEN") == "1":
        path.write_text(text)
    assert text == path.read_text()
    assert subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True).stderr == ""


@pytest.mark.parametrize("case", CASES)
def test_yaml_says_what_the_section_says(case: str) -> None:
    profile, pool = CASES[case]
    read = yaml.safe_load(write_section(profile, pool))["jobqueue"]["slurm"]
    section = fill_section(profile, pool)
    assert read.pop("shared-temp-directory") == "~"
    assert read == {key: value for key, value in section.items() if value not in (None, [])}


def test_scratch_of_a_job_is_its_own_and_goes_with_it(tmp_path: Path) -> None:
    (tmp_path / "fast disk").mkdir()
    profile = make_profile(pools={"cpu": {**CPU, "scratch": "$FAST/of me"}})
    lines = fill_section(profile, "cpu")["job-script-prologue"]
    script = "\n".join([*lines, 'ls -d "$CITYTIDE_SCRATCH"', 'test "$TMPDIR" = "$CITYTIDE_SCRATCH"'])
    environment = {"PATH": os.environ["PATH"], "FAST": str(tmp_path / "fast disk")}
    done = subprocess.run(["bash", "-s"], input=script, env=environment, text=True, capture_output=True)
    folder = Path(done.stdout.strip())
    assert done.returncode == 0 and folder.parent == tmp_path / "fast disk" / "of me" and not folder.exists()


def test_worker_that_gets_sigterm_ends_before_its_scratch_goes(tmp_path: Path) -> None:
    lines = fill_section(make_profile(pools={"cpu": {**CPU, "scratch": str(tmp_path)}}), "cpu")["job-script-prologue"]
    worker = "bash -c 'trap \"sleep 0.3; ls -d $CITYTIDE_SCRATCH; exit\" TERM; echo up; while :; do sleep 0.1; done'"
    process = subprocess.Popen(
        ["bash", "-c", "\n".join([*lines, worker])], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None and process.stdout.readline() == "up\n"
    os.killpg(process.pid, 15)  # as Slurm does: to the shell and to the worker
    told = process.communicate(timeout=30)[0]
    assert told.startswith(f"{tmp_path}/citytide-") and not list(tmp_path.iterdir())


def test_job_that_is_cancelled_before_its_worker_starts_leaves_no_scratch(tmp_path: Path) -> None:
    lines = fill_section(make_profile(pools={"cpu": {**CPU, "scratch": str(tmp_path)}}), "cpu")["job-script-prologue"]
    made = next(n for n, line in enumerate(lines) if line.startswith("mkdir -m 700"))
    script = "\n".join([*lines[: made + 1], 'ls -d "$CITYTIDE_SCRATCH"; kill $$; echo "the worker starts"'])
    done = subprocess.run(["bash", "-s"], input=script, text=True, capture_output=True)
    assert done.returncode == 143 and done.stdout.startswith(str(tmp_path)) and "starts" not in done.stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("profile", "pool", "says"),
    [
        (Profile(name="here"), "cpu", "dask-jobqueue starts jobs of Slurm, but profile 'here' has backend 'local': "),
        (PLAIN, "gpu", "profile 'night' has no pool 'gpu'; it has cpu"),
        (
            make_profile(pools={"gpu": GPU}),
            "gpu",
            "a stock Dask worker takes a job of one GPU, but pool 'gpu' asks for 4 in each: add a pool with `gpus: 1`",
        ),
        (
            make_profile(pools={"cpu": {**CPU, "memory": "300MiB", "workers": 2}}),
            "cpu",
            "a Dask worker needs at least 256 MiB, but pool 'cpu' gives its job 300 MiB for 2 of them: raise `memory`",
        ),
    ],
)
def test_pool_that_dask_jobqueue_cannot_serve_is_refused(profile: Profile, pool: str, says: str) -> None:
    with pytest.raises(RunError) as refused:
        fill_section(profile, pool)
    assert str(refused.value).startswith(says)


def test_every_option_of_a_runs_job_can_be_omitted() -> None:
    skipped = ["-p", "-A", "--ntasks", "--time", "-J", "-c", "--mem", "--qos", "--nodes", "--constraint", "--exclude"]
    pool: dict[str, Any] = {**CPU, "partition": "a", "account": "b", "qos": "c", "constraint": "d", "exclude": ["n1"]}
    from citytide.hpc.slurm.jobqueue.submission import import_jobqueue

    defaults = import_jobqueue()
    import dask.config
    from dask_jobqueue.slurm import SLURMJob

    section = fill_section(make_profile(pools={"cpu": {**pool, "skip_directives": skipped}}), "cpu")
    with dask.config.set({"jobqueue.citytide": {**defaults, **section}}):
        text = SLURMJob("tls://10.0.0.1:8786", name="w-0", config_name="citytide").job_script()
    assert "#SBATCH" not in text
