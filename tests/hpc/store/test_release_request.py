"""What a reduction asks to release travels in plan.json."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from citytide.hpc.release import policy
from citytide.hpc.store.release_request import CountedTable, Policy, ReleaseRequest

NAMES = st.lists(st.text("abc_", min_size=1), max_size=3).map(tuple)
TABLES = st.builds(
    CountedTable, NAMES, NAMES, st.dictionaries(st.text("ab"), NAMES), st.dictionaries(st.text("ab"), NAMES),
    st.dictionaries(st.text("ab"), st.tuples(st.text("c"), st.text("d"))), most_cells=st.integers(0, 9),
)  # fmt: skip
POLICIES = st.builds(Policy, st.integers(1, 99), epsilon=st.floats(0, 9), purposes=NAMES)


@given(table=TABLES, asked=POLICIES, purpose=st.text())
def test_a_request_comes_back_from_json_as_it_was(table: CountedTable, asked: Policy, purpose: str) -> None:
    request = ReleaseRequest(table, asked, "key", purpose)
    assert ReleaseRequest.from_json(json.loads(json.dumps(request.to_json()))) == request


def test_the_gate_knows_them_by_the_same_names() -> None:
    assert (policy.CountedTable, policy.Policy, policy.ReleaseRequest) == (CountedTable, Policy, ReleaseRequest)
