"""Files that a question's finish leaves in the run folder: figures, tables and whatever else it writes there."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..store.stores import hash_file, sync_folders

__all__ = ["FileStamps", "hash_changed_files", "keep_whole", "read_left", "stamp_files"]

# Of the run itself: these are written at other moments too, or have their hashes in lines of their own.
OWN = frozenset({
    "attempts", "driver.json", "driver.lock", "ledger.jsonl", "plan.json", "preparing", "report.html", "result.json",
    "ro-crate-metadata.json", "run.json", "run.yaml", "slurm", "spare", "staging", "stop", "submit.lock", "work",
})  # fmt: skip

FileStamps = dict[str, tuple[int, int, int]]  # inode, time of the last change [ns] and size, by path within the run


def read_left(lines: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """SHA-256 by path of what the newest finish left, as the ledger tells; older runs have no such line."""
    told: Mapping[str, Any] = next((line for line in reversed(lines) if line["kind"] in ("left", "restart")), {})
    return dict(told.get("files", {}))


def keep_whole(run: Path, lines: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Of what an earlier finish left, that which is whole; the rest is removed, so that the next finish writes it."""
    whole = {}
    for name, digest in read_left(lines).items():
        path = run / name
        if path.is_file() and hash_file(path) == digest:
            whole[name] = digest
        else:
            path.unlink(missing_ok=True)
    return whole


def stamp_files(run: Path) -> FileStamps:
    """What there is now, to be compared with what there is after the finish."""
    return {
        path.relative_to(run).as_posix(): (told.st_ino, told.st_mtime_ns, told.st_size)
        for path in _walk(run)
        for told in [path.stat()]
    }


def hash_changed_files(run: Path, before: FileStamps) -> dict[str, str]:
    """SHA-256 by path of each file that is new or was written since, synced to disk."""
    changed = sorted(name for name, stamp in stamp_files(run).items() if before.get(name) != stamp)
    hashes = {name: hash_file(run / name, sync=True) for name in changed}
    sync_folders({str((run / name).parent) for name in changed})
    return hashes


def _walk(run: Path) -> Iterator[Path]:
    """Files that a finish may have written; stores are none of them."""
    for folder, folders, names in os.walk(run):
        here = Path(folder)
        if here == run:
            folders[:] = [name for name in folders if name not in OWN]
            names = [name for name in names if name not in OWN]
        folders[:] = [name for name in folders if not (here == run and name.endswith(".zarr"))]
        yield from (here / name for name in names if not name.endswith(".partial") and (here / name).is_file())
