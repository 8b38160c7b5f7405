"""Files of an audit log: where they are, who may read them, the secret that seals them, and the lock of whoever writes.

Beside ``KEY.jsonl`` stand ``KEY.secret``, ``KEY.lock`` and the folder ``KEY`` with the tables of each release.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ...errors import BUSY, RunError
from ...run.index import index_folder
from ...run.records import read_json

__all__ = ["LogFiles", "audit_folder", "find_log", "list_logs", "name_log"]

SECRET_BYTES = 32
KEY_LETTERS = 16  # of a key's id, in the names of its files
POLL_S = 0.05
FOLDER_MODE, FILE_MODE = 0o700, 0o600


@dataclass(frozen=True)
class LogFiles:
    """The files of one log, by the path of its lines."""

    path: Path

    @property
    def secret(self) -> Path:
        return self.path.with_suffix(".secret")

    @property
    def lock(self) -> Path:
        return self.path.with_suffix(".lock")

    @property
    def folder(self) -> Path:
        """Where the tables of each release are kept."""
        return self.path.with_suffix("")

    @property
    def head(self) -> Path:
        """How many lines there are: the end of the log cannot be cut off without it."""
        return self.folder / "head.json"

    def table(self, number: int) -> Path:
        return self.folder / f"{number}.npz"

    def refuse_foreign(self) -> None:
        """Refuse a log that is another user's, or that others can read.

        Raises
        ------
        RunError
            Naming the file, its owner and its mode.
        """
        for path in (self.path, self.secret, self.folder):
            try:
                told = path.lstat()
            except FileNotFoundError:
                continue
            except OSError as error:
                raise RunError(
                    f"an audit log can be used by its owner alone, but {path} cannot be read ({error.strerror}): let "
                    "the owner do it, or set CITYTIDE_HOME to a folder of yours"
                ) from None
            if told.st_uid != os.getuid():
                raise RunError(
                    f"an audit log can be used by its owner alone, but {path} belongs to user {told.st_uid} and this "
                    f"is user {os.getuid()}: let the owner do it, or set CITYTIDE_HOME to a folder of yours"
                )
            if stat.S_IMODE(told.st_mode) & 0o077:
                raise RunError(
                    f"an audit log must be closed to other users, but {path} has mode {stat.S_IMODE(told.st_mode):o}: "
                    f"chmod {'700' if stat.S_ISDIR(told.st_mode) else '600'} {path}"
                )

    def folder_is_used(self) -> bool:
        """Whether a release was kept here, or the log was begun: then it must have its lines."""
        return self.head.exists() or any(self.folder.glob("*.npz"))

    def make_folders(self) -> None:
        """Make the folders of the log, closed to others."""
        for folder in (self.path.parent, self.folder):
            if not folder.exists():
                folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
                folder.chmod(FOLDER_MODE)

    def read_secret(self) -> bytes:
        """The secret with which lines and tables of the log are sealed.

        Raises
        ------
        RunError
            If it is missing or is no secret: then nothing of the log can be verified.
        """
        try:
            secret = self.secret.read_bytes()
        except OSError as error:
            raise RunError(
                f"the audit log {self.path} needs its secret {self.secret}, which cannot be read ({error.strerror}): "
                "put the file back from a backup; without it no line can be verified, and nothing more be released"
            ) from None
        if len(secret) != SECRET_BYTES:
            raise RunError(
                f"the secret of an audit log must have {SECRET_BYTES} bytes, but {self.secret} has {len(secret)}: put "
                "the file back from a backup"
            )
        return secret

    def make_secret(self) -> bytes:
        """Read the secret, or make it for a log that has no line yet."""
        if not self.secret.exists():
            self.make_folders()
            descriptor = os.open(self.secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
            with os.fdopen(descriptor, "wb") as file:
                os.fchmod(descriptor, FILE_MODE)  # whatever the umask says
                file.write(secrets.token_bytes(SECRET_BYTES))
                file.flush()
                os.fsync(descriptor)
        return self.read_secret()

    @contextmanager
    def hold_lock(self, wait_s: float, *, shared: bool = False) -> Iterator[None]:
        """Be the only one who writes the log, or, ``shared``, one of those who read it while nobody writes.

        The lock is one of ``flock``. It ends with the process that holds it. On NFS it holds between machines; on
        Lustre only if it is mounted with ``flock``.

        Raises
        ------
        RunError
            If another process holds it for longer than ``wait_s``, or the file system has no locks.
        """
        descriptor = os.open(self.lock, os.O_RDWR | os.O_CREAT, FILE_MODE)
        try:
            deadline = time.monotonic() + wait_s
            while not self._try_lock(descriptor, shared):
                if time.monotonic() > deadline:
                    raise RunError(
                        f"the audit log {self.path} is being written by {self.lock.read_text() or 'another process'}: "
                        "wait until that release is done, and try again",
                        exit_code=BUSY,
                    )
                time.sleep(POLL_S)
            if not shared:
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, f"process {os.getpid()} on {os.uname().nodename}".encode(), 0)
            yield
        finally:
            os.close(descriptor)

    def _try_lock(self, descriptor: int, shared: bool) -> bool:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno not in (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK):
                raise
            raise RunError(
                f"an audit log must lie on a file system with locks, but that of {self.lock} has none "
                f"({error.strerror}): set CITYTIDE_HOME to a folder on another one"
            ) from None
        return True


def audit_folder() -> Path:
    """Where the audit logs of this user are."""
    return index_folder().parent / "audit"


def list_logs() -> list[Path]:
    """All audit logs of this user, sorted by key."""
    return sorted(audit_folder().glob("*.jsonl"))


def name_log(key_id: str, run: Path | None = None) -> Path:
    """The log of a key, whether it is there or not; that of a `run` lies in the home with which it was laid out."""
    home = read_json(run / "run.json").get("home") if run and (run / "run.json").is_file() else None
    return (Path(home) / "audit" if home else audit_folder()) / f"{key_id[:KEY_LETTERS]}.jsonl"


def find_log(name: str) -> Path:
    """The audit log that a path, or the beginning of a key's id, names.

    Raises
    ------
    RunError
        If there is none, or if several begin so.
    """
    path = Path(name)
    if path.is_file() and path.suffix == ".jsonl":
        return path
    found = [log for log in list_logs() if name and (log.stem.startswith(name) or name.startswith(log.stem))]
    if len(found) != 1:
        known = ", ".join(log.stem for log in list_logs()) or "none"
        what = f"names {len(found)} audit logs" if found else "names no audit log"
        raise RunError(f"{name!r} {what}: give the path of a .jsonl file, or the beginning of one key's id ({known})")
    return found[0]
