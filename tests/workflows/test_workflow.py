"""A workflow whose inputs and products are ragged, from its settings to its report."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

import citytide
from citytide.hpc.errors import RunError

SUPPORT = str(Path(__file__).parents[1] / "support")


@pytest.fixture(autouse=True)
def steps_are_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(SUPPORT)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([SUPPORT, *filter(None, [os.environ.get("PYTHONPATH")])]))


def test_blocks_read_ragged_inputs_and_leave_as_many_rows_as_there_are(tmp_path: Path) -> None:
    from visits import DEAR, make_visits

    run = citytide.run("visits:WORKFLOW", out=tmp_path / "run")
    assert run.result["state"] == "done" and (run.path / "report.html").exists()
    visits, found = make_visits(20, 120), run.open("dear")
    order = np.argsort(visits["person"], kind="stable")
    kept = order[visits["cost"][order] >= DEAR]
    np.testing.assert_array_equal(found.dear_cost, visits["cost"][kept])
    np.testing.assert_array_equal(np.diff(found.bound), np.bincount(visits["person"][kept], minlength=20))
    assert found.dear_cost.attrs["ragged"] == "bound" and found.bound.attrs["instance_dimension"] == "person"


def test_inputs_whose_offsets_are_wrong_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="the run's inputs: offset: offsets must end at the length of cost, 120, got 12"):
        citytide.run("visits:WORKFLOW", set={"end": 125}, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
