"""A private Slurm on one machine: its own daemons, keys, ports and database in one folder, gone when it is stopped."""

from __future__ import annotations

import getpass
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from .errors import FAILED, RunError
from .index import index_folder
from .records import now, read_json
from .sandbox_files import ROOM, SandboxPlan, write_files
from .sandbox_processes import daemon_pid, end, find_processes, free_ports, is_alive

__all__ = ["Sandbox", "missing_packages", "sandbox_folder"]

MARKER = "sandbox.json"
SOCKET_PATH = 108  # bytes of a Unix socket's path, with the closing zero
POLL_S = 0.2
START_S = 60.0
PACKAGES = {  # Debian's, by the commands they bring
    "slurmctld": "slurmctld",
    "slurmd": "slurmd",
    "sbatch": "slurm-client",
    "munged": "munge",
}
ACCOUNTING_PACKAGES = {"slurmdbd": "slurmdbd", "mariadbd": "mariadb-server", "mariadb-install-db": "mariadb-server"}


def sandbox_folder() -> Path:
    """Where the sandbox stands if no folder is given."""
    return index_folder().parent / "sandbox"


def missing_packages(*, accounting: bool = True) -> list[str]:
    """The Debian packages that a sandbox needs and this machine lacks."""
    needed = PACKAGES | (ACCOUNTING_PACKAGES if accounting else {})
    return sorted({package for command, package in needed.items() if _which(command) is None})


class Sandbox:
    """A Slurm of one's own, found by its folder; its daemons outlive the process that started them."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder).expanduser().resolve()
        marker = self.folder / MARKER
        if not marker.is_file():
            raise RunError(f"there is no sandbox in {self.folder}: start one with `citytide sandbox start`")
        self.plan = SandboxPlan.from_json(read_json(marker))

    @classmethod
    def start(
        cls,
        folder: str | Path,
        *,
        accounting: bool = True,
        nodes: int = 4,
        cpus: int = 4,
        memory_mb: int = 4000,
        options: Mapping[str, str] | None = None,
    ) -> Sandbox:
        """Start a Slurm in a folder and return once every node is idle.

        Parameters
        ----------
        folder
            New or empty, or that of a sandbox that crashed, which is then cleared away.
        accounting
            Keep accounts (sacct, sacctmgr): costs a database and some seconds.
        nodes, cpus, memory_mb
            Nodes, and what each pretends to have; the last node has twice the memory.
        options
            Settings of slurm.conf to add or to replace.
        """
        root = _check(Path(folder).expanduser().resolve(), accounting, nodes)
        plan = SandboxPlan(
            user=getpass.getuser(),
            host=os.uname().nodename.partition(".")[0],
            nodes=nodes,
            cpus=cpus,
            memory_mb=memory_mb,
            accounting=accounting,
            options=dict(options or {}),
            ports=free_ports(2 + nodes),
            created=now(),
        )
        _claim(root, plan)
        sandbox = cls(root)
        try:
            write_files(root, plan)
            sandbox._start_all()
        except BaseException:
            sandbox.stop()
            raise
        return sandbox

    @property
    def environment(self) -> dict[str, str]:
        """What makes Slurm's commands speak to this sandbox."""
        return {"SLURM_CONF": str(self.folder / "slurm.conf")}

    def status(self) -> dict[str, Any]:
        """Folder, daemons and their process numbers, states of nodes, and jobs in the queue."""
        daemons = {name: daemon_pid(self.folder, name) for name in self._daemons}
        nodes = self._node_states() if daemons["slurmctld"] else {}
        queue = self._ask("squeue", "--noheader", "--states=PD,R,CG,CF", "--format=%A") if nodes else None
        return {
            "folder": str(self.folder),
            "running": all(daemons.values()) and len(nodes) == self.plan.nodes,
            "created": self.plan.created,
            "user": self.plan.user,
            "environment": self.environment,
            "daemons": daemons,
            "nodes": nodes,
            "jobs": len(queue.split()) if queue is not None else None,
            "accounting": self.plan.accounting,
        }

    def stop(self) -> None:
        """End every process of the sandbox, its jobs included, and remove its folder."""
        jobs = find_processes(self.folder, jobs_only=True)
        end(jobs, grace_s=2.0)  # a job may have to clear away files elsewhere
        deadline = time.monotonic() + START_S
        while left := find_processes(self.folder):  # more than once: a dying slurmd may have left a child behind
            end(left, grace_s=0.0)
            if time.monotonic() > deadline:
                numbers = ", ".join(map(str, left))
                raise RunError(f"processes {numbers} of the sandbox in {self.folder} do not end", exit_code=FAILED)
        shutil.rmtree(self.folder)

    def stop_controller(self) -> None:
        """End slurmctld, as if its machine went down; jobs go on."""
        self._end_daemon("slurmctld")

    def start_controller(self) -> None:
        """Start slurmctld again, with the state it saved."""
        self._run([_find("slurmctld"), "-f", self._conf])
        self._wait("slurmctld", lambda: self._ask("scontrol", "ping") is not None)

    def stop_accounting(self) -> None:
        """End slurmdbd; the database and the controller go on."""
        self._end_daemon("slurmdbd")

    def start_accounting(self) -> None:
        """Start slurmdbd again."""
        socket = {"MYSQL_UNIX_PORT": str(self.folder / "mariadb.sock")}
        self._run([_find("slurmdbd")], extra=socket)
        self._wait("slurmdbd", lambda: self._ask("sacctmgr", "--noheader", "show", "cluster") is not None)

    def kill_node(self, name: str) -> None:
        """Kill one node's slurmd at once; the jobs on it lose their daemon but not their lives."""
        self._end_daemon(f"slurmd-{self._node(name)}", grace_s=0.0)

    def start_node(self, name: str) -> None:
        """Start one node's slurmd again and wait until the controller, if there is one, takes the node back."""
        self._start_node(self._node(name))
        if daemon_pid(self.folder, "slurmctld"):
            self._wait(f"slurmd-{name}", lambda: _serves(self._node_states().get(name, "")))

    # How it starts

    @property
    def _conf(self) -> str:
        return str(self.folder / "slurm.conf")

    @property
    def _daemons(self) -> tuple[str, ...]:
        accounting = ("mariadbd", "slurmdbd") if self.plan.accounting else ()
        return ("munged", *accounting, "slurmctld", *(f"slurmd-{name}" for name in self.plan.node_names))

    def _start_all(self) -> None:
        with ThreadPoolExecutor(max_workers=1) as pool:
            database = pool.submit(self._start_database) if self.plan.accounting else None
            self._start_munge()
            if database:
                database.result()
                self.start_accounting()
                self._make_account()
        # Only now: without accounts at its first start the controller gives up.
        self._run([_find("slurmctld"), "-f", self._conf, "-c", "-i"])
        for name in self.plan.node_names:
            self._start_node(name)
        self._wait("slurmctld", self._all_idle)

    def _start_munge(self) -> None:
        key = self.folder / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(os.urandom(128))
        files = {"key-file": "munge.key", "socket": "munge.sock", "pid-file": "run/munged.pid"}
        files |= {"log-file": "log/munged.log", "seed-file": "run/munged.seed"}
        # --force: nobody else can reach the socket in this folder, and munged takes that for a mistake.
        self._run(
            [_find("munged"), "--force", "--num-threads=2", *(f"--{k}={self.folder / v}" for k, v in files.items())]
        )

    def _start_database(self) -> None:
        place = [f"--datadir={self.folder / 'database'}", "--innodb-log-file-size=16M"]
        if os.geteuid() == 0:
            place.append("--user=root")
        login = ["--auth-root-authentication-method=socket", f"--auth-root-socket-user={self.plan.user}"]
        self._run([_find("mariadb-install-db"), "--no-defaults", *place, *login, "--skip-test-db"])
        command = [_find("mariadbd"), "--no-defaults", *place, "--skip-networking", "--skip-name-resolve"]
        command += [f"--socket={self.folder / 'mariadb.sock'}", f"--pid-file={self.folder / 'run/mariadbd.pid'}"]
        # Its contents need not survive the machine: no flush per transaction.
        command += ["--innodb-buffer-pool-size=64M", "--innodb-lock-wait-timeout=900"]
        command += ["--innodb-flush-log-at-trx-commit=0", f"--log-error={self.folder / 'log/mariadbd.log'}"]
        self._run(["sh", "-c", '"$@" &', "sh", *command])
        self._wait("mariadbd", (self.folder / "mariadb.sock").is_socket)

    def _make_account(self) -> None:
        """One account with this user in it, so that limits can be enforced from the first job on."""
        user = f"name={self.plan.user}"
        for words in (
            ("cluster", "sandbox"),
            ("account", "sandbox"),
            ("user", user, "account=sandbox", "defaultaccount=sandbox", "adminlevel=admin"),
        ):
            self._run([_find("sacctmgr"), "--immediate", "--quiet", "add", *words])

    def _start_node(self, name: str) -> None:
        self._run([_find("slurmd"), "-f", self._conf, "-N", name])

    # What it is made with

    def _node(self, name: str) -> str:
        if name not in self.plan.node_names:
            raise RunError(f"the sandbox has no node {name!r}: its nodes are {', '.join(self.plan.node_names)}")
        return name

    def _node_states(self) -> dict[str, str]:
        answer = self._ask("sinfo", "--noheader", "--Node", "--partition=debug", "--format=%N %T") or ""
        return dict(line.split() for line in answer.splitlines())

    def _all_idle(self) -> bool:
        states = self._node_states()
        return len(states) == self.plan.nodes and set(states.values()) == {"idle"}

    def _end_daemon(self, name: str, grace_s: float = 10.0) -> None:
        pid = daemon_pid(self.folder, name)
        if pid is None:
            raise RunError(f"{name} of the sandbox in {self.folder} does not run: look at `citytide sandbox status`")
        end([pid], grace_s=grace_s)

    def _environment(self) -> dict[str, str]:
        kept = {key: os.environ[key] for key in ("HOME", "LANG", "TMPDIR", "TZ") if key in os.environ}
        return {**kept, **self.environment, "PATH": _path(), "LC_ALL": "C"}

    def _run(self, command: Sequence[str], *, extra: Mapping[str, str] | None = None) -> None:
        log = self.folder / "log" / "start.log"
        with log.open("a") as output:
            try:
                subprocess.run(
                    command,
                    env={**self._environment(), **(extra or {})},
                    cwd=self.folder,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                    umask=0o077,
                    timeout=START_S,
                    check=True,
                )
            except (subprocess.SubprocessError, OSError) as error:
                raise self._failure(Path(command[0]).name, "did not start") from error

    def _ask(self, *command: str) -> str | None:
        """What a Slurm command answers; None if it fails."""
        try:
            done = subprocess.run(
                [_find(command[0]), *command[1:]],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=START_S,
            )
        except subprocess.TimeoutExpired:
            return None
        return done.stdout if done.returncode == 0 else None

    def _wait(self, name: str, is_ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_S
        while not is_ready():
            # A Slurm daemon that cannot start goes quietly after it has returned 0.
            if time.monotonic() > deadline:
                raise self._failure(name, f"was not ready in {START_S:.0f} s")
            time.sleep(POLL_S)

    def _failure(self, name: str, what: str) -> RunError:
        tail = []
        for log in sorted((self.folder / "log").glob("*.log")):
            told = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
            bad = [line for line in told if "error" in line.lower() or "fatal" in line.lower()]
            tail += [f"  {log.name}: {line}" for line in (bad or told)[-3:]]
        return RunError("\n".join([f"{name} of the sandbox in {self.folder} {what}; its logs end in:", *tail]))


def _serves(state: str) -> bool:
    return bool(state) and not state.endswith("*") and not state.startswith(("down", "unknown"))


def _check(folder: Path, accounting: bool, nodes: int) -> Path:
    missing = missing_packages(accounting=accounting)
    if missing:
        raise RunError(f"a sandbox needs Debian packages that are not here: apt-get install {' '.join(missing)}")
    if nodes < 1:
        raise RunError(f"a sandbox of {nodes} nodes runs nothing: give --nodes 1 or more")
    if len(os.fsencode(folder)) + ROOM >= SOCKET_PATH:
        longest = SOCKET_PATH - ROOM - 1
        raise RunError(f"{folder} is too long a path for the sockets in it: choose --dir of at most {longest} characters")
    return folder


def _claim(folder: Path, plan: SandboxPlan) -> None:
    """Take a folder; of two that want it, one gets it."""
    if (folder / MARKER).is_file():
        old = Sandbox(folder)
        if any(daemon_pid(folder, name) for name in old._daemons):
            if old.status()["running"]:
                raise RunError(f"a sandbox runs in {folder} already: use it, or `citytide sandbox stop` first")
        old.stop()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if any(folder.iterdir()):
        raise RunError(f"{folder} holds files that are no sandbox's: choose a new or empty folder with --dir")
    folder.chmod(0o700)
    try:
        with (folder / MARKER).open("x") as file:
            json.dump(plan.to_json(), file)
    except FileExistsError:
        raise RunError(f"a sandbox is being started in {folder} already: choose another folder with --dir") from None


def _path() -> str:
    return os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


def _which(command: str) -> str | None:
    return shutil.which(command, path=_path())


def _find(command: str) -> str:
    found = _which(command)
    if found is None:
        raise RunError(f"{command} is not on this machine: a sandbox needs {' '.join(missing_packages())}")
    return found
