"""The private Slurm itself: what it offers, how it is broken on purpose, and that nothing of it stays."""

from __future__ import annotations

import os
import pwd
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from citytide.hpc.commands.sandbox import sandbox as sandbox_group
from citytide.hpc.errors import RunError
from citytide.hpc.sandbox import packages as sandbox_packages
from citytide.hpc.sandbox import sandbox as sandbox_module
from citytide.hpc.sandbox.processes import end, find_processes
from citytide.hpc.sandbox.sandbox import Sandbox, missing_packages, sandbox_folder

slurm = pytest.mark.slurm
PATIENCE_S = 90.0


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder with a short name, for sockets."""
    with tempfile.TemporaryDirectory(prefix="ct-") as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def plain(place: Path) -> Iterator[Sandbox]:
    """A sandbox without accounting that most tests share."""
    if missing := missing_packages():
        pytest.skip(f"no Slurm here, {', '.join(missing)} missing: `make slurm` installs what the tests start")
    one = Sandbox.start(place / "plain", accounting=False, options={"SlurmdTimeout": "10"})
    yield one
    one.stop()


@pytest.fixture
def ask(plain: Sandbox, tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Give a Slurm command to the shared sandbox."""
    yield lambda *command: _ask(plain, tmp_path, *command)
    _ask(plain, tmp_path, "scancel", "--me")


def _ask(one: Sandbox, folder: Path, *command: str) -> str:
    done = subprocess.run(
        command, env={**os.environ, **one.environment}, cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S
    )
    return (done.stdout + done.stderr).strip()


def _wait(is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, "did not come about"
        time.sleep(0.2)


def _refusal(folder: Path, **asked: object) -> str:
    with pytest.raises(RunError) as caught:
        Sandbox.start(folder, **asked)  # type: ignore[arg-type]
    return str(caught.value)


@slurm
def test_sandbox_offers_its_partitions_and_nodes(plain: Sandbox, ask) -> None:
    assert {line.rstrip("*") for line in ask("sinfo", "-h", "-o", "%P").split()} == {
        "debug", "tiny", "gpu", "bigmem", "spare",
    }  # fmt: skip
    assert ask("srun", "-p", "bigmem", "--mem=6000", "printenv", "SLURMD_NODENAME") == "node4"
    told = plain.status()
    assert told["running"] and set(told["nodes"]) == set(plain.plan.node_names) and told["jobs"] is not None


@slurm
def test_tasks_see_one_pretended_gpu_each(ask) -> None:
    script = ["-p", "gpu", "-n2", "--gpus-per-task=1", "printenv", "CUDA_VISIBLE_DEVICES"]
    assert sorted(ask("srun", *script).split()) == ["0", "1"]


@slurm
def test_job_over_the_limit_of_its_partition_waits(ask) -> None:
    number = ask("sbatch", "--parsable", "-p", "tiny", "-t", "5", "--wrap", "true")
    _wait(lambda: ask("squeue", "-h", "-j", number, "-o", "%r") == "PartitionTimeLimit")


@slurm
def test_spare_job_yields_to_another(ask) -> None:
    spare = ask("sbatch", "--parsable", "-p", "spare", "--exclusive", "-w", "node3", "--wrap", "sleep 60")
    _wait(lambda: ask("squeue", "-h", "-j", spare, "-o", "%T") == "RUNNING")
    assert "here" in ask("srun", "-w", "node3", "--exclusive", "echo", "here")
    assert "Restarts=1" in ask("scontrol", "show", "job", spare)


@slurm
def test_job_outlives_its_controller(plain: Sandbox, ask) -> None:
    number = ask("sbatch", "--parsable", "--wrap", "sleep 60")
    _wait(lambda: ask("squeue", "-h", "-j", number, "-o", "%T") == "RUNNING")
    plain.stop_controller()
    assert not plain.status()["running"] and plain.status()["jobs"] is None
    plain.start_controller()
    _wait(lambda: ask("squeue", "-h", "-j", number, "-o", "%T") == "RUNNING")


@slurm
def test_job_outlives_the_daemon_of_its_node(plain: Sandbox, ask) -> None:
    number = ask("sbatch", "--parsable", "-w", "node2", "--no-requeue", "--wrap", "sleep 61")
    _wait(lambda: _sleepers(plain))
    plain.kill_node("node2")
    _wait(lambda: plain.status()["nodes"]["node2"].startswith("down"))
    assert _sleepers(plain)  # Slurm has given it up, but it lives
    plain.start_node("node2")
    _wait(lambda: plain.status()["nodes"]["node2"] == "idle")
    assert "NODE_FAIL" in ask("scontrol", "show", "job", number)
    _wait(lambda: not _sleepers(plain))


def _sleepers(one: Sandbox) -> list[int]:
    return [pid for pid in find_processes(one.folder) if _command_of(pid) == ["sleep", "61"]]


def _command_of(pid: int) -> list[str]:
    try:
        return psutil.Process(pid).cmdline()
    except psutil.Error:  # it ended meanwhile
        return []


@slurm
def test_fault_at_nothing_is_refused(plain: Sandbox) -> None:
    with pytest.raises(RunError, match=r"no node 'node9'.*node1, node2, node3, node4"):
        plain.kill_node("node9")
    with pytest.raises(RunError, match=r"slurmctld of the sandbox in .* runs already"):
        plain.start_controller()
    with pytest.raises(RunError, match=r"slurmdbd of the sandbox in .* does not run"):
        plain.stop_accounting()


@slurm
def test_second_start_in_the_same_folder_is_refused(plain: Sandbox) -> None:
    assert "runs in" in _refusal(plain.folder) and plain.status()["running"]


@slurm
def test_two_start_at_one_moment(plain: Sandbox, place: Path) -> None:
    with ThreadPoolExecutor() as pool:
        pair = [pool.submit(Sandbox.start, place / name, accounting=False, nodes=2) for name in ("left", "right")]
    left, right = (future.result() for future in pair)
    left.stop()
    assert right.status()["running"] and find_processes(left.folder) == []
    right.stop()
    assert plain.status()["running"]


@slurm
def test_stop_ends_jobs_and_their_orphans(place: Path, tmp_path: Path) -> None:
    one = Sandbox.start(place / "busy", accounting=False, nodes=1, cpus=1)
    script = tmp_path / "job.sh"
    script.write_text(
        "#!/bin/bash\ntrap 'echo asked > ended; exit' TERM\n"
        "setsid --fork sleep 300\necho started > begun\nsleep 300 & wait\n"
    )
    for _ in range(3):  # the second and third would start when the first ends
        _ask(one, tmp_path, "sbatch", str(script))
    _wait((tmp_path / "begun").exists)
    before = [psutil.Process(pid) for pid in find_processes(one.folder)]
    assert {"slurmstepd", "sleep", "slurmd", "munged"} <= {process.name() for process in before}
    one.stop()
    assert find_processes(one.folder) == [] and not one.folder.exists()
    assert all(not p.is_running() or p.status() == psutil.STATUS_ZOMBIE for p in before)
    assert (tmp_path / "ended").read_text() == "asked\n"


@slurm
def test_sandbox_that_crashed_is_stopped_or_started_anew(place: Path) -> None:
    one = Sandbox.start(place / "crash", accounting=False, nodes=1)
    end(find_processes(one.folder), grace_s=0.0)
    assert not Sandbox(one.folder).status()["running"]
    again = Sandbox.start(one.folder, accounting=False, nodes=1)
    assert again.status()["running"]
    end([pid for pid in again.status()["daemons"].values() if pid][:2], grace_s=0.0)
    assert "sandbox stop" in _refusal(one.folder)  # a part of it lives
    (one.folder / "sandbox.json").write_text("")  # as a machine may leave it
    Sandbox(one.folder).stop()
    assert find_processes(one.folder) == [] and not one.folder.exists()


@slurm
def test_daemon_that_dies_at_its_start_is_reported_with_its_log(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "MaxJobCount value (bad)" in _refusal(place / "bad", accounting=False, options={"MaxJobCount": "bad"})
    assert not (place / "bad").exists()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr(sandbox_module, "free_ports", lambda count: (port,) * count)
        began = time.monotonic()
        assert "slurmctld.log: " in (told := _refusal(place / "taken", accounting=False)) and "in use" in told
        assert time.monotonic() - began < 20.0
    assert find_processes(place / "taken") == []


@slurm
def test_accounts_are_kept_and_enforced(place: Path, tmp_path: Path) -> None:
    foreign = Path("/tmp", f"#sql-temptable-{place.name}.MAI")  # a MariaDB that starts removes what bears this name
    foreign.touch()
    one = Sandbox.start(place / "full", nodes=1, options={"AccountingStorageEnforce": "limits,qos"})
    try:
        assert foreign.exists()
        kept = _ask(one, tmp_path, "sbatch", "--parsable", "-J", "kept", "--wrap", "true")
        _wait(lambda: "kept|COMPLETED" in _ask(one, tmp_path, "sacct", "-XnP", "-j", kept, "-o", "jobname,state"))
        for words in ("add qos one set MaxSubmitJobsPerUser=1", f"modify user {one.plan.user} set qos+=one"):
            _ask(one, tmp_path, "sacctmgr", "-i", *words.split())
        assert _ask(one, tmp_path, "sbatch", "--parsable", "--qos=one", "--wrap", "sleep 60").isdigit()
        assert "QOSMaxSubmitJobPerUserLimit" in _ask(one, tmp_path, "sbatch", "--qos=one", "--wrap", "true")
        one.stop_accounting()
        assert "error" in _ask(one, tmp_path, "sacct")
        one.start_accounting()
        assert "kept" in _ask(one, tmp_path, "sacct", "-XnP", "-j", kept, "-o", "jobname")
    finally:
        one.stop()
        foreign.unlink(missing_ok=True)
    assert find_processes(one.folder) == []


AS_NOBODY = """
import encodings.idna, os, sys
from citytide.hpc.sandbox.sandbox import Sandbox
folder, user, group = sys.argv[1], *map(int, sys.argv[2:])
if os.geteuid() == 0:  # imported first: the interpreter may stand where others cannot look
    os.chown(folder, user, group)
    os.setgroups([]); os.setgid(group); os.setuid(user)
os.chdir(folder)
one = Sandbox.start(folder + "/sandbox", nodes=1)
import subprocess
words = ["srun", "-p", "gpu", "--gpus=2", "bash", "-c", "echo $UID $CUDA_VISIBLE_DEVICES"]
print(subprocess.run(words, env={**os.environ, **one.environment}, capture_output=True, text=True).stdout)
one.stop()
"""


@slurm
def test_plain_user_has_it_all(place: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    person = nobody.pw_uid if os.geteuid() == 0 else os.geteuid()
    folder = Path(tempfile.mkdtemp(prefix="ct-"))
    words = [sys.executable, "-c", AS_NOBODY, str(folder), str(nobody.pw_uid), str(nobody.pw_gid)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300)
    assert done.stdout.split() == [str(person), "0,1"], done.stderr
    assert find_processes(folder / "sandbox") == []
    folder.rmdir()  # empty


@slurm
def test_commands_start_show_and_stop_it(place: Path) -> None:
    call = CliRunner()
    where = ["--dir", str(place / "cli")]
    begun = call.invoke(sandbox_group, ["start", *where, "--no-accounting", "--nodes", "1", "--option", "KillWait=7"])
    assert begun.stdout == f"export SLURM_CONF={(place / 'cli').resolve()}/slurm.conf\n"
    assert "KillWait=7\n" in (place / "cli" / "slurm.conf").read_text()
    shown = call.invoke(sandbox_group, ["status", *where])
    assert "running" in shown.stdout and "node1            idle" in shown.stdout
    assert call.invoke(sandbox_group, ["stop", *where]).exit_code == 0 and not (place / "cli").exists()
    assert isinstance(call.invoke(sandbox_group, ["status", *where]).exception, RunError)


def test_option_without_a_value_is_refused(tmp_path: Path) -> None:
    told = CliRunner().invoke(sandbox_group, ["start", "--dir", str(tmp_path), "--option", "KillWait"])
    assert told.exit_code == 2 and "'KillWait' is not KEY=VALUE" in told.output


def test_missing_packages_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_packages, "command_path", lambda: str(tmp_path))
    assert missing_packages(accounting=False) == ["munge", "slurm-client", "slurmctld", "slurmd"]
    assert "apt-get install mariadb-server munge" in _refusal(tmp_path / "none") and not (tmp_path / "none").exists()


@pytest.fixture
def complete(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if every package were here."""
    monkeypatch.setattr(sandbox_packages, "_which", lambda command: f"/usr/bin/{command}")


@pytest.mark.usefixtures("complete")
def test_folder_of_other_files_is_left_alone() -> None:
    with tempfile.TemporaryDirectory(prefix="ct-") as name:
        folder = Path(name)
        (folder / "thesis.tex").write_text("years")
        assert "holds files that do not belong to a sandbox" in _refusal(folder)
        assert [path.name for path in folder.iterdir()] == ["thesis.tex"]
        with pytest.raises(RunError, match="no sandbox in"):
            Sandbox(folder)


@pytest.mark.usefixtures("complete")
def test_path_that_sockets_or_slurm_cannot_hold_is_refused(tmp_path: Path) -> None:
    assert "too long a path" in _refusal(tmp_path / ("x" * 108))
    assert "cannot hold the path" in _refusal(Path("/nowhere/my folder"))
    assert "--nodes must be at least 1, got 0" in _refusal(Path("/nowhere/sandbox"), nodes=0)


def test_sandbox_stands_in_the_home_by_default(home: Path) -> None:
    assert sandbox_folder() == home / "sandbox"
