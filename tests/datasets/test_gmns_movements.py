from pathlib import Path

import pytest
from gmns_folders import write

from citytide.datasets.errors import InputError
from citytide.datasets.instances import Instance, open_instance

# a crossing at 2: in from 1 and 3, out to 1, 3 and 4
LINK = """link_id,from_node_id,to_node_id,capacity,vdf_fftt,restricted_turn_nodes
12,1,2,900,1,
21,2,1,900,1,
32,3,2,900,1,
23,2,3,900,1,
24,2,4,900,1,
"""
NODE = "node_id,zone_id\n1,1\n2,\n3,\n4,2\n"
DEMAND = "o_zone_id,d_zone_id,volume\n1,2,1\n"
HEAD = "mvmt_id,node_id,ib_link_id,ob_link_id,type,penalty,capacity,ctrl_type\n"
ROWS = {"a": "a,2,12,23,left,0,,signal", "b": "b,2,12,24,thru,,1800,signal",
        "c": "c,2,32,21,thru,,,", "d": "d,2,32,24,right,,,"}  # fmt: skip


def make(folder: Path, *, link: str = LINK, **changed: str) -> Instance:
    rows = {**ROWS, **changed}
    movement = HEAD + "".join(row + "\n" for row in rows.values() if row)
    return open_instance(write(folder, link=link, node=NODE, demand=DEMAND, config=None, movement=movement))


def test_turns_that_are_all_allowed_change_nothing(tmp_path: Path):
    toy = make(tmp_path, e="e,2,12,21,no_u_turn,99,,")
    assert toy.n_links == 5
    assert any("movement.csv forbids no turn that matters; capacities and con" in note for note in toy.notes)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("a,2,12,23,left,30,,", "line 2: penalty is 30 on the turn from link 12 to 23"),
        ("a,2,12,23,left,,0,", "line 2: capacity is 0 on the turn from link 12 to 23"),
        ("a,2,12,23,no_left_turn,,,", "line 2: type is 'no_left_turn' on the turn from link 12 to 23"),
        ("a,2,12,23,prohibited,,,", "line 2: type is 'prohibited' on the turn"),
        ("a,2,12,99,left,,,", "line 2: ob_link_id 99 is not in link.csv"),
        ("", "node 2 has turns here, and the turn from link 12 to 23 is not among them"),
    ],
)
def test_a_turn_ban_is_refused(tmp_path: Path, row: str, said: str):
    with pytest.raises(InputError, match=rf"movement.csv, .*{said}"):
        make(tmp_path, a=row)


def test_restricted_turn_nodes_are_refused(tmp_path: Path):
    with pytest.raises(InputError, match=r"link.csv, line 2: restricted_turn_nodes is '4'; turns cannot be forbidden"):
        make(tmp_path, link=LINK.replace("12,1,2,900,1,", "12,1,2,900,1,4"))


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("link_tod", "link_id,timeday_id,capacity\n12,am,500\n", "capacity is 500, which changes a link"),
        ("segment", "segment_id,link_id,r_lanes_added\n1,12,1\n", "r_lanes_added is 1, which changes a link"),
        ("lane", "lane_id,link_id,lane_num,allowed_uses\n1,12,1,bus\n", "the lane is for 'bus' only"),
    ],
)
def test_tables_that_change_links_are_refused(tmp_path: Path, name: str, text: str, said: str):
    (tmp_path / f"{name}.csv").write_text(text)
    with pytest.raises(InputError, match=rf"{name}.csv, line 2: .*{said}.*out of the folder"):
        make(tmp_path)


def test_tables_that_change_nothing_are_noted(tmp_path: Path):
    (tmp_path / "signal_phase_mvmt.csv").write_text("signal_phase_mvmt_id\n1\n")
    (tmp_path / "lane.csv").write_text("lane_id,link_id,lane_num,allowed_uses\n1,12,1,walk\n2,12,2,auto\n")
    (tmp_path / "readme.csv").write_text("no table of the specification\n")
    notes = make(tmp_path).notes
    assert "Tables of the folder that are not read: lane.csv, signal_phase_mvmt.csv." in notes
