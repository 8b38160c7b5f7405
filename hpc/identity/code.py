"""The code of a run: the modules that its steps reach within their own package, each with the hash of its bytes.

What a step reaches is read from the text of modules; none is imported. Counted are imports inside functions and for
type checkers, relative ones, and the ``__init__`` of every package on the way. Other packages are not followed: their
versions stand in the run record.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from ..errors import RunError
from .imports import Import, read_imports

if TYPE_CHECKING:
    from ..plan.steps import PlannedStep

__all__ = ["describe_code"]


def describe_code(steps: Iterable[PlannedStep], find: Callable[[str], str] = str) -> dict[str, Any]:
    """The modules that each step reaches, and the SHA-256 of each module.

    A compiled module is hashed as the file it is, and one in a zip archive as the bytes it has there; what they import
    is followed only where there is source. A package without ``__init__`` (a namespace) has no bytes of its own, and
    neither has a module that is built into Python or was made while the program runs: they are left out.

    Parameters
    ----------
    steps
        Of a plan.
    find
        Tells where the function of an older plan is now.

    Returns
    -------
    dict
        ``modules``: hash by name; ``steps``: sorted names of modules by step.

    Examples
    --------
    >>> from citytide.hpc.plan.steps import BlockStep, plan_blocks
    >>> step = BlockStep("roots", "colorsys:rgb_to_hsv", "row", 1, (), lambda block: 0)
    >>> describe_code([plan_blocks(step)])["steps"]
    {'roots': ['colorsys']}
    """
    modules: dict[str, _Module | None] = {}
    reached: dict[str, list[str]] = {}
    by_step: dict[str, list[str]] = {}
    for step in steps:
        of_step: set[str] = set()
        for function in _list_functions(step):
            try:
                module = find(function).partition(":")[0]
            except RunError:  # not to be imported here: the workers say so
                module = ""
            if module == "__main__":  # the script that is being run, which the workers refuse
                module = ""
            if module not in reached:
                reached[module] = sorted(_Trace(module.partition(".")[0], modules).follow(module)) if module else []
            of_step.update(reached[module])
        by_step[step.name] = sorted(of_step)
    named = sorted({name for names in by_step.values() for name in names})
    return {"modules": {name: found.sha256 for name in named if (found := modules[name])}, "steps": by_step}


def _list_functions(step: PlannedStep) -> list[str]:
    """Import paths of what a step calls: its function and, of a release, the one that derives further columns."""
    derive = step.release.get("table", {}).get("derive") if step.release else ""
    return [step.function, derive] if derive else [step.function]


@dataclass(frozen=True)
class _Module:
    name: str
    sha256: str
    imports: tuple[Import, ...]
    path: list[str] | None  # where a package's own modules are

    @property
    def package(self) -> str:
        return self.name if self.path is not None else self.name.rpartition(".")[0]

    def resolve(self, statement: Import) -> str:
        """The full name of the module that a statement imports, or imports from."""
        if not statement.level:
            return statement.module
        parts = self.package.split(".")
        parts = parts[: len(parts) - statement.level + 1]
        return ".".join([*parts, statement.module] if statement.module else parts)


class _Trace:
    """Follows imports from module to module within one top-level package."""

    def __init__(self, top: str, modules: dict[str, _Module | None]) -> None:
        self.top, self.modules = top, modules
        self.seen: set[tuple[str, str]] = set()  # module, and the name wanted of it: "*" for all, "" for none
        self.waiting: list[tuple[str, str]] = []

    def follow(self, name: str) -> set[str]:
        self._want(name, "*")
        while self.waiting:
            name, wanted = self.waiting.pop()
            if (module := self._open(name)) is None:
                continue
            for statement in self._choose(module, wanted):
                self._take(module.resolve(statement), statement)
        return {name for name, _ in self.seen if (found := self.modules.get(name)) and found.sha256}

    def _want(self, name: str, wanted: str) -> None:
        """Note a module; Python imports the packages on the way to it first."""
        if name.partition(".")[0] != self.top or (name, wanted) in self.seen:
            return
        self.seen.add((name, wanted))
        self.waiting.append((name, wanted))
        self._want(name.rpartition(".")[0], "")

    def _choose(self, module: _Module, wanted: str) -> Iterator[Import]:
        """The statements of a module that matter for what is wanted of it."""
        if module.path is None or wanted == "*":
            yield from module.imports
            return
        if wanted:  # one name of a package: where it comes from, if a statement says so, else all of it
            sources = [one for one in module.imports if any(bound == wanted for _, bound in one.names)]
            if not sources and self._open(f"{module.name}.{wanted}") is None:
                self._want(module.name, "*")
            yield from (
                Import(one.module, one.level, tuple(pair for pair in one.names if pair[1] == wanted)) for one in sources
            )
            return
        yield from (one for one in module.imports if one.runs_at_once)

    def _take(self, target: str, statement: Import) -> None:
        if not statement.names:
            self._want(target, "*")
            return
        if target.partition(".")[0] != self.top:
            return
        self._want(target, "")
        found = self._open(target)
        for name, _ in statement.names:
            self._want(target, name if found and found.path is not None else "*")
            if found and found.path is not None and name != "*":
                self._want_module(f"{target}.{name}")

    def _want_module(self, name: str) -> None:
        if self._open(name) is not None:
            self._want(name, "*")

    def _open(self, name: str) -> _Module | None:
        if name not in self.modules:
            self.modules[name] = _read_module(name, self._find(name))
        return self.modules[name]

    def _find(self, name: str) -> ModuleSpec | None:
        parent = name.rpartition(".")[0]
        if not parent:
            return _find_top(name)
        held = self._open(parent)
        return PathFinder.find_spec(name, held.path) if held is not None and held.path is not None else None


def _find_top(name: str) -> ModuleSpec | None:
    if name in sys.modules and getattr(sys.modules[name], "__spec__", None) is None:
        return None  # made while the program runs
    try:
        return find_spec(name)
    except (ImportError, ValueError):
        return None


def _read_module(name: str, spec: ModuleSpec | None) -> _Module | None:
    if spec is None:
        return None
    path = list(spec.submodule_search_locations) if spec.submodule_search_locations is not None else None
    read = getattr(spec.loader, "get_data", None)
    if read is None or not spec.origin or not spec.has_location:
        return _Module(name, "", (), path)
    try:
        data: bytes = read(spec.origin)
    except OSError:
        return _Module(name, "", (), path)
    has_source = isinstance(spec.loader, SourceFileLoader) or spec.origin.endswith(".py")
    return _Module(name, hashlib.sha256(data).hexdigest(), read_imports(data) if has_source else (), path)
