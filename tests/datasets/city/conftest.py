from __future__ import annotations

import sys
from pathlib import Path

import pytest

from citytide.datasets.city.layers import CityLayers, RoadLayer

sys.path.insert(0, str(Path(__file__).parent))

from smallcity import make_roads, make_small_layers  # type: ignore[import-not-found]


@pytest.fixture
def roads() -> RoadLayer:
    layer: RoadLayer = make_roads()
    return layer


@pytest.fixture
def layers() -> CityLayers:
    made: CityLayers = make_small_layers()
    return made
