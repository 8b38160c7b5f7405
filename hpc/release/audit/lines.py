"""Lines of an audit log: sealed with its secret, each chained to the one before it.

A line is a JSON object. Its last key, ``seal``, is the keyed BLAKE2b hash of the line without it. ``previous`` is the
SHA-256 of the whole line before it, and ``number`` counts from 1. The head of a log is a sealed line too: how many
lines there are, and the SHA-256 of the last one.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .files import FILE_MODE, LogFiles

__all__ = ["Line", "append_line", "hash_line", "open_line", "read_head", "read_raw", "seal_line", "write_head"]

Line = dict[str, Any]
DIGEST_BYTES = 32
SEAL_BYTES = len(',"seal":""}\n') + 2 * DIGEST_BYTES


def seal_line(fields: Mapping[str, Any], secret: bytes) -> bytes:
    """A line as it stands in the file.

    Examples
    --------
    >>> raw = seal_line({"number": 1}, b"secret")
    >>> raw[:20], open_line(raw, b"secret"), open_line(raw.replace(b"1", b"2", 1), b"secret")
    (b'{"number":1,"seal":"', {'number': 1}, None)
    """
    body = json.dumps(fields, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain).encode()
    return _seal(body, secret)


def _seal(body: bytes, secret: bytes) -> bytes:
    seal = hashlib.blake2b(body, key=secret, digest_size=DIGEST_BYTES, person=b"citytide line").hexdigest()
    return body[:-1] + f',"seal":"{seal}"}}\n'.encode()


def _plain(value: Any) -> Any:
    """What NumPy counts, as JSON."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"a line of an audit log must hold texts, numbers and lists of them, got {type(value).__name__}")


def open_line(raw: bytes, secret: bytes) -> Line | None:
    """The fields of a line; None if a byte of it is not what was written."""
    body = raw[:-SEAL_BYTES] + b"}"
    if len(raw) <= SEAL_BYTES or raw != _seal(body, secret):
        return None
    return dict(json.loads(body))


def hash_line(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def read_raw(path: Path) -> tuple[list[bytes], bytes]:
    """The lines of a file, and what stands behind the last end of a line: part of a line, or nothing."""
    data = path.read_bytes() if path.exists() else b""
    lines = data.split(b"\n")
    return [line + b"\n" for line in lines[:-1]], lines[-1]


def append_line(path: Path, raw: bytes) -> None:
    """Append a line in place of a part of one, and sync it; a disk that is full leaves the file as it was."""
    whole, _ = read_raw(path)
    end = sum(map(len, whole))
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, FILE_MODE)
    try:
        os.fchmod(descriptor, FILE_MODE)
        os.ftruncate(descriptor, end)
        try:
            written = 0
            while written < len(raw):
                written += os.pwrite(descriptor, raw[written:], end + written)
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, end)
            raise
    finally:
        os.close(descriptor)


def read_head(files: LogFiles, secret: bytes) -> Line | None:
    """How many lines there are, by the head; None if it is missing or was changed."""
    return open_line(files.head.read_bytes(), secret) if files.head.is_file() else None


def write_head(files: LogFiles, raw: Sequence[bytes], secret: bytes) -> None:
    """Note how many lines there are, in one step."""
    partial = files.head.with_name(f"head.{os.getpid()}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(seal_line({"lines": len(raw), "last": hash_line(raw[-1]) if raw else ""}, secret))
        file.flush()
        os.fsync(descriptor)
    os.replace(partial, files.head)
