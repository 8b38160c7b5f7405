"""What a graph of osmnx says of its CRS and directions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from citytide.datasets.errors import InputError
from citytide.datasets.place.transformation import transform
from citytide.datasets.traffic.osm.graphml import read_graphml
from citytide.datasets.traffic.road_files import open_roads
from citytide.datasets.traffic.roads.graph import read_road_graph

PLACES = {1: (114.05, 22.54), 2: (114.06, 22.54), 3: (114.06, 22.55)}
KEYS = {"x": "a", "y": "b", "crs": "c"}


def write(folder: Path, crs: str, *, to: str = "EPSG:4326", tags: dict[str, str] | None = None) -> Path:
    """A triangle driven both ways."""
    more = {"highway": "primary", "oneway": "False", "reversed": "", **(tags or {})}
    keys = KEYS | {name: f"d{k}" for k, name in enumerate([*more, "length"])}
    lines = [f'<key id="{key}" attr.name="{name}"/>' for name, key in keys.items()]
    lines += ['<graph edgedefault="directed">', f'<data key="c">{crs}</data>']
    x, y = transform(*np.array(list(PLACES.values())).T, "EPSG:4326", to)
    for node, at_x, at_y in zip(PLACES, x.tolist(), y.tolist(), strict=True):
        lines.append(f'<node id="{node}"><data key="a">{at_x!r}</data><data key="b">{at_y!r}</data></node>')
    for one, other, length in ((1, 2, 1027.0), (2, 3, 1112.0), (3, 1, 1514.0)):
        for source, target, against in ((one, other, "False"), (other, one, "True")):
            said = more | {"length": str(length)} | ({"reversed": against} if more["reversed"] == "" else {})
            data = "".join(f'<data key="{keys[name]}">{text}</data>' for name, text in said.items())
            lines.append(f'<edge source="{source}" target="{target}">{data}</edge>')
    file = folder / "roads.graphml"
    file.write_text("<graphml>" + "\n".join(lines) + "</graph></graphml>", encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("epsg:4326", "EPSG:4326"),
        ("EPSG:32650", "EPSG:32650"),
        ("{'init': 'epsg:4326'}", "EPSG:4326"),
        ("+init=epsg:4326 +type=crs", "EPSG:4326"),
        ("+proj=longlat +datum=WGS84 +no_defs", "EPSG:4326"),
        ("+proj=utm +zone=50 +ellps=WGS84 +datum=WGS84 +units=m +no_defs", "EPSG:32650"),
        ("{'proj': 'utm', 'zone': 50, 'datum': 'WGS84', 'units': 'm', 'no_defs': True}", "EPSG:32650"),
        ("", "unstated"),
    ],
)
def test_the_crs_is_read_however_it_is_written(tmp_path: Path, text: str, name: str) -> None:
    assert read_road_graph(write(tmp_path, text)).crs == name


def test_a_crs_of_no_sense_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"roads.graphml: CRS 'atlantis' is unknown"):
        read_road_graph(write(tmp_path, "atlantis"))
    with pytest.raises(InputError, match=r"crs must be a name, WKT or PROJ, got"):
        read_road_graph(write(tmp_path, "{'init': }"))


@pytest.mark.parametrize("plane", ["EPSG:32650", "EPSG:4547", "EPSG:3857"])
def test_a_projected_graph_keeps_its_lengths(tmp_path: Path, plane: str) -> None:
    roads = open_roads(write(tmp_path, plane, to=plane))
    assert roads.n_links == 6 and roads.length_m.sum() == pytest.approx(2 * (1027.0 + 1112.0 + 1514.0))


def test_a_graph_on_a_plane_in_feet_is_measured_on_the_ground(tmp_path: Path) -> None:
    """The coordinates are feet, the lengths metres."""
    file = write(tmp_path, "EPSG:4326")
    graph = read_road_graph(file)
    text = file.read_text()
    for lon, lat in graph.place.values():
        x, y = transform(lon - 232.0, lat + 11.5, "EPSG:4326", "EPSG:2229")  # the same triangle in Los Angeles
        text = text.replace(f'"a">{lon!r}<', f'"a">{float(x)!r}<', 1).replace(f'"b">{lat!r}<', f'"b">{float(y)!r}<', 1)
    file.write_text(text.replace(">EPSG:4326<", ">EPSG:2229<"))
    roads = open_roads(file)
    assert roads.crs == "EPSG:2229" and roads.n_links == 6


def test_degrees_that_are_called_metres_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"edge 2-3 has 1112 m and a line of 0.00997\d* m on the ground \(5 more"):
        open_roads(write(tmp_path, "EPSG:32650"))


def test_tags_of_one_direction_are_read_along_the_way(tmp_path: Path) -> None:
    roads = open_roads(write(tmp_path, "EPSG:4326", tags={"lanes:forward": "3", "lanes:backward": "1"}))
    lanes = {(int(a), int(b)): n for a, b, n in zip(roads.tail, roads.head, roads.lanes, strict=True)}
    assert lanes[0, 1] == 3.0 and lanes[1, 0] == 1.0


@pytest.mark.parametrize("against", ["None", "[False, True]"])
def test_tags_of_one_direction_are_not_read_where_it_is_unclear(tmp_path: Path, against: str) -> None:
    tags = {"lanes": "4", "lanes:forward": "3", "lanes:backward": "1", "reversed": against}
    roads = open_roads(write(tmp_path, "EPSG:4326", tags=tags))
    assert roads.lanes.tolist() == [2.0] * 6
    assert any(note.startswith("Tags of one direction (such as lanes:forward) of 6 edges") for note in roads.notes)


def test_osmnx_speeds_and_times_are_used(tmp_path: Path) -> None:
    roads = open_roads(write(tmp_path, "EPSG:4326", tags={"speed_kph": "36.0"}))
    assert roads.speed_km_h.tolist() == [36.0] * 6 and "Speeds of 6 links are those of speed_kph." in roads.notes
    file = write(tmp_path, "EPSG:4326", tags={"travel_time": "100.0"})
    (tmp_path / "demand.csv").write_text("origin,destination,demand\n1,2,10\n")
    toy = read_graphml(file, demand=tmp_path / "demand.csv")
    assert np.allclose(toy.free_time, 100.0 / 60.0)


@pytest.mark.parametrize("option", [{"speed_unit": "mph"}, {"oneway": "boolean"}])
def test_an_option_that_means_nothing_is_refused(tmp_path: Path, option: dict[str, str]) -> None:
    with pytest.raises(InputError, match=r"(speed_unit|oneway) means nothing to this format"):
        open_roads(write(tmp_path, "EPSG:4326"), **option)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "None"])
def test_a_graph_without_a_crs_takes_the_declared_one(tmp_path: Path, text: str) -> None:
    file = write(tmp_path, text)
    (tmp_path / "demand.csv").write_text("origin,destination,demand\n1,2,10\n")
    assert read_graphml(file, demand=tmp_path / "demand.csv", crs="EPSG:4326").crs == "EPSG:4326"
    with pytest.raises(InputError, match="the layer must have a CRS, it names none"):
        open_roads(file)
