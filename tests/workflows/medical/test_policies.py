"""Policies of stores: from a file, and back from the attributes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from citytide.hpc.store.release_request import Policy
from citytide.workflows.medical.errors import EventsError
from citytide.workflows.medical.policies import pack_policy, read_policy, unpack_policy


def test_policy_of_a_file_comes_back_from_attributes(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text("min_cell: 5\nzeros: show\npurposes: [audit, care]\n")
    policy = read_policy(str(path))
    assert policy == Policy(min_cell=5, zeros="show", purposes=("audit", "care"))
    assert unpack_policy(json.loads(json.dumps(pack_policy(policy)))) == policy and read_policy(None) == Policy()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("min_cells: 5", "a policy has the keys min_cell, zeros, .*, got 'min_cells' in .*: correct it"),
        ("min_cell: few", "min_cell of a policy cannot be 'few' .*: correct it"),
        ("min_cell: 0", "min_cell of a policy must be at least 1, got 0 in"),
        ("zeros: hide", "zeros of a policy cannot be 'hide'"),
        ("- 5", "a policy must be a YAML mapping such as `min_cell: 10`, got"),
        ("a: [", "policy must name a YAML file that can be read, but .* is not"),
    ],
)
def test_policy_that_cannot_be_kept_is_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(text)
    with pytest.raises(EventsError, match=words):
        read_policy(str(path))
