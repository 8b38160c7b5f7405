"""Files that a run was given, each under a name of its own."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

__all__ = ["name_inputs"]


def name_inputs(files: Iterable[Path]) -> dict[str, Path]:
    """Name the files that exist; a file whose name is taken gets its place in the list before its name.

    Parameters
    ----------
    files
        In the order in which the run's record lists them; a file listed twice is kept once.

    Returns
    -------
    dict of str to Path

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name in ("a", "b"):
    ...     (folder / name).mkdir()
    ...     (folder / name / "q.csv").touch()
    >>> sorted(name_inputs([folder / "a/q.csv", folder / "b/q.csv", folder / "none.csv"]))
    ['2-q.csv', 'q.csv']
    """
    found = dict.fromkeys(path for path in files if path.exists())
    named: dict[str, Path] = {}
    for number, path in enumerate(found, start=1):
        name = path.name
        while name in named:
            name = f"{number}-{name}"
        named[name] = path
    return named
