"""The peer reads the files as they are; it is not installed where tests run, so only its reading is tested."""

from __future__ import annotations

from pathlib import Path

import pytest

from citytide.benchmarks.peers.assignment_aequilibrae import read_network, read_trips

NET = """<NUMBER OF ZONES> 2
<NUMBER OF LINKS> 2
<END OF METADATA>
~\tinit\tterm\tcapacity\tlength\tfft\tB\tpower\tspeed\ttoll\ttype\t;
\t1\t2\t49500\t0.5\t0\t0.15\t4\t0\t7\t3\t;
\t2\t1\t100\t1e0\t2.5\t0.15\t4\t0\t0\t3;
"""
TRIPS = """<NUMBER OF ZONES> 2
<END OF METADATA>

Origin \t1
    1 :  9.0;  2 : 3.5;
Origin 2
    1 : 4.0;
"""


def test_network_and_trips_are_read_as_they_stand(tmp_path: Path) -> None:
    (tmp_path / "x_net.tntp").write_text(NET)
    (tmp_path / "x_trips.tntp").write_text(TRIPS)
    head, links = read_network(tmp_path / "x_net.tntp")
    assert head["NUMBER OF ZONES"] == "2"
    assert links["free_time"] == (0.0, 2.5)
    assert links["toll"] == (7.0, 0.0)
    assert read_trips(tmp_path / "x_trips.tntp", 2).tolist() == [[0.0, 3.5], [4.0, 0.0]]


def test_chicago_has_its_published_demand(data: Path) -> None:
    folder = data / "traffic" / "tntp" / "Chicago-Sketch"
    demand = read_trips(folder / "ChicagoSketch_trips.tntp", 387)
    assert demand.sum() == pytest.approx(1_137_493.44, abs=0.01)
    assert len(read_network(folder / "ChicagoSketch_net.tntp")[1]["toll"]) == 2950
