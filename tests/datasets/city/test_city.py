"""A city goes to plain arrays and back, and its layers keep their shapes."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from citytide.datasets.city.assembly import assemble_city
from citytide.datasets.city.city import City
from citytide.datasets.city.layers import CityLayers
from citytide.datasets.city.variables import CROSSWALKS, LAYERS, VARIABLES
from citytide.datasets.traffic.layers import RoadLayer


def same(one: object, other: object) -> bool:
    for item in fields(one):  # type: ignore[arg-type]
        a, b = getattr(one, item.name), getattr(other, item.name)
        if isinstance(a, np.ndarray):
            if a.dtype != b.dtype or not np.array_equal(a, b, equal_nan=a.dtype.kind == "f"):
                return False
        elif item.name != "sources" and a != b:
            return False
    return True


def test_arrays_and_attributes_give_the_city_back(layers: CityLayers) -> None:
    city = assemble_city(layers)
    again = City.from_arrays(*city.to_arrays())
    assert city.layers.keys() == again.layers.keys() == LAYERS.keys()
    assert all(same(layer, again.layers[name]) for name, layer in city.layers.items())
    assert all(same(weights, again.crosswalks[name]) for name, weights in city.crosswalks.items())
    assert (city.name, city.crs, city.time_zone, city.truths) == (again.name, again.crs, again.time_zone, again.truths)


def test_some_layers_come_alone_with_the_weights_between_them(layers: CityLayers) -> None:
    arrays, attrs = assemble_city(layers).to_arrays()
    part = City.from_arrays(arrays, attrs, layers=("roads", "facilities"))
    assert list(part.layers) == ["roads", "facilities"]
    assert list(part.crosswalks) == ["facility_node"]


def test_every_variable_is_declared_once_and_names_a_field() -> None:
    names = [variable.name for variable in VARIABLES]
    assert len(set(names)) == len(names)
    for variable in VARIABLES:
        assert variable.attribute in {item.name for item in fields(LAYERS[variable.layer])}, variable.name
        assert variable.long_name and variable.units


def test_a_crosswalk_joins_layers_that_there_are() -> None:
    assert {layer for pair in CROSSWALKS.values() for layer in pair} <= set(LAYERS)


def test_a_layer_of_uneven_lengths_is_refused(roads: RoadLayer) -> None:
    with pytest.raises(ValueError, match=r"RoadLayer.lanes must hold one value per link \(9\), got 8"):
        replace(roads, lanes=roads.lanes[1:])


def test_the_city_says_what_it_holds(layers: CityLayers) -> None:
    text = repr(assemble_city(layers))
    assert "6 nodes, 9 links" in text and "50 x 50 cells of 10 m" in text and "10,000 people" in text
