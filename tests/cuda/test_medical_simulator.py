"""Persons counted on a simulated device are those counted on the host."""

from __future__ import annotations

import numpy as np
import pytest
from person_records import ALL_STRATA, N_CODES, events_of, random_persons  # type: ignore[import-not-found]

from citytide.kernels.engines import EngineError
from citytide.kernels.medical.accumulators.costs import CostSum
from citytide.kernels.medical.accumulators.event_counts import EventCount
from citytide.kernels.medical.accumulators.incidence import Incidence
from citytide.kernels.medical.accumulators.prevalence import Prevalence
from citytide.kernels.medical.scan.code_groups import CodeGroups
from citytide.kernels.medical.scan.cuts import place_person_events
from citytide.kernels.medical.scan.one_pass import scan_events

pytestmark = pytest.mark.cuda

S = ALL_STRATA[-1]
GROUPS = CodeGroups.from_lists([[0, 1], [1, 4], [2]], N_CODES)
ACCUMULATORS = {
    "ever": Prevalence(),
    "by strata": Prevalence(S, kinds=(0, 2)),
    "in each period": Prevalence(S, per_period=True, groups=GROUPS),
    "new": Incidence(S, washout_days=3),
    "new groups": Incidence(ALL_STRATA[2], groups=GROUPS),
    "events": EventCount(S, kinds=(1,)),
}


def test_tables_of_the_device_are_those_of_the_host() -> None:
    events = events_of(random_persons(20))
    there = scan_events(place_person_events(events), ACCUMULATORS, N_CODES)
    here = scan_events(events, ACCUMULATORS, N_CODES, engine="python")
    for name, tables in here.items():
        assert any(table.any() for table in tables.values())
        for table, expected in tables.items():
            assert there[name][table].dtype == np.int64
            np.testing.assert_array_equal(there[name][table], expected, err_msg=f"{name}: {table}")


def test_what_has_no_device_code_is_refused() -> None:
    with pytest.raises(EngineError, match=r"engine 'cuda' cannot run 'add_single'; usable: numba, python"):
        scan_events(place_person_events(events_of(random_persons(2))), {"it": CostSum()}, N_CODES)
