"""Arrays of single persons, sealed: who holds one cannot show, write or send it; a step that runs can take it out.

A guard against accident, not against an adversary in the same process.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NoReturn
from weakref import WeakKeyDictionary

from ..errors import PersonLevelError

__all__ = ["Sealed", "running_step", "unseal", "unseal_array"]

_is_running: ContextVar[bool] = ContextVar("a step runs", default=False)


class Sealed:
    """One array at person level, which can be held and handed on, and not looked at; ``name`` is for messages.

    Examples
    --------
    >>> import numpy as np
    >>> ages = Sealed(np.array([31, 54]))
    >>> with running_step():
    ...     int(unseal({"age": ages})["age"].max())
    54
    """

    __slots__ = ("__weakref__",)

    def __init__(self, array: Any, name: str = "array") -> None:
        _HELD[self] = array

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise PersonLevelError(
            "an array of single persons must not be shown, written or copied, but this would do so: let a step "
            "compute from unseal(arrays), and a ReductionStep with release=ReleaseRequest(...) hand over counts"
        )

    __array__ = __array_function__ = __array_ufunc__ = __bool__ = __copy__ = __deepcopy__ = __float__ = _refuse
    __format__ = __getitem__ = __index__ = __int__ = __iter__ = __len__ = __reduce__ = _refuse
    __reduce_ex__ = __repr__ = __str__ = _refuse
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        if other is not self:
            self._refuse()
        return True


_HELD: WeakKeyDictionary[Sealed, Any] = WeakKeyDictionary()


def unseal_array(sealed: Sealed) -> Any:
    """The array that is sealed; for the code that carries it, not for steps."""
    return _HELD[sealed]


def unseal(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """The arrays of a step, plain: those of single persons too. It works only while a step runs.

    Parameters
    ----------
    arrays
        What the step's function was handed, by name. What is not sealed is passed on as it is.

    Raises
    ------
    PersonLevelError
        If an array is sealed and no step runs.
    """
    held = dict(arrays)
    if any(isinstance(value, Sealed) for value in held.values()) and not _is_running.get():
        raise PersonLevelError(
            "unseal must be called by a step's function while it runs, but no step runs here: call it in the "
            "function that a BlockStep or ReductionStep names, in the thread in which it was called"
        )
    return {name: _HELD[value] if isinstance(value, Sealed) else value for name, value in held.items()}


@contextmanager
def running_step() -> Iterator[None]:
    """Let ``unseal`` work: entered around the function of a step, in the thread that calls it."""
    token = _is_running.set(True)
    try:
        yield
    finally:
        _is_running.reset(token)
