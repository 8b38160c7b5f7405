"""Warnings against what came, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from citytide.workflows.hydro.warning.table import derive_warnings
from citytide.workflows.hydro.warning.verification import compare_warnings, list_outcomes, verify_warnings

TIME = np.array([600.0, 1200.0, 1800.0])
THRESHOLDS = [[0.2], [0.2], [0.2], [0.2]]
CAME = np.array([[0.0, 0.0, 0.0, 0.0], [0.4, 0.0, 0.2, 0.0], [0.4, 0.0, 0.4, 0.1]])


def warn() -> np.ndarray:
    """Two members: both flood point 0 (at 15 min), both point 1, none point 2, one of them point 3."""
    depth = np.zeros((2, 3, 4))
    depth[:, 1:, 0] = 0.4
    depth[:, 2, 1] = 0.3
    depth[0, 2, 3] = 0.3
    return depth


def test_onsets_are_those_of_the_observed_water() -> None:
    onset, happened = compare_warnings(CAME, TIME, derive_warnings(warn(), TIME, THRESHOLDS))
    assert happened.tolist() == [True, False, True, False]
    assert onset[[0, 2]].tolist() == [900.0, 1200.0] and np.isnan(onset[[1, 3]]).all()


def test_a_hit_a_miss_and_two_false_alarms() -> None:
    found = derive_warnings(warn(), TIME, THRESHOLDS)
    scores = verify_warnings(found, np.array([1.0, 0.0, 0.0, 0.0]), CAME, TIME, issued_s=600.0)
    assert (scores["hits"], scores["misses"], scores["false_alarms"]) == (1, 1, 2)  # a half counts as warned
    assert (scores["cases"], scores["happened"], scores["pod"]) == (4, 2, 0.5)
    assert scores["far"] == pytest.approx(2 / 3, abs=1e-6) and scores["csi"] == 0.25
    assert scores["brier"] == (0.0 + 1.0 + 1.0 + 0.25) / 4 and scores["brier_control"] == 0.25
    assert scores["onset_error_min"] == 0.0 and scores["lead_min"] == 5.0


def test_dry_night_has_no_scores_but_counts() -> None:
    found = derive_warnings(np.zeros((2, 3, 4)), TIME, THRESHOLDS)
    scores = verify_warnings(found, np.zeros(4), np.zeros((3, 4)), TIME, issued_s=600.0)
    assert scores["pod"] is None and scores["far"] is None and scores["lead_min"] is None
    assert scores["brier"] == 0.0 and scores["misses"] == 0


def test_list_tells_what_was_promised_and_what_came() -> None:
    found = derive_warnings(warn(), TIME, THRESHOLDS)
    onset, _ = compare_warnings(CAME, TIME, found)
    rows = {row[0]: row[1:] for row in list_outcomes(found, onset, ["a", "b", "c", "d"], 600.0)}
    assert rows["a"] == [0.2, 1.0, 5.0, 5.0] and rows["c"] == [0.2, 0.0, "never", 10.0]
    assert rows["b"][2:] == [pytest.approx(16.7), "never"]
