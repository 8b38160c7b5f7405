from __future__ import annotations

import pytest
from smallcity import make_roads, make_small_layers  # type: ignore[import-not-found]

from citytide.datasets.city.layers import CityLayers
from citytide.datasets.traffic.layers import RoadLayer


@pytest.fixture
def roads() -> RoadLayer:
    layer: RoadLayer = make_roads()
    return layer


@pytest.fixture
def layers() -> CityLayers:
    made: CityLayers = make_small_layers()
    return made
