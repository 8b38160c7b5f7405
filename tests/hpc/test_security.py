"""What SECURITY.md promises about the source itself: each list below may only shrink."""

from __future__ import annotations

import ast
import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from citytide.hpc.run.keys import load_security, make_keys

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("hpc", "kernels", "datasets", "workflows", "benchmarks")
SOURCES = sorted([*ROOT.glob("*.py"), *(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))])

# Reading any of these from disk runs what stands there; or text goes to a shell; or a name can be guessed.
MODULES = {"pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal", "jsonpickle", "pty", "commands"}
CALLS = {
    "os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput", "yaml.load", "yaml.load_all",
    "yaml.unsafe_load", "yaml.full_load", "asyncio.create_subprocess_shell", "tempfile.mktemp", "eval", "exec",
    "pd.read_pickle", "pandas.read_pickle", "torch.load", "numcodecs.Pickle",
}  # fmt: skip
TRUE_IS_REFUSED = {"shell", "allow_pickle", "pickle"}
SERVERS = {"Scheduler", "Nanny", "Worker", "LocalCluster"}


def calls(path: Path) -> Iterator[ast.Call]:
    yield from (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))


def say(node: ast.AST, path: Path) -> str:
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"


def imported(path: Path) -> Iterator[tuple[str, ast.AST]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name.partition(".")[0], node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0], node


def test_every_source_is_looked_at() -> None:
    assert len(SOURCES) > 80 and ROOT / "hpc" / "slurm" / "jobs" / "scripts.py" in SOURCES


def test_no_module_that_reads_pickles_is_imported() -> None:
    assert [f"{say(node, path)} {name}" for path in SOURCES for name, node in imported(path) if name in MODULES] == []


def test_nothing_is_unpickled_evaluated_or_given_to_a_shell() -> None:
    found = [
        f"{say(call, path)} {ast.unparse(call.func)}"
        for path in SOURCES
        for call in calls(path)
        if ast.unparse(call.func) in CALLS
        or any(
            word.arg in TRUE_IS_REFUSED and not (isinstance(word.value, ast.Constant) and word.value.value is False)
            for word in call.keywords
        )
    ]
    assert found == []


def test_every_dask_part_says_that_its_pages_are_on_loopback() -> None:
    """Without the address a worker serves plain HTTP on the address it speaks TLS on, even with `dashboard=False`."""
    found = []
    for path in SOURCES:
        for call in calls(path):
            if ast.unparse(call.func).rpartition(".")[2] in SERVERS:
                words = {word.arg: word.value for word in call.keywords}
                address = words.get("dashboard_address")
                if not (isinstance(address, ast.Constant) and str(address.value).startswith("127.0.0.1:")):
                    found.append(f"{say(call, path)} {ast.unparse(call.func)}")
    assert found == []


def test_only_tls_listens_beyond_loopback(tmp_path: Path) -> None:
    """127.0.0.2 stands for the network: every Linux has it, and no dashboard may be there."""
    security = load_security(make_keys(tmp_path, 1))
    options: dict[str, Any] = {"host": "127.0.0.2", "security": security, "dashboard_address": "127.0.0.1:0"}

    async def main() -> list[bool]:
        from distributed import Nanny, Scheduler

        async with (
            Scheduler(protocol="tls", **options) as scheduler,
            Nanny(scheduler.address, protocol="tls", nthreads=1, **options) as nanny,
        ):
            sockets = {
                entry.laddr
                for process in (os.getpid(), nanny.pid)
                for entry in psutil.Process(process).net_connections("tcp")
                if entry.status == "LISTEN" and entry.laddr.ip != "127.0.0.1"
            }
            assert len(sockets) == 3  # scheduler, nanny, worker
            return await asyncio.gather(*(answers_plainly(*address) for address in sockets))

    assert not any(asyncio.run(main()))


async def answers_plainly(host: str, port: int) -> bool:
    """Whether a listener takes a request that is not TLS."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        return b"HTTP" in await asyncio.wait_for(reader.read(64), 3)
    except (OSError, TimeoutError):
        return False
    finally:
        writer.close()
