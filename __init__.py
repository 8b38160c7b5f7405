"""citytide: mine a city's traffic, water and medical data on a supercomputer."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .hpc.jobqueue import cluster
    from .hpc.lifting.lift import lift
    from .workflows.runner import open_run, run

__version__ = "0.1.0"
__all__ = ["__version__", "cluster", "lift", "open_run", "run"]

# Loaded on first use: `import citytide` itself must cost next to nothing.
_LAZY = {
    "run": ".workflows.runner",
    "open_run": ".workflows.runner",
    "lift": ".hpc.lifting.lift",
    "cluster": ".hpc.jobqueue",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(_LAZY[name], __name__), name)
    except ModuleNotFoundError as missing:
        if str(missing.name).startswith(__name__):
            raise
        raise ImportError(
            f"citytide.{name} needs {missing.name}, which is not installed: pip install 'citytide[run]'"
        ) from missing


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
