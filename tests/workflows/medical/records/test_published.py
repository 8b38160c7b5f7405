"""Published records, imported: persons, events and first users as published; what has no person is counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import recordfiles
from recordfiles import import_records

from citytide.hpc.store.sealed import running_step
from citytide.hpc.store.stores import read_arrays
from citytide.workflows.medical.blocks import load_events
from citytide.workflows.medical.stores import open_event_store


def test_eunomia_has_its_persons_and_first_users(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recordfiles.use_small_gate(monkeypatch, tmp_path)
    run = import_records(tmp_path / "run", source=str(data / "medical" / "eunomia_gibleed_5.3.zip"), tables="eras")
    assert run.result["state"] == "done", run.result
    assert "of 2,694 persons" in run.result["headline"]
    told = {row["what"]: row["rows"] for row in run.result["summary"]}
    assert told["periods of unknown persons"] == "2,649"
    store = open_event_store(run.path)
    arrays = {f"0/{name}": values for name, values in read_arrays(store.paths[0]).items()}
    with running_step():
        events = load_events(arrays, **store.load_params())
    person = np.repeat(np.arange(events.n_persons), np.diff(events.offset))
    for code, n in (("1118084", 1844), ("192671", 479)):
        assert len(np.unique(person[events.code == store.codes.index(code)])) == n
