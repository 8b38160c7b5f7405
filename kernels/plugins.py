"""Plugins: what packages outside citytide offer under a name, by entry points in groups such as ``citytide.workflows``.

Nothing is imported until somebody asks for it. A plugin that cannot be imported raises :class:`PluginError`, so that a
list can name it and go on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points, packages_distributions, version
from typing import Any

__all__ = ["Plugin", "PluginError", "describe_origin", "list_plugins"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")


class PluginError(Exception):
    """A plugin cannot be used: the reason, which names its package, and the way out."""

    def __init__(self, reason: str, way_out: str) -> None:
        super().__init__(f"{reason}: {way_out}")
        self.reason = reason


@dataclass(frozen=True)
class Plugin:
    """One entry point, and the package that has it.

    Examples
    --------
    >>> plugin = Plugin("joiner", "posixpath:join", "example", "1.0")
    >>> plugin.load()("a", "b"), plugin.origin
    ('a/b', 'example 1.0')
    """

    name: str
    path: str
    """``package.module:NAME``, or a module alone."""
    package: str = ""
    version: str = ""

    @property
    def origin(self) -> str:
        """The package with its version."""
        return f"{self.package} {self.version}".strip()

    @property
    def top(self) -> str:
        """The top-level package of its import path."""
        return self.path.partition(":")[0].partition(".")[0].strip()

    def load(self) -> Any:
        """Import it.

        Raises
        ------
        PluginError
            If its name has other characters than letters, digits and -, or if the import fails, for whatever reason.
        """
        if not _NAME.fullmatch(self.name):
            raise PluginError(
                f"the name of an entry point must be letters, digits and '-', got {self.name!r} of {self.origin}",
                "rename it in that package",
            )
        try:
            return EntryPoint(self.name, self.path, "").load()
        except (Exception, SystemExit) as error:  # another's code may raise anything
            raise PluginError(
                f"{self.path} of {self.origin} cannot be imported ({type(error).__name__}: {error})",
                "repair or uninstall that package",
            ) from error


def list_plugins(group: str) -> Mapping[str, tuple[Plugin, ...]]:
    """What installed packages offer in a group, by name; a name with several owners has several entries.

    Examples
    --------
    >>> dict(list_plugins("citytide.nothing-of-this-kind"))
    {}
    """
    found: dict[str, list[Plugin]] = {}
    for point in entry_points(group=group):
        package, number = (point.dist.name, point.dist.version) if point.dist else ("", "")
        found.setdefault(point.name, []).append(Plugin(point.name, point.value, package, number))
    return {name: tuple(sorted(found[name], key=lambda plugin: plugin.origin)) for name in sorted(found)}


def describe_origin(module: str) -> str:
    """A module with the package that holds it, for a message.

    Examples
    --------
    >>> describe_origin("numpy.linalg").partition(" ")[0]
    'numpy.linalg'
    """
    top = module.partition(".")[0]
    packages = ["citytide"] if top == "citytide" else packages_distributions().get(top, [])
    return f"{module} ({packages[0]} {version(packages[0])})" if packages else module
