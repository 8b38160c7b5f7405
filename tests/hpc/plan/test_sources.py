"""Sources as an author declares them."""

from __future__ import annotations

from pathlib import Path

import pytest

from citytide.hpc.errors import RunError
from citytide.hpc.plan.sources import Source


def test_path_may_be_a_text() -> None:
    assert Source("a/b.csv").path == Path("a/b.csv")  # type: ignore[arg-type]
    assert (
        Source.from_json(Source(Path("a/b.zarr"), "zarr", True, "run-1").to_json()).path == Path("a/b.zarr").resolve()
    )


def test_kind_that_is_not_known_is_refused() -> None:
    with pytest.raises(RunError, match=r"kind of a source must be one of file, folder, zarr, got 'table' for a.csv"):
        Source(Path("a.csv"), "table")  # type: ignore[arg-type]
