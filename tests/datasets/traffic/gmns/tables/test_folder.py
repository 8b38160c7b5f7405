from pathlib import Path

import pytest
from gmns_folders import CROSSING_DEMAND, CROSSING_LINK, CROSSING_NODE, write

from citytide.datasets.catalogue.networks import open_instance
from citytide.datasets.errors import InputError
from citytide.datasets.traffic.instances import Instance


def make(folder: Path, demand: str = CROSSING_DEMAND) -> Instance:
    return open_instance(write(folder, link=CROSSING_LINK, node=CROSSING_NODE, demand=demand, config=None))


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
    assert "Tables of the folder that are not read: lane.csv, readme.csv, signal_phase_mvmt.csv." in notes


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("demand_period.csv", "demand_period_id,time_period\n1,0600_0900\n", "line 2: time_period is 0600_0900, 3 h"),
        ("demand_file_list.csv", "file_name,scale_factor\ndemand.csv,0.5\n", "line 2: scale_factor is 0.5, which may"),
        ("mode_type.csv", "mode_type,pce\nauto,1\ntruck,2\n", "line 3: pce is 2, which may scale the demand"),
        ("link_type.csv", "link_type,vdf_alpha\n1,0.3\n", "line 2: vdf_alpha is 0.3, which changes links"),
        ("link_qvdf.csv", "data_type,qvdf_alpha1\nvdf_code,0.3\n", "line 2: qvdf_alpha1 is 0.3, which changes links"),
        ("dynamic_traffic_management.csv", "link_id,final_lanes\n1,0\n", "line 2: final_lanes is 0, which changes"),
        ("demand_truck.csv", "o_zone_id,d_zone_id,volume\n1,2,3\n", "the folder has the demands demand.csv and d"),
        ("settings.yml", "demand_periods:\n  - period: AM\n    time_period: 0600-0900\n", "line 3: time_period is 06"),
        ("settings.yml", "demand_files:\n  - scale_factor: 0.5  # half\n", "line 2: scale_factor is 0.5, which may"),
        ("settings.csv", "[assignment],a\n,1\n[demand_period],time_period\n,0600_0900\n", "line 4: time_period is 06"),
        ("movements.csv", "node_id,type\n2,ban\n", "the table may forbid turns, and is not read; turns cannot be"),
        ("turn_restrictions.csv", "node_id,type\n2,ban\n", "the table may forbid turns, and is not read"),
        ("turn.csv", "node_id,type\n2,ban\n", "the table may forbid turns, and is not read"),
    ],
)  # fmt: skip
def test_other_tables_that_change_the_answer_are_refused(tmp_path: Path, file: str, text: str, said: str):
    (tmp_path / file).write_text(text)
    with pytest.raises(InputError, match=rf"{file}.*{said}"):
        make(tmp_path)


def test_tables_that_state_one_hour_and_results_are_noted(tmp_path: Path):
    (tmp_path / "demand_period.csv").write_text("demand_period_id,time_period\n1,0700_0800\n")
    (tmp_path / "mode_type.csv").write_text("mode_type,pce,occ\nauto,1,1\n")
    (tmp_path / "link_performance.csv").write_text("link_id,capacity,travel_time,toll\n12,5,3,1\n")
    (tmp_path / "subarea.csv").write_text("geometry\nPOLYGON\n")
    (tmp_path / "settings.yml").write_text("demand_periods:\n  - time_period: 0700_0800\n    scale_factor: 1\n")
    said = "demand_period.csv, link_performance.csv, mode_type.csv, settings.yml, subarea.csv."
    assert any(said in note for note in make(tmp_path).notes)


def test_a_demand_in_vehicles_per_hour_may_be_of_any_period(tmp_path: Path):
    (tmp_path / "demand_period.csv").write_text("demand_period_id,time_period\n1,0600_0900\n")
    toy = make(tmp_path, CROSSING_DEMAND.replace("volume", "volume (veh/h)"))
    assert toy.demand.tolist() == [1.0]


def test_a_demand_that_is_chosen_may_lie_beside_others(tmp_path: Path):
    (tmp_path / "demand_truck.csv").write_text(CROSSING_DEMAND.replace(",1\n", ",5\n"))
    write(tmp_path, link=CROSSING_LINK, node=CROSSING_NODE, demand=CROSSING_DEMAND, config=None)
    assert open_instance(tmp_path, demand=tmp_path / "demand_truck.csv").demand.tolist() == [5.0]
