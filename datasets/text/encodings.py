"""Text files as people keep them: UTF-8, with or without a byte-order mark, UTF-16 with one, or GB18030."""

from __future__ import annotations

from pathlib import Path

from ..errors import InputError

__all__ = ["read_text"]


def read_text(path: str | Path) -> str:
    """Read a text file whose encoding nobody wrote down.

    Parameters
    ----------
    path
        The file. A byte-order mark decides; without one UTF-8 is tried, then GB18030.

    Returns
    -------
    str
        The text, without its mark and with ``\\n`` line ends.

    Raises
    ------
    InputError
        If the file is missing, a folder, unreadable, or in neither encoding.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "names.csv"
    ...     _ = file.write_bytes("深南大道".encode("gb18030"))
    ...     read_text(file) == "深南大道"
    True
    """
    path = Path(path)
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise InputError("the file is missing", file=path, way_out="check the name and the folder") from None
    except IsADirectoryError:
        raise InputError(
            "this is a folder, but a file is needed", file=path, way_out="give the path of the file in it"
        ) from None
    except OSError as error:
        raise InputError(
            f"the file cannot be read ({error.strerror})", file=path, way_out="check its permissions"
        ) from None
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        candidates: tuple[str, ...] = ("utf-16",)
    else:
        candidates = ("utf-8-sig", "gb18030")
    for encoding in candidates:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        return text.replace("\r\n", "\n").replace("\r", "\n")
    raise InputError("the text is neither UTF-8 nor GB18030", file=path, way_out="save it as UTF-8")
