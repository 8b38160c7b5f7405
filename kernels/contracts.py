"""What a kernel promises its callers, and the table of kernels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeVar

from .plugins import describe_origin
from .rules import Engine, EngineError

__all__ = ["BOUNDS", "KERNELS", "Array", "Contract", "kernel"]

KERNELS: dict[str, Callable[..., Any]] = {}
Kernel = TypeVar("Kernel", bound=Callable[..., Any])
BOUNDS: Mapping[str, float] = MappingProxyType({"float64": 1e-12, "float32": 1e-5})
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Array:
    """An array that a kernel takes or returns.

    Examples
    --------
    An ensemble in any unit, what was observed in the same unit, and a score that follows both:

    >>> ensemble = Array(("member", "..."))
    >>> observed = Array(("...",), units_of="ensemble")
    >>> crps = Array(("...",), units_of="ensemble", dtype="ensemble", long_name="ranked probability score")
    """

    dims: tuple[str, ...]
    """In order. ``"..."`` stands for any dims, or none; arrays that have it broadcast against each other."""
    units: str | None = None
    """UDUNITS text; None: any units, or those of another argument."""
    units_of: str = ""
    """The argument whose units it has."""
    dtype: str = "float"
    """NumPy's name of the dtype, or the argument whose dtype it has (whole numbers become float64)."""
    long_name: str = ""
    """What a returned array is, where no argument has its name."""
    on: str = ""
    """The argument with the grid on whose cells it lies, in the grid's order."""


@dataclass(frozen=True)
class Contract:
    """What a caller may rely on, read by the chunked layer, the command line and the docs."""

    takes: Mapping[str, Array]
    """The arrays taken, by parameter. A parameter ``axis``, if there is one, names positions among their dims."""
    gives: Mapping[str, Array]
    """The arrays returned, by name. One that has the name of an argument is the same quantity, later or elsewhere."""
    engines: tuple[Engine, ...]
    """Engines that the kernel offers, the preferred one first."""
    bounds: Mapping[Engine, float] = field(default_factory=dict[Engine, float])
    """How far floats of an engine for GPUs may be from the host's after a few steps, relative to the greatest of them,
    where it is not :data:`BOUNDS`. Whole numbers are the same."""
    structure: str = ""
    """The type that holds the arrays returned; empty: the kernel returns one bare array."""
    blocks: tuple[str, ...] = ()
    """Dims along which arrays may be cut without changing the answer; none: the kernel needs its arguments whole."""
    halo: Mapping[str, int] = field(default_factory=lambda: _NOTHING)
    """Ghost cells at each end of a dim, which the result does not have."""
    sizes: Callable[..., Mapping[str, int]] | None = None
    """Sizes, from the arguments, of the dims that are taken in one size and returned in another."""


def kernel(contract: Contract, *, field: str = "") -> Callable[[Kernel], Kernel]:
    """Enter a public function, unchanged, into the table of kernels, named by its field: ``hydro.score_crps``.

    Parameters
    ----------
    contract
        What the function promises.
    field
        The field, existing or new; by default the folder that holds the module.

    Raises
    ------
    EngineError
        If the name is taken by another function.
    """

    def enter(function: Kernel) -> Kernel:
        name = f"{field or _find_field(function.__module__)}.{function.__name__}".removeprefix(".")
        holder = KERNELS.get(name)
        if holder is not None and holder.__module__ != function.__module__:
            raise EngineError(
                f"a kernel's name must have one owner, but {name!r} is in {describe_origin(holder.__module__)} and in "
                f"{describe_origin(function.__module__)}: rename one, or give another field"
            )
        function.contract = contract  # type: ignore[attr-defined]
        KERNELS[name] = function
        return function

    return enter


def _find_field(module: str) -> str:
    rooms = module.split(".")
    return rooms[rooms.index("kernels") + 1] if "kernels" in rooms[:-1] else rooms[-2] if rooms[1:] else ""
