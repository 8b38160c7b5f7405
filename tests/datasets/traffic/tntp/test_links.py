from pathlib import Path

import pytest
from tntp_folders import NET, write

from citytide.datasets.errors import InputError
from citytide.datasets.traffic.tntp.tntp import read_tntp

HEAD = "~\tinit_node\tterm_node\tcapacity\tlength\tfree_flow_time\tb\tpower\tspeed\ttoll\tlink_type\t;"


def test_columns_go_by_their_names(tmp_path: Path):
    net = NET.replace("\tcapacity\tlength\tfree_flow_time\t", "\tlength\tcapacity\tfft\t")
    toy = read_tntp(write(tmp_path, net=net))
    assert toy.length.tolist() == [100, 200, 100, 100, 0] and toy.capacity.tolist() == [1] * 5
    with pytest.raises(InputError, match=r"column 'length' stands in place 3, and others are not known"):
        read_tntp(write(tmp_path, net=net.replace("\tcapacity\t", "\tsupply\t")))
    lanes = NET.replace("\tcapacity\t", "\tcapacity_per_lane\t").replace("\ttoll\tlink_type", "\tlink_type\tlanes")
    assert read_tntp(write(tmp_path, net=lanes)).capacity.tolist() == [100, 200, 100, 100, 0]
    with pytest.raises(InputError, match=r"column 'capacity_per_lane' counts one lane, and no column is called lanes"):
        read_tntp(write(tmp_path, net=lanes.replace("\tlanes\t", "\twidth\t")))


def test_a_comment_below_the_names_hides_no_column(tmp_path: Path):
    net = NET.replace("\tlink_type\t;\n", "\tlink_type\t;\n~ surveyed from 1999 to 2003, time and length by hand\n")
    assert read_tntp(write(tmp_path, net=net)).toll.tolist() == [5, 0, 0, 0, 0]
    bare = "\n".join(line for line in NET.splitlines() if not line.startswith("~")) + "\n"
    assert read_tntp(write(tmp_path, net=bare)).toll.tolist() == [5, 0, 0, 0, 0]
    lanes = bare.replace("  Power ;", "  Power Speed Critical speed Lanes ;")
    assert not read_tntp(write(tmp_path, net=lanes)).toll.any()


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (HEAD.replace("free_flow_time", "speed_limit"), "column 'speed_limit' stands where free_flow_time is expected"),
        (
            HEAD.replace("free_flow_time", "speed").replace("\tspeed\ttoll", "\tffs\ttoll"),
            "column 'speed' stands where",
        ),
        (HEAD.replace("capacity", "supply"), "column 'supply' stands where capacity is expected, in place 3; name the"),
        (HEAD.replace("speed", "fft"), "columns 'free_flow_time' and 'fft' are both the free_flow_time"),
        (HEAD.replace("link_type", "fixed_cost"), "column 'fixed_cost' may change the answer and is not read; work it"),
        (HEAD.replace("speed", "delay"), "column 'delay' may change the answer and is not read"),
        ("~ init_node term_node length capacity fft b power", "the names above the rows are no 10 columns: init_node"),
    ],
)
def test_names_that_tell_of_other_columns_are_refused(tmp_path: Path, head: str, message: str):
    with pytest.raises(InputError, match=message):
        read_tntp(write(tmp_path, net=NET.replace(HEAD, head)))


@pytest.mark.parametrize(
    "head",
    [
        "~ Init node  Term node  Length  Capacity  Free Flow Time  B  Power  Speed  Toll  Type ;",
        "~ Init node Term node Length Capacity Free Flow Time B Power Speed Toll Type ;",
        "~\tInit node\tTerm node\tLength (mi)\tCapacity (veh/h)\tFree Flow Time (min)\tB\tPower\tSpeed\tToll\tType\t;",
        "~ from to length_km capacity_veh_h fft_min alpha beta speed_limit toll_cents link_type ;\n~ ----------------",
    ],
)
def test_names_are_found_however_they_are_divided(tmp_path: Path, head: str):
    assert HEAD in NET
    toy = read_tntp(write(tmp_path, net=NET.replace(HEAD, head)))
    assert toy.length.tolist() == [100, 200, 100, 100, 0] and toy.capacity.tolist() == [1] * 5
    assert toy.free_time.tolist() == [2, 3, 0, 2.5, 2] and toy.toll.tolist() == [5, 0, 0, 0, 0]


def test_fewer_names_than_columns_go_by_place_and_are_told(tmp_path: Path):
    toy = read_tntp(
        write(tmp_path, net=NET.replace(HEAD, "~ init_node term_node capacity length fft b power speed toll"))
    )
    assert toy.capacity.tolist() == [100, 200, 100, 100, 0] and toy.toll.tolist() == [5, 0, 0, 0, 0]
    assert "Toy_net.tntp: 9 columns have names, and rows have 10; they go by place." in toy.notes


def test_units_behind_the_names_label_the_answer(tmp_path: Path):
    head = HEAD.replace("capacity", "capacity (veh/day)").replace("free_flow_time", "free flow time (sec)")
    folder = write(tmp_path, net=NET.replace(HEAD, head))
    assert read_tntp(folder).units == {"time": "s", "length": "mile", "flow": "veh/day", "toll": "1"}
    (tmp_path / "od.csv").write_text("from,to,volume\n1,2,30\n")
    with pytest.raises(InputError, match=r"capacities are in veh/day, and od.csv counts vehicles per hour; give cap"):
        read_tntp(folder, demand=tmp_path / "od.csv")
