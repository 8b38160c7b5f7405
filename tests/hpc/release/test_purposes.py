"""A store whose policy lists purposes is asked for one of them."""

from __future__ import annotations

import pytest

from citytide.hpc.errors import RunError
from citytide.hpc.release.policy import Policy
from citytide.hpc.release.purposes import refuse_purpose


def test_purpose_that_is_not_listed_is_refused() -> None:
    policy = Policy(purposes=("planning", "audit"))
    refuse_purpose(policy, "audit")
    with pytest.raises(RunError, match=r"one of planning, audit .* got 'exploration': set purpose=planning"):
        refuse_purpose(policy, "exploration")


def test_store_without_a_list_takes_every_purpose() -> None:
    refuse_purpose(Policy(), "exploration")
