"""Names that a package offers and imports only when somebody uses them (PEP 562)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["export_lazily"]


def export_lazily(package: str, homes: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Make ``__getattr__`` and ``__dir__`` of a package from the modules that hold its public names.

    Parameters
    ----------
    package
        The package's ``__name__``.
    homes
        The module of each name, relative to the package: ``{"regrid": ".regridding"}``.

    Returns
    -------
    __getattr__ : callable
        Imports the module of a name at its first use; raises AttributeError for any other name.
    __dir__ : callable
        Lists the names, imported or not.

    Examples
    --------
    >>> find, names = export_lazily("json", {"JSONDecoder": ".decoder"})
    >>> find("JSONDecoder").__name__, "JSONDecoder" in names()
    ('JSONDecoder', True)
    """

    def find(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(homes[name], package), name)
        setattr(sys.modules[package], name, value)
        return value

    def list_names() -> list[str]:
        return sorted(homes)

    return find, list_names
