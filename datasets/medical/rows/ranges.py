"""Byte ranges of text files and of members of a zip: each line is read in the range in which it begins."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ...errors import InputError

__all__ = [
    "LONGEST_LINE",
    "RANGE_BYTES",
    "count_lines",
    "cut_ranges",
    "measure_file",
    "name_file",
    "open_file",
    "read_lines",
]

RANGE_BYTES = 32_000_000
LONGEST_LINE = 16_000_000  # a longer one is no line: the file has no line ends that are known
UNPACKED_BYTES = 256_000_000  # of a zip's member: each of its ranges unpacks what lies before it


def name_file(root: Path, file: str) -> str:
    """What an error calls the file: a member of a zip after the zip's name."""
    return str(root) if not file else f"{root}/{file}"


@contextmanager
def open_file(root: Path, file: str) -> Iterator[IO[bytes]]:
    """Open a file of a folder, a member of a zip, or ``root`` itself where ``file`` is empty.

    Raises
    ------
    InputError
        If it is missing, cannot be read, is encrypted or damaged.
    """
    try:
        if not file or root.is_dir():
            with (root / file if file else root).open("rb") as opened:
                yield opened
        else:
            with zipfile.ZipFile(root) as archive, archive.open(file) as member:
                yield member
    except (FileNotFoundError, KeyError):
        raise InputError("the file is missing", file=name_file(root, file), way_out="check the name") from None
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, zlib.error) as error:
        raise InputError(
            f"the zip cannot be read ({error})", file=name_file(root, file), way_out="unpack it and give the folder"
        ) from None
    except OSError as error:
        raise InputError(
            f"the file cannot be read ({error.strerror})", file=name_file(root, file), way_out="check its permissions"
        ) from None


def measure_file(root: Path, file: str) -> int:
    """Length of a file or of an unpacked member [B].

    Raises
    ------
    InputError
        If it is the member of a zip and larger than can be unpacked anew for each range.
    """
    if not file or root.is_dir():
        return (root / file if file else root).stat().st_size
    with zipfile.ZipFile(root) as archive:
        size = archive.getinfo(file).file_size
    if size > UNPACKED_BYTES:
        raise InputError(
            f"a file in a zip must have at most {UNPACKED_BYTES:,} bytes unpacked, got {size:,}",
            file=name_file(root, file),
            way_out="unpack the zip and give the folder",
        )
    return size


def cut_ranges(size: int, range_bytes: int | None = None) -> list[tuple[int, int]]:
    """Ranges of about one length that cover ``size`` bytes; none for an empty file.

    Examples
    --------
    >>> cut_ranges(10, 4)
    [(0, 3), (3, 6), (6, 10)]
    """
    n = -(-size // (range_bytes or RANGE_BYTES))
    return [(size * i // n, size * (i + 1) // n) for i in range(n)]


def read_lines(root: Path, file: str, start: int, stop: int) -> bytes:
    """The whole lines that begin in a range of bytes.

    Raises
    ------
    InputError
        If a line is longer than any table's.
    """
    with open_file(root, file) as opened:
        if start > 0:
            opened.seek(start - 1)
            start += len(_read_line(opened, root, file)) - 1  # the rest of a line that began before
        if start >= stop:
            return b""
        text = opened.read(stop - start)
        return text if text.endswith(b"\n") else text + _read_line(opened, root, file)


def count_lines(root: Path, file: str, stop: int) -> int:
    """How many lines end before byte ``stop``: only errors ask."""
    n = 0
    with open_file(root, file) as opened:
        while stop > 0 and (text := opened.read(min(stop, 1 << 24))):
            n += text.count(b"\n")
            stop -= len(text)
    return n


def _read_line(opened: IO[bytes], root: Path, file: str) -> bytes:
    line = opened.readline(LONGEST_LINE)
    if len(line) == LONGEST_LINE:
        raise InputError(
            f"a line must have fewer than {LONGEST_LINE:,} bytes, got a longer one",
            file=name_file(root, file),
            way_out="check that it is a table of text whose lines end in \\n or \\r\\n",
        )
    return line
