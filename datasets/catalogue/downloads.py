"""Data sets by name: where their files are, how they are downloaded, and whether their bytes are right."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import InputError
from .entries import get_dataset
from .sources import File

__all__ = ["fetch", "find_files", "verify_dataset"]


def cache_folder() -> Path:
    """Return the folder that fetched files go to: ``$XDG_CACHE_HOME/citytide`` or ``~/.cache/citytide``."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "citytide"


def data_folders() -> tuple[Path, ...]:
    """Return the folders that are searched, first one first: ``$CITYTIDE_DATA``, then the user's cache."""
    given = os.environ.get("CITYTIDE_DATA")
    return (*((Path(given).expanduser(),) if given else ()), cache_folder())


def find_file(file: File) -> Path | None:
    """Return where a file of the catalogue lies on this machine, or None."""
    for folder in data_folders():
        if (folder / file.path).is_file():
            return folder / file.path
    return None


def find_files(name: str) -> tuple[Path, ...]:
    """Return the files of a data set, fetched where they are missing and checked against their sha256.

    Raises
    ------
    InputError
        If a file cannot be downloaded, or its bytes differ from those of the catalogue.
    """
    found = []
    for file in get_dataset(name).files:
        path = find_file(file) or _fetch_file(file)
        problem = _compare(file, path)
        if problem:
            raise InputError(problem, file=path, way_out="remove it and fetch it again")
        found.append(path)
    return tuple(found)


def fetch(name: str) -> tuple[Path, ...]:
    """Bring a data set to this machine, unless it is there. See :func:`find_files`."""
    return find_files(name)


def verify_dataset(name: str) -> list[str]:
    """Compare the files of a data set on this machine with the catalogue.

    Returns
    -------
    list of str
        One sentence per file that is missing or differs; empty when all is well.
    """
    problems = []
    for file in get_dataset(name).files:
        path = find_file(file)
        if path is None:
            looked = " and ".join(str(folder) for folder in data_folders())
            problems.append(f"{file.path} is missing: looked in {looked}")
            continue
        problem = _compare(file, path)
        if problem:
            problems.append(f"{path}: {problem}")
    return problems


def _compare(file: File, path: Path) -> str | None:
    import hashlib

    try:
        size = path.stat().st_size
        if size != file.bytes:
            return f"the file has {size} bytes, the catalogue says {file.bytes}"
        with path.open("rb") as opened:
            found = hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        return f"the file cannot be read ({error.strerror})"
    return None if found == file.sha256 else f"the file's sha256 is {found}, the catalogue says {file.sha256}"


def _fetch_file(file: File) -> Path:
    looked = " and ".join(str(folder) for folder in data_folders())
    target = cache_folder() / file.path
    if file.url is None:
        raise InputError(
            f"{file.path} is not on this machine (looked in {looked}) and its source has no stable address",
            way_out=f"put it at {target}, or set CITYTIDE_DATA to the folder that holds {file.path}",
        )
    import logging

    import pooch

    pooch.get_logger().setLevel(logging.ERROR)  # progress is the caller's business
    try:
        pooch.retrieve(
            file.url,
            known_hash=f"sha256:{file.sha256}",
            fname=target.name,
            path=target.parent,
            downloader=pooch.HTTPDownloader(timeout=20, progressbar=False),
        )
    except Exception as error:  # requests, urllib3, OS and hash errors alike end here: the user's way out is one
        if isinstance(error, ValueError) and "hash" in str(error).lower():
            reason = "its bytes differ from those of the catalogue"
        else:
            reason = f"the fetch failed ({type(error).__name__})"
        raise InputError(
            f"{file.path} is not on this machine (looked in {looked}) and {reason}: {file.url}",
            way_out=f"download it elsewhere and put it at {target}, or set CITYTIDE_DATA to a folder that holds it",
        ) from None
    return target
