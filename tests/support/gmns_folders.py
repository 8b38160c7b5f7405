"""A small GMNS folder for tests, and one written from a TNTP instance."""

from __future__ import annotations

import csv
from pathlib import Path

from citytide.datasets.traffic.instances import Instance

NODE = """node_id,name,x_coord,y_coord,node_type,zone_id
30,c,114.02,22.50,,2
10,a,114.00,22.50,centroid,1
20,b,114.01,22.50,,
"""
LINK = """link_id,name,from_node_id,to_node_id,directed,length,lanes,free_speed,capacity,vdf_alpha,vdf_beta,toll
12,深南大道,20,30,true,1.1,2,60,1000,,,5
11,红荔路,10,20,true,1.1,,30,900,0.5,2,
13,,20,30,true,1.2,1,60,0,,,
"""
DEMAND = "o_zone_id,d_zone_id,volume\n1,2,300\n2,2,7\n"
CONFIG = "dataset_name,long_length,speed\ntoy,km,km/h\n"
TABLES = {"node": NODE, "link": LINK, "demand": DEMAND, "config": CONFIG}
# a crossing at 2: in from 1 and 3, out to 1, 3 and 4
CROSSING_LINK = """link_id,from_node_id,to_node_id,capacity,vdf_fftt,restricted_turn_nodes
12,1,2,900,1,
21,2,1,900,1,
32,3,2,900,1,
23,2,3,900,1,
24,2,4,900,1,
"""
CROSSING_NODE = "node_id,zone_id\n1,1\n2,\n3,\n4,2\n"
CROSSING_DEMAND = "o_zone_id,d_zone_id,volume\n1,2,1\n"


def write(folder: Path, encoding: str = "utf-8", **files: str | None) -> Path:
    """Write the toy; a table given as None is left out."""
    for name, text in {**TABLES, **files}.items():
        if text is not None:
            (folder / f"{name}.csv").write_bytes(text.encode(encoding))
    return folder


def write_instance(folder: Path, instance: Instance, zones: int) -> Path:
    """Write nodes 1 to ``zones`` as zones of GMNS, and times as DTALite does."""
    rows = {
        "node": [("node_id", "zone_id"), *((k, k if k <= zones else "") for k in instance.node_id.tolist())],
        "link": [
            ("link_id", "from_node_id", "to_node_id", "lanes", "capacity", "vdf_alpha", "vdf_beta", "vdf_fftt"),
            *zip(
                instance.link_id.tolist(),
                instance.node_id[instance.tail].tolist(),
                instance.node_id[instance.head].tolist(),
                [1] * instance.n_links,
                *(getattr(instance, name).tolist() for name in ("capacity", "b", "power", "free_time")),
                strict=True,
            ),
        ],
        "demand": [
            ("o_zone_id", "d_zone_id", "volume"),
            *zip(
                instance.node_id[instance.origin].tolist(),
                instance.node_id[instance.destination].tolist(),
                instance.demand.tolist(),
                strict=True,
            ),
        ],
    }
    for name, table in rows.items():
        with (folder / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows(table)
    return folder


def add(link: str, column: str, *cells: str) -> str:
    """A column at the end of link.csv; cells in the order of its rows."""
    head, *rows = link.splitlines()
    return "\n".join([f"{head},{column}", *(f"{row},{cell}" for row, cell in zip(rows, cells, strict=True))]) + "\n"
