"""A stand-in for CuPy on a machine without a GPU: NumPy's memory under CuPy's rules, so nothing mixes in silence.

An array of it never becomes one of the host unless somebody asks (``.get()``, ``asnumpy``, ``float`` of one number),
and none of the host takes part in its arithmetic, its functions, its indices or its assignments. CuPy itself would
copy a host array that is an index or is assigned; here that is an error too, as such copies cost more than the work.
Only functions that CuPy has under NumPy's name are offered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.machinery import ModuleSpec
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

__all__ = ["STRICT_CUPY", "make_module"]

UFUNCS = (
    "abs", "absolute", "add", "arctan2", "bitwise_and", "bitwise_or", "bitwise_xor", "cbrt", "ceil", "conj", "cos",
    "divide", "equal", "exp", "expm1", "fabs", "floor", "floor_divide", "fmax", "fmin", "greater", "greater_equal",
    "exp2", "hypot", "invert", "isfinite", "isinf", "isnan", "less", "less_equal", "log", "log10", "log1p", "log2",
    "logical_and", "logical_not", "logical_or", "logical_xor", "maximum", "minimum", "mod", "multiply", "negative",
    "not_equal", "power", "rint", "sign", "sin", "sqrt", "square", "subtract", "tan", "tanh", "true_divide", "trunc",
)  # fmt: skip
FUNCTIONS = (
    "all", "any", "arange", "argmax", "argmin", "argpartition", "argsort", "array", "array_equal", "ascontiguousarray",
    "bincount", "broadcast_arrays", "broadcast_to", "clip", "concatenate", "copy", "copyto", "count_nonzero", "cumsum",
    "diff", "einsum", "empty", "empty_like", "expand_dims", "eye", "flatnonzero", "full", "full_like", "linspace",
    "matmul", "mean", "median", "meshgrid", "moveaxis", "nan_to_num", "nanmax", "nanmean", "nanmin", "nansum",
    "nonzero", "ones", "ones_like", "outer", "pad", "partition", "percentile", "prod", "ravel", "repeat", "reshape",
    "roll", "round", "searchsorted", "sort", "squeeze", "stack", "std", "sum", "swapaxes", "take", "take_along_axis",
    "tensordot", "tile", "transpose", "tri", "unique", "var", "vstack", "where", "zeros", "zeros_like",
    "amax", "amin", "max", "min",
)  # fmt: skip
IN_MODULES = {
    "fft": ("fft2", "fftfreq", "ifft2", "irfft2", "rfft2", "rfftfreq"),
    "linalg": ("cholesky", "det", "inv", "lstsq", "norm", "solve"),
}
LACKING = ("correction", "device", "initial", "like", "stable", "subok", "weights", "where")  # words that NumPy takes
NAMES = (
    "bool_", "complex64", "complex128", "complexfloating", "dtype", "float32", "float64", "floating", "inf", "int8",
    "int16", "int32", "int64", "integer", "intp", "nan", "newaxis", "pi", "uint8", "uint16", "uint32", "uint64",
)  # fmt: skip
REDUCED = (
    "all", "any", "argmax", "argmin", "argsort", "astype", "clip", "conj", "copy", "cumsum", "dot", "flatten", "max",
    "mean", "min", "nonzero", "prod", "ravel", "repeat", "reshape", "round", "squeeze", "std", "sum", "swapaxes",
    "take", "transpose", "var", "view",
)  # fmt: skip


class ndarray:
    """An array in a memory of its own."""

    __module__ = "cupy"
    __array_priority__ = 100

    def __init__(self, host: np.ndarray[Any, Any]) -> None:
        self._host = host

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        return dict(self._host.__array_interface__)

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()`.")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if ufunc.__name__ not in UFUNCS or method not in ("__call__", "reduce", "accumulate"):
            raise TypeError(f"CuPy has no {ufunc.__name__}.{method}")
        return call(getattr(ufunc, method), *inputs, **kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        module = getattr(function, "__module__", "numpy").partition("numpy.")[2]
        home = STRICT_CUPY if not module or module.startswith("_") else getattr(STRICT_CUPY, module, None)
        if not hasattr(home, function.__name__):
            raise TypeError(f"CuPy has no {function.__name__}")
        return getattr(home, function.__name__)(*args, **kwargs)

    def get(self) -> np.ndarray[Any, Any]:
        return self._host.copy()

    def item(self) -> Any:
        return self._host.item()

    def tolist(self) -> Any:
        return self._host.tolist()

    def fill(self, value: Any) -> None:
        self._host.fill(strip(value))

    def sort(self, axis: int = -1) -> None:
        self._host.sort(axis)

    def __getitem__(self, at: Any) -> Any:
        return dress(self._host[strip(at)])

    def __setitem__(self, at: Any, value: Any) -> None:
        self._host[strip(at)] = strip(value)

    def __iter__(self) -> Iterator[Any]:
        return (dress(row) for row in self._host)

    def __len__(self) -> int:
        return len(self._host)

    def __float__(self) -> float:
        return float(self._host)

    def __int__(self) -> int:
        return int(self._host)

    def __index__(self) -> int:
        return self._host.__index__()

    def __bool__(self) -> bool:
        return bool(self._host)

    def __repr__(self) -> str:
        return f"cupy.{self._host!r}"

    __hash__ = None  # type: ignore[assignment]


def strip(value: Any) -> Any:
    """The memory of arrays of ours, in any nesting; a host array is refused."""
    if isinstance(value, ndarray):
        return value._host
    if isinstance(value, np.ndarray):
        raise TypeError(f"Unsupported type {type(value)}: an array of the host among arrays of a device")
    if isinstance(value, tuple | list):
        return type(value)(strip(one) for one in value)
    return value


def dress(value: Any) -> Any:
    """Results as arrays of ours; also single numbers, which CuPy keeps as arrays without dims."""
    if isinstance(value, tuple | list):
        return type(value)(dress(one) for one in value)
    if isinstance(value, np.ndarray | np.generic):
        return ndarray(np.asarray(value))
    return value


def call(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    if lacking := sorted(kwargs.keys() & set(LACKING)):
        raise TypeError(f"CuPy's functions take no `{lacking[0]}`")
    out = kwargs.get("out")
    found = function(*map(strip, args), **{name: strip(value) for name, value in kwargs.items()})
    given = out[0] if isinstance(out, tuple) else out
    return given if isinstance(given, ndarray) else dress(found)


def _forward(name: str) -> Any:
    def method(self: ndarray, *args: Any, **kwargs: Any) -> Any:
        return call(getattr(np.ndarray, name), self, *args, **kwargs)

    return method


def _read(name: str) -> Any:
    return property(lambda self: dress(getattr(self._host, name)))


for _name in REDUCED:
    setattr(ndarray, _name, _forward(_name))
for _name in ("dtype", "flags", "itemsize", "nbytes", "ndim", "shape", "size", "strides"):
    setattr(ndarray, _name, property(lambda self, name=_name: getattr(self._host, name)))
for _name in ("T", "imag", "real"):
    setattr(ndarray, _name, _read(_name))
for _name in (
    "add", "and", "divmod", "eq", "floordiv", "ge", "gt", "iadd", "iand", "imul", "ior", "isub", "itruediv", "le", "lt",
    "matmul", "mod", "mul", "ne", "or", "pow", "radd", "rand", "rfloordiv", "rmatmul", "rmul", "ror", "rpow", "rsub",
    "rtruediv", "sub", "truediv", "xor", "abs", "neg", "invert",
):  # fmt: skip

    def _operate(self: ndarray, *others: Any, name: str = f"__{_name}__") -> Any:
        found = getattr(self._host, name)(*map(strip, others))
        return self if found is self._host else found if found is NotImplemented else dress(found)

    setattr(ndarray, f"__{_name}__", _operate)


def make_module() -> ModuleType:
    """The module that stands in ``sys.modules["cupy"]``."""
    module = ModuleType("cupy", __doc__)
    module.__spec__ = ModuleSpec("cupy", None)
    for name in (*UFUNCS, *FUNCTIONS):
        setattr(module, name, _offer(getattr(np, name)))
    for name in NAMES:
        setattr(module, name, getattr(np, name))
    for inner, names in IN_MODULES.items():
        part = ModuleType(f"cupy.{inner}")
        for name in names:
            setattr(part, name, _offer(getattr(getattr(np, inner), name)))
        setattr(module, inner, part)
    module.ndarray = ndarray  # type: ignore[attr-defined]
    module.asarray = _bring  # type: ignore[attr-defined]
    module.array = lambda value, dtype=None: _bring(value, dtype, copy=True)  # type: ignore[attr-defined]
    module.asnumpy = lambda value: value.get() if isinstance(value, ndarray) else np.asarray(value)  # type: ignore[attr-defined]
    module.get_array_module = lambda *all_: (  # type: ignore[attr-defined]
        module if any(isinstance(one, ndarray) for one in all_) else np
    )
    module.get_default_memory_pool = lambda: SimpleNamespace(free_all_blocks=lambda: None)  # type: ignore[attr-defined]
    module.cuda = ModuleType("cupy.cuda")  # type: ignore[attr-defined]
    module.cuda.is_available = lambda: True
    return module


def _offer(function: Callable[..., Any]) -> Callable[..., Any]:
    def offered(*args: Any, **kwargs: Any) -> Any:
        return call(function, *args, **kwargs)

    offered.__name__ = getattr(function, "__name__", "offered")
    return offered


def _bring(value: Any, dtype: Any = None, *, copy: bool = False) -> ndarray:
    """The one way from host to device."""
    if isinstance(value, ndarray):
        return ndarray(np.array(value._host, dtype)) if copy or (dtype and value._host.dtype != dtype) else value
    return ndarray(np.array(value, dtype))


STRICT_CUPY = make_module()
