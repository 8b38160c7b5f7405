"""How one formula runs on several machines.

A *rule* or *routine* is the numerics (:mod:`.rules`); a *sweep* is the traversal: who visits which cell, on which
machine. A kernel module holds both; this module binds the one into the other and chooses the machine.

======== ============================================ ====================================
engine   what runs                                    takes
======== ============================================ ====================================
numpy    the whole-array form (reference)             host arrays
numba    the traversal, compiled                      host arrays
python   the same traversal, uncompiled (reference)   host arrays, small ones
cupy     the whole-array form                         device arrays of CuPy's
cuda     the device traversal                         device arrays, of Numba's or CuPy's
======== ============================================ ====================================
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Callable
from functools import cache
from typing import Any, Literal, get_args

import numpy as np

from .contracts import KERNELS, Array, Contract, kernel
from .rules import BINDING, Engine, EngineError, Routine, Rule, compile_twin, digest, fused_rule, rebind, routine, rule

__all__ = [
    "ENGINES",
    "KERNELS",
    "Array",
    "Contract",
    "Engine",
    "EngineError",
    "Routine",
    "Rule",
    "Sweeps",
    "Traversal",
    "choose_engine",
    "cuda",
    "digest",
    "empty_for",
    "fused_rule",
    "has_thread_pool",
    "is_cupys",
    "is_device_array",
    "is_installed",
    "is_usable",
    "kernel",
    "launch_shape",
    "prange",
    "rebind",
    "routine",
    "rule",
]

ENGINES: tuple[Engine, ...] = get_args(Engine)
ON_GPU: tuple[Engine, ...] = ("cupy", "cuda")
THREADS = 256  # of a CUDA block: a multiprocessor has room for the registers of so many, whatever they need
MOST_BLOCKS_DOWN = 65_535  # of a launch along y
NEEDS: dict[Engine, str] = {"numpy": "numpy", "numba": "numba", "python": "numpy", "cupy": "cupy", "cuda": "numba_cuda"}
prange = range  # a cpu sweep is plain Python until Numba binds it: step through it, cover it


class _NoDevice:
    __module__, __name__ = "numba", "cuda"  # what it stands for: a digest knows what comes from there by its name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise EngineError("a gpu sweep can run only inside a CUDA launch")


cuda = _NoDevice()


class Traversal:
    """One entry point that walks a structure its own way: any arguments, any result.

    Gather and scatter kernels (graphs, sorting, event scans) have no whole-array form; such a kernel wraps each of
    its entry points. The function may name rules, routines, numbers and tuples of its module, and ``prange``.

    Parameters
    ----------
    function
        A module-level function in the Python that Numba compiles; it may take and return any number of arrays.
    rules
        What fills the open places of the function: a rule or routine for a global name.

    Examples
    --------
    >>> def ends(values):
    ...     return values[:1], values[-1:]
    >>> first, last = Traversal(ends).on("python")(np.array([1.0, 2.0]))
    >>> float(last[0])
    2.0
    """

    engines: tuple[Engine, ...] = ("numba", "python")

    def __init__(self, function: Callable[..., Any], **rules: Rule | Routine) -> None:
        self.function = function.formula if isinstance(function, Routine) else function
        self.rules = rules

    def on(self, engine: Engine, *, parallel: bool = False) -> Callable[..., Any]:
        """The function compiled (``"numba"``) or as it stands (``"python"``).

        Serial and GIL-free for a worker among others; ``parallel`` for one call with the machine to itself.
        """
        if engine == "python":
            return rebind(self.function, engine, self.rules) if self.rules else self.function
        if engine != "numba":
            raise EngineError(
                f"engine {engine!r} cannot run {self.function.__name__!r}; usable: {', '.join(self.engines)}"
            )
        with BINDING:
            return self._compiled(parallel)

    @cache  # noqa: B019  (traversals live as long as their module)
    def _compiled(self, parallel: bool) -> Callable[..., Any]:
        import numba

        loop = numba.prange if parallel else range
        twin = rebind(self.function, "numba", {**self.rules, "prange": loop}, variant=f"parallel={parallel}")
        return compile_twin(twin, parallel=parallel, cached=True)


class Sweeps:
    """The traversals of one kernel that fills an ``out`` array, and the choice among them.

    Parameters
    ----------
    cpu
        ``cpu(out, *args)``, loops over ``prange`` and ``range``; engines ``numba`` and ``python``.
    whole
        ``whole(out, *args)`` in whole arrays; engines ``numpy`` and ``cupy``.
    gpu
        ``gpu(out, *args)`` for one CUDA thread, whose place in the last dim of ``out`` and in the one before is
        ``x, y = cuda.grid(2)``; engine ``cuda``.
    launch
        Blocks and threads for the last two dims of ``out``, where those of :func:`launch_shape` do not suit.
    registers
        Most registers of a CUDA thread, so that several blocks run beside each other; the compiler's choice if None.
    rules
        What fills the open places of the traversals: a rule for a global name.
    """

    def __init__(
        self,
        *,
        cpu: Callable[..., Any] | None = None,
        whole: Callable[..., Any] | None = None,
        gpu: Callable[..., Any] | None = None,
        launch: Callable[[tuple[int, ...]], Any] | None = None,
        registers: int | None = None,
        **rules: Rule | Routine,
    ) -> None:
        self.cpu = Traversal(cpu, **rules) if cpu else None
        self.whole, self.gpu, self.rules = whole, gpu, rules
        self.launch, self.registers = launch or launch_shape, registers
        self.engines: tuple[Engine, ...] = (
            *(("numba",) if cpu else ()),
            *(("numpy",) if whole else ()),
            *(("python",) if cpu else ()),
            *(("cuda",) if gpu else ()),
            *(("cupy",) if whole else ()),
        )

    def choose(self, like: Any, engine: Engine | Literal["auto"] = "auto") -> Engine:
        """The engine that takes ``like``: the one named, or the first usable."""
        return choose_engine(self.engines, engine, like)

    def __call__(self, engine: Engine, out: Any, *args: Any, threads: int = 1) -> Any:
        """Fill ``out`` and return it; more than one thread only for a call that has its cores to itself."""
        if out.size == 0:
            return out
        threads = threads if engine == "numba" and threads > 1 and has_thread_pool() else 1
        with BINDING:
            sweep = self.compiled(engine, threads > 1)
        if threads == 1:
            sweep(out, *args)
            return out
        import numba

        before = numba.get_num_threads()
        numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
        try:
            sweep(out, *args)
        finally:
            numba.set_num_threads(before)
        return out

    @cache  # noqa: B019  (sweeps live as long as their module)
    def compiled(self, engine: Engine, parallel: bool = False) -> Callable[..., Any]:
        """The traversal of ``engine``, ready to call with ``out`` first."""
        if engine in ("numba", "python") and self.cpu:
            return self.cpu.on(engine, parallel=parallel)
        if engine in ("numpy", "cupy") and self.whole:
            return rebind(self.whole, engine, {**self.rules, "xp": importlib.import_module(engine)})
        if engine == "cuda" and self.gpu:
            import numba.cuda

            twin = rebind(self.gpu, engine, {**self.rules, "cuda": numba.cuda})
            limit = {"max_registers": self.registers} if self.registers and not is_simulated() else {}
            jitted = numba.cuda.jit(**limit)(twin) if limit else numba.cuda.jit(twin)
            return lambda out, *args: jitted[self.launch(out.shape[-2:])](out, *args)
        raise EngineError(f"engine {engine!r} has no sweep in this kernel; it has {', '.join(self.engines)}")


def choose_engine(offered: tuple[Engine, ...], engine: Engine | Literal["auto"] = "auto", like: Any = None) -> Engine:
    """The engine to run: the one named if it can take ``like`` here, or the first offered that can.

    Parameters
    ----------
    offered
        Engines of the kernel, the preferred one first.
    engine
        One of them, or ``"auto"``.
    like
        The array to be worked on; None stands for host memory.

    Raises
    ------
    EngineError
        If the engine is unknown, not offered, not installed, or made for the other kind of memory; ``cupy`` takes
        CuPy's arrays alone, ``cuda`` those of Numba too.

    Examples
    --------
    >>> choose_engine(("numba", "python"))
    'numba'
    """
    if engine != "auto" and engine not in ENGINES:
        raise EngineError(f"unknown engine {engine!r}; choose one of {', '.join(ENGINES)} or 'auto'")
    on_gpu, of_cupy = is_device_array(like), is_cupys(like)
    fitting = [e for e in offered if (e in ON_GPU) == on_gpu and (e != "cupy" or of_cupy)]
    usable = [e for e in fitting if is_installed(e)]
    if engine in usable or (engine == "auto" and usable):
        return usable[0] if engine == "auto" else engine
    place = "GPU" if on_gpu else "host"
    named = "no engine" if engine == "auto" else f"engine {engine!r}"
    verb = "can" if engine == "auto" else "cannot"
    told = f"{named} {verb} take a {place} array here; usable: {', '.join(usable) or 'none'}"
    raise EngineError(told + _find_way(offered, engine, fitting, on_gpu=on_gpu, of_cupy=of_cupy))


def _find_way(offered: tuple[Engine, ...], engine: str, fitting: list[Engine], *, on_gpu: bool, of_cupy: bool) -> str:
    """What is missing, and the way out, as the end of a sentence."""
    missing = [e for e in fitting if not is_installed(e) and engine in (e, "auto")]
    if missing:
        return f": the package {NEEDS[missing[0]].replace('_', '-')} is not installed"
    if engine != "auto" and engine not in offered:
        return f": this kernel has {', '.join(offered)}"
    if not on_gpu:
        to_cupy = engine == "cupy" or (engine == "auto" and "cupy" in offered)
        return f": hand over {'cupy.asarray' if to_cupy else 'numba.cuda.to_device'}(it)"
    if "cupy" in offered and not of_cupy and engine in ("auto", "cupy"):
        return ": it is Numba's, hand over cupy.asarray(it)"
    return f": hand over {'it.get()' if of_cupy else 'it.copy_to_host()'}"


@cache
def has_thread_pool() -> bool:
    """Whether Numba has threads that several Python threads may share; without them sweeps stay serial.

    Its own pool, ``workqueue``, is none: two Python threads in it end the process.
    """
    import numba

    if numba.config.THREADING_LAYER == "default":
        numba.config.THREADING_LAYER = "threadsafe"
    for pool in ("tbbpool", "omppool"):
        try:
            importlib.import_module(f"numba.np.ufunc.{pool}")
        except ImportError:  # the pool's library is not on this machine
            continue
        return str(numba.config.THREADING_LAYER) != "workqueue"
    return False


def is_device_array(array: Any) -> bool:
    """Whether the array lives on a device; one of Numba's CUDA simulator counts."""
    return hasattr(array, "__cuda_array_interface__") or type(array).__name__ == "FakeCUDAArray"


def is_cupys(array: Any) -> bool:
    """Whether it is an array of CuPy's."""
    return type(array).__module__.partition(".")[0] == "cupy"


def empty_for(like: Any, shape: tuple[int, ...]) -> Any:
    """An uninitialised array of ``shape``, of the kind and dtype of ``like``."""
    if not is_device_array(like):
        return np.empty(shape, like.dtype)
    if is_cupys(like):
        import cupy

        return cupy.empty(shape, like.dtype)
    import numba.cuda

    return numba.cuda.device_array(shape, like.dtype)


def launch_shape(
    shape: tuple[int, ...], tile: tuple[int, int] | None = None
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Blocks and threads, along x first, that cover ``shape`` (y, x) once.

    Threads side by side in a warp take places side by side in memory. A block takes 256 places of a row, or the rows
    and columns of ``tile``; a small shape needs no more than a warp of 32 beyond its end. Where there are more rows
    than a launch has blocks along y, a block takes several.

    Raises
    ------
    EngineError
        If there are more rows than a launch can take.
    """
    n_y, n_x = max(1, shape[0]), max(1, shape[1])
    down, across = tile or (1, THREADS)
    down, across = min(down, n_y), min(across, -(-n_x // 32) * 32)
    if tile is None and n_y > MOST_BLOCKS_DOWN:
        down, across = 32, THREADS // 32  # numbers beside each other still fill what memory hands over at once
    if n_y > MOST_BLOCKS_DOWN * down:
        raise EngineError(f"a GPU takes at most {MOST_BLOCKS_DOWN * down:,} rows in one launch, got {n_y:,}: cut them")
    return (-(-n_x // across), -(-n_y // down)), (across, down)


def is_simulated() -> bool:
    """Whether Numba's simulator stands in for a GPU."""
    return os.environ.get("NUMBA_ENABLE_CUDASIM") == "1"


@cache
def is_installed(engine: Engine) -> bool:
    """Whether the packages that ``engine`` needs are there (a GPU is another question)."""
    if engine == "cuda" and is_simulated():
        return True
    return importlib.util.find_spec(NEEDS[engine]) is not None


def is_usable(engine: Engine) -> bool:
    """Whether ``engine`` can run on this machine: its packages, and a GPU where it needs one."""
    if not is_installed(engine) or engine not in ON_GPU:
        return is_installed(engine)
    library = importlib.import_module("cupy.cuda" if engine == "cupy" else "numba.cuda")
    return bool(library.is_available())
