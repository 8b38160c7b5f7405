r"""Continuous ranked probability score of an ensemble: how far a whole distribution lies from what came.

.. math:: CRPS = \frac1m \sum_i |x_i - y| - \frac{1}{2 m^2} \sum_{i,j} |x_i - x_j|

or, ``fair``, with :math:`m (m - 1)` in place of :math:`m^2`, which favours no size of ensemble. The compiled form adds
up all pairs: it has no branch, nothing cancels, and below some 200 members a sort costs more. Of sorted members, as
the whole-array form has them, the double sum is :math:`2 \sum_i (2 i - m + 1) x_i`, i from 0 on.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ...device_arrays import array_module, as_alike
from ...engines import Array, Contract, Engine, Sweeps, kernel, prange

__all__ = ["score_crps"]

xp = np  # the whole-array form is bound to numpy or cupy
PIECE = 128  # cells whose pairs are added up together: one operation serves as many as a vector holds


def _cpu(out: Any, ensemble: Any, observed: Any, numbers: Any) -> None:
    n_members, n_cells = ensemble.shape
    share, pairs, zero = numbers[0], numbers[1], numbers[2]
    for piece in prange((n_cells + PIECE - 1) // PIECE):
        start = piece * PIECE
        n = min(PIECE, n_cells - start)
        work = np.empty((n_members, PIECE), ensemble.dtype)  # members lie close, whatever the number of cells
        off, apart, target = np.empty(PIECE, ensemble.dtype), np.empty(PIECE, ensemble.dtype), observed[start:]
        for x in range(n):
            off[x] = zero
        for x in range(n):
            apart[x] = zero
        for member in range(n_members):
            given, own = ensemble[member, start:], work[member]
            for x in range(n):
                own[x] = given[x]
            for x in range(n):
                off[x] += abs(own[x] - target[x])
            other = 0
            while other + 4 <= member:  # four at a time: the sum is fetched and stored once for all
                a, b, c, d = work[other], work[other + 1], work[other + 2], work[other + 3]
                for x in range(n):
                    first = abs(own[x] - a[x]) + abs(own[x] - b[x])
                    apart[x] += first + (abs(own[x] - c[x]) + abs(own[x] - d[x]))
                other += 4
            while other < member:
                a = work[other]
                for x in range(n):
                    apart[x] += abs(own[x] - a[x])
                other += 1
        total = out[start:]
        for x in range(n):
            total[x] = share * off[x] - pairs * apart[x]


def _whole(out: Any, ensemble: Any, observed: Any, numbers: Any) -> None:
    off, spread = xp.zeros_like(out), xp.zeros_like(out)
    for member, place, weight in zip(ensemble, xp.sort(ensemble, axis=0), numbers[3:], strict=True):
        off += abs(member - observed)
        spread += place * weight  # member by member: a cell's bits do not depend on how many there are beside it
    out[...] = off * numbers[0] - spread * numbers[1]


CRPS = Sweeps(cpu=_cpu, whole=_whole)


@kernel(
    Contract(
        takes={"ensemble": Array(("member", "...")), "observed": Array(("...",), units_of="ensemble")},
        gives={
            "crps": Array(
                ("...",), units_of="ensemble", dtype="ensemble", long_name="continuous ranked probability score"
            )
        },
        engines=CRPS.engines,
        blocks=("...",),
    )
)
def score_crps(
    ensemble: npt.ArrayLike,
    observed: npt.ArrayLike,
    *,
    fair: bool = False,
    engine: Engine | Literal["auto"] = "auto",
    threads: int = 1,
) -> npt.NDArray[Any]:
    """Compute the continuous ranked probability score (CRPS) of an ensemble, cell by cell.

    Parameters
    ----------
    ensemble : (member, ...) array of float
        Values of the members, in any order.
    observed : (...) array of float
        In the ensemble's unit, of a shape that broadcasts with a member; NaN in either gives NaN.
    fair
        Whether to correct for ensemble size.
    engine, threads
        As in every kernel; the answer is the same for any number of threads.

    Returns
    -------
    (...) array of float
        In the unit of the ensemble, from 0 up (a fair one may be below): less is better.

    Raises
    ------
    ValueError
        If there are no members, one only for a fair score, or shapes do not fit.
    EngineError
        If some arrays are CuPy's and others of the host.

    References
    ----------
    .. [1] Gneiting & Raftery (2007), doi:10.1198/016214506000001437
    .. [2] Ferro (2014), doi:10.1002/qj.2270 (fair scores)

    Examples
    --------
    >>> float(score_crps([[1.0], [2.0], [3.0], [4.0]], [2.5])[0])
    0.375
    >>> round(float(score_crps([[1.0], [2.0], [3.0], [4.0]], [2.5], fair=True)[0]), 6)
    0.166667
    """
    members, target = as_alike(ensemble=ensemble, observed=observed)
    xp = array_module(members)
    members = members if members.dtype.kind == "f" else members.astype(np.float64)
    n = members.shape[0] if members.ndim else 0
    shape = _broadcast(members.shape[1:], target.shape)
    if n < 1 or shape is None:
        raise ValueError(f"ensemble must be (member, ...) over observed, got {members.shape} and {target.shape}")
    if fair and n < 2:
        raise ValueError("a fair score needs at least 2 members, got 1")
    dtype = members.dtype
    members = members.reshape(n, *(1,) * (len(shape) + 1 - members.ndim), *members.shape[1:])
    flat = xp.ascontiguousarray(xp.broadcast_to(members, (n, *shape)).reshape(n, math.prod(shape)))
    line = xp.ascontiguousarray(xp.broadcast_to(target, shape).reshape(-1), dtype=dtype)
    pairs = 1.0 / (n * (n - 1)) if fair else 1.0 / n**2
    numbers = np.array([1.0 / n, pairs, 0.0, *(2.0 * np.arange(n) - n + 1.0)]).astype(dtype)
    out = xp.empty(line.size, dtype)
    CRPS(CRPS.choose(flat, engine), out, flat, line, numbers, threads=threads)
    found: npt.NDArray[Any] = out.reshape(shape)
    return found


def _broadcast(*shapes: tuple[int, ...]) -> tuple[int, ...] | None:
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        return None
