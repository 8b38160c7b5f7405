import tracemalloc
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import zarr
from gmns_folders import LINK, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from citytide.datasets.catalogue.networks import open_instance
from citytide.datasets.errors import InputError
from citytide.datasets.synthetic.traffic.network import make_network
from citytide.datasets.synthetic.traffic.textbook import make_braess, make_two_routes
from citytide.datasets.traffic.instances import Instance
from citytide.datasets.traffic.scenario_table import ScenarioTable, base_scenario
from citytide.datasets.traffic.scenarios import read_scenarios


def read(tmp_path: Path, text: str, instance: Instance | None = None, encoding: str = "utf-8") -> ScenarioTable:
    file = tmp_path / "s.csv"
    file.write_bytes(text.encode(encoding))
    return read_scenarios(file, instance or make_braess())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_rows_become_factors_with_base_first(tmp_path: Path, encoding: str):
    table = read(
        tmp_path, "Scenario,link,capacity_factor,speed_factor\n暴雨,4,0.5,0.8\n封路,1,0,\n暴雨,2,,0.5\n", None, encoding
    )
    assert table.name == ("base", "暴雨", "封路") and len(table) == 3
    assert [f.tolist() for f in table.factors(0)] == [[1] * 5, [1] * 5]
    assert [f.tolist() for f in table.factors(1)] == [[1, 1, 1, 0.5, 1], [1, 0.5, 1, 0.8, 1]]
    assert [f.tolist() for f in table.factors(2)] == [[0, 1, 1, 1, 1], [1] * 5]
    assert table.position("封路") == 2


def test_links_may_be_named_by_their_ends(tmp_path: Path):
    table = read(tmp_path, "scenario,from,to,capacity_factor\nclosed,3,4,0\nnothing,,,\n")
    assert table.name == ("base", "closed", "nothing")
    assert table.factors(1)[0].tolist() == [1, 1, 1, 0, 1] and (table.factors(2)[0] == 1).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("scenario,link,capacity_factor\na,9,0\n", r"s.csv, line 2: link 9 is not in network braess; its link ids run"),
        ("scenario,link,capacity_factor\na,x,0\n", r"line 2: link is 'x'; give a whole number"),
        ("scenario,from,to\na,1,2\n", r"line 2: no link leads from 1 to 2 in network braess"),
        ("scenario,link,capacity_factor\na,1,-1\n", r"line 2: capacity_factor is -1; give a finite number >= 0"),
        ("scenario,link,speed_factor\na,1,nan\n", r"line 2: speed_factor is nan"),
        (
            "scenario,link,speed_factor\na,1,1\nb,2,0\na,1,0\n",
            r"line 4: link 1 stands twice in scenario 'a', first on line 2",
        ),
        ("scenario,link,speed_factor\nbase,1,0\n", r"line 2: scenario 'base' changes a link"),
        ("scenario,link,speed_factor\na@1,1,0\n", r"line 2: scenario 'a@1' has an '@' in its name"),
        ("scenario,link,speed_factor\n,1,0\n", r"line 2: the scenario has no name"),
        ("scenario,speed_factor\na,0\n", r"line 1: no column says which links change; give 'link', or 'from' and 'to'"),
        ("scenario,link,from,to\na,1,1,3\n", r"line 1: the columns name links twice"),
        ("scenario,link\n", r"the file names no scenario"),
        (
            "scenario,link,cap_factor\na,1,0\n",
            r"line 1: unknown column 'cap_factor'; allowed columns are scenario, link",
        ),
        ("link,speed_factor\n1,0\n", r"column 'scenario' is missing"),
        (
            "scenario,link,speed_factor\na,1,1e-320\n",
            r"speed_factor must be 0 or at least 1e-06, got 9.99989e-321; give 0",
        ),
        ("scenario,link,speed_factor\na,1,70\n", r"line 2: speed_factor must be at most 5, got 70; give a share of 1"),
        (
            "scenario,link,speed_factor\na,1,1e-300\n",
            r"line 2: speed_factor must be 0 or at least 1e-06, got 1e-300; gi",
        ),
        ("scenario,link,capacity_factor\na,1,70%\n", r"line 2: capacity_factor is '70%'; give a number"),
        ("scenario;link;speed_factor (%)\na;1;70\n", r"line 1: unknown column 'speed_factor \(%\)'; allowed columns"),
        ("scenario,link\na,1\n", r"line 1: no column says what happens to the links; give capacity_factor or"),
    ],
)
def test_a_bad_row_is_refused_with_its_line(tmp_path: Path, text: str, message: str):
    with pytest.raises(InputError, match=message):
        read(tmp_path, text)


@pytest.mark.parametrize("mark", [";", "\t"])
def test_other_marks_and_decimal_commas_read_the_same(tmp_path: Path, mark: str):
    rows = [("scenario", "link", "capacity_factor", "speed_factor"), ("a", "4", "0,5", "0,8"), ("b", "1", "0", "")]
    table = read(tmp_path, "\n".join(map(mark.join, rows)))
    assert [f.tolist() for f in table.factors(1)] == [[1, 1, 1, 0.5, 1], [1, 1, 1, 0.8, 1]]
    assert table.factors(2)[0].tolist() == [0, 1, 1, 1, 1]


def test_a_link_may_be_named_by_a_name_of_its_own(tmp_path: Path):
    named = replace(make_braess(), link_name=("A1", "ring", "ring", "", "7"))
    assert read(tmp_path, "scenario,link,speed_factor\na,A1,0\n", named).factors(1)[1].tolist() == [0, 1, 1, 1, 1]
    with pytest.raises(InputError, match=r"line 2: 2 links are called 'ring': 2, 3; give the id of one"):
        read(tmp_path, "scenario,link,speed_factor\na,ring,0\n", named)
    with pytest.raises(InputError, match=r"link 7 is not in network braess"):
        read(tmp_path, "scenario,link,speed_factor\na,7,0\n", named)


def make_texts(tmp_path: Path, *, name: str = "") -> Instance:
    """Links 2, 1A, 1, 4 of nodes 2, 1, N3, 4: rows and ids differ; 4 is undirected."""
    rows = ("2,2,1,true", "1A,1,N3,true", "1,1,2,true", "4,N3,4,false")
    link = "link_id,from_node_id,to_node_id,directed,capacity,vdf_fftt,name\n"
    node = "node_id,zone_id\n2,1\n1,\nN3,\n4,2\n"
    link += "".join(f"{row},900,1,{name}\n" for row in rows)
    return open_instance(
        write(tmp_path, node=node, link=link, demand="o_zone_id,d_zone_id,volume\n1,2,1\n", config=None)
    )


@pytest.mark.parametrize(
    ("link", "changed"),
    [("1", [2]), ("2", [0]), ("1A", [1]), ("4", [3, 4])],
    ids=["row", "other row", "text", "street"],
)
@pytest.mark.parametrize("name", ["", "Ring"])
def test_ids_that_are_texts_name_their_own_links(tmp_path: Path, link: str, changed: list[int], name: str):
    instance = make_texts(tmp_path, name=name)
    table = read(tmp_path, f"scenario,link,capacity_factor\na,{link},0\n", instance)
    assert np.flatnonzero(table.factors(1)[0] == 0.0).tolist() == changed
    with pytest.raises(
        InputError, match=r"line 2: link 3 is not in network .*; its links have texts as ids, such as '2"
    ):
        read(tmp_path, "scenario,link,capacity_factor\na,3,0\n", instance)


def test_nodes_that_are_texts_name_their_own_links(tmp_path: Path):
    instance = make_texts(tmp_path)
    table = read(tmp_path, "scenario,from,to,capacity_factor\na,1,2,0\na,4,N3,0\n", instance)
    assert np.flatnonzero(table.factors(1)[0] == 0.0).tolist() == [2, 4], "of a street one direction"
    with pytest.raises(InputError, match=r"no link leads from 3 to 4 in network"):
        read(tmp_path, "scenario,from,to,capacity_factor\na,3,4,0\n", instance)


def test_an_undirected_row_changes_both_directions(tmp_path: Path):
    folder = write(tmp_path, link=LINK.replace("10,20,true", "10,20,false"))
    street = open_instance(folder)
    table = read(tmp_path, "scenario,link,capacity_factor\na,11,0\nback,111,0\nname,红荔路,0\n", street)
    closed = [street.link_id[table.factors(k)[0] == 0.0].tolist() for k in (1, 2, 3)]
    assert closed == [[11, 111], [111], [11, 111]]
    assert any("A scenario that names the row changes both." in note for note in street.notes)
    with pytest.raises(InputError, match=r"line 3: link 111 stands twice in scenario 'a', first on line 2"):
        read(tmp_path, "scenario,link,capacity_factor\na,11,0\na,111,0\n", street)


def test_ends_that_name_parallel_links_are_refused(tmp_path: Path):
    with pytest.raises(InputError, match=r"line 2: links 1 and 2 both lead from 1 to 2; name the one that is meant"):
        read(tmp_path, "scenario,from,to,speed_factor\na,1,2,0\n", make_two_routes())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_csv_and_zarr_of_the_same_factors_read_the_same(tmp_path: Path, seed: int):
    draw = np.random.default_rng(seed)
    braess = make_braess()
    factors = np.where(draw.random((2, 3, 5)) < 0.5, 1.0, np.round(draw.random((2, 3, 5)), 3))
    rows = [
        f"s{s},{braess.link_id[k]},{factors[0, s, k]},{factors[1, s, k]}" for s in range(3) for k in draw.permutation(5)
    ]
    from_csv = read(tmp_path, "scenario,link,capacity_factor,speed_factor\n" + "\n".join(rows))
    group = zarr.create_group(tmp_path / "s.zarr", overwrite=True)
    for name, values in zip(("capacity_factor", "speed_factor"), factors, strict=True):
        group.create_array(name, data=values, chunks=(2, 5))
    from_zarr = read_scenarios(tmp_path / "s.zarr", braess)
    assert from_zarr.name == ("base", "scenario-1", "scenario-2", "scenario-3")
    for scenario in range(4):
        for one, other in zip(from_csv.factors(scenario), from_zarr.factors(scenario), strict=True):
            np.testing.assert_array_equal(one, other)
    for scenario in range(3):
        np.testing.assert_array_equal(from_csv.factors(scenario + 1), factors[:, scenario])


@pytest.mark.parametrize("text", [object, "U4"])
def test_a_zarr_that_xarray_wrote_names_its_scenarios_and_links(tmp_path: Path, text: object):
    braess = make_braess()
    factors = xr.Dataset(
        {"speed_factor": (("scenario", "link"), np.array([[1.0] * 5, [1, 1, 1, 1, 0]]))},
        coords={"scenario": np.array(["base", "暴雨"], dtype=text), "link_id": ("link", braess.link_id)},
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of zarr, about text of fixed length; reading it must not warn
        factors.to_zarr(tmp_path / "s.zarr", consolidated=False)
    table = read_scenarios(tmp_path / "s.zarr", braess)
    assert table.name == ("base", "暴雨") and table.factors(1)[1].tolist() == [1, 1, 1, 1, 0]


def test_a_bad_zarr_is_refused(tmp_path: Path):
    braess = make_braess()
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="this is no Zarr group"):
        read_scenarios(tmp_path / "empty", braess)
    group = zarr.create_group(tmp_path / "s.zarr")
    with pytest.raises(InputError, match="holds neither capacity_factor nor speed_factor"):
        read_scenarios(tmp_path / "s.zarr", braess)
    group.create_array("speed_factor", data=np.ones((2, 4)))
    with pytest.raises(
        InputError, match=r"shape \(2, 4\); it should be \(scenario, 5\), one column per link of braess"
    ):
        read_scenarios(tmp_path / "s.zarr", braess)
    group.create_array("speed_factor", data=np.array([[1, 1, np.nan, 1, 1.0]]), overwrite=True)
    with pytest.raises(InputError, match="speed_factor of link 3 in scenario 'scenario-1' is nan"):
        read_scenarios(tmp_path / "s.zarr", braess)
    group.create_array("speed_factor", data=np.ones((1, 5)), overwrite=True)
    group.create_array("link_id", data=braess.link_id + 1)
    with pytest.raises(InputError, match="link_id is not that of network braess"):
        read_scenarios(tmp_path / "s.zarr", braess)


def test_many_scenarios_of_few_changes_take_little_memory(tmp_path: Path):
    city = make_network("grid", 20_000, 0)
    rows = "\n".join(f"s{k},{k % city.n_links + 1},0" for k in range(2_000))
    (tmp_path / "s.csv").write_text("scenario,link,capacity_factor\n" + rows)
    tracemalloc.start()
    table = read_scenarios(tmp_path / "s.csv", city)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(table) == 2_001 and peak < 40e6, "dense, the factors would take 660 MB"


def test_without_a_file_base_stands_alone():
    table = base_scenario(4)
    assert table.name == ("base",) and (table.factors(0)[0] == 1).all()
    with pytest.raises(IndexError, match="scenario must be in 0 to 0, got 1"):
        table.factors(1)
