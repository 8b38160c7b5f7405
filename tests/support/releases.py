"""Small releases for tests of the audit log."""

from __future__ import annotations

from typing import Any

import numpy as np

from citytide.hpc.release.audit_log import AuditLog

KEY = "3f9a0c11d2e4b576" + "0" * 48
SECRET_COUNT = 7193  # an exact number that is withheld and must be seen nowhere


def make_entry(run_id: str = "run-1", step: str = "count-release", **more: Any) -> dict[str, Any]:
    return {
        "run_id": run_id, "folder": "", "step": step, "table": {"labels": ["sex"], "counts": ["n"]}, "epsilon": 0.25,
        "measure": "persons by sex", "purpose": "planning", "policy": {"min_cell": 10}, "key": KEY, "shown": 2,
        "withheld": 1, **more,
    }  # fmt: skip


def make_tables(seed: int = 0) -> tuple[dict[str, Any], dict[str, Any], Any]:
    exact = {"sex": np.array(["f", "m", "all"]), "n": np.array([SECRET_COUNT, 40 + seed, SECRET_COUNT + 40 + seed])}
    mask = [True, False, False]
    released = {"sex": np.ma.MaskedArray(exact["sex"]), "n": np.ma.MaskedArray(exact["n"], mask)}
    released["n"][2] = 50
    cohort = np.arange(8, dtype=np.uint64).reshape(2, 4) + np.uint64(seed)
    return exact, released, cohort


def fill(log: AuditLog, n: int) -> AuditLog:
    """Append releases of runs ``run-1`` to ``run-N``."""
    for number in range(1, n + 1):
        log.append(make_entry(f"run-{number}"), *make_tables(number))
    return log
