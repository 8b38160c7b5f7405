"""The tables behind a release, each in a private file: exact columns, released columns, and who was counted."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import RunError
from ..kept import Kept
from .files import FILE_MODE, LogFiles

__all__ = ["encode_kept", "hash_bytes", "hash_columns", "publish_kept", "read_kept", "stage_kept"]

EXACT, RELEASED, WITHHELD, COHORT = "exact/", "released/", "withheld/", "cohort"
DIGEST_BYTES = 32


def hash_bytes(data: bytes, secret: bytes) -> str:
    """A keyed hash: who lacks the secret cannot try values until one fits."""
    return hashlib.blake2b(data, key=secret, digest_size=DIGEST_BYTES, person=b"citytide table").hexdigest()


def hash_columns(columns: Mapping[str, NDArray[Any]], secret: bytes = b"") -> str:
    """A hash of columns, whatever their order: keyed, or the SHA-256 if there is no secret.

    What lies under a mask does not count, and a text counts as itself however wide its column is.

    Examples
    --------
    >>> shown, other = (np.ma.MaskedArray([value, 40], [True, False]) for value in (3, 4))
    >>> hash_columns({"n": shown}) == hash_columns({"n": other})
    True
    """
    encoded = []
    for name in sorted(columns):
        values = np.ma.getdata(_wipe(name, columns[name]))
        masked = isinstance(columns[name], np.ma.MaskedArray)
        mask = np.ma.getmaskarray(columns[name]).tobytes() if masked else b""
        if values.dtype.kind == "U":
            kind, data = "text", json.dumps(values.tolist()).encode()
        else:
            little = values.astype(values.dtype.newbyteorder("<"))
            kind, data = little.dtype.str, little.tobytes()
        encoded.append(json.dumps([name, kind, values.shape, len(data), len(mask)]).encode() + data + mask)
    everything = b"".join(encoded)
    return hash_bytes(everything, secret) if secret else hashlib.sha256(everything).hexdigest()


def _wipe(name: str, values: NDArray[Any]) -> NDArray[Any]:
    """Values as a file of arrays can hold them; what is masked stands nowhere."""
    plain = np.array(np.ma.getdata(values))
    if plain.dtype.kind == "T":
        plain = plain.astype(f"U{max(1, int(np.strings.str_len(plain).max(initial=0)))}")
    if plain.dtype.hasobject:
        raise RunError(
            f"the columns of a release must be numbers or text, got objects in {name!r}: convert them by "
            "numpy.asarray(values, str)"
        )
    mask = np.ma.getmaskarray(values) if isinstance(values, np.ma.MaskedArray) else None
    if mask is not None and mask.any():
        plain[mask] = np.zeros((), plain.dtype)[()]
    return plain


def encode_kept(exact: Mapping[str, NDArray[Any]], released: Mapping[str, NDArray[Any]], cohort: NDArray[Any]) -> bytes:
    """The bytes of the private file of a release."""
    arrays = {EXACT + name: _wipe(name, values) for name, values in exact.items()}
    for name, values in released.items():
        arrays[RELEASED + name] = _wipe(name, values)
        arrays[WITHHELD + name] = np.ma.getmaskarray(values)
    buffer = io.BytesIO()
    np.savez(buffer, **arrays, **{COHORT: np.asarray(cohort)})  # type: ignore[arg-type]
    return buffer.getvalue()


def _partial(path: Path) -> Path:
    return path.with_name(f"{path.name}.partial")


def stage_kept(path: Path, data: bytes) -> None:
    """Write a private file under a name that does not count, synced."""
    _partial(path).unlink(missing_ok=True)  # of a release that was killed
    descriptor = os.open(_partial(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, FILE_MODE)
        file.write(data)
        file.flush()
        os.fsync(descriptor)


def publish_kept(path: Path) -> None:
    """Give a staged file its name; once its line counts."""
    if _partial(path).exists():
        os.replace(_partial(path), path)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_kept(files: LogFiles, line: Mapping[str, Any], secret: bytes) -> Kept:
    """A release as it was kept.

    Raises
    ------
    RunError
        If its private file is missing, or is not what was written.
    """
    path = files.table(int(line["number"]))
    data = path.read_bytes() if path.is_file() else None
    if data is None or hash_bytes(data, secret) != line["file_hash"]:
        what = "is missing" if data is None else "is not what was written"
        raise RunError(
            f"the private table of each release must stay as it was, but {path} {what}: put it back from a backup "
            f"(`citytide audit verify {files.path}` names all that is damaged)"
        )
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        arrays = dict(file)
    exact = {name.removeprefix(EXACT): array for name, array in arrays.items() if name.startswith(EXACT)}
    released: dict[str, np.ma.MaskedArray[Any, Any]] = {
        name: np.ma.MaskedArray(arrays[RELEASED + name], arrays[WITHHELD + name])
        for name in (full.removeprefix(RELEASED) for full in arrays if full.startswith(RELEASED))
    }
    return Kept(dict(line), exact, released, arrays[COHORT])
