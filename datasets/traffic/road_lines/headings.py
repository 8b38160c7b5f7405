"""What columns of road lines are called, in the words of OpenStreetMap, HERE, TomTom, AequilibraE, GMNS, Chinese."""

from __future__ import annotations

__all__ = ["CLASS_NAMES", "LANES_OF_BOTH", "NAMES"]

# Counts of lanes that say that they are of both directions together.
LANES_OF_BOTH = ("lanes_total", "total_lanes", "lanes_both_directions", "双向车道数")
# What a column may be called, by what it holds. The first name is that of OpenStreetMap where it has one.
NAMES: dict[str, tuple[str, ...]] = {
    "highway": ("highway", "fclass", "road_class", "roadclass", "mtfcc", "道路等级", "公路等级", "道路类别"),
    "name": ("name", "road_name", "street_name", "streetname", "st_name", "名称", "道路名称", "路名"),
    "oneway": ("oneway", "one_way", "is_oneway", "单行", "单行道", "单行线", "是否单行"),
    "oneway:motor_vehicle": ("oneway:motor_vehicle", "oneway_motor_vehicle", "oneway_mot"),
    "dir_travel": ("dir_travel",),
    "direction": ("direction", "dir", "方向", "通行方向", "交通方向"),
    "directed": ("directed",),
    "lanes": (
        "lanes", "n_lanes", "num_lanes", "numlanes", "nlanes", "no_lanes", "lane_count", "lanecount", "phys_lanes",
        "车道数", "车道", *LANES_OF_BOTH,
    ),
    "lanes:forward": ("lanes:forward", "lanes_forward", "lanes_ab", "from_lanes", "lanenums2e", "正向车道数"),
    "lanes:backward": ("lanes:backward", "lanes_backward", "lanes_ba", "to_lanes", "lanenume2s", "反向车道数",
                       "逆向车道数"),
    "lanes:direction": ("lanes_per_direction", "permlanes", "单向车道数"),
    "maxspeed": ("maxspeed", "max_speed", "限速", "限速值", "最高限速", "道路限速"),
    "maxspeed:forward": ("maxspeed:forward", "maxspeed_forward", "正向限速"),
    "maxspeed:backward": ("maxspeed:backward", "maxspeed_backward", "反向限速", "逆向限速"),
    "speed": (
        "speed", "speedlimit", "speed_limit", "speed_lim", "spd_limit", "spd_lim", "posted_speed", "free_speed",
        "freespeed", "free_flow_speed", "freeflow_speed", "ffs", "vmax", "v_max", "design_speed", "速度", "设计速度",
        "自由流速度", "speed_kmh", "speed_km_h", "kmh", "kph", "speed_mph", "mph", "speed_ms", "speed_m_s", "speed_mps",
        "free_speed_kmh", "free_speed_mph", "speedlimit_mph", "speedlimit_kmh", "speed_limit_mph", "speed_limit_kmh",
    ),
    "speed:forward": ("speed_ab", "free_speed_ab", "fr_spd_lim", "from_speed_limit", "speed_forward", "spdlmts2e"),
    "speed:backward": ("speed_ba", "free_speed_ba", "to_spd_lim", "to_speed_limit", "speed_backward", "spdlmte2s"),
    "capacity": ("capacity", "cap", "capacity_veh_h", "capacity_veh_h_lane", "capacity_per_lane", "通行能力"),
    "capacity:forward": ("capacity_ab", "cap_ab"),
    "capacity:backward": ("capacity_ba", "cap_ba"),
    "length": ("length", "distance", "length_m", "length_km", "length_mi", "length_ft", "meters", "长度",
               "里程"),
    "from": ("u", "from", "from_node", "from_node_id", "a_node", "anode", "fnode", "fnode_", "f_node", "fromnode",
             "fromnodeno", "from_node_no", "inode", "i_node", "f_jnctid", "snodeid", "source", "start_node",
             "ref_in_id"),
    "to": ("v", "to", "to_node", "to_node_id", "b_node", "bnode", "tnode", "tnode_", "t_node", "tonode", "tonodeno",
           "to_node_no", "jnode", "j_node", "t_jnctid", "enodeid", "target", "end_node", "nref_in_id"),
    "reversed": ("reversed",),
    "key": ("key",),
    "bridge": ("bridge", "桥", "桥梁", "是否桥梁"),
    "tunnel": ("tunnel", "隧道", "是否隧道"),
    "layer": ("layer", "层"),
    "junction": ("junction",),
    "roundabout": ("roundabout",),
    "form_of_way": ("form_of_way", "formofway"), "road_structure": ("road_structure", "roadstructure"),
    "ar_auto": ("ar_auto",),
    "private": ("private",),
    "ferry_type": ("ferry_type",),
    "modes": ("modes", "mode", "allowed_modes", "tsysset"),
    "allowed_uses": ("allowed_uses", "allowed_use"),
    "covered": ("covered",), "access": ("access",), "vehicle": ("vehicle",), "motor_vehicle": ("motor_vehicle",),
    "motorcar": ("motorcar",), "service": ("service",), "area": ("area",), "busway": ("busway",), "psv": ("psv",),
    "bus": ("bus",), "speed_kph": ("speed_kph",), "turn:lanes": ("turn:lanes",),
}  # fmt: skip
# Names that mean the class of road where no better one is there.
CLASS_NAMES = (
    "class", "kind", "type", "road_type", "roadtype", "link_type", "func_class", "functional_class", "frc",
    "road_classification", "facility_type", "等级", "道路类型",
)  # fmt: skip
