"""Sources as an author declares them."""

from __future__ import annotations

from pathlib import Path

import pytest

from citytide.hpc.errors import RunError
from citytide.hpc.plan.sources import Source, SourceKind


def test_path_may_be_a_text() -> None:
    assert Source("a/b.csv").path == Path("a/b.csv")  # type: ignore[arg-type]
    assert (
        Source.from_json(Source(Path("a/b.zarr"), "zarr", True, "run-1").to_json()).path == Path("a/b.zarr").resolve()
    )


def test_kind_that_is_not_known_is_refused() -> None:
    with pytest.raises(RunError, match=r"kind of a source must be one of file, folder, zarr, got 'table' for a.csv"):
        Source(Path("a.csv"), "table")  # type: ignore[arg-type]


def test_arrays_of_a_store_have_its_prefix() -> None:
    source = Source(Path("a/b.zarr"), "zarr", prefix="0")
    assert source.name_array("day") == "0/day" and Source.from_json(source.to_json()).prefix == "0"
    assert Source(Path("a/b.zarr"), "zarr").name_array("day") == "day"
    old = {key: value for key, value in source.to_json().items() if key != "prefix"}
    assert Source.from_json(old).prefix == ""  # of a plan before there were prefixes


@pytest.mark.parametrize(
    ("kind", "prefix", "said"),
    [
        ("zarr", "a/b", "the prefix of a source must be letters and digits, got 'a/b' for a.zarr: correct it"),
        (
            "file", "0",
            "only a source of kind 'zarr' has arrays to put a prefix before, got prefix '0' and kind 'file' for "
            "a.zarr: omit the prefix",
        ),
    ],
)  # fmt: skip
def test_prefix_that_cannot_be_is_refused(kind: SourceKind, prefix: str, said: str) -> None:
    with pytest.raises(RunError) as refused:
        Source(Path("a.zarr"), kind, prefix=prefix)
    assert str(refused.value) == said
