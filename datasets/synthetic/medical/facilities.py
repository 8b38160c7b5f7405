"""Hospitals and ambulance stations of a made-up city, beside streets from which all others can be reached."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...maps.layers import FACILITY_KINDS, AreaLayer, FacilityLayer
from ...traffic.layers import ROAD_KINDS, RoadLayer

__all__ = ["make_care"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_PEOPLE_PER = {"hospital": 60_000, "ambulance station": 90_000}
_LEAST = {"hospital": 2, "ambulance station": 3}
_BESIDE_M = 15.0  # from the street
_NAMES = {"hospital": ("人民医院", "中心医院", "医院", "中医院"), "ambulance station": ("急救站",)}
_FAST = tuple(ROAD_KINDS.index(name) for name in ("motorway", "trunk", "motorway_link", "trunk_link"))


def make_care(roads: RoadLayer, areas: AreaLayer | None, seed: int = 1) -> FacilityLayer:
    """Make hospitals and ambulance stations where people live, apart from each other.

    Parameters
    ----------
    roads
        Strongly connected, or its largest such part serves; their crs must be in metres.
    areas
        Whose people are to be served; without them, 1,500 people are assumed at each node.
    seed
        The same seed gives the same bytes.

    Returns
    -------
    FacilityLayer
        Each 15 m beside the middle of a link between reachable nodes; capacity in beds or vehicles.

    Examples
    --------
    >>> from citytide.datasets.synthetic.traffic.city_streets import make_streets
    >>> care = make_care(make_streets(1, "2km")[0], None)
    >>> [FACILITY_KINDS[kind] for kind in care.kind]
    ['hospital', 'hospital', 'ambulance station', 'ambulance station', 'ambulance station']
    """
    link = _find_links(roads)
    middle = (roads.vertex_offset[link] + roads.vertex_offset[link + 1] - 1) // 2
    ahead = np.stack(
        [roads.vertex_x[middle + 1] - roads.vertex_x[middle], roads.vertex_y[middle + 1] - roads.vertex_y[middle]]
    )
    length = np.maximum(np.sqrt((ahead**2).sum(axis=0)), 1e-9)
    # To the right of the direction of travel, half way to the line's next vertex.
    x = np.round(roads.vertex_x[middle] + 0.5 * ahead[0] + _BESIDE_M * ahead[1] / length, 2)
    y = np.round(roads.vertex_y[middle] + 0.5 * ahead[1] - _BESIDE_M * ahead[0] / length, 2)
    weight, n_people = _weigh(x, y, areas, roads.n_nodes)
    generator = np.random.Generator(np.random.Philox(key=[seed, 501]))
    found: list[tuple[str, str, float, float, float]] = []
    taken = np.zeros(link.size, dtype=np.bool_)
    for kind, people_per in _PEOPLE_PER.items():
        wanted = min(max(_LEAST[kind], round(n_people / people_per)), int(np.sum(~taken)))
        chosen = _spread(x, y, np.where(taken, 0.0, weight), wanted, generator)
        taken[chosen] = True
        size = generator.random(wanted)
        for number, k in enumerate(chosen.tolist()):
            ending = _NAMES[kind][number % len(_NAMES[kind])]
            beds = round(150 + 1350 * float(size[number]) ** 2, -1) if kind == "hospital" else 2 + size[number] * 6 // 1
            called = (roads.name[link[k]] or f"第{number + 1}") + ending
            found.append((kind, called, float(x[k]), float(y[k]), float(beds)))
    return FacilityLayer(
        crs=roads.crs,
        facility_id=tuple(f"{'H' if kind == 'hospital' else 'A'}{k + 1:04d}" for k, (kind, *_) in enumerate(found)),
        kind=np.array([FACILITY_KINDS.index(kind) for kind, *_ in found], dtype=np.uint8),
        name=tuple(name for _, name, *_ in found),
        x=np.array([x for *_, x, _, _ in found]),
        y=np.array([y for *_, y, _ in found]),
        capacity=np.array([beds for *_, beds in found]),
        notes=(f"Hospitals and ambulance stations are made up (seed {seed}).",),
        is_synthetic=True,
    )


def _find_links(roads: RoadLayer) -> Ints:
    """Links on the ground, of ordinary streets, inside the largest strongly connected part."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    shape = (roads.n_nodes, roads.n_nodes)
    links = csr_array((np.ones(roads.n_links, dtype=np.int8), (roads.tail, roads.head)), shape=shape)
    _, part = connected_components(links, connection="strong")
    core = part == np.argmax(np.bincount(part))
    good = core[roads.tail] & core[roads.head]
    for wish in (roads.level == 0, ~np.isin(roads.kind, _FAST), roads.length_m >= 4.0 * _BESIDE_M):
        good = good & wish if (good & wish).any() else good
    return np.flatnonzero(good)


def _weigh(x: Floats, y: Floats, areas: AreaLayer | None, n_nodes: int) -> tuple[Floats, int]:
    """People near each place: those of the area whose middle is nearest, shared among its places."""
    if areas is None:
        return np.ones(x.size), 1_500 * n_nodes
    from scipy.spatial import cKDTree

    ring = areas.ring_offset[:-1]  # the outer one
    first, last = areas.vertex_offset[ring], areas.vertex_offset[ring + 1]
    middle = np.array(
        [[areas.vertex_x[a:b].mean(), areas.vertex_y[a:b].mean()] for a, b in zip(first, last, strict=True)]
    )
    nearest = cKDTree(middle).query(np.column_stack([x, y]))[1]
    share = np.maximum(np.bincount(nearest, minlength=areas.n_areas), 1)
    return areas.people[nearest] / share[nearest], int(areas.people.sum())


def _spread(x: Floats, y: Floats, weight: Floats, wanted: int, generator: np.random.Generator) -> Ints:
    """Draw places by their weights, but one at a time where few are near: each takes weight from its neighbours."""
    weight = weight + 1e-12 * (weight > 0.0)
    reach = 0.5 * ((float(np.ptp(x)) + 50.0) * (float(np.ptp(y)) + 50.0) / max(wanted, 1)) ** 0.5
    chosen = []
    for uniform in generator.random(wanted):
        total = np.cumsum(weight)
        k = min(int(np.searchsorted(total, uniform * total[-1], side="right")), weight.size - 1)
        chosen.append(k)
        apart2 = ((x - x[k]) ** 2 + (y - y[k]) ** 2) / reach**2
        weight = weight * (1.0 - np.exp(-0.5 * apart2))
        weight[k] = 0.0
    return np.array(chosen, dtype=np.int64)
