"""Words of road class."""

from __future__ import annotations

import pytest

from citytide.datasets.errors import InputError
from citytide.datasets.traffic.roads.classes import (
    DROPPED,
    EMPTY,
    ROAD_CLASSES,
    UNKNOWN,
    find_road_class,
    read_classes,
    refuse_unknown_classes,
)  # fmt: skip
from citytide.datasets.traffic.roads.vocabulary import NO_ROADS, NOT_FOR_CARS, SYNONYMS


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("primary", "primary"),
        ("Primary", "primary"),
        ("MOTORWAY LINK", "motorway_link"),
        ("living-street", "living_street"),
        ("高速公路", "motorway"),
        ("国道", "trunk"),
        ("快速路", "trunk"),
        ("省道", "primary"),
        ("主干路", "primary"),
        ("主干道", "primary"),
        ("县道", "secondary"),
        ("次干路", "secondary"),
        ("支路", "tertiary"),
        ("A Road", "primary"),
        ("B Road", "secondary"),
        ("Minor Road", "tertiary"),
        ("Local Road", "residential"),
        ("S1400", "residential"),
        ("2_Klass", UNKNOWN),
        ("", UNKNOWN),
        ("1", UNKNOWN),
        *[(word, DROPPED) for word in ("abandoned", "no", "crossing", "ladder", "proposed", "construction", "raceway",
                                       "rest_area", "services", "platform", "elevator", "bridleway", "busway",
                                       "bus_guideway", "footway", "track", "Track_Grade2")],
    ],
)  # fmt: skip
def test_words_are_known_dropped_or_unknown(word: str, meant: str) -> None:
    assert find_road_class([word]) == meant


def test_a_merged_road_is_as_good_as_its_worst_part() -> None:
    assert find_road_class(["primary", "residential"]) == "residential"
    assert find_road_class(["residential", "footway"]) == "residential"
    assert find_road_class(["steps", "footway"]) == DROPPED
    assert find_road_class(["residential", "2_Klass"]) == UNKNOWN
    assert find_road_class([]) == UNKNOWN


def test_other_modes_keep_footways_and_no_ghosts() -> None:
    assert find_road_class(["footway"], mode="all") == "footway"
    assert find_road_class(["busway"], mode="all") == "busway"
    assert find_road_class(["abandoned"], mode="all") == DROPPED


def test_a_declared_class_is_taken() -> None:
    classes = read_classes("2_Klass=Primary, Sti=drop,(empty)=residential,*=unclassified")
    assert find_road_class(["2_KLASS"], classes) == "primary" and find_road_class(["Sti"], classes) == DROPPED
    assert find_road_class([""], classes) == "residential" and find_road_class(["x"], classes) == "unclassified"
    assert find_road_class(["secondary"], classes) == "secondary" and read_classes(None) == {}


def test_a_word_may_hold_commas() -> None:
    classes = read_classes("Strasse, klein=residential, Weg,=drop,x=primary,")
    assert classes == {"strasse,_klein": "residential", "weg,": "drop", "x": "primary"}
    assert find_road_class(["Strasse, klein"], classes) == "residential"
    with pytest.raises(InputError, match=r"classes=Strasse, klein=CLASS, .*; \*=CLASS says so of all"):
        refuse_unknown_classes("roads.gpkg", {"Strasse, klein": 1.5})


def test_of_several_classes_in_one_word_the_slowest_counts() -> None:
    assert find_road_class(["primary;residential"]) == "residential"
    assert find_road_class(["footway;residential"]) == "residential" and find_road_class(["footway; steps"]) == DROPPED
    assert find_road_class(["primary;what"]) == UNKNOWN
    assert find_road_class(["major;1"], {"major;1": "primary"}) == "primary"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2_Klass", "classes must be pairs of word=class, got '2_Klass'; write classes=word=primary,other=drop"),
        ("a=boulevard", "classes must give a class of OpenStreetMap for 'a', got 'boulevard'; choose one of motorway"),
        ("a=primary,A=secondary", "classes gives two meanings for 'A': primary and secondary; list each word"),
    ],
)
def test_a_wrong_declaration_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_classes(text)


def test_unknown_words_are_refused_with_their_kilometres() -> None:
    refuse_unknown_classes("roads.gpkg", {})
    with pytest.raises(InputError, match=r"'3_Klass' \(9.0 km\), '2_Klass' \(1.5 km\); say .* classes=3_Klass=CLASS"):
        refuse_unknown_classes("roads.gpkg", {"2_Klass": 1.5, "3_Klass": 9.0})


def test_the_vocabulary_leads_to_known_classes() -> None:
    assert {find_road_class([word]) for word in SYNONYMS} <= {*ROAD_CLASSES, DROPPED}
    assert not NO_ROADS & NOT_FOR_CARS and not (NO_ROADS | NOT_FOR_CARS) & set(ROAD_CLASSES) and EMPTY not in NO_ROADS
