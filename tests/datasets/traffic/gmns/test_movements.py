from pathlib import Path

import pytest
from gmns_folders import CROSSING_DEMAND, CROSSING_LINK, CROSSING_NODE, write

from citytide.datasets.catalogue.networks import open_instance
from citytide.datasets.errors import InputError
from citytide.datasets.traffic.instances import Instance

HEAD = "mvmt_id,node_id,ib_link_id,ob_link_id,type,penalty,capacity,ctrl_type\n"
ROWS = {"a": "a,2,12,23,left,0,,signal", "b": "b,2,12,24,thru,,1800,signal",
        "c": "c,2,32,21,thru,,,", "d": "d,2,32,24,right,,,"}  # fmt: skip


def make(folder: Path, *, link: str = CROSSING_LINK, **changed: str) -> Instance:
    rows = {**ROWS, **changed}
    movement = HEAD + "".join(row + "\n" for row in rows.values() if row)
    return open_instance(
        write(folder, link=link, node=CROSSING_NODE, demand=CROSSING_DEMAND, config=None, movement=movement)
    )


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
        make(tmp_path, link=CROSSING_LINK.replace("12,1,2,900,1,", "12,1,2,900,1,4"))


@pytest.mark.parametrize(
    "case",
    ["prohibited=1", "is_allowed=0", "allowed=false", "turn_penalty=30", "delay=30", "restriction=no_left_turn",
     "mvmt_type=banned", "time_s=5", "note=left turn prohibited"],
)  # fmt: skip
def test_a_ban_in_any_column_is_refused(tmp_path: Path, case: str):
    column, _, cell = case.partition("=")
    rows = "".join(f"{row},{cell if key == 'a' else ''}\n" for key, row in ROWS.items())
    movement = HEAD.replace("\n", f",{column}\n") + rows
    with pytest.raises(
        InputError, match=rf"movement.csv, line 2: {column} is .*{cell}.* on the turn from link 12 to 23"
    ):
        open_instance(
            write(
                tmp_path, link=CROSSING_LINK, node=CROSSING_NODE, demand=CROSSING_DEMAND, config=None, movement=movement
            )
        )


def test_columns_of_turns_that_forbid_nothing_are_noted(tmp_path: Path):
    movement = HEAD.replace("\n", ",prohibited,allowed,lanes\n") + "".join(f"{row},0,1,2\n" for row in ROWS.values())
    toy = open_instance(
        write(tmp_path, link=CROSSING_LINK, node=CROSSING_NODE, demand=CROSSING_DEMAND, config=None, movement=movement)
    )
    assert "movement.csv: not read: capacity, ctrl_type, prohibited, allowed, lanes." in toy.notes
