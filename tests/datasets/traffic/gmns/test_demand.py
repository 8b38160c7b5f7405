from pathlib import Path

import pytest
from gmns_folders import NODE, write

from citytide.datasets.catalogue.networks import open_instance
from citytide.datasets.errors import InputError

PERIODS = "o_zone_id,d_zone_id,volume,mode,time_period\n1,2,300,auto,AM\n1,2,500,auto,PM\n2,1,7,truck,PM\n"


def test_periods_and_modes_are_chosen_and_never_added_up(tmp_path: Path):
    folder = write(tmp_path, demand=PERIODS)
    with pytest.raises(InputError, match=r"demand.csv, line 1: column 'time_period' holds several: AM, PM; choose one"):
        open_instance(folder)
    with pytest.raises(InputError, match=r"column 'mode' holds several: auto, truck; choose one with demand_mode="):
        open_instance(folder, demand_period="PM")
    morning = open_instance(folder, demand_period="am")
    assert morning.demand.tolist() == [300] and "time_period is AM in every row" in " ".join(morning.notes)
    assert open_instance(folder, demand_period="PM", demand_mode="auto").demand.tolist() == [500]


def test_zones_of_a_matrix_are_those_of_the_nodes(tmp_path: Path):
    folder = write(tmp_path, demand="zone,1,2,9\n1,4,300,0\n2,0,7,0\n")
    city = open_instance(folder)
    assert city.demand.tolist() == [300] and city.intrazonal_demand == 11
    write(tmp_path, demand="zone,1,9\n1,4,300\n")
    with pytest.raises(InputError, match=r"demand.csv, line 2: destination 9 is the zone_id of no node"):
        open_instance(folder)


def test_trips_names_another_file(tmp_path: Path):
    folder = write(tmp_path, demand=None)
    (tmp_path / "evening.csv").write_text("origin;destination;demand (veh/h)\n1;2;30,5\n")
    city = open_instance(folder, trips=tmp_path / "evening.csv")
    assert city.demand.tolist() == [30.5] and tmp_path / "evening.csv" in city.sources


def test_zones_may_be_any_text(tmp_path: Path):
    node = NODE.replace(",,2\n", ",,TAZ B\n").replace("centroid,1\n", "centroid,TAZ1\n")
    demand = "o_zone_id,d_zone_id,volume\nTAZ1,TAZ B,300\nTAZ B,TAZ B,7\n"
    city = open_instance(write(tmp_path, node=node, demand=demand))
    assert city.demand.tolist() == [300] and city.intrazonal_demand == 7 and city.origin.tolist() == [0]
    with pytest.raises(
        InputError, match=r"demand.csv, line 2: o_zone_id TAZ2 is the zone_id of no node; correct the r"
    ):
        open_instance(write(tmp_path, node=node, demand=demand.replace("TAZ1", "TAZ2")))
    with pytest.raises(
        InputError, match=r"demand.csv: zone_id has texts such as '.*', and the demand is a matrix; give"
    ):
        open_instance(write(tmp_path, node=node, demand="zone,1,2\n1,4,300\n2,0,7\n"))
