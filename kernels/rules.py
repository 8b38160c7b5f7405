"""Rules and routines: numerics written once in plain Python, bound to each engine.

A *rule* is a branch-free scalar formula, good for arrays too. A *routine* may branch, loop and call other
routines and rules (heaps, searches), and so runs compiled by Numba or as plain Python. Binding makes a *twin*: the same
code object over other globals, whose name carries a digest of all that Numba's disk cache cannot see.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial, reduce, update_wrapper
from threading import RLock
from types import CodeType, FunctionType, MappingProxyType, ModuleType
from typing import Any, Literal

import numpy as np

__all__ = [
    "BINDING",
    "Engine",
    "EngineError",
    "Routine",
    "Rule",
    "compile_twin",
    "digest",
    "fused_rule",
    "rebind",
    "routine",
    "rule",
]

Engine = Literal["numpy", "numba", "python", "cupy", "cuda"]
LIBRARIES = ("builtins", "cmath", "math", "numba", "numpy")  # a global from here is known by its name
_NONE: Mapping[str, Any] = MappingProxyType({})
BINDING = RLock()  # two Dask threads that meet an unbound kernel must not compile it twice


class EngineError(RuntimeError):
    """The engine asked for cannot run this kernel here."""


class Rule:
    """A branch-free scalar formula; the same code object serves every engine.

    ``min``, ``max`` and ``abs`` become the array module's own on whole arrays. One difference stays: ``min(1, nan)``
    is 1 in Python and Numba, NaN in NumPy. In a *fused* rule Numba rounds ``a * b + c`` once where the machine can, as
    CUDA does in every rule: faster, with other last bits than NumPy's. A fused rule holds no ``a * b + c * d``: it is
    open which product would be rounded, so a mirrored run could differ.
    """

    def __init__(self, formula: Callable[..., Any], *, is_fused: bool = False) -> None:
        _refuse_branches(formula)
        _refuse_closure(formula)
        self.formula, self.is_fused = formula, is_fused
        update_wrapper(self, formula)

    def __call__(self, *args: Any) -> Any:
        return self.formula(*args)

    @cache  # noqa: B019  (rules live as long as their module)
    def on(self, engine: Engine, xp: ModuleType | None = None) -> Callable[..., Any]:
        """The formula as functions of ``engine`` call it."""
        if engine == "python":
            return self.formula
        if engine == "numba":
            twin = rebind(self.formula, engine, variant="fused" if self.is_fused else "")
            return compile_twin(twin, is_fused=self.is_fused)
        if engine == "cuda":
            import numba.cuda

            device_function: Callable[..., Any] = numba.cuda.jit(device=True)(rebind(self.formula, engine))
            return device_function
        return rebind(self.formula, engine, _pairwise(xp or np))


class Routine:
    """A branching helper: compiled by Numba into its caller, for host or device, or run as the plain Python it is.

    A routine is compiled together with whatever calls it and has no cache entry of its own, so an edit to it shows
    in the digest of every caller. It may name rules, other routines, numbers, strings and tuples of these.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        _refuse_closure(function)
        self.formula = function
        update_wrapper(self, function)

    def __call__(self, *args: Any) -> Any:
        return self.formula(*args)

    @cache  # noqa: B019  (routines live as long as their module)
    def on(self, engine: Engine, fills: tuple[tuple[str, Rule | Routine], ...] = ()) -> Callable[..., Any]:
        """The function as functions of ``engine`` call it; ``fills`` are the rules in its caller's open places."""
        names: dict[str, Any] = dict(fills)
        if engine == "python":
            return rebind(self.formula, engine, names) if names else self.formula
        if engine == "numba":
            return compile_twin(rebind(self.formula, engine, names))
        if engine == "cuda":
            import numba.cuda

            twin = rebind(self.formula, engine, names | {"cuda": numba.cuda})
            device_function: Callable[..., Any] = numba.cuda.jit(device=True)(twin)
            return device_function
        raise EngineError(f"routine {self.formula.__name__!r} branches, so engine {engine!r} cannot run it")


rule, routine = Rule, Routine
fused_rule = partial(Rule, is_fused=True)


def compile_twin(
    twin: Callable[..., Any], *, parallel: bool = False, cached: bool = False, is_fused: bool = False
) -> Callable[..., Any]:
    """Numba's machine code of a twin: GIL-free, IEEE division (1 / 0 is inf), no reordering of sums.

    The bits are the same for any number of threads, and in packs as one by one, fused or not.
    """
    import numba

    flags: Any = {"contract"} if is_fused else False
    jitted: Callable[..., Any] = numba.njit(
        parallel=parallel, nogil=True, cache=cached, error_model="numpy", fastmath=flags
    )(twin)
    return jitted


def rebind(
    function: Callable[..., Any], engine: Engine, names: Mapping[str, Any] = _NONE, *, variant: str = ""
) -> Callable[..., Any]:
    """The same code object, its rules and routines bound to ``engine`` and ``names`` laid over its globals.

    Numba's disk cache sees the file, name, line and bytecode of a function, not its flags, nor what its globals
    hold. The twin's name therefore ends in a digest of both: twins that differ in anything bound share no entry.

    Parameters
    ----------
    function
        A module-level Python function.
    engine, variant
        What the twin is for; part of its name.
    names
        Globals to replace: a rule in an open place, also of the routines reached, or what an engine brings
        (``prange``, ``cuda``, ``xp``).

    Raises
    ------
    EngineError
        If the function names a global that the digest cannot follow, or reaches itself.
    """
    # First: it refuses what would bind for ever. A cached twin is loaded into the module that it names.
    mark = digest(function, engine, variant, function.__module__, names=names)
    scope = {**function.__globals__, **names}
    fills = tuple((name, part) for name, part in sorted(names.items()) if isinstance(part, Rule | Routine))
    for name in set(_names(function.__code__)):
        part = scope.get(name)
        if isinstance(part, Routine):
            scope[name] = part.on(engine, fills)
        elif isinstance(part, Rule):
            scope[name] = part.on(engine, names.get("xp"))
    twin = FunctionType(function.__code__, scope, function.__name__, function.__defaults__)
    update_wrapper(twin, function)
    twin.__kwdefaults__ = function.__kwdefaults__
    twin.__qualname__ += "_" + mark
    return twin


def digest(function: Callable[..., Any], *flags: str, names: Mapping[str, Any] = _NONE) -> str:
    """Sixteen characters that change with the flags and with the code and constants reached, transitively.

    Examples
    --------
    >>> def double(x): return 2 * x
    >>> digest(double, "numba") == digest(double, "numba"), digest(double, "numba") == digest(double, "cuda")
    (True, False)
    """
    body = repr((flags, _fingerprint(function, (), names)))
    return hashlib.blake2b(body.encode(), digest_size=8).hexdigest()


def _fingerprint(function: Callable[..., Any], path: tuple[Any, ...] = (), names: Mapping[str, Any] = _NONE) -> Any:
    if function in path:
        raise EngineError(f"{function.__qualname__!r} calls itself: write the recursion as a loop")
    code = function.__code__
    reached: list[Any] = []
    for name in sorted(set(_names(code))):
        part = names.get(name, function.__globals__.get(name))
        if isinstance(part, Rule | Routine):
            below = names if isinstance(part, Routine) else _NONE
            is_fused = isinstance(part, Rule) and part.is_fused
            reached.append((name, is_fused, _fingerprint(part.formula, (*path, function), below)))
        elif name not in names and name in function.__globals__:  # else an engine's own, a builtin or an attribute
            reached.append((name, _constant(part, name, function)))
    layouts = [_layout(part) for part in map(function.__globals__.get, _annotations(function)) if _is_named_tuple(part)]
    return _code(code), repr(function.__defaults__), repr(function.__kwdefaults__), reached, *layouts


def _annotations(function: Callable[..., Any]) -> list[str]:
    """Names of the annotated types; Numba's cache knows a named tuple by its name, not by the order of its fields."""
    return [_name_of(note) for note in function.__annotations__.values()]


def _name_of(note: Any) -> str:
    return str(getattr(note, "__forward_arg__", getattr(note, "__name__", note)))


def _is_named_tuple(part: Any) -> bool:
    return isinstance(part, type) and issubclass(part, tuple) and hasattr(part, "_fields")


def _layout(part: Any) -> Any:
    """The fields of a named tuple, and of those that it holds, in order."""
    names: Mapping[str, Any] = getattr(sys.modules.get(part.__module__), "__dict__", _NONE)
    held = [names.get(_name_of(part.__annotations__[field])) for field in part._fields]
    return part.__name__, part._fields, [_layout(inner) for inner in held if _is_named_tuple(inner)]


def _constant(part: Any, name: str, function: Callable[..., Any]) -> str:
    if isinstance(part, tuple):
        return repr([_constant(item, name, function) for item in part])
    if part is None or isinstance(part, bool | int | float | complex | str | bytes | np.generic):
        return f"{type(part).__name__} {part!r}"
    module = part.__name__ if isinstance(part, ModuleType) else getattr(part, "__module__", None)
    library = str(module).partition(".")[0]
    if library in LIBRARIES or isinstance(part, np.ufunc):
        return f"{module}.{getattr(part, '__name__', name)}"
    raise EngineError(
        f"{function.__qualname__!r} uses the global {name!r} ({type(part).__name__}), whose changes a compiled "
        "function would not see: make it a number, a tuple of numbers, a @rule or a @routine, imported by its own name"
    )


def _code(code: CodeType) -> Any:
    consts = [_code(const) if isinstance(const, CodeType) else _literal(const) for const in code.co_consts]
    return code.co_code.hex(), consts, code.co_names, code.co_varnames


def _literal(const: Any) -> str:
    # the order of a frozenset of strings changes from process to process
    return repr(sorted(map(repr, const))) if isinstance(const, frozenset) else repr(const)


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for const in code.co_consts:
        if isinstance(const, CodeType):  # a comprehension
            yield from _names(const)


def _pairwise(xp: ModuleType) -> dict[str, Any]:
    # minimum(a, b, c) would write its answer into c
    return {
        "xp": xp,
        "abs": xp.abs,
        "min": lambda *values: reduce(xp.minimum, values),
        "max": lambda *values: reduce(xp.maximum, values),
    }


def _refuse_closure(function: Callable[..., Any]) -> None:
    if function.__code__.co_freevars:
        names = ", ".join(function.__code__.co_freevars)
        raise TypeError(
            f"{function.__qualname__!r} closes over {names}: define it at module level and take these as arguments"
        )


def _refuse_branches(formula: Callable[..., Any]) -> None:
    tree = ast.parse(textwrap.dedent(inspect.getsource(formula)))
    for node in ast.walk(tree):
        if isinstance(node, ast.If | ast.IfExp | ast.While | ast.For | ast.BoolOp):
            raise TypeError(
                f"rule {formula.__name__!r} branches at line {node.lineno}: a rule is one formula for scalars and "
                "arrays alike; say it with min, max and arithmetic, or make it a @routine"
            )
