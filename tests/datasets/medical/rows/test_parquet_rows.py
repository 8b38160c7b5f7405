"""Row groups are put together up to a length, and what they take as text is not underrated."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from citytide.datasets.medical.rows import parquet_rows
from citytide.datasets.medical.rows.parquet_rows import cut_row_groups, read_parquet_rows


def test_row_groups_are_read_once_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"id": [str(i) for i in range(100)], "other": [0] * 100}), path, row_group_size=7)
    for longest in (1, 300, 10**9):
        monkeypatch.setattr(parquet_rows, "RANGE_BYTES", longest)
        cuts = cut_row_groups(path, ["id"])
        parts = [read_parquet_rows(path, start, stop, ["id"]) for start, stop, _ in cuts]
        assert [one for part in parts for one in part.columns["id"].to_pylist()] == [str(i) for i in range(100)]
        assert [parts[-1].locate(0), parts[-1].n_rows] == [101 - parts[-1].n_rows, parts[-1].n_rows]
    assert len(cuts) == 1 and set(parts[0].columns) == {"id"}


def test_few_different_texts_count_as_text(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"id": ["a", "b"] * 50_000}), path)
    ((_, _, n_bytes),) = cut_row_groups(path, ["id"])
    assert path.stat().st_size < 100_000 < 1_200_000 == n_bytes
