"""A private Slurm on one machine: its own daemons, keys, ports and database in one folder, gone when it is stopped."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any

from ..errors import FAILED, RunError
from ..run.index import index_folder
from ..run.records import now, read_json
from .files import SandboxPlan, write_files
from .location import MARKER, check_folder, current_user, lock_folder
from .packages import command_path, find_command, missing_packages
from .processes import daemon_pid, end, find_jobs, find_processes, free_ports, home_address

__all__ = ["Sandbox", "missing_packages", "sandbox_folder"]

POLL_S = 0.2
TIMEOUT_S = 60.0


def sandbox_folder() -> Path:
    """Where the sandbox stands if no folder is given."""
    return index_folder().parent / "sandbox"


class Sandbox:
    """A Slurm of one's own, found by its folder; its daemons outlive the process that started them."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder).expanduser().resolve()
        if not (self.folder / MARKER).is_file():
            raise RunError(f"there is no sandbox in {self.folder}: start one with `citytide sandbox start`")

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
        root = Path(folder).expanduser().resolve()
        check_folder(root, accounting, {"nodes": nodes, "cpus": cpus, "memory": memory_mb})
        host = os.uname().nodename.partition(".")[0]
        address, named = home_address(os.uname().nodename)
        plan = SandboxPlan(
            user=current_user(),
            host=host,
            address=address,
            named=named,
            nodes=nodes,
            cpus=cpus,
            memory_mb=memory_mb,
            accounting=accounting,
            options=dict(options or {}),
            ports=free_ports(2 + nodes),
            created=now(),
        )
        with lock_folder(root, plan):
            sandbox = cls(root)
            try:
                write_files(root, plan)
                sandbox._start_all()
            except BaseException:
                sandbox.stop()
                raise
        return sandbox

    @cached_property
    def plan(self) -> SandboxPlan:
        return SandboxPlan.from_json(read_json(self.folder / MARKER))

    @property
    def environment(self) -> dict[str, str]:
        """What makes Slurm's commands speak to this sandbox."""
        return {"SLURM_CONF": str(self.folder / "slurm.conf")}

    def status(self) -> dict[str, Any]:
        """Folder, daemons and their process numbers, states of nodes, and jobs in the queue."""
        daemons = {name: daemon_pid(self.folder, name) for name in self._daemons}
        nodes = self._node_states() if daemons["slurmctld"] else {}
        queue = self._ask("squeue", "--noheader", "--format=%A") if nodes else None
        return {
            "folder": str(self.folder),
            "running": all(daemons.values()) and len(nodes) == self.plan.nodes,
            "created": self.plan.created,
            "user": self.plan.user,
            "environment": self.environment,
            "daemons": daemons,
            "nodes": nodes,
            "jobs": None if queue is None else len(queue.split()),
            "accounting": self.plan.accounting,
        }

    def stop(self) -> None:
        """End every process of the sandbox, its jobs included, and remove its folder."""
        controller = daemon_pid(self.folder, "slurmctld")
        end([controller] if controller else [], grace_s=0.0)  # or it starts the next jobs in place of those that end
        end(find_jobs(self.folder), grace_s=2.0)  # a job may have to clear away files elsewhere
        deadline = time.monotonic() + TIMEOUT_S
        while left := find_processes(self.folder):  # again: what dies may just have started another
            if time.monotonic() > deadline:
                numbers = ", ".join(map(str, left))
                raise RunError(f"processes {numbers} of the sandbox in {self.folder} do not end", exit_code=FAILED)
            end(left, grace_s=0.0)
        shutil.rmtree(self.folder)

    def stop_controller(self) -> None:
        """End slurmctld, as if its machine went down; jobs go on."""
        self._end_daemon("slurmctld")

    def start_controller(self) -> None:
        """Start slurmctld again, with the state it saved."""
        self._start("slurmctld", ["-f", self._conf], lambda: self._ask("scontrol", "ping") is not None)

    def stop_accounting(self) -> None:
        """End slurmdbd; the database and the controller go on."""
        self._end_daemon("slurmdbd")

    def start_accounting(self) -> None:
        """Start slurmdbd again."""
        self._start("slurmdbd", [], lambda: self._ask("sacctmgr", "--noheader", "show", "cluster") is not None)

    def kill_node(self, name: str) -> None:
        """Kill one node's slurmd at once: its jobs lose their daemon but not their lives."""
        self._end_daemon(f"slurmd-{self._node(name)}", grace_s=0.0)

    def start_node(self, name: str) -> None:
        """Start one node's slurmd again and wait until the controller, if there is one, takes the node back."""
        controlled = daemon_pid(self.folder, "slurmctld") is not None
        self._start(
            f"slurmd-{self._node(name)}",
            ["-f", self._conf, "-N", name],
            lambda: not controlled or _serves(self._node_states().get(name, "")),
        )

    @property
    def _conf(self) -> str:
        return self.environment["SLURM_CONF"]

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
        # Not before: a controller without state and without accounts gives up.
        self._start("slurmctld", ["-f", self._conf, "-c", "-i"])
        for name in self.plan.node_names:
            self._start(f"slurmd-{name}", ["-f", self._conf, "-N", name])
        self._wait("slurmctld", self._all_idle)

    def _start_munge(self) -> None:
        key = self.folder / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(os.urandom(128))
        files = {"key-file": "munge.key", "socket": "munge.sock", "pid-file": "run/munged.pid"}
        files |= {"log-file": "log/munged.log", "seed-file": "run/munged.seed"}
        # --force: nobody else can reach the socket in this folder, which munged takes for a mistake.
        self._start("munged", ["--force", "--num-threads=2", *(f"--{k}={self.folder / v}" for k, v in files.items())])

    def _start_database(self) -> None:
        # A tmpdir of its own also for the making: one that starts removes the temporary tables of all who share it.
        place = ["--no-defaults", f"--datadir={self.folder / 'database'}", f"--tmpdir={self.folder / 'tmp'}"]
        place.append("--innodb-log-file-size=16M")
        if os.geteuid() == 0:
            place.append("--user=root")
        login = ["--auth-root-authentication-method=socket", f"--auth-root-socket-user={self.plan.user}"]
        self._run([find_command("mariadb-install-db"), *place, *login, "--skip-test-db"])
        # What it holds need not survive the machine: no flush at each transaction.
        command = [
            find_command("mariadbd"),
            *place,
            "--innodb-flush-log-at-trx-commit=0",
            "--innodb-buffer-pool-size=64M",
        ]
        command += ["--innodb-lock-wait-timeout=900", "--skip-networking", "--skip-name-resolve"]
        for option, name in (("socket", "mariadb.sock"), ("pid-file", "run/mariadbd.pid")):
            command.append(f"--{option}={self.folder / name}")
        command.append(f"--log-error={self.folder / 'log/mariadbd.log'}")
        self._run(["sh", "-c", '"$@" &', "sh", *command])  # it does not leave its parent by itself
        self._wait("mariadbd", (self.folder / "mariadb.sock").is_socket)

    def _make_account(self) -> None:
        """One account with this user in it, so that limits can be enforced from the first job on."""
        manager = [find_command("sacctmgr"), "--immediate", "--quiet", "add"]
        self._run([*manager, "cluster", self.plan.cluster])
        self._run([*manager, "account", self.plan.cluster])
        accounts = [f"{key}={self.plan.cluster}" for key in ("account", "defaultaccount")]
        self._run([*manager, "user", f"name={self.plan.user}", *accounts, "adminlevel=admin"])

    def _node(self, name: str) -> str:
        if name not in self.plan.node_names:
            raise RunError(f"the sandbox has no node {name!r}: its nodes are {', '.join(self.plan.node_names)}")
        return name

    def _node_states(self) -> dict[str, str]:
        answer = self._ask("sinfo", "--noheader", "--Node", "--partition=debug", "--format=%N %T") or ""
        return {name: state for name, state in (line.split() for line in answer.splitlines())}

    def _all_idle(self) -> bool:
        states = self._node_states()
        return len(states) == self.plan.nodes and set(states.values()) == {"idle"}

    def _end_daemon(self, name: str, grace_s: float = 10.0) -> None:
        pid = daemon_pid(self.folder, name)
        if pid is None:
            raise RunError(f"{name} of the sandbox in {self.folder} does not run: see `citytide sandbox status`")
        end([pid], grace_s=grace_s)

    def _environment(self) -> dict[str, str]:
        kept = {key: os.environ[key] for key in ("HOME", "TZ") if key in os.environ}
        database = {"MYSQL_UNIX_PORT": str(self.folder / "mariadb.sock")}  # slurmdbd cannot be told otherwise
        return {**kept, **self.environment, **database, "PATH": command_path(), "LC_ALL": "C"}

    def _start(self, name: str, arguments: Sequence[str], is_ready: Callable[[], bool] | None = None) -> None:
        """Start a daemon that puts itself into the background, and wait for it if told what for."""
        if daemon_pid(self.folder, name):
            raise RunError(f"{name} of the sandbox in {self.folder} runs already")
        (self.folder / "log" / f"{name}.log").unlink(missing_ok=True)  # old complaints are not of this start
        self._run([find_command(name.partition("-")[0]), *arguments])
        if is_ready:
            self._wait(name, is_ready)

    def _run(self, command: Sequence[str]) -> None:
        with (self.folder / "log" / "start.log").open("a") as output:
            try:
                subprocess.run(
                    command,
                    env=self._environment(),
                    cwd=self.folder,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                    umask=0o077,
                    timeout=TIMEOUT_S,
                    check=True,
                )
            except (subprocess.SubprocessError, OSError) as error:
                raise self._failure(Path(command[0]).name, "failed") from error

    def _ask(self, *command: str) -> str | None:
        """What a Slurm command answers; None if it fails."""
        try:
            done = subprocess.run(
                [find_command(command[0]), *command[1:]],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=TIMEOUT_S,
            )
        except subprocess.TimeoutExpired:
            return None
        return done.stdout if done.returncode == 0 else None

    def _wait(self, name: str, is_ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + TIMEOUT_S
        while not is_ready():
            if any(_is_fatal(log) for log in (self.folder / "log").glob("*.log")):  # Slurm's daemons say 0 and die
                raise self._failure(name, "did not start")
            if time.monotonic() > deadline:
                raise self._failure(name, f"was not ready in {TIMEOUT_S:.0f} s")
            time.sleep(POLL_S)

    def _failure(self, name: str, what: str) -> RunError:
        tail = []
        for log in sorted((self.folder / "log").glob("*.log")):
            lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
            wrong = [line for line in lines[:-3] if "[ERROR]" in line or "ERROR:" in line]  # advice may follow it
            tail += [f"  {log.name}: {line}" for line in (*wrong[-3:], *lines[-3:])]
        told = "\n".join([f"{name} of the sandbox in {self.folder} {what}; the logs end in:", *tail])
        return RunError(told, exit_code=FAILED)


def _is_fatal(log: Path) -> bool:
    try:
        text = log.read_text(errors="replace")
    except FileNotFoundError:
        return False
    return " fatal: " in text or "[ERROR] Aborting" in text


def _serves(state: str) -> bool:
    return bool(state) and not state.endswith("*") and not state.startswith(("down", "unknown"))
