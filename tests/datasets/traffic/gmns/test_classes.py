from pathlib import Path

import pytest
from gmns_folders import LINK, add, write

from citytide.datasets.catalogue.networks import open_instance
from citytide.datasets.errors import InputError
from citytide.datasets.traffic.instances import Instance


def make(folder: Path, link: str) -> Instance:
    return open_instance(write(folder, link=link))


@pytest.mark.parametrize("column", ["facility_type", "link_type_name"])
def test_empty_capacities_follow_from_the_class(tmp_path: Path, column: str):
    toy = make(tmp_path, add(LINK.replace("60,1000", "60,").replace("30,900", "30,"), column, "Freeway", "primary", ""))
    assert toy.capacity.tolist() == [3 * 1000.0, 2 * 1900.0, 0.0], "3 lanes by class; 2 as stated"
    assert any("Capacities of 2 of 3 links are not stated and follow from the class" in note for note in toy.notes)


def test_a_class_that_nobody_knows_is_refused(tmp_path: Path):
    with pytest.raises(
        InputError,
        match=r"line 2: capacity is empty, and .*'Klass 2' is unknown; give a capacity, or say classes=Klass 2=prim",
    ):
        make(tmp_path, add(LINK.replace("60,1000", "60,"), "facility_type", "Klass 2", "", ""))


@pytest.mark.parametrize("whole", [("2000", "900", "0"), ("1000", "900", "0")])
def test_vdf_cap_beside_capacity_says_the_same(tmp_path: Path, whole: tuple[str, str, str]):
    assert make(tmp_path, add(LINK, "VDF_cap1", *whole)).capacity.tolist() == [900.0, 2000.0, 0.0]


def test_vdf_cap_is_refused_where_it_is_unclear(tmp_path: Path):
    with pytest.raises(InputError, match=r"line 2: vdf_cap1 is 1500, and capacity is 1000 on 2 lanes; keep one of the"):
        make(tmp_path, add(LINK, "VDF_cap1", "1500", "900", "0"))
    alone = LINK.replace("capacity", "VDF_cap1")
    with pytest.raises(InputError, match=r"line 2: vdf_cap1 is 1000 on 2 lanes, and nothing states whether it is of a"):
        make(tmp_path, alone)
    assert make(tmp_path, alone.replace("1.1,2,60", "1.1,1,60")).capacity.tolist() == [900.0, 1000.0, 0.0]


def test_alpha_and_beta_of_the_first_period_are_read(tmp_path: Path):
    toy = make(tmp_path, LINK.replace("vdf_alpha", "VDF_alpha1").replace("vdf_beta", "VDF_beta1"))
    assert toy.b.tolist() == [0.5, 0.15, 0.15] and toy.power.tolist() == [2.0, 4.0, 4.0]
    assert any("vdf_alpha of 2 of 3 links is not stated: 0.15 was taken." in note for note in toy.notes)


def test_tolls_of_dtalite_are_read(tmp_path: Path):
    assert make(tmp_path, LINK.replace("toll", "vdf_toll")).toll.tolist() == [0.0, 5.0, 0.0]
    with pytest.raises(InputError, match=r"line 2: toll is 5 and vdf_toll is 6; these columns say the same thing"):
        make(tmp_path, add(LINK, "vdf_toll", "6", "", ""))


def test_a_declared_class_is_taken_and_a_dropped_one_is_no_link(tmp_path: Path):
    link = add(LINK.replace("60,1000", "60,").replace("30,900", "30,"), "facility_type", "Klass 2", "Klass 1", "Sti")
    toy = open_instance(write(tmp_path, link=link), classes="Klass 2=secondary,klass_1=primary,Sti=drop")
    assert toy.link_id.tolist() == [11, 12] and toy.capacity.tolist() == [3 * 1000.0, 2 * 850.0]
    assert any("1 rows of link.csv are of classes that are not for cars: left out." in note for note in toy.notes)


@pytest.mark.parametrize(
    "word",
    ["rail", "Railway", "subway", "light_rail", "runway", "ferry", "walkway", "Bus Lane", "transit only", "aeroway",
     "轻轨铁路", "Bike Path", "ped walk", "cycleway", "construction"],
)  # fmt: skip
def test_classes_that_are_not_for_cars_are_no_links(tmp_path: Path, word: str):
    toy = make(tmp_path, add(LINK, "facility_type", "primary", "primary", word))
    assert toy.link_id.tolist() == [11, 12]
    assert any("1 rows of link.csv are of classes that are not for cars: left out." in note for note in toy.notes)


@pytest.mark.parametrize("word", ["HOV", "hov2", "bus street", "trucks only", "bicycle boulevard"])
def test_classes_that_do_not_tell_are_asked_for(tmp_path: Path, word: str):
    link = add(LINK, "facility_type", "primary", "primary", word)
    with pytest.raises(InputError, match=rf"line 4: the class '{word}' does not tell whether cars may drive there; sa"):
        make(tmp_path, link)
    assert open_instance(write(tmp_path, link=link), classes=f"{word}=drop").n_links == 2
    assert open_instance(write(tmp_path, link=link), classes=f"{word}=primary").n_links == 3


def test_unknown_classes_are_noted_where_they_do_not_matter(tmp_path: Path):
    toy = make(tmp_path, add(LINK, "link_type_name", "Klass 2", "zone connector", "Klass 2"))
    assert toy.n_links == 3
    said = "The class of 3 links is unknown (Klass 2, zone connector); their capacities and times are stated."
    assert said in toy.notes


def test_two_classes_must_not_differ_on_whether_cars_drive(tmp_path: Path):
    link = add(add(LINK, "facility_type", "primary", "primary", ""), "link_type_name", "primary", "railway", "primary")
    with pytest.raises(
        InputError, match=r"line 3: the class is 'primary' and 'railway', which is no road for cars; ke"
    ):
        make(tmp_path, link)
