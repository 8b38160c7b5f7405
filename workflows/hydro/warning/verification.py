"""Verification of warnings: what they said of each point and depth, and what happened there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ....kernels.hydro.verification.contingency import count_outcomes
from ....kernels.hydro.verification.probability import score_brier
from .table import Warnings, find_onsets

__all__ = ["compare_warnings", "list_outcomes", "verify_warnings"]

Floats = npt.NDArray[np.float64]
LIKELY = 0.5  # from this probability on a point counts as warned


def compare_warnings(
    depth: npt.ArrayLike, time_s: npt.ArrayLike, found: Warnings
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Find what happened where warnings stand.

    Parameters
    ----------
    depth : (time, point) array of float
        Observed [m].
    time_s : (time,) array
        [s].
    found
        From :func:`~.table.derive_warnings`, of the same points.

    Returns
    -------
    onset_s : (row,) array
        NaN where the depth was not reached.
    happened : (row,) array of bool
    """
    depth = np.asarray(depth, dtype=np.float64)
    onset = np.array(
        [
            float(find_onsets(depth[:, point], time_s, threshold))
            for point, threshold in zip(found.point.tolist(), found.threshold_m.tolist(), strict=True)
        ]
    )
    return onset, ~np.isnan(onset)


def verify_warnings(
    found: Warnings, control: Floats, observed: npt.ArrayLike, time_s: npt.ArrayLike, *, issued_s: float
) -> dict[str, Any]:
    """Score one set of warnings.

    Parameters
    ----------
    found
        Warnings of the ensemble.
    control : (row,) array
        What the single forecast says of the same rows: 1 where it reaches the depth, else 0.
    observed : (time, point) array of float
        Depths that came [m].
    time_s : (time,) array
    issued_s
        When the warnings were issued [s].

    Returns
    -------
    dict
        Counts and scores; None where a score has no cases.
    """
    onset, happened = compare_warnings(observed, time_s, found)
    warned = found.probability >= LIKELY
    counts = count_outcomes(warned, happened)
    both = warned & happened
    late = np.abs(found.onset_s[both, 1] - onset[both]) / 60.0
    return {
        "cases": happened.size,
        "happened": int(happened.sum()),
        "hits": int(counts.hits),
        "misses": int(counts.misses),
        "false_alarms": int(counts.false_alarms),
        "pod": _plain(counts.pod),
        "far": _plain(counts.far),
        "csi": _plain(counts.csi),
        "brier": _plain(score_brier(found.probability, happened)),
        "brier_control": _plain(score_brier(control, happened)),
        "onset_error_min": _plain(np.median(late)) if late.size else None,
        "lead_min": _plain(np.median(onset[both] - issued_s) / 60.0) if late.size else None,
    }


def _plain(score: Any) -> float | None:
    number = float(score)
    return None if np.isnan(number) else round(number, 6)


def list_outcomes(found: Warnings, onset: Floats, names: Sequence[str], issued_s: float) -> list[list[Any]]:
    """Rows for a table: point, depth, probability, promised and observed onset [min since the warning]."""
    rows = []
    for row in found.rank().tolist():
        promised, came = (float(at) for at in (found.onset_s[row, 1], onset[row]))
        rows.append(
            [
                names[int(found.point[row])],
                float(found.threshold_m[row]),
                float(found.probability[row]),
                "never" if np.isnan(promised) else round((promised - issued_s) / 60.0, 1),
                "never" if np.isnan(came) else round((came - issued_s) / 60.0, 1),
            ]
        )
    return rows
