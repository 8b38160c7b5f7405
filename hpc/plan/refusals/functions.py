"""Functions of steps: whether this environment has what a plan names, without running their modules."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from ...errors import RunError
from ..steps import PlannedStep

__all__ = ["has_function", "refuse_missing_functions"]


def refuse_missing_functions(steps: Sequence[PlannedStep]) -> None:
    """Refuse a function that no worker of this environment could find."""
    seen: set[str] = set()
    for step in steps:
        if not step.function or step.function in seen:
            continue
        seen.add(step.function)
        module, colon, name = step.function.partition(":")
        if not colon or not module or not name.isidentifier():
            raise RunError(
                f"a step's function must be named as package.module:name, got {step.function!r} of step {step.name!r}: "
                "name a function at the top of a module"
            )
        if module == "__main__":
            raise RunError(
                f"a step's function must be in an importable module, got {step.function!r} of step {step.name!r}, "
                "which is in the script being run: move it into a module beside the script"
            )
        if not has_function(module, name):
            raise RunError(
                f"a step's function must be importable, but this environment has no {step.function!r}, which step "
                f"{step.name!r} names: correct the name, or install the package that it belongs to"
            )


def has_function(module: str, name: str) -> bool:
    """Whether a module defines a name at its top.

    The module's source is read, since to import it may take a second (Numba) or need what only workers have (a GPU).
    If the source alone does not tell, the module is imported.

    Examples
    --------
    >>> has_function("json", "dumps"), has_function("json", "dumbs"), has_function("jason", "dumps")
    (True, False, False)
    """
    if module not in sys.modules:
        try:
            spec = find_spec(module)
        except (ImportError, ValueError):  # its package is not there, or cannot be imported
            return False
        if spec is None:
            return False
        if spec.origin and spec.origin.endswith(".py") and _defines(Path(spec.origin), name):
            return True
    try:
        return hasattr(import_module(module), name)
    except ImportError:
        return False


def _defines(source: Path, name: str) -> bool:
    text = source.read_text(encoding="utf-8", errors="replace")
    return re.search(rf"^(?:(?:async\s+)?def|class)\s+{name}\b|^{name}\s*[:=]", text, re.MULTILINE) is not None
