"""The key under which persons have their pseudonyms: a file of its owner alone, never beside the data."""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from collections.abc import Iterable
from pathlib import Path

from .errors import EventsError

__all__ = ["default_key_path", "find_key", "identify_key", "read_key"]

KEY_BYTES = 32
LEAST_BYTES, MOST_BYTES = 16, 64  # that a named key may have: BLAKE2b takes at most 64
PREFIX = b"citytide key of events\n"  # so that the id is not the plain hash of a file


def default_key_path() -> Path:
    """Where the key lies that is made at the first import if none is named."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser() / "citytide" / "events.key"


def find_key(named: str | None, data: Iterable[Path] = ()) -> Path:
    """The absolute path of the key that is named; without a name that of the user, made if it is not there.

    Parameters
    ----------
    named
        Path of a key file.
    data
        What is imported: a key may lie in none of these folders, nor beside one of these files.

    Raises
    ------
    EventsError
        If the key is missing, can be read by others, has a wrong length, or lies beside the data.
    """
    path = (Path(named).expanduser() if named else default_key_path()).absolute()
    if not named and not path.exists():
        _make_key(path)
    if not path.is_file():
        raise EventsError(
            f"key must name a file that is there, but there is no {path}: give the key of the store, or omit key and "
            f"{default_key_path()} is used"
        )
    for place in data:
        folder, own = (place if place.is_dir() else place.parent).resolve(), path.resolve()
        if own.parent == folder or (place.is_dir() and own.is_relative_to(folder)):
            raise EventsError(
                f"the key must not lie beside the data, because both together name the persons, but {path} is in "
                f"{folder}: move it elsewhere"
            )
    read_key(path)
    return path


def _make_key(path: Path) -> None:
    """Write a random key; of several that do so at one time, one remains."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(partial, path)
    except FileExistsError:
        pass
    finally:
        partial.unlink()


def read_key(path: str | Path) -> bytes:
    """The bytes of a key.

    Raises
    ------
    EventsError
        If it cannot be read, others can read it, or its length is wrong.
    """
    path = Path(path)
    try:
        mode, key = stat.S_IMODE(path.stat().st_mode), path.read_bytes()
    except OSError as error:
        raise EventsError(
            f"key must be a file that can be read, but {path} is not ({error.strerror}): restore it"
        ) from None
    if mode & 0o077:
        raise EventsError(f"key must be readable by its owner alone, but {path} has mode {mode:o}: chmod 600 it")
    if not LEAST_BYTES <= len(key) <= MOST_BYTES:
        raise EventsError(
            f"key must have {LEAST_BYTES} to {MOST_BYTES} bytes, but {path} has {len(key)}: give another, such as "
            f"{KEY_BYTES} bytes of /dev/urandom"
        )
    return key


def identify_key(key: bytes) -> str:
    """The id of a key, which tells nothing of the key: stores and logs are named by it.

    Examples
    --------
    >>> identify_key(bytes(32))[:16]
    'e962c779c21e01ac'
    """
    return hashlib.sha256(PREFIX + key).hexdigest()
