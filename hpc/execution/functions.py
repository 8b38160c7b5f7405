"""A step's function: found by its import path, and called with the value that it declares to take."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from types import NoneType, SimpleNamespace, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from numpy.typing import NDArray

from ..errors import RunError

__all__ = ["call_function", "find_function", "load_function"]


def load_function(path: str) -> Callable[..., Any]:
    """The top-level function that ``"package.module:name"`` names.

    Raises
    ------
    RunError
        If the path names the script that is being run, or a module or function that this version does not have.
    """
    found = find_function(path)
    module, _, name = found.partition(":")
    try:
        return getattr(import_module(module), name)  # type: ignore[no-any-return]
    except AttributeError:
        raise RunError(_explain_missing(path)) from None


def find_function(path: str) -> str:
    """The import path under which this version has a step's function.

    A run folder names the functions of its steps, and outlives the version that made it. A package whose functions
    moved says so in a module ``moved``: ``MOVED`` maps old module names to new ones.

    Raises
    ------
    RunError
        If the path names the script that is being run, or a module that this version does not have.

    Examples
    --------
    >>> find_function("math:sqrt")
    'math:sqrt'
    """
    module, _, name = path.partition(":")
    if module == "__main__":
        raise RunError(f"{path}: a step's function must be in an importable module, not in the script being run")
    if _exists(module):
        return path
    package = module.rpartition(".")[0]
    while package:
        if _exists(f"{package}.moved"):
            moved: Mapping[str, str] = import_module(f"{package}.moved").MOVED
            if module in moved:
                return f"{moved[module]}:{name}"
        package = package.rpartition(".")[0]
    raise RunError(_explain_missing(path))


def _exists(module: str) -> bool:
    if module in sys.modules:
        return True
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # of its package
        return False


def _explain_missing(path: str) -> str:
    return (
        f"the step's function {path} must be importable, but this environment has no such module or function: install "
        "the package it belongs to, use the version of citytide that `run.json` names, or start a new run"
    )


def call_function(
    function: Callable[..., Any],
    arrays: Mapping[str, NDArray[Any]],
    params: Mapping[str, Any],
    *,
    before: tuple[Any, ...] = (),
    after: tuple[Any, ...] = (),
) -> Any:
    """Call a step's function with one typed value, or with the arrays themselves.

    The parameter that follows ``before`` decides. If its annotation is a class with ``from_arrays``, the function is
    called as ``function(*before, Class.from_arrays(arrays, **params), *after)``; else as
    ``function(*before, arrays, *after, **params)``.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Rows:
    ...     total: float
    ...     @classmethod
    ...     def from_arrays(cls, arrays, *, factor):
    ...         return cls(float(arrays["x"].sum()) * factor)
    >>> def add(rows: Rows):
    ...     return rows.total
    >>> import numpy as np
    >>> call_function(add, {"x": np.ones(3)}, {"factor": 2.0})
    6.0
    """
    taken = _find_class(function, len(before))
    if taken is None:
        return function(*before, arrays, *after, **params)
    return function(*before, taken.from_arrays(arrays, **params), *after)


def _find_class(function: Callable[..., Any], position: int) -> Any:
    """The class with ``from_arrays`` that annotates a parameter, or None."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except ValueError:  # of a builtin
        return None
    if position >= len(parameters):
        return None
    parameter = parameters[position]
    written = parameter.annotation
    named = SimpleNamespace(__annotations__={} if written is parameter.empty else {"taken": written})
    try:
        found = get_type_hints(named, globalns=getattr(_unwrap(function), "__globals__", {})).get("taken")
    except (NameError, AttributeError) as error:  # imported for type checkers only
        if "[" in str(written) and not re.match(r"([\w.]+\.)?(Optional|Annotated)\[", str(written)):
            return None  # such as dict[str, NDArray]: the function takes the arrays
        raise RunError(
            f"parameter {parameter.name!r} of step {getattr(function, '__qualname__', function)} must be annotated "
            f"with a class that its module knows when it runs ({error}): import it outside `if TYPE_CHECKING:`"
        ) from None
    if get_origin(found) in (Union, UnionType):
        found = next((one for one in get_args(found) if one is not NoneType), None)
    return found if isinstance(found, type) and hasattr(found, "from_arrays") else None


def _unwrap(function: Callable[..., Any]) -> Any:
    """The function below decorators and partial calls, in whose module an annotation was written."""
    inner = inspect.unwrap(function)
    return _unwrap(inner.func) if isinstance(inner, partial) else inner
