"""A step's function: found by its import path, and called with the value that it declares to take."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from numpy.typing import NDArray

from ..errors import RunError

__all__ = ["call_function", "load_function"]


def load_function(path: str) -> Callable[..., Any]:
    """The top-level function that ``"package.module:name"`` names."""
    module, _, name = path.partition(":")
    if module == "__main__":
        raise RunError(f"{path}: a step's function must stand in an importable module, not in the script being run")
    return getattr(import_module(module), name)  # type: ignore[no-any-return]


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
    parameters = list(inspect.signature(function).parameters.values())
    annotation: Any = parameters[position].annotation if position < len(parameters) else None
    if isinstance(annotation, str):  # from __future__ import annotations
        annotation = getattr(function, "__globals__", {}).get(annotation)
    return annotation if isinstance(annotation, type) and hasattr(annotation, "from_arrays") else None
