"""The audit log of a key: one line for each release, chained and sealed, and beside it the tables behind the release.

Who may write the log and knows its secret could write another one: it is a record, and not a proof against its owner.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ..errors import RunError
from ..run.records import describe_place, now
from ..run.runs import Run
from .audit.files import LogFiles, name_log
from .audit.kept_files import encode_kept, hash_bytes, publish_kept, read_kept, stage_kept
from .audit.lines import Line, append_line, hash_line, open_line, read_head, read_raw, seal_line, write_head
from .audit.verify import describe_tables, find_line_problems
from .kept import Kept

__all__ = ["AuditLog"]

WAIT_S = 600.0  # for another release of the same key, which solves for what to withhold
GLANCES = 3  # at files that a release may be writing at this moment
OWN = ("number", "previous", "when", "user", "host", "code", "file_hash", "seal")


class AuditLog:
    """The log of one key.

    Parameters
    ----------
    path
        ``KEY.jsonl``; it need not exist.
    wait_s
        How long to wait for another release that holds the log [s].
    """

    def __init__(self, path: Path, *, wait_s: float = WAIT_S) -> None:
        self.files, self.wait_s = LogFiles(path), wait_s
        self._held = 0

    @classmethod
    def of_key(cls, key_id: str, run: Path | None = None) -> AuditLog:
        """The log of a key in ``$CITYTIDE_HOME/audit``; of a ``run``, in the home that it was laid out with.

        A worker's environment may name another home, and a second log would not know of the releases in the first.
        """
        return cls(name_log(key_id, run))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only one who releases tables of this key; it may be entered again inside.

        Raises
        ------
        RunError
            If another release does not end in time, if the log is another user's, or if it is damaged.
        """
        if self._held:
            self._held += 1
            try:
                yield
            finally:
                self._held -= 1
            return
        self.files.refuse_foreign()
        self.files.make_folders()
        with self.files.hold_lock(self.wait_s):
            self._held = 1
            try:
                self._repair()
                yield
            finally:
                self._held = 0

    def find(self, run_id: str, step: str) -> Kept | None:
        """The release that a step of a run was granted before, if it was."""
        found = [line for line in self.read_lines() if (line["run_id"], line["step"]) == (run_id, step)]
        return self.open(found[-1]) if found else None

    def earlier(self, measure: str) -> list[Kept]:
        """All releases of a measure, in their order."""
        return [self.open(line) for line in self.read_lines() if line["measure"] == measure]

    def spent(self) -> float:
        """How much epsilon all releases of this key spent."""
        return float(sum(line["epsilon"] for line in self.read_lines()))

    def open(self, line: Mapping[str, Any]) -> Kept:
        """The tables behind a line."""
        return read_kept(self.files, line, self.files.read_secret())

    def append(
        self,
        entry: Mapping[str, Any],
        exact: Mapping[str, NDArray[Any]],
        released: Mapping[str, NDArray[Any]],
        cohort: NDArray[Any],
    ) -> int:
        """Add a release and return the number of its line; it counts when this returns.

        Parameters
        ----------
        entry
            ``run_id``, ``step``, ``measure``, ``epsilon``, the ``folder`` of the run, and whatever else the line shall
            tell. Nothing in it may tell a count that is withheld.
        exact, released, cohort
            What is kept in a private file.

        Raises
        ------
        RunError
            If the entry lacks a field, if the step of the run was granted a release before, or for what
            :meth:`locked` refuses.
        """
        if lacking := [name for name in ("run_id", "step", "measure", "epsilon") if name not in entry]:
            raise RunError(f"a line of an audit log must tell {lacking[0]!r}, got {', '.join(entry)}: add it")
        with self.locked():
            if self.find(str(entry["run_id"]), str(entry["step"])) is not None:
                raise RunError(
                    f"a step of a run is granted one release, but step {entry['step']!r} of run {entry['run_id']} "
                    f"stands in {self.files.path}: hand over what `find` returns"
                )
            secret = self.files.read_secret()
            raw, _ = read_raw(self.files.path)
            data = encode_kept(exact, released, cohort)
            place = describe_place()
            line = {
                "number": len(raw) + 1,
                "previous": hash_line(raw[-1]) if raw else "",
                "when": now(),
                "user": place["user"],
                "host": place["host"],
                **{name: value for name, value in entry.items() if name not in OWN},
                "folder": str(Path(entry["folder"]).resolve()) if entry.get("folder") else "",
                "code": _describe_code(entry.get("folder")),
                **describe_tables(exact, released, cohort, secret),
                "file_hash": hash_bytes(data, secret),
            }
            table, sealed = self.files.table(len(raw) + 1), seal_line(line, secret)
            stage_kept(table, data)
            append_line(self.files.path, sealed)
            publish_kept(table)
            write_head(self.files, [*raw, sealed], secret)
        return len(raw) + 1

    def read_lines(self) -> list[Line]:
        """All lines, in their order; nobody waits for a lock.

        Raises
        ------
        RunError
            If the log is another user's, its secret is missing, or a line is not what was written.
        """
        files = self.files
        files.refuse_foreign()
        if not read_raw(files.path)[0] and not files.folder_is_used():
            return []
        secret = files.read_secret()
        for _ in range(GLANCES):
            head = read_head(files, secret)  # before the lines: a release that ends meanwhile adds to them first
            raw, _ = read_raw(files.path)
            if not (problems := find_line_problems(raw, b"", head, secret)):
                break
        if problems:
            raise RunError(
                f"an audit log must stay as it was written, but {problems[0].where} of {files.path} "
                f"{problems[0].problem}: put it back from a backup (`citytide audit verify {files.path}` names all "
                "that is damaged)"
            )
        return [line for one in raw if (line := open_line(one, secret)) is not None]

    def _repair(self) -> None:
        """Finish what a release that was killed left behind its line, and take away what it left before it."""
        raw, torn = read_raw(self.files.path)
        if not raw and not torn and not self.files.folder_is_used():  # the first release
            write_head(self.files, (), self.files.make_secret())
        lines, secret = self.read_lines(), self.files.read_secret()
        head = read_head(self.files, secret)
        if lines and (not self.files.table(len(lines)).exists() or (head or {}).get("lines") != len(lines)):
            publish_kept(self.files.table(len(lines)))
            write_head(self.files, raw, secret)
        for left in self.files.folder.glob("*.partial"):
            left.unlink()


def _describe_code(folder: Any) -> str:
    """One hash of the modules of a run, by its folder; empty if there is none."""
    if not folder or not (Path(folder) / "run.json").is_file():
        return ""
    code = Run(Path(folder)).record.get("code", {})
    return hashlib.sha256(json.dumps(code, sort_keys=True).encode()).hexdigest()
