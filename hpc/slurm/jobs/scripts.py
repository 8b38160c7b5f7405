"""Job scripts: directives for sbatch, a body that ends cleanly whatever happens, and every value quoted."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from ...errors import RunError
from ...plan.pools import NODES, Pool, Request, check_text, parse_walltime
from ...plan.profiles import Profile

__all__ = ["LONG_OPTIONS", "ask_gpus", "driver_script", "escape_value", "expand_path", "worker_script"]

LONG_OPTIONS = {
    "J": "job-name", "p": "partition", "A": "account", "n": "ntasks", "N": "nodes", "c": "cpus-per-task", "t": "time",
    "o": "output", "e": "error", "q": "qos", "C": "constraint", "x": "exclude", "D": "chdir", "d": "dependency",
}  # fmt: skip
# Slurm counts a job's time from its allocation, not from its script's first line: measured 4 s on a busy node. Slurm
# before 23.02 does not tell the script when its time ends.
LAUNCH_S = 5
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))", re.ASCII)

# The shell stays, for python cannot remove its scratch when it is killed. Slurm tells an end to all processes of a job
# (time limit, scancel) or to the shell alone (scancel --batch, --signal=B:): python must hear of it once, not twice,
# because a second signal means "at once". The bell, a process that only sleeps, shows which of both it was.
_BODY = """
set -eu
command -v -- {python} >/dev/null || {{
  echo "citytide: there is no interpreter "{python}" on ${{SLURMD_NODENAME:-$(uname -n)}}" >&2; exit 127
}}

# From here on a signal is noted, and what this job made is taken away whatever happens.
citytide_bell= citytide_child= citytide_early= citytide_made= citytide_again=1
exec 8<> <(:)
citytide_clean() {{
  if [ -n "$citytide_bell" ]; then kill -s KILL "$citytide_bell" 2>/dev/null || :; fi
  if [ -z "$citytide_made" ]; then return; fi
  cd /
  rm -rf -- "$CITYTIDE_SCRATCH" 2>/dev/null || {{ sleep 1; rm -rf -- "$CITYTIDE_SCRATCH"; }}
}}
citytide_stop() {{
  citytide_again=1
  if [ -z "$citytide_child" ]; then citytide_early=1; return; fi
  read -r -t 0.3 -u 8 || :  # a sleep that starts no process: bash loses track of one begun in a trap
  if kill -0 "$citytide_bell" 2>/dev/null; then kill "$citytide_child" 2>/dev/null || :; fi
}}
trap citytide_clean EXIT
trap citytide_stop TERM INT
sleep 2147483647 >/dev/null 2>&1 8>&- &
citytide_bell=$!
disown "$citytide_bell"

# Scratch of this job alone. A job that was killed leaves its folder: the next one here takes away what nobody holds.
citytide_base={scratch}
mkdir -p -- "$citytide_base"
citytide_mine="$citytide_base/citytide-$(id -u)-"
find "$citytide_base" -maxdepth 1 -type d -user "$(id -u)" -name "citytide-$(id -u)-*" -mmin +1 2>/dev/null |
while IFS= read -r citytide_left; do
  if [ -f "$citytide_left/.held" ] && flock -n "$citytide_left/.held" true; then rm -rf -- "$citytide_left"; fi
done || :
export CITYTIDE_SCRATCH="$citytide_mine"{name}"-${{SLURM_RESTART_COUNT:-0}}"
rm -rf -- "$CITYTIDE_SCRATCH"  # fails on a folder that is another's
citytide_made=1
mkdir -m 700 -- "$CITYTIDE_SCRATCH"
exec 9>"$CITYTIDE_SCRATCH/.held"
flock -n 9 || :
cd -- "$CITYTIDE_SCRATCH"

{exports}

if [ -n "$citytide_early" ]; then exit 143; fi
{command} 8>&- &
citytide_child=$!
set +e
if [ -n "$citytide_early" ]; then read -r -t 0.3 -u 8; kill "$citytide_child"; fi
while [ "$citytide_again" = 1 ]; do
  citytide_again=0
  wait "$citytide_child"
  citytide_code=$?
done
exit "$citytide_code"
"""


def worker_script(
    profile: Profile, pool_name: str, *, name: str, run: Path, python: str, exclude: Sequence[str] = ()
) -> str:
    """The script of one job of a pool: it starts the pool's workers and ends when they end.

    Raises
    ------
    RunError
        If a value is not allowed in a script.
    """
    pool = profile.pool(pool_name)
    run = _check(name, run, python)
    asked: dict[str, object] = {"nodes": 1, **ask_gpus(pool)}
    command = [python, "-m", "citytide.hpc.slurm.jobs.worker", str(run), "--name", name]
    header = _header(pool, pool.job_cores, name, run, asked, exclude=exclude)
    return header + _body(profile, pool, pool.job_cores, name, python, command, pool.scratch, pool.prologue)


def driver_script(profile: Profile, *, name: str, run: Path, python: str, dependency: str | None = None) -> str:
    """The script of the job that drives a run; with ``slurm-allocation`` it is the whole allocation.

    Raises
    ------
    RunError
        If a value is not allowed in a script.
    """
    run = _check(name, run, python)
    asked: dict[str, object] = {"nodes": 1}
    if dependency is not None:
        if not re.fullmatch(r"after(any|ok|notok)?(:\d+)+", dependency, re.ASCII):
            raise RunError(f"dependency must be afterany:ID, got {dependency!r}")
        asked["dependency"] = dependency
    job: Request
    if profile.backend == "slurm-allocation":
        job = pool = next(iter(profile.pools.values()))
        workers = pool.workers_per_job
        cores, scratch, prologue = pool.job_cores // workers, pool.scratch, pool.prologue
        asked |= {"nodes": pool.nodes, "ntasks": pool.nodes * workers, "ntasks-per-node": workers, **ask_gpus(pool)}
    else:
        job = driver = profile.driver_job()
        cores, scratch, prologue = driver.cores, None, driver.prologue
    header = _header(job, cores, name, run, asked)
    return header + _body(
        profile, job, cores, name, python, [python, "-m", "citytide", "drive", str(run)], scratch, prologue
    )


def _check(name: str, run: Path, python: str) -> Path:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,199}", name, re.ASCII):
        raise RunError(f"job name {name!r} must be letters, digits, '_', '-' and '.', 200 at most")
    run = run.absolute()
    for what, text in (("run folder", str(run)), ("interpreter", python)):
        try:
            check_text(text)
        except ValueError:
            raise RunError(
                f"{what} {text!r} is not allowed in a job script: rename it without line breaks and control characters"
            ) from None
    if "\\" in str(run):  # sbatch would no more put the job's id into the log's name
        raise RunError(f"run folder {str(run)!r} cannot be used with Slurm: its path must not hold a backslash")
    if python.startswith("-"):
        raise RunError(f"interpreter {python!r} cannot begin with '-': give its path")
    return run


def ask_gpus(pool: Pool) -> dict[str, object]:
    """The option that asks for a pool's GPUs, if it has any."""
    return {"gres": ":".join(["gpu", *filter(None, [pool.gpu_type]), str(pool.gpus)])} if pool.gpus else {}


def _header(
    job: Request, cores: int, name: str, run: Path, asked: Mapping[str, object], *, exclude: Sequence[str] = ()
) -> str:
    """``#SBATCH`` lines, one option a line: later ones replace earlier ones of the same name."""
    if isinstance(job.memory, str) or job.walltime is None:
        raise RunError("a job needs `memory` and `walltime`: set them in the profile's pool (or driver)")
    mebibytes = -(-job.memory // 2**20)
    options: dict[str, str] = {
        "job-name": name,
        **{key: value for key, value in (("partition", job.partition), ("account", job.account)) if value},
        "ntasks": "1",
        "cpus-per-task": str(cores),
        "mem": f"{mebibytes}M",
        "time": job.walltime,
    }
    barred = list(dict.fromkeys([*job.exclude, *exclude]))
    for node in barred:
        if not re.fullmatch(NODES, node):
            raise RunError(f"node {node!r} cannot be excluded: it is not the name of a node")
    options |= {
        **{key: str(value) for key, value in asked.items()},
        **{key: value for key, value in (("qos", job.qos), ("constraint", job.constraint)) if value},
        **({"exclude": ",".join(barred)} if barred else {}),
        "chdir": str(run),
        "output": str(run).replace("%", "%%") + f"/slurm/logs/{name}.%j.log",
        "open-mode": "append",
        "requeue": "",
    }
    skipped = {LONG_OPTIONS.get(word.lstrip("-"), word.lstrip("-")) for word in job.skip_directives}
    lines = [
        f"--{key}={escape_value(value)}" if value else f"--{key}"
        for key, value in options.items()
        if key not in skipped
    ]
    return "\n".join(["#!/bin/bash", *(f"#SBATCH {line}" for line in [*lines, *job.extra_directives])]) + "\n"


def escape_value(value: str) -> str:
    """As sbatch reads a directive: blanks in quotes, and a backslash before a quote or a backslash."""
    if re.fullmatch(r"[\w@%+=:,./&|*()\[\]-]+", value, re.ASCII):
        return value
    return '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'


def _body(
    profile: Profile, job: Request, cores: int, name: str, python: str, command: Sequence[str], scratch: str | None,
    prologue: Sequence[str],
) -> str:  # fmt: skip
    seconds = parse_walltime(str(job.walltime)) - LAUNCH_S
    exports = [
        f"export CITYTIDE_JOB={shlex.quote(name)}",
        f'export CITYTIDE_DEADLINE="${{SLURM_JOB_END_TIME:-$((citytide_began + {seconds}))}}"',
        f'export SRUN_CPUS_PER_TASK="${{SLURM_CPUS_PER_TASK:-{cores}}}"',
        "export PYTHONUNBUFFERED=1",
    ]
    if isinstance(job, Pool) and profile.backend == "slurm-jobs":  # a driver's TMPDIR would travel with what it submits
        exports.append('export TMPDIR="$CITYTIDE_SCRATCH"')
    if profile.slurm_conf is not None:
        exports.append(f"export SLURM_CONF={shlex.quote(profile.slurm_conf)}")
    site = [*profile.environment, *prologue]
    head = ["umask 077", "citytide_began=$(date +%s)", *(["", "# The site's own lines.", *site] if site else [])]
    return (
        "\n"
        + "\n".join(head)
        + "\n"
        + _BODY.format(
            python=shlex.quote(python),
            scratch='"${TMPDIR:-/tmp}"' if scratch is None else expand_path(scratch),
            name=shlex.quote(name),
            exports="\n".join(exports),
            command=shlex.join(command),
        )
    )


def expand_path(path: str) -> str:
    """One shell word for a folder whose name may hold variables of the node; nothing else in it is expanded."""
    word, end = "", 0
    for found in _VARIABLE.finditer(path):
        if found.start() > end:
            word += shlex.quote(path[end : found.start()])
        word += f'"${{{found[1] or found[2]}:?is named by scratch in the profile, but this node does not set it}}"'
        end = found.end()
    return word + (shlex.quote(path[end:]) if end < len(path) else "")
