from pathlib import Path

import pytest
from gmns_folders import write

from citytide.datasets.catalogue.networks import open_instance
from citytide.datasets.errors import InputError
from citytide.datasets.traffic.instances import Instance

NODE = "node_id,zone_id\n1,1\n2,\n3,2\n"
HEAD = "link_id,from_node_id,to_node_id,directed"
STATED = f"{HEAD},capacity,lanes,vdf_alpha,vdf_beta,vdf_fftt", ",900,1,0.15,4,2"
BY_CLASS = f"{HEAD},facility_type,length", ",primary,1"


def make(folder: Path, kind: tuple[str, str], column: str = "note", cell: str = "") -> Instance:
    head, row = kind
    link = f"{head},{column}\n1,1,2,true{row},{cell}\n2,2,3,true{row},{cell}\n"
    demand = "o_zone_id,d_zone_id,volume\n1,2,1\n"
    config = "long_length,speed\nkm,km/h\n"
    return open_instance(write(folder, link=link, node=NODE, demand=demand, config=config))


@pytest.mark.parametrize(
    "case",
    [
        "closed=1", "status=closed", "is_open=0", "bus_only=1", "hov_only=1", "restricted_uses=auto",
        "banned_uses=auto", "turn_restriction=3", "vdf_toll_auto=3", "toll_da=2", "toll_usd=1", "preload=500",
        "base_volume=500", "base_vol_auto=500", "vdf_qdf=0.7", "signal_delay=1", "fixed_cost=1",
        "capacity_unit=veh/day", "time_unit=s", "vdf_fftt_unit=s", "peak_load_factor=0.7", "capacity_adj=0.5",
        "modes=bus",
        "motor_vehicle=no", "hov_lanes=1", "vdf_code=2", "link_kind=railway", "in_service=0",
        "construction=1", "收费=3", "封闭=1", "费率单位=km",
    ],
)  # fmt: skip
def test_names_that_change_the_answer_are_refused(tmp_path: Path, case: str):
    column, _, cell = case.partition("=")
    with pytest.raises(InputError, match=rf"link.csv, line \d: (?:column ')?{column}'? .*, and .*not read; .*column"):
        make(tmp_path, STATED, column, cell)


@pytest.mark.parametrize(
    "case",
    [
        "closed=0", "status=open", "is_open=true", "bus_only=no", "turn_restriction=", "toll_da=0", "preload=0",
        "ref_volume=500", "ref_cost=-1", "obs_volume=300", "free_speed_raw=30 mph", "lane_width=3.5", "alpha=1",
        "modes=auto;bike", "truck_toll=4", "bike_facility=lane", "ped_facility=sidewalk", "parking=both", "grade=2",
        "jurisdiction=city", "row_width=20", "link_type=1", "from_biway=1", "is_link=0", "speed_limit=50", "cap=300",
        "n_lanes=2", "direction=NB", "osm_way_id=7", "time_period=AM", "description=a toll road", "turn_lanes=left|",
        "scale=1", "fft=3", "oneway=yes", "land_use=urban", "volume=300",
    ],
)  # fmt: skip
def test_names_that_change_nothing_are_noted(tmp_path: Path, case: str):
    column, _, cell = case.partition("=")
    plain, other = make(tmp_path, STATED), make(tmp_path, STATED, column, cell)
    assert other.free_time.tolist() == plain.free_time.tolist() and other.capacity.tolist() == [900.0, 900.0]
    assert any(f"not read: {column}" in note for note in other.notes) == bool(cell)


@pytest.mark.parametrize(
    ("meant", "columns"),
    [
        ("free_speed", "free_speed_ms speed_kmh speed_limit_kmh maxspeed_kmh posted_speed_kmh free_flow_speed "
         "freeflow_speed ff_speed free_speed_raw vmax v0 限速"),
        ("capacity", "capacity_vph hourly_capacity cap_per_lane lane_cap capacity_pcu cap 通行能力"),
        ("lanes", "num_lane lanes_ab no_lanes nlanes lane_count 车道数"),
        ("vdf_fftt", "vdf_fftt_sec fftt_min free_flow_time_min travel_time_s ff_time t0 traveltime fft"),
        ("vdf_alpha", "alpha1 bpr_a"),
        ("vdf_beta", "beta1 bpr_b power"),
        ("directed", "oneway is_oneway"),
    ],
)  # fmt: skip
def test_a_name_that_may_fill_a_gap_is_not_passed_over(tmp_path: Path, meant: str, columns: str):
    kind = BY_CLASS if meant != "directed" else (STATED[0].replace(",directed", ",note"), STATED[1])
    for column in columns.split():
        with pytest.raises(InputError, match=rf"line 1: column '{meant}' is missing, and '{column}' may be it; call i"):
            make(tmp_path, kind, column, "3")


def test_a_length_that_nobody_reads_is_not_measured_instead(tmp_path: Path):
    for column in ("len_km", "link_length_km", "length_yd", "shape_len", "distance"):
        with pytest.raises(
            InputError, match=rf"column 'length' is missing, and '{column}' may be it; call it length i"
        ):
            make(tmp_path, (f"{HEAD},facility_type", ",primary"), column, "3")


def test_a_column_with_gaps_says_of_how_many_links(tmp_path: Path):
    kind = STATED[0].replace("lanes", "lanes"), STATED[1].replace("900,1,", "900,,")
    with pytest.raises(
        InputError, match=r"column 'lanes' is empty for 2 links, and 'lane_count' may be it; call it la"
    ):
        make(tmp_path, kind, "lane_count", "3")


def test_rows_that_are_no_links_do_not_count(tmp_path: Path):
    link = f"{STATED[0]},allowed_uses,closed\n1,1,2,true{STATED[1]},,\n2,2,3,true{STATED[1]},,0\n"
    link += f"3,2,3,true{STATED[1]},walk,1\n"
    write(tmp_path, link=link, node=NODE, demand="o_zone_id,d_zone_id,volume\n1,2,1\n", config=None)
    assert open_instance(tmp_path).n_links == 2


def test_a_oneway_that_contradicts_directed_is_refused(tmp_path: Path):
    with pytest.raises(
        InputError, match=r"line 2: oneway is 'no', and directed is 'true'; correct one, or remove the c"
    ):
        make(tmp_path, STATED, "oneway", "no")


def test_a_whole_capacity_beside_that_of_a_lane_fills_the_gap(tmp_path: Path):
    kind = STATED[0].replace("capacity,", "capacity,vdf_cap1,"), STATED[1].replace(",900,1,", ",450,900,2,")
    assert make(tmp_path, kind, "cap", "300").capacity.tolist() == [900.0, 900.0]
