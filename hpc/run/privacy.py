"""What keeps data of single persons in the run folder: texts of exceptions, and modes of files and folders.

A guard against accident, not against an adversary in the same process.
"""

from __future__ import annotations

import errno
import os
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from ..errors import PersonLevelError
from ..plan.plans import Plan
from ..plan.refusals.privacy import find_person_level
from ..store.stores import locate

__all__ = ["PRIVATE", "call_privately", "close_to_others", "is_person_level", "write_private"]

PRIVATE = "private"  # the folder of a run that holds texts of exceptions at person level
Result = TypeVar("Result")
FOLDER_MODE, FILE_MODE, UMASK = 0o700, 0o600, 0o077


def is_person_level(plan: Plan, step: str) -> bool:
    """Whether a step of the plan reads or writes data of single persons."""
    return step in find_person_level(plan.steps, plan.kept, plan.sources)


def call_privately(
    action: Callable[[], Result], run: Path, plan: Plan, step: str, block: int, *, rank: int | None = None
) -> Result:
    """Call ``action``; what it raises for a step at person level is kept in ``RUN/private``.

    Raised instead is an error that names type and file alone. Files that this process makes from here on can be read
    by nobody else.

    Raises
    ------
    PersonLevelError
        In place of whatever was raised.
    """
    if not is_person_level(plan, step):
        return action()
    os.umask(UMASK)
    try:
        return action()
    except (PersonLevelError, KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:
        kind, text = type(error).__name__, "".join(traceback.format_exception(error))
        number = error.errno if isinstance(error, OSError) else None
    # Outside the handler: no chain of exceptions leads from here to the text.
    if number in (errno.ENOSPC, errno.EDQUOT):
        raise OSError(number, os.strerror(number))
    path = write_private(run, f"{step}-{block}.txt" if rank is None else f"{step}-{block}-rank-{rank}.txt", text)
    raise PersonLevelError(f"{kind}; its text stands in {path}, which only the owner of the run can read")


def write_private(run: Path, name: str, text: str) -> Path:
    """Write a text that only the run's owner can read, and return its path."""
    folder = run / PRIVATE
    folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
    folder.chmod(FOLDER_MODE)
    path = folder / name
    path.unlink(missing_ok=True)  # of an earlier attempt: its mode would stay
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE), "w", encoding="utf-8") as file:
        file.write(text)
    return path


def close_to_others(run: Path, plan: Plan) -> None:
    """Take stores and tables at person level away from everybody but the run's owner."""
    for product in plan.products:
        if product.person_level:
            root = locate(run, product.name)
            for folder, _, files in os.walk(root):
                os.chmod(folder, FOLDER_MODE)
                for file in files:
                    os.chmod(os.path.join(folder, file), FILE_MODE)
    for table in plan.tables:
        if table.person_level and (path := run / table.file_name).exists():
            path.chmod(FILE_MODE)
