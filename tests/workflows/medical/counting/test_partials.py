"""Partial results add up in any order, and facts come through."""

from __future__ import annotations

import numpy as np

from citytide.workflows.medical.counting.partials import add_partials, pack_facts, read_facts


def test_sums_are_the_same_for_any_tree_and_change_no_part() -> None:
    rng = np.random.default_rng(1)
    facts = pack_facts({"name": ["糖尿病", 'a "b"']})
    parts = [
        {"n": rng.integers(0, 9, (3, 2)), "cohort": rng.integers(0, 2**64, (2, 5), np.uint64), "facts": facts}
        for _ in range(7)
    ]
    before = [part["n"].copy() for part in parts]
    flat = add_partials(parts)
    tree = add_partials([add_partials(parts[:3]), add_partials(parts[3:4]), add_partials(parts[4:])])
    assert all((flat[name] == tree[name]).all() for name in flat)
    assert (flat["cohort"] == np.sum([part["cohort"] for part in parts], axis=0, dtype=np.uint64)).all()
    assert read_facts(tree) == {"name": ["糖尿病", 'a "b"']}
    assert all((part["n"] == was).all() for part, was in zip(parts, before, strict=True))
