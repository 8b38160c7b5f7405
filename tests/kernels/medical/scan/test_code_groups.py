from __future__ import annotations

import pytest

from citytide.kernels.medical.scan.code_groups import CodeGroups


def test_a_code_may_be_in_several_groups() -> None:
    groups = CodeGroups.from_lists([[3, 0, 3], [3], []], n_codes=5)
    of_code = [groups.group[groups.start[code] : groups.start[code + 1]].tolist() for code in range(5)]
    assert of_code == [[0], [], [], [0, 1], []]
    assert (groups.n_groups, groups.n_codes, groups.most) == (3, 5, 2)
    assert groups.bits().tolist() == [1, 0, 0, 3, 0]


def test_an_array_of_groups_says_what_lists_say() -> None:
    one, other = CodeGroups.from_array([1, -1, 0, 1]), CodeGroups.from_lists([[2], [0, 3]], 4)
    assert one.start.tolist() == other.start.tolist() and one.group.tolist() == other.group.tolist()


def test_a_code_that_is_not_in_the_vocabulary_is_refused() -> None:
    with pytest.raises(ValueError, match=r"codes of group 1 must be places in the vocabulary of 3 codes, got 5"):
        CodeGroups.from_lists([[0], [1, 5]], 3)
    with pytest.raises(ValueError, match=r"codes of group 0 must be places in the vocabulary of 3 codes, got -1"):
        CodeGroups.from_lists([[-1]], 3)
