"""What keeps data of single persons in the run folder: texts of exceptions, and modes of files and folders.

A guard against accident, not against an adversary in the same process.
"""

from __future__ import annotations

import errno
import os
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from ..errors import PersonLevelError, RunError
from ..plan.plans import Plan, read_plan
from ..plan.refusals.privacy import find_person_level
from ..plan.sources import Source
from ..store.stores import locate

__all__ = [
    "PRIVATE", "call_privately", "close_to_others", "find_persons", "is_person_level", "keep_privately", "keep_text",
    "keeps_persons", "mark_sources", "refuse_unmarked_persons", "write_private",
]  # fmt: skip

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
    name = f"{step}-{block}.txt" if rank is None else f"{step}-{block}-rank-{rank}.txt"
    return keep_text(action, run, name)


def keep_text(action: Callable[[], Result], folder: Path, name: str) -> Result:
    """Call ``action``; what it raises is kept as ``private/NAME`` in a folder, and told by its type alone.

    Raises
    ------
    PersonLevelError
        In place of whatever was raised.
    """
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
    raise PersonLevelError(_keep(kind, text, folder, name))


def keep_privately(error: Exception, run: Path, name: str) -> str:
    """Keep the text of an exception in ``RUN/private``, and return what everybody may read of it."""
    return _keep(type(error).__name__, "".join(traceback.format_exception(error)), run, name)


def _keep(kind: str, text: str, folder: Path, name: str) -> str:
    path = write_private(folder, name, text)
    return f"{kind}; its text stands in {path}, which only the owner of the run can read"


def keeps_persons(plan: Plan) -> bool:
    """Whether a product, table or source of the plan is at person level."""
    marked = [product.person_level for product in plan.kept.values()]
    return any([*marked, *(source.person_level for source in plan.sources.values())])


def find_persons(values: Mapping[str, Any]) -> dict[str, Path]:
    """Paths among settings that lie in what another run holds at person level, by the setting that names them."""
    return {
        setting: path for setting, value in values.items() for path in _list_paths(value) if _tells_of_persons(path)
    }


def _list_paths(value: object) -> Iterator[Path]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from _list_paths(item)
    elif isinstance(value, str | Path) and str(value):
        yield Path(value).expanduser()


def _tells_of_persons(path: Path) -> bool:
    """Whether a path lies in a store, table or work file at person level of some run, or is such a run's folder."""
    try:
        path = path.resolve()
        run = next((folder for folder in (path, *path.parents) if (folder / "run.json").is_file()), None)
        if run is None or not path.exists():
            return False
        plan = read_plan(run)
    except (OSError, ValueError, RuntimeError):  # a text that is no path
        return False
    first, *rest = [part for part in path.relative_to(run).parts if part != "staging"] or [""]
    if not first:
        return keeps_persons(plan)
    if first == "work":
        steps = find_person_level(plan.steps, plan.kept, plan.sources)
        return bool(steps) and (not rest or rest[0].partition(".")[0] in steps)
    own = {f"{product.name}.zarr" for product in plan.products if product.person_level}
    return first == PRIVATE or first in own | {table.file_name for table in plan.tables if table.person_level}


def mark_sources(sources: Mapping[str, Source]) -> dict[str, Source]:
    """The same sources, marked as at person level where they lie in what another run holds at person level."""
    return {
        name: source
        if source.person_level or not _tells_of_persons(source.path)
        else replace(source, person_level=True)
        for name, source in sources.items()
    }


def refuse_unmarked_persons(persons: Mapping[str, Path], sources: Mapping[str, Source]) -> None:
    """Refuse to plan a run that would carry another run's persons along unmarked: in its arrays or parameters.

    Raises
    ------
    RunError
        If a setting names a store, table or file at person level that is no source.
    """
    places = [source.path.resolve() for source in sources.values()]
    for setting, given in persons.items():
        path = given.resolve()
        if not any(place.is_relative_to(path) or path.is_relative_to(place) for place in places):
            raise RunError(
                f"data of single persons must reach steps as a Source, which keeps them marked, but the workflow "
                f"opened {setting}={path} itself: let it return Prepared(sources={{'persons': Source(PATH, KIND)}})"
            )


def write_private(run: Path, name: str, text: str) -> Path:
    """Write a text that only the run's owner can read, and return its path."""
    folder = run / PRIVATE
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
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
