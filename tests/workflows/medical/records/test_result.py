"""What an import says of its counts."""

from __future__ import annotations

from pathlib import Path

import pytest
import recordfiles
from recordfiles import City


def test_a_count_that_is_withheld_is_not_called_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recordfiles.use_small_gate(monkeypatch, tmp_path)
    city = City(tmp_path)
    policy = tmp_path / "policy.yaml"
    policy.write_text("min_cell: 60\n")
    result = city.run("store", source=city.parts[0], policy=str(policy)).result
    assert result["headline"].startswith("The store is written. Events: ")
    assert result["headline"].endswith("Persons: withheld.")
    assert "below 60, or if the import differs little from an earlier one" in result["summary_note"]
    assert all(row["rows"] == "withheld" or row["rows"].isdigit() for row in result["summary"])
