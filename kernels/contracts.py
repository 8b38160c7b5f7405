"""What a kernel promises its callers, and the table of kernels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeVar

from .rules import Engine, EngineError

__all__ = ["KERNELS", "Contract", "kernel"]

KERNELS: dict[str, Callable[..., Any]] = {}
Kernel = TypeVar("Kernel", bound=Callable[..., Any])
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Contract:
    """What a caller may rely on, read by the chunked layer, the command line and the docs."""

    dims: tuple[str, ...]
    """Dims of the array argument, in order."""
    units: Mapping[str, str]
    """UDUNITS text of each array taken or returned."""
    engines: tuple[Engine, ...]
    """Engines that the kernel offers, the preferred one first."""
    blocks: tuple[str, ...] = ()
    """Dims along which the array may be cut; none: the kernel needs its arguments whole."""
    halo: Mapping[str, int] = field(default_factory=lambda: _NOTHING)
    """Ghost cells at each end of a dim, which the result does not have."""


def kernel(contract: Contract) -> Callable[[Kernel], Kernel]:
    """Enter a public function, unchanged, into the table of kernels.

    Raises
    ------
    EngineError
        If the name is taken by another function.
    """

    def enter(function: Kernel) -> Kernel:
        name = ".".join([*function.__module__.split(".")[-2:-1], function.__name__])
        holder = KERNELS.get(name)
        if holder is not None and holder.__module__ != function.__module__:
            raise EngineError(f"kernel {name!r} is already in {holder.__module__}")
        function.contract = contract  # type: ignore[attr-defined]
        KERNELS[name] = function
        return function

    return enter
