from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from citytide.datasets.catalogue.networks import open_instance
from citytide.datasets.errors import InputError
from citytide.datasets.synthetic.traffic.network import make_network
from citytide.datasets.traffic.instances import Instance


def same(one: Instance, other: Instance) -> bool:
    for field in fields(Instance):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if isinstance(a, np.ndarray):
            if a.dtype != b.dtype or not np.array_equal(a, b):
                return False
        elif a != b:
            return False
    return True


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(
        InputError,
        match=r"network 'siouxfalls' is neither .* did you mean sioux-falls\? known names are anaheim, braess, ",
    ):
        open_instance("siouxfalls")


def test_a_folder_without_a_network_says_what_it_should_hold(tmp_path: Path):
    with pytest.raises(InputError, match=r"the folder holds no network; it should hold \*_net.tntp"):
        open_instance(tmp_path)
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(
        InputError, match=r"this is no network file .* citytide city build --roads FILE --out city.zarr"
    ):
        open_instance(tmp_path / "a.txt")


def test_a_folder_of_two_networks_is_refused(tmp_path: Path):
    for name in ("x_net.tntp", "Node.csv", "link.csv"):
        (tmp_path / name).write_text("")
    with pytest.raises(InputError, match=r"the folder holds a TNTP and a GMNS network; name the \*_net.tntp file"):
        open_instance(tmp_path)


def test_an_option_that_the_reader_lacks_is_refused_with_those_it_has(tmp_path: Path):
    (tmp_path / "a_net.tntp").write_text("")
    with pytest.raises(InputError, match="option 'demmand' means nothing to this kind of network; allowed: demand"):
        open_instance(tmp_path, demmand="x.csv")


def test_trips_is_another_word_for_demand(tmp_path: Path):
    (tmp_path / "a_net.tntp").write_text("<END OF METADATA>\n1 2 1 1 1 0.15 4 ;\n2 1 1 1 1 0.15 4 ;\n")
    trips = tmp_path / "elsewhere.txt"
    trips.write_text("<END OF METADATA>\nOrigin 1\n2 : 3.0;\n")
    for word in ("trips", "demand"):
        assert open_instance(tmp_path, **{word: str(trips)}).demand.tolist() == [3.0]
    with pytest.raises(InputError, match=r"demand and trips mean the same file, got demand=a and trips=b; keep one"):
        open_instance(tmp_path, demand="a", trips="b")


def test_without_a_name_the_synthetic_city_opens():
    city = open_instance()
    assert city.name == "synthetic-city" and same(city, open_instance("synthetic-city"))
    assert not same(city, open_instance("synthetic-city", seed=2))


def test_a_made_up_city_opens_by_kind_size_and_seed():
    assert same(open_instance("grid-200-seed4"), make_network("grid", 200, 4))
    assert same(open_instance("ring-radial-200"), make_network("ring-radial", 200, 0))
    with pytest.raises(InputError, match="n_links is 7; give 24 to 100,000"):
        open_instance("grid-7")
    with pytest.raises(InputError, match="seed must be a whole number from 0, got 'x'"):
        open_instance("synthetic-city", seed="x")
