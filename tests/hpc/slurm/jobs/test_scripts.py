"""Scripts are compared with golden files; after a wanted change, write them anew with CITYTIDE_GOLDEN=1."""

from __future__ import annotations

import os
import random
import re
import shlex
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from job_scripts import CPU, GPU, TWO, WHOLE, make_profile, run_script
from pydantic import ValidationError

from citytide.hpc.errors import RunError
from citytide.hpc.slurm.jobs.scripts import driver_script, worker_script

GOLDEN = Path(__file__).parent / "golden"
RUN, PYTHON = Path("/site/runs/ada's 50% run"), "/site/envs/city tide/bin/python"
RUN_ID = "traffic-assignment-20260102-030405-1f2e"
CASES = {
    "worker-cpu": lambda: worker_script(TWO, "cpu", name=f"{RUN_ID}.1.cpu.0", run=RUN, python=PYTHON),
    "worker-gpu": lambda: worker_script(
        TWO, "gpu", name=f"{RUN_ID}.1.gpu.7", run=RUN, python=PYTHON, exclude=["node03", "node[07-08]"]
    ),
    "driver-jobs": lambda: driver_script(TWO, name=f"{RUN_ID}.2.driver", run=RUN, python=PYTHON),
    "driver-allocation": lambda: driver_script(
        WHOLE, name=f"{RUN_ID}.2.driver", run=RUN, python=PYTHON, dependency="afterany:4711"
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_script_is_the_golden_one(case: str) -> None:
    path, text = GOLDEN / f"{case}.sh", CASES[case]()
    if os.environ.get("CITYTIDE_GOLDEN") == "1":
        path.write_text(text)
    assert text == path.read_text()


@pytest.mark.parametrize("case", CASES)
def test_bash_can_read_the_script(case: str) -> None:
    assert subprocess.run(["bash", "-n"], input=CASES[case](), text=True, capture_output=True).stderr == ""


def directives(script: str) -> dict[str, str]:
    """Directives as sbatch reads them."""
    lines = [shlex.split(line)[1] for line in script.splitlines() if line.startswith("#SBATCH ")]
    return dict(line.removeprefix("--").partition("=")[::2] for line in lines)


def test_allocation_asks_for_every_node_and_worker() -> None:
    asked = directives(CASES["driver-allocation"]())
    assert {key: asked[key] for key in ("nodes", "ntasks", "ntasks-per-node", "cpus-per-task", "mem")} == {
        "nodes": "3", "ntasks": "12", "ntasks-per-node": "4", "cpus-per-task": "2", "mem": "7630M",
    }  # fmt: skip
    assert asked["dependency"] == "afterany:4711"


def test_driver_takes_what_it_leaves_open_from_the_pools() -> None:
    asked = directives(CASES["driver-jobs"]())
    assert (asked["partition"], asked["time"], asked["mem"]) == ("work", "2-00:00:00", "2048M")
    own = make_profile(pools={"gpu": GPU}, driver={"partition": "long", "walltime": "7-00:00:00", "memory": "1GiB"})
    asked = directives(driver_script(own, name="a.1.driver", run=RUN, python=PYTHON))
    assert (asked["partition"], asked["account"], asked["time"]) == ("long", "tides", "7-00:00:00")
    assert "qos" not in asked and "gres" not in asked


def test_directive_is_skipped_by_its_whole_name() -> None:
    pool = {
        **CPU,
        "partition": "mem-large",
        "skip_directives": ["--mem", "-c"],
        "extra_directives": ["--mem-per-cpu=4G"],
    }
    asked = directives(worker_script(make_profile(pools={"cpu": pool}), "cpu", name="a", run=RUN, python=PYTHON))
    assert "mem" not in asked and "cpus-per-task" not in asked
    assert asked["partition"] == "mem-large" and asked["mem-per-cpu"] == "4G"


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"run": Path("/a\nb")}, "run folder .* is not allowed in a job script: rename it"),
        ({"run": Path("/a\udc80b")}, "run folder .* is not allowed in a job script: rename it"),
        ({"run": Path("/a\\b")}, "its path must not hold a backslash"),
        ({"python": "-c"}, "interpreter '-c' cannot begin with '-'"),
        ({"python": "py\x1b"}, "interpreter .* is not allowed in a job script"),
        ({"name": "a b"}, "job name 'a b' must be letters, digits"),
        ({"name": "../a"}, r"job name '\.\./a' must be letters"),
        ({"exclude": ["a b"]}, "node 'a b' cannot be excluded"),
    ],
)
def test_value_that_cannot_stand_in_a_script_is_refused(changed: dict[str, Any], sentence: str) -> None:
    with pytest.raises(RunError, match=sentence):
        worker_script(TWO, "cpu", **{"name": "a", "run": RUN, "python": PYTHON, **changed})


def test_dependency_is_a_job_id() -> None:
    with pytest.raises(RunError, match="dependency must be afterany:ID, got '4711; rm'"):
        driver_script(TWO, name="a", run=RUN, python=PYTHON, dependency="4711; rm")


# ---- No text reaches a shell unquoted -----------------------------------------------------------------------------

PIECES = [
    "$(touch CANARY)", "`touch CANARY`", ";touch CANARY;", "' ; touch CANARY '", '" ; touch CANARY "', "&&touch CANARY",
    "| touch CANARY", "> CANARY", "${X:=`touch CANARY`}", "<(touch CANARY)", "\n", "\r", "\x00", "\x1b[0m", "\x85",
    "\t", "\u2028", "\u202e", "$X", "${X}", "$((1))", "$'\\n'", "\\", "'", '"', " ", "#", "%", "%j", "!", "*", "?", "~",
    "{a,b}", "[1-3]", "-", "--", "=", "海", "é", "/", "..", "a", "B", "7", "_", ".", "+", "@", ":", ",", "&", "(", ")",
]  # fmt: skip


def words(script: str) -> list[str]:
    """Words, as a shell reads them, of the lines that hold a value; variables are left as they stand."""
    lines = [
        line
        for line in script.splitlines()
        if line.startswith(("export ", "citytide_base=")) or line.endswith(" 8>&- &")
    ]
    return [word for line in lines for word in shlex.split(line.removesuffix(" 8>&- &"))]


def ask(field: str, text: str) -> str:
    """The script of a profile or a job with this text in one field."""
    values: dict[str, Any] = {"name": "a.1.cpu.0", "run": Path("/r"), "python": "/p"}
    pool, profile, name = dict(CPU), {}, "cpu"
    if field in ("name", "python"):
        values[field] = text
    elif field == "run":
        values["run"] = Path(f"/runs/{text}")
    elif field == "banned":
        values["exclude"] = [text]
    elif field == "slurm_conf":
        profile = {field: text}
    elif field == "pool":
        name = text
    elif field == "gpu_type":
        pool |= {"gpus": 1, field: text}
    else:
        pool[field] = [text] if field in ("exclude", "extra_directives", "skip_directives") else text
    return worker_script(make_profile(pools={name: pool}, **profile), name, **values)


def is_one_word(field: str, text: str, script: str) -> bool:
    """Whether a shell, or sbatch, reads the text as exactly one word in exactly one place."""
    asked, said = directives(script), words(script)
    if field in ("partition", "account", "qos", "constraint"):
        return asked[field] == text
    if field == "gpu_type":
        return asked["gres"] == f"gpu:{text}:1"
    if field in ("exclude", "banned"):
        return asked["exclude"] == text
    if field == "extra_directives":
        return script.count(f"\n#SBATCH {text}\n") == 1 and len(shlex.split(text)) == 1
    if field == "run":
        logs = str(Path(f"/runs/{text}")).replace("%", "%%") + "/slurm/logs/a.1.cpu.0.%j.log"
        return (
            asked["output"] == logs
            and asked["chdir"] == str(Path(f"/runs/{text}"))
            and said.count(str(Path(f"/runs/{text}"))) == 1
        )
    if field == "python":
        return said.count(text) == 1
    if field == "slurm_conf":
        return said.count(f"SLURM_CONF={text}") == 1
    if field == "scratch":
        word = next(word for word in said if word.startswith("citytide_base="))
        return re.sub(r"\$\{(\w+)(:\?[^}]*)?\}", r"$\1", f"citytide_base={text}") == re.sub(
            r"\$\{(\w+):\?[^}]*\}", r"$\1", word
        )
    return text not in script or bool(
        re.fullmatch(r"[\w.:@+-]+", text)
    )  # name, pool, walltime, interface, skip_directives


FIELDS = (
    "partition", "account", "qos", "constraint", "gpu_type", "interface", "scratch", "walltime", "exclude", "banned",
    "extra_directives", "skip_directives", "name", "python", "run", "slurm_conf", "pool",
)  # fmt: skip
PREFIXES = {
    "scratch": ("/local/", "$USER/", ""),
    "extra_directives": ("--comment=", "--", ""),
    "skip_directives": ("--", ""),
}


def test_ten_thousand_texts_are_refused_or_one_word() -> None:
    """Profile values, job names, interpreters and run paths: no text adds a line, a word or a directive."""
    rng = random.Random(20260102)
    plain = ask("run", "a").splitlines()
    kept, refused = Counter[str](), Counter[str]()
    for turn in range(10_000):
        field = FIELDS[turn % len(FIELDS)]
        text = rng.choice(PREFIXES.get(field, ("",))) + "".join(rng.choices(PIECES, k=rng.choice((1, 1, 2, 3, 5))))
        try:
            script = ask(field, text)
        except (ValidationError, RunError):
            refused[field] += 1
            continue
        kept[field] += 1
        assert is_one_word(field, text, script), (field, text)
        body = [line for line in script.splitlines() if not line.startswith("#SBATCH")]
        assert len(body) - (field == "slurm_conf") == len([line for line in plain if not line.startswith("#SBATCH")])
    assert set(kept) | {"walltime"} == set(FIELDS) and set(refused) == set(FIELDS), (kept, refused)
    assert sum(refused.values()) > 3000 and sum(kept.values()) > 1500


def test_texts_that_are_kept_stay_texts_in_bash(tmp_path: Path) -> None:
    """The script is run: the interpreter gets the run's path as one argument and no canary appears anywhere."""
    rng = random.Random(7)
    echo = tmp_path / "an interpreter"
    echo.write_text('#!/bin/sh\nprintf "%s\\0" "$@" "$CITYTIDE_SCRATCH" "$SLURM_CONF"\n')
    echo.chmod(0o755)
    done = 0
    while done < 25:
        text = "a" + "".join(rng.choices(PIECES, k=rng.randint(1, 9)))
        scratch = f"{tmp_path}/scratch/{text.replace('$', '').replace('/', '')}"
        try:
            profile = make_profile(pools={"cpu": {**CPU, "scratch": scratch}}, slurm_conf=text)
            script = worker_script(profile, "cpu", name="a.1.cpu.0", run=Path(f"/runs/{text}"), python=str(echo))
        except (ValidationError, RunError):
            continue
        done += 1
        told = run_script(script, tmp_path)
        assert told.returncode == 0, told.stderr
        assert told.stdout.split("\0")[:-1] == [
            "-m", "citytide.hpc.slurm.jobs.worker", str(Path(f"/runs/{text}")), "--name", "a.1.cpu.0",
            f"{scratch}/citytide-{os.getuid()}-a.1.cpu.0-0", text,
        ]  # fmt: skip
        assert not [path for path in tmp_path.rglob("*CANARY*") if "scratch" not in str(path)]
        assert not list((tmp_path / "scratch").rglob("citytide-*"))
