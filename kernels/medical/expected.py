# mypy: allow-untyped-defs, allow-untyped-calls
r"""How many persons would have two codes by chance, given how many of each stratum have either.

.. math:: E_{ab} = \sum_s \frac{n_s(a)\, n_s(b)}{N_s}

over strata s (such as age band, sex and area) of :math:`N_s` persons. This is the mean over all ways to deal each code
to the persons of a stratum, with no sample drawn. Strata are added in their order, so the bits are the same for any
number of threads.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ..device_arrays import array_module, as_alike
from ..engines import Array, Contract, Engine, Sweeps, kernel, prange

__all__ = ["expect_pairs"]

ROWS = 8  # of the table are filled together: a stratum's counts are fetched once for all


def _cpu(out: Any, persons: Any, having: Any) -> None:
    n_strata, n_codes = having.shape
    for piece in prange((n_codes + ROWS - 1) // ROWS):
        begin = piece * ROWS
        end = min(begin + ROWS, n_codes)
        for a in range(begin, end):
            out[a, begin:] = 0.0
        for stratum in range(n_strata):
            n = persons[stratum]
            if n > 0.0:
                counts = having[stratum]
                for a in range(begin, end):
                    n_a = counts[a]
                    if n_a > 0.0:
                        row = out[a]
                        for b in range(begin, n_codes):
                            row[b] += n_a * counts[b] / n  # a product of whole numbers is exact below 2^53
    for piece in prange((n_codes + ROWS - 1) // ROWS):
        for a in range(piece * ROWS, min((piece + 1) * ROWS, n_codes)):
            for b in range(piece * ROWS):
                out[a, b] = out[b, a]


def _whole(out: Any, persons: Any, having: Any) -> None:
    out[...] = 0.0
    for stratum in range(having.shape[0]):
        if persons[stratum] > 0.0:
            out += having[stratum][:, None] * having[stratum][None] / persons[stratum]


EXPECTED = Sweeps(cpu=_cpu, whole=_whole)


@kernel(
    Contract(
        takes={
            "persons": Array(("stratum",), "1", dtype="int64"),
            "having": Array(("stratum", "code"), "1", dtype="int64"),
        },
        gives={"expected": Array(("code", "code_after"), "1", dtype="float64", long_name="persons expected by chance")},
        engines=EXPECTED.engines,
    )
)
def expect_pairs(
    persons: npt.ArrayLike,
    having: npt.ArrayLike,
    *,
    engine: Engine | Literal["auto"] = "auto",
    threads: int = 1,
) -> npt.NDArray[np.float64]:
    """Compute the expected number of persons with both of two codes, from exact strata.

    Parameters
    ----------
    persons : (stratum,) array of int
        Persons of each stratum; empty strata are passed over.
    having : (stratum, code) array of int
        Of these, who have each code, as ``count_strata`` returns it.
    engine, threads
        As in every kernel; the answer has the same bits for any number of threads.

    Returns
    -------
    (code, code) array of float64
        Symmetric; of CuPy's arrays CuPy's. With a single stratum it is ``n_a n_b / n``.

    Raises
    ------
    ValueError
        If shapes do not fit, a count is negative, NaN or masked, or more persons have a code than there are.
    EngineError
        If one array is CuPy's and the other of the host.

    Examples
    --------
    >>> expect_pairs([100, 50], [[20, 10], [5, 0]])
    array([[4.5, 2. ],
           [2. , 1. ]])
    """
    if np.ma.is_masked(persons) or np.ma.is_masked(having):
        raise ValueError("persons and having must be exact counts, got masked ones: omit codes that are withheld")
    n, counts = as_alike(persons=persons, having=having)
    xp = array_module(n)
    if counts.ndim != 2 or n.shape != counts.shape[:1]:
        raise ValueError(f"having must be (stratum, code) over persons (stratum,), got {counts.shape} and {n.shape}")
    wrong = ~((counts >= 0) & (counts <= n[:, None]))  # so that NaN is wrong
    if wrong.any():
        stratum, code = divmod(int(wrong.argmax()), counts.shape[1])
        raise ValueError(
            f"having must be from 0 to the stratum's persons ({n[stratum].item()}), got {counts[stratum, code].item()} "
            f"at [{stratum}, {code}]"
        )
    out: npt.NDArray[np.float64] = xp.zeros((counts.shape[1],) * 2)
    given = xp.ascontiguousarray(counts, np.float64)
    EXPECTED(EXPECTED.choose(given, engine), out, xp.ascontiguousarray(n, np.float64), given, threads=threads)
    return out
