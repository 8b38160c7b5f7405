from pathlib import Path

import pytest
from gmns_folders import write

from citytide.datasets.catalogue.networks import open_instance
from citytide.datasets.errors import InputError
from citytide.datasets.traffic.instances import Instance

# 1 and 3 are zones; 1 -> 2 -> 4 takes 9 minutes, 1 -> 3 -> 4 through the zone takes 2.
LINK = """link_id,from_node_id,to_node_id,capacity,vdf_fftt
1,1,2,900,4
2,2,4,900,5
3,1,3,900,1
4,3,4,900,1
"""
NODE = "node_id,zone_id,node_type\n1,1,\n2,0,\n3,2,\n4,3,\n"
DEMAND = "o_zone_id,d_zone_id,volume\n1,3,1\n"


def make(folder: Path, *, node: str = NODE, **options: str) -> Instance:
    return open_instance(write(folder, link=LINK, node=node, demand=DEMAND, config=None), **options)


def test_block_and_pass_tell_which_nodes_are_passed(tmp_path: Path):
    blocked = make(tmp_path, zone_nodes="block")
    assert blocked.passable.tolist() == [False, True, False, False]
    assert "Paths do not pass through 3 nodes of zones (zone_nodes=block)." in blocked.notes
    passed = make(tmp_path, zone_nodes="pass")
    assert passed.passable.all()
    assert "Paths pass through all nodes, 3 nodes of zones included (zone_nodes=pass)." in passed.notes


def test_what_matters_and_is_not_stated_is_asked_for(tmp_path: Path):
    with pytest.raises(InputError, match=r"the 3 nodes of zones, of 4 nodes; set zone_nodes=block if they are centroi"):
        make(tmp_path)
    with pytest.raises(InputError, match=r"zone_nodes must be one of block, pass, got 'through'"):
        make(tmp_path, zone_nodes="through")


def test_what_does_not_matter_is_not_asked_for(tmp_path: Path):
    ends_only = make(tmp_path, node="node_id,zone_id\n1,1\n2,\n3,\n4,3\n")
    assert any("through the 2 nodes of zones makes no difference" in note for note in ends_only.notes)
    all_zones = make(tmp_path, node="node_id,zone_id\n1,1\n2,2\n3,4\n4,3\n")
    assert all_zones.passable.all() and any("Every node is the node of a zone" in note for note in all_zones.notes)


def test_centroids_are_blocked_as_the_file_says(tmp_path: Path):
    stated = make(tmp_path, node=NODE.replace("3,2,", "3,2,Centroid"))
    assert stated.passable.tolist() == [True, True, False, True]
    assert any("Paths do not pass through 1 nodes of type centroid." in note for note in stated.notes)
    both = make(tmp_path, node=NODE.replace("2,0,", "2,0,centroid"), zone_nodes="block")
    assert both.passable.tolist() == [False, False, False, False]
    with pytest.raises(
        InputError, match=r"node.csv, line 4: node_type is centroid, which paths do not .*; omit zone_n"
    ):
        make(tmp_path, node=NODE.replace("3,2,", "3,2,centroid"), zone_nodes="pass")


def test_a_broken_number_is_no_zone(tmp_path: Path):
    with pytest.raises(InputError, match=r"node.csv, line 4: zone_id is '1.7'; give a whole number or leave it empty"):
        make(tmp_path, node=NODE.replace("3,2,", "3,1.7,"), zone_nodes="pass")
