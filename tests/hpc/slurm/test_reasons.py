from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_answers import queue

from citytide.hpc.slurm.answers import Entry
from citytide.hpc.slurm.reasons import explain_reason, never_starts


def pending(reason: str, **more: object) -> Entry:
    return Entry("12", "a.1.cpu.1", "PENDING", reason=reason, submitted=1000.0, partition="short", **more)  # type: ignore[arg-type]
