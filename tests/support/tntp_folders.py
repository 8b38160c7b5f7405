"""A small TNTP network for tests."""

from pathlib import Path

NET = """<NUMBER OF ZONES> 2
<NUMBER OF NODES> 4
<FIRST THRU NODE> 3
<NUMBER OF LINKS> 5
<ORIGINAL HEADER>~ Init node  Term node  Capacity (veh/h)  Length (miles)  Free Flow Time (min)  B  Power ;
<END OF METADATA>

~\tinit_node\tterm_node\tcapacity\tlength\tfree_flow_time\tb\tpower\tspeed\ttoll\tlink_type\t;
\t1\t3\t100\t1\t2\t0.15\t4\t30\t5\t1\t;
\t1\t3\t200\t1\t3\t0.15\t4\t30\t0\t1\t;
\t3\t4\t100\t1\t0\t0\t0\t30\t0\t1\t;
\t4\t2\t100\t1\t2.5\t0.15\t4\t30\t0\t1\t;
\t2\t4\t0\t1\t2\t0.15\t4\t30\t0\t1\t;
"""
TRIPS = """<NUMBER OF ZONES> 2
<TOTAL OD FLOW> 9.0
<END OF METADATA>

~ made by hand

Origin 1
    1 :    2.0;    2 :    7.0;
"""


def write(folder: Path, net: str = NET, trips: str = TRIPS, node: str | None = None) -> Path:
    (folder / "Toy_net.tntp").write_text(net)
    (folder / "Toy_trips.tntp").write_text(trips)
    if node is not None:
        (folder / "Toy_node.tntp").write_text(node)
    return folder
