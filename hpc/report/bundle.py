"""The bundle: one archive of records of a run for a support ticket, without keys, data or secrets."""

from __future__ import annotations

import io
import json
import os
import shutil
import tarfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import datetime
from functools import partial
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from ..errors import RunError
from ..run.records import describe_place, now, read_json
from .doctor import examine
from .redaction import REDACTED, redact, redact_json, redact_script

__all__ = ["bundle_run"]

TAIL_BYTES = 200_000  # of each log
LEDGER_BYTES = 20_000_000
LOGS = 200  # the newest ones

# What may go in, by name and nothing else: whatever a run folder holds beside, stays there.
RECORDS = ("run.json", "plan.json", "driver.json", "result.json", "slurm/jobs.json")

ABOUT = """\
Records of run {id}, collected {time}.

run.json plan.json driver.json result.json ledger.jsonl  what was asked, planned, done
slurm/scripts/ slurm/logs/ slurm/jobs.json  what Slurm was handed, the ends of the jobs' logs, the jobs' last states
slurm/queue.json slurm/accounts.json        squeue and sacct, asked just now (or why they did not answer)
place.json packages.txt doctor.txt          this machine, its packages, what `citytide doctor` finds

Left out: keys, data, products. Redacted: passwords, tokens, values of environment variables. A program may still have
printed something private into its log: look through slurm/logs/ before you send this.
{missing}"""


def bundle_run(run: Path, to: Path | None = None) -> Path:
    """Collect the records of a run into one ``.tar.gz`` that only this user can read, and return its path.

    Parameters
    ----------
    run
        The run's folder.
    to
        The archive's path, or a folder for it; beside the run's folder by default.
    """
    if not (run / "run.json").is_file():
        raise RunError(f"{run} holds no run (no run.json in it): give a run's folder, or an id `citytide status` lists")
    name = f"{_identify(run)}-bundle"
    path = run.resolve().parent / f"{name}.tar.gz" if to is None else to / f"{name}.tar.gz" if to.is_dir() else to
    unready = path.with_name(f"{path.name}.{os.getpid()}.partial")
    missing: list[str] = []
    secrets = {line for key in run.glob("slurm/keys-*/*.pem") for line in _read_key(key) if len(line) >= 16}
    try:
        descriptor = os.open(unready, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file, tarfile.open(fileobj=file, mode="w:gz") as archive:

            def add(member: str, text: str) -> None:
                for secret in secrets:  # a program may have printed what it read
                    text = text.replace(secret, REDACTED)
                content = text.encode("utf-8", "replace")
                told = tarfile.TarInfo(f"{name}/{member}")
                told.size, told.mode, told.mtime = len(content), 0o600, int(time.time())
                archive.addfile(told, io.BytesIO(content))

            for member, text in _collect(run, missing):
                add(member, text)
            add("ABOUT.txt", ABOUT.format(id=_identify(run), time=now(), missing="\n".join(["", *missing])))
        os.replace(unready, path)
    except OSError as error:
        raise RunError(f"bundle {path} cannot be written: {error.strerror}; give another place by --out") from None
    finally:
        unready.unlink(missing_ok=True)
    return path


def _identify(run: Path) -> str:
    return "".join(
        char for char in str(read_json(run / "run.json").get("id", run.name)) if char.isalnum() or char in "-_"
    )


def _collect(run: Path, missing: list[str]) -> Iterator[tuple[str, str]]:
    def attempt(what: str, make: Callable[[], str]) -> str:
        try:
            return make()
        except Exception as error:  # a broken run: what cannot be told must not hide the rest
            missing.append(f"{what}: {redact(f'{type(error).__name__}: {error}')}")
            return missing[-1]

    further = sorted(path.name for path in run.glob("plan-*.json"))
    for name in [*RECORDS, *further]:
        if (run / name).is_file():
            yield name, attempt(name, partial(_read_record, run / name))
    yield "ledger.jsonl", attempt("ledger.jsonl", partial(_read_tail, run / "ledger.jsonl", LEDGER_BYTES))
    for script in _files(run / "slurm" / "scripts", ".sh"):
        yield f"slurm/scripts/{script.name}", attempt(script.name, partial(_read_script, script))
    logs = _files(run / "slurm" / "logs", ".log")
    newest = sorted(logs, key=lambda log: log.lstat().st_mtime)[-LOGS:]
    if len(logs) > LOGS:
        missing.append(f"slurm/logs: {len(logs) - LOGS} older logs are left out")
    for log in sorted(newest):
        yield f"slurm/logs/{log.name}", attempt(log.name, partial(_read_tail, log, TAIL_BYTES))
    if (run / "slurm").is_dir():
        yield "slurm/queue.json", attempt("squeue", partial(_ask_queue, run))
        yield "slurm/accounts.json", attempt("sacct", partial(_ask_accounts, run))
    yield "place.json", attempt("place", _describe_place)
    yield "packages.txt", attempt("packages", _list_packages)
    yield "doctor.txt", attempt("doctor", _examine)


def _files(folder: Path, suffix: str) -> list[Path]:
    """Plain files of a folder; what a link points to is not of this run."""
    return sorted(path for path in folder.glob(f"*{suffix}") if path.is_file() and not path.is_symlink())


def _read_key(path: Path) -> list[str]:
    try:
        return [line for line in path.read_text(encoding="ascii").splitlines() if not line.startswith("-----")]
    except (OSError, UnicodeDecodeError):  # removed this moment, with the attempt
        return []


def _read_tail(path: Path, size: int) -> str:
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - size))
        text = file.read().decode("utf-8", "replace")
    if end > size:
        text = text.partition("\n")[2] or text  # half a line may be half a secret that no pattern knows
    return redact(text)


def _read_record(path: Path) -> str:
    return _json(redact_json(read_json(path)))


def _describe_place() -> str:
    return _json(redact_json(describe_place()))


def _read_script(path: Path) -> str:
    return redact_script(path.read_text(encoding="utf-8", errors="replace"))


def _ask_queue(run: Path) -> str:
    """Jobs of this run as Slurm has them now, each with the reason why it waits."""
    from ..slurm.query.reasons import explain_reason

    _need("squeue")
    prefix, moment = f"{read_json(run / 'run.json')['id']}.", time.time()
    entries = [entry for entry in _controller(run).queue() if entry.name.startswith(prefix)]
    return _json(
        [
            {**_plain(entry), "why": explain_reason(entry, now=moment) if entry.state == "PENDING" else None}
            for entry in entries
        ]
    )


def _ask_accounts(run: Path) -> str:
    _need("sacct")
    names = [script.stem for script in _files(run / "slurm" / "scripts", ".sh")]
    since = datetime.fromisoformat(str(read_json(run / "run.json")["created"])).timestamp() - 86_400
    return _json([_plain(entry) for entry in _controller(run).accounts(names, since)] if names else [])


def _controller(run: Path) -> Any:
    """Of the cluster that the run's profile names."""
    from ..slurm.query.controller import Controller

    return Controller(conf=(read_json(run / "run.json").get("profile") or {}).get("slurm_conf"))


def _need(command: str) -> None:
    if shutil.which(command) is None:
        raise FileNotFoundError(f"there is no {command} here; make the bundle on a login node of the cluster")


def _plain(entry: Any) -> dict[str, Any]:
    return {key: redact_json(value, key) for key, value in asdict(entry).items()}


def _list_packages() -> str:
    found = {f"{found.metadata['Name']}=={found.version}" for found in distributions()}
    return "\n".join(sorted(found, key=str.lower)) + "\n"


def _examine() -> str:
    lines = [
        f"{'ok ' if found.ok else 'BAD'} {found.what}: {found.found} {found.cure * (not found.ok)}"
        for found in examine()
    ]
    return redact("\n".join(lines) + "\n")


def _json(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, indent=1, default=str) + "\n"
