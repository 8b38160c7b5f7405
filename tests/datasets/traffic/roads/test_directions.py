"""In which directions a way may be driven."""

from __future__ import annotations

import pytest

from citytide.datasets.errors import InputError
from citytide.datasets.traffic.roads.directions import find_directions

BOTH, AHEAD, BACK = (True, True), (True, False), (False, True)


@pytest.mark.parametrize(
    ("tags", "senses"),
    [
        ({}, BOTH),
        ({"oneway": "no"}, BOTH),
        ({"oneway": "Yes"}, AHEAD),
        ({"oneway": "True"}, AHEAD),
        ({"oneway": "False"}, BOTH),
        ({"oneway": "-1"}, BACK),
        ({"oneway": "reversible"}, BOTH),
        ({"junction": "roundabout"}, AHEAD),
        ({"junction": "roundabout", "oneway": "-1"}, BACK),
        ({"junction": "circular", "oneway": "no"}, BOTH),
        ({"highway": "motorway"}, AHEAD),
        ({"highway": "Motorway"}, AHEAD),
        ({"highway": "motorway", "oneway": "no"}, BOTH),
        ({"highway": "高速公路"}, AHEAD),
        ({"highway": "S1100"}, AHEAD),
        ({"highway": "['motorway', 'primary']"}, BOTH),
        ({"highway": "footway"}, BOTH),
        ({"junction": "Roundabout"}, AHEAD),
        ({"highway": "motorway_link"}, BOTH),
        ({"oneway": "no", "oneway:motor_vehicle": "yes"}, AHEAD),
        ({"oneway": "yes", "oneway:vehicle": "no"}, BOTH),
        ({"oneway:vehicle": "no", "oneway:motorcar": "-1"}, BACK),
        ({"oneway": "yes", "oneway:bicycle": "no"}, AHEAD),
    ],
)
def test_the_most_specific_tag_tells_the_directions(tags: dict[str, str], senses: tuple[bool, bool]) -> None:
    assert find_directions(tags) == senses


def test_an_unknown_direction_is_refused() -> None:
    with pytest.raises(InputError, match=r"oneway must be yes, no or -1, got 'perhaps'; correct the tag"):
        find_directions({"oneway": "perhaps"})


def test_a_class_that_is_declared_as_motorway_is_one_way() -> None:
    assert find_directions({"highway": "FRC 0"}, {"frc_0": "motorway"}) == AHEAD
    assert find_directions({"highway": "FRC 0"}) == BOTH
