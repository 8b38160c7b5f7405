"""Small runs whose blocks are trivial, so that a test is about the run and not about the numbers."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HERE = str(Path(__file__).parent)


@pytest.fixture(autouse=True)
def steps_are_importable(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Workers find `doubling` by import path, as they find a workflow's own steps."""
    monkeypatch.syspath_prepend(HERE)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([HERE, *filter(None, [os.environ.get("PYTHONPATH")])]))
    yield
    for name in ("crowding", "doubling"):
        sys.modules.pop(name, None)


@pytest.fixture
def make_doubling() -> Callable[..., Path]:
    """Lay out a run of `doubling` and return its folder."""
    from doubling import lay_out  # type: ignore[import-not-found]

    return lay_out  # type: ignore[no-any-return]
