"""Sources as they were when a run was laid out: the hash of every file, so that one that has changed can be named."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ..errors import RunError
from ..plan.sources import Source
from ..store.stores import hash_file

__all__ = ["FileHashes", "compare_files", "hash_files", "list_digest", "read_file_hashes", "weigh_sources"]

FileHashes = dict[str, str]  # SHA-256 of each file, by its path within the source
THREADS = 8  # hashing releases the GIL


def hash_files(path: Path) -> FileHashes:
    """SHA-256 of every file of a folder, hidden ones too, by its path in the folder; of a file under the name "".

    Raises
    ------
    OSError
        If a file cannot be read.
    """
    if not path.is_dir():
        return {"": hash_file(path)}
    names = sorted(_list_files(path))
    with ThreadPoolExecutor(THREADS) as pool:
        return dict(zip(map(_as_text, names), pool.map(lambda name: hash_file(path / name), names), strict=True))


def _list_files(folder: Path) -> Iterable[str]:
    seen: set[str] = set()
    for place, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        if real in seen:  # a link that leads back
            folders.clear()
            continue
        seen.add(real)
        yield from (os.path.relpath(os.path.join(place, name), folder) for name in files)


def _as_text(name: str) -> str:
    """A file name as text that JSON can hold, whatever its bytes are."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def list_digest(files: Mapping[str, str]) -> str:
    """One hash for all files: that of the list that ``sha256sum`` prints of them, sorted by name."""
    if set(files) == {""}:
        return files[""]
    return hashlib.sha256("".join(f"{files[name]}  {name}\n" for name in sorted(files)).encode()).hexdigest()


def weigh_sources(
    sources: Mapping[str, Source], *, must_exist: bool = True
) -> tuple[dict[str, dict[str, Any]], dict[str, FileHashes]]:
    """What ``run.json`` says of each source, and the hash of each of its files.

    Parameters
    ----------
    sources
        Of a plan.
    must_exist
        Refuse a source that is missing; otherwise it has no files.

    Raises
    ------
    RunError
        If a source cannot be read.
    """
    told: dict[str, dict[str, Any]] = {}
    files: dict[str, FileHashes] = {}
    for name, source in sources.items():
        if must_exist and not source.path.exists():
            raise RunError(f"source {name!r} must be there when a run begins, but there is no {source.path}")
        try:
            files[name] = hash_files(source.path) if source.path.exists() else {}
        except OSError as error:
            raise RunError(
                f"source {name!r} must be readable, but {error.filename or source.path} is not ({error.strerror}): "
                "give this user the right to read it"
            ) from None
        told[name] = {
            **source.to_json(),
            "run": source.run or _find_run(source.path),
            "sha256": list_digest(files[name]) if source.path.exists() else "",
            "bytes": _count_bytes(source.path),
            "files": len(files[name]),
        }
    return told, files


def _count_bytes(path: Path) -> int:
    if path.is_dir():
        return sum(os.path.getsize(path / name) for name in _list_files(path))
    return path.stat().st_size if path.exists() else 0


def _find_run(path: Path) -> str:
    """The id of the run whose product a store is, if it lies in a run folder."""
    try:
        return str(json.loads((path.resolve().parent / "run.json").read_text(encoding="utf-8"))["id"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def read_file_hashes(path: Path, name: str, digest: str) -> FileHashes | None:
    """The recorded hashes of a source's files; None if the file that holds them is not what was written."""
    try:
        files = {str(file): str(told) for file, told in json.loads(path.read_text(encoding="utf-8"))[name].items()}
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return None
    return files if list_digest(files) == digest else None


def compare_files(before: FileHashes, after: FileHashes) -> list[str]:
    """What became of the files of a source, in words; empty if all are what they were.

    Examples
    --------
    >>> compare_files({"a": "1", "b": "2", "c": "3"}, {"a": "1", "b": "9", "d": "4"})
    ['file b has changed', 'file c is missing', 'file d is new']
    """
    if set(before) != set(after) and {""} in (set(before), set(after)):
        return ["a file is a folder now, or a folder a file"]
    words = []
    for name in sorted({*before, *after}):
        what = f"file {name}" if name else "its file"
        if name not in after:
            words.append(f"{what} is missing")
        elif name not in before:
            words.append(f"{what} is new")
        elif before[name] != after[name]:
            words.append(f"{what} has changed")
    return words
