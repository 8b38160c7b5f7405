"""Which roads are open to cars."""

from __future__ import annotations

import pytest

from citytide.datasets.traffic.roads.access import find_access, find_limited, find_unread

BOTH, NONE, AHEAD, BACK = (True, True), (False, False), (True, False), (False, True)


@pytest.mark.parametrize(
    ("tags", "opened"),
    [
        ({}, BOTH),
        ({"access": "no"}, NONE),
        ({"access": "private"}, NONE),
        ({"vehicle": "no"}, NONE),
        ({"motor_vehicle": "no"}, NONE),
        ({"motorcar": "no"}, NONE),
        ({"access": "no", "motor_vehicle": "yes"}, BOTH),
        ({"access": "private", "vehicle": "no", "motorcar": "designated"}, BOTH),
        ({"motor_vehicle": "yes", "motorcar": "no"}, NONE),
        ({"vehicle": "destination", "access": "no"}, BOTH),
        ({"bicycle": "yes", "bus": "yes", "access": "no"}, NONE),
        ({"motor_vehicle": "agricultural;forestry"}, NONE),
        ({"motor_vehicle": "agricultural;destination"}, BOTH),
        ({"motor_vehicle:backward": "no"}, AHEAD),
        ({"motor_vehicle": "no", "motor_vehicle:backward": "yes"}, BACK),
        ({"access:forward": "no", "motorcar": "yes"}, BOTH),
        ({"access": "['yes', 'private']"}, NONE),
        ({"access": "delivery"}, NONE),
        ({"access": "customers"}, BOTH),
        ({"motor_vehicle": "perhaps", "access": "no"}, NONE),
    ],
)
def test_the_most_specific_tag_wins(tags: dict[str, str], opened: tuple[bool, bool]) -> None:
    assert find_access(tags) == opened


@pytest.mark.parametrize(
    ("tags", "opened"),
    [
        ({"motor_vehicle": "no"}, BOTH),
        ({"access": "no"}, NONE),
        ({"access": "no", "foot": "yes"}, BOTH),
        ({"access": "private", "motorcar": "private"}, NONE),
    ],
)
def test_all_modes_use_what_any_may_use(tags: dict[str, str], opened: tuple[bool, bool]) -> None:
    assert find_access(tags, "all") == opened


def test_streets_for_destinations_only_are_told() -> None:
    assert find_limited({"motor_vehicle": "destination", "access": "yes"}) and find_limited({"access": "customers"})
    assert not find_limited({"motorcar": "yes", "access": "destination"}) and not find_limited({})


def test_unknown_words_of_access_are_told() -> None:
    assert find_unread({"motorcar": "perhaps", "vehicle:forward": "yes;often"}) == ["motorcar=perhaps"]


@pytest.mark.parametrize("word", ["N", "F", "0", "false", "禁止", "否"])
def test_words_of_tables_close_a_road_too(word: str) -> None:
    assert find_access({"motor_vehicle": word}) == NONE and find_access({"access": "no", "vehicle": word}) == NONE


@pytest.mark.parametrize("word", ["Y", "t", "1", "True", "允许", "是"])
def test_words_of_tables_open_a_road_too(word: str) -> None:
    assert find_access({"access": "no", "motor_vehicle": word}) == BOTH
