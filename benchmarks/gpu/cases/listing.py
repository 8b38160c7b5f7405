"""All cases in the order in which they are measured, and what of the kernels for GPUs has none."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages

from .... import kernels
from ....kernels.contracts import KERNELS
from .case import Case
from .fields import FIELDS
from .persons import PERSONS
from .roads import ROADS
from .water import WATER
from .whole_arrays import WHOLE_ARRAYS

__all__ = ["PARTS", "find_uncovered", "is_declared"]

PARTS: tuple[tuple[str, float, tuple[Case, ...]], ...] = (
    ("water", 0.68, WATER),
    ("fields", 0.76, FIELDS),
    ("persons and roads", 0.86, (*PERSONS, *ROADS)),
    ("CuPy", 1.0, WHOLE_ARRAYS),
)
"""Name, share of the day at which the part must have ended, and cases. Device tests come before."""


def is_declared(case: Case) -> bool:
    """Whether the kernel of a case is there and declares its engine.

    Examples
    --------
    >>> is_declared(FIELDS[0])
    True
    """
    function = KERNELS.get(case.kernel)
    return function is not None and case.engine in function.contract.engines  # type: ignore[attr-defined]


def find_uncovered() -> list[str]:
    """Kernels that declare an engine for GPUs for which there is no case, such as ``hydro.some_kernel (cupy)``.

    Examples
    --------
    >>> "hydro.advance_inertia (cuda)" in find_uncovered()
    False
    """
    covered = {(case.kernel, case.engine) for _, _, cases in PARTS for case in cases}
    return [f"{name} ({engine})" for name, engine in _list_declared() if (name, engine) not in covered]


def _list_declared() -> Iterator[tuple[str, str]]:
    for module in walk_packages(kernels.__path__, f"{kernels.__name__}."):
        if module.name.rpartition(".")[2] != "commands":  # no kernel, and more than kernels need
            import_module(module.name)
    for name, function in sorted(KERNELS.items()):
        engines = function.contract.engines  # type: ignore[attr-defined]
        yield from ((name, engine) for engine in engines if engine in ("cupy", "cuda"))
