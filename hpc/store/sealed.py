"""A sealed array: data of single persons on their way to a step, which refuse to go anywhere else.

A guard against accident. Whoever searches the process's memory (``gc``, a debugger) finds the values.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, NoReturn, final

import numpy as np
from numpy.typing import NDArray

from ..errors import PersonLevelError

__all__ = ["Sealed", "SealedAttributeError", "SealedError", "running_step", "unseal", "unseal_array"]

WAY_OUT: Final = (
    "let a step compute from unseal(arrays), and a ReductionStep with release=ReleaseRequest(...) hand over counts"
)
_IS_RUNNING: ContextVar[bool] = ContextVar("a step runs", default=False)


class SealedError(PersonLevelError, TypeError):
    """A sealed array was asked for its values; a TypeError too, as protocols of Python demand."""


class SealedAttributeError(PersonLevelError, AttributeError):
    """A sealed array was asked for what an array has, and it has not."""


def _make_vault() -> tuple[Callable[[object, Any], None], Callable[[object], Any]]:
    """Two functions that share what nothing else can reach by a name: values by the object that stands for them."""
    held: dict[int, Any] = {}

    def keep(owner: object, values: Any) -> None:
        held[id(owner)] = values
        weakref.finalize(owner, held.pop, id(owner), None).atexit = False

    def take(owner: object) -> Any:
        return held.get(id(owner))

    return keep, take


_keep, _take = _make_vault()


@final
class Sealed:
    """One array of single persons. It tells its name and its dtype, and nothing else.

    Its shape is not told: the number of persons is a count too. Two are equal if they are the same object, which
    ``is`` finds out.

    Parameters
    ----------
    array
        The values: a NumPy array, or one that is read when it is unsealed, as of Zarr.
    name
        For messages.

    Examples
    --------
    >>> print(Sealed(np.array([19023, 19055]), "day"))
    Traceback (most recent call last):
    ...
    citytide.hpc.store.sealed.SealedError: an array of single persons must not be turned into text, but 'day' \
(int64) was: let a step compute from unseal(arrays), and a ReductionStep with release=ReleaseRequest(...) hand over \
counts
    """

    __slots__ = ("__weakref__", "dtype", "name")
    name: str
    dtype: np.dtype[Any]

    def __init__(self, array: Any, name: str = "array") -> None:
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "dtype", np.dtype(array.dtype))
        _keep(self, array)

    __hash__ = object.__hash__

    def __getattr__(self, name: str) -> NoReturn:
        raise SealedAttributeError(_tell(self, f"asked for its attribute {name!r}"))


def _tell(sealed: Sealed, what: str) -> str:
    return f"an array of single persons must not be {what}, but {sealed.name!r} ({sealed.dtype}) was: {WAY_OUT}"


# Special methods by what they would do.
_REFUSED: Final = {
    "turned into text": "__repr__ __str__ __format__ __bytes__ __fspath__",
    "copied or pickled": "__copy__ __deepcopy__ __reduce__ __reduce_ex__ __getstate__ __setstate__ __getnewargs__",
    "made an array of another kind": "__array__ __array_function__ __array_ufunc__ __array_wrap__ __array_finalize__ "
    "__dlpack__ __dlpack_device__ __buffer__ __arrow_array__ __arrow_c_array__ __arrow_c_stream__ __dataframe__",
    "read entry by entry": "__iter__ __next__ __reversed__ __getitem__ __contains__ __len__ __length_hint__",
    "compared": "__eq__ __ne__ __lt__ __le__ __gt__ __ge__",
    "made a number": "__bool__ __int__ __float__ __complex__ __index__ __round__ __trunc__ __floor__ __ceil__",
    "computed with": "__neg__ __pos__ __abs__ __invert__ __call__ "
    + " ".join(
        f"__{kind}{name}__"
        for name in "add sub mul truediv floordiv mod divmod pow matmul and or xor lshift rshift".split()
        for kind in ("", "r", "i")
    ),
    "changed": "__setattr__ __delattr__ __setitem__ __delitem__",
}


def _refuse(what: str) -> Callable[..., NoReturn]:
    def refused(self: Sealed, *_: Any, **__: Any) -> NoReturn:
        raise SealedError(_tell(self, what))

    return refused


for _what, _names in _REFUSED.items():
    for _name in _names.split():
        setattr(Sealed, _name, _refuse(_what))


@contextmanager
def running_step() -> Iterator[None]:
    """While this is open, what is called may unseal: whoever calls a step's function opens it around the call.

    The mark stands in the context (``contextvars``) of the caller. Threads that a step starts have a context of
    their own: the step unseals before it starts them, and hands them plain arrays. Of a generator, each of its parts
    must be asked for while this is open.
    """
    token = _IS_RUNNING.set(True)
    try:
        yield
    finally:
        _IS_RUNNING.reset(token)


def unseal(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same arrays, those that are sealed as plain ones.

    What is not sealed is passed on as it is, so a test may call a step's function with plain arrays.

    Raises
    ------
    PersonLevelError
        If one of them is sealed and no step runs.

    Examples
    --------
    >>> arrays = {"day": Sealed(np.array([19023, 19055]), "day")}
    >>> with running_step():
    ...     int(np.diff(unseal(arrays)["day"])[0])
    32
    """
    return {name: unseal_array(array) if isinstance(array, Sealed) else array for name, array in arrays.items()}


def unseal_array(sealed: Sealed) -> NDArray[Any]:
    """Return the array that is sealed.

    Raises
    ------
    PersonLevelError
        If no step runs.
    """
    if not _IS_RUNNING.get():
        raise PersonLevelError(
            "unseal must be called by a step's function while it runs, but no step runs here: call it in the function "
            "that a BlockStep or ReductionStep names, in the thread in which it was called"
        )
    values = _take(sealed)
    return values if isinstance(values, np.ndarray) else np.asarray(values[...])
