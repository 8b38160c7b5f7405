"""What an assignment opens, and what it refuses before work."""

from __future__ import annotations

from pathlib import Path

import pytest

from citytide.datasets.errors import InputError
from citytide.workflows.traffic.assignment.question import prepare_assignment
from citytide.workflows.traffic.assignment.settings import AssignmentSettings


def test_weights_that_overflow_costs_are_refused(two_routes: Path) -> None:
    net = two_routes / "t_net.tntp"
    net.write_text(net.read_text().replace("1 2 4 1 1 0.15 4 0 0 1 ;", "1 2 4 1 1 0.15 4 0 5 1 ;"))
    for asked in ({"toll_weight": 1e308}, {"toll_weight": 0, "distance_weight": 1e13}):
        with pytest.raises(
            InputError, match=f"at most 1e.12, got .* with {list(asked)[-1]}=1e.*; set {list(asked)[-1]}"
        ):
            prepare_assignment(AssignmentSettings(network=str(two_routes), **asked))


def test_tolls_that_weigh_nothing_said_are_asked_for(tmp_path: Path, two_routes: Path) -> None:
    net = two_routes / "t_net.tntp"
    net.write_text(net.read_text().replace("1 2 4 1 1 0.15 4 0 0 1 ;", "1 2 4 1 1 0.15 4 0 5 1 ;"))
    with pytest.raises(InputError, match=r"1 links of network t have a toll, and nothing says .*; set toll_weight"):
        prepare_assignment(AssignmentSettings(network=str(two_routes)))
    free = prepare_assignment(AssignmentSettings(network=str(two_routes), toll_weight=0))
    assert not any("toll_weight" in note for note in free.notes)
    net.write_text(net.read_text().replace("<END", "<TOLL FACTOR> 0.5\n<DISTANCE FACTOR> 2\n<END"))
    stated = prepare_assignment(AssignmentSettings(network=str(two_routes)))
    assert stated.attrs["instance"]["toll_weight"] == 0.5 and stated.attrs["instance"]["distance_weight"] == 2.0
    other = prepare_assignment(AssignmentSettings(network=str(two_routes), toll_weight=0.1, distance_weight=2))
    assert other.notes[-1] == "toll_weight is 0.1 as set; the network states 0.5."
    trips = two_routes / "t_trips.tntp"
    trips.write_text(trips.read_text().replace("10.0", "0"))
    with pytest.raises(InputError, match="network t has no trips between different zones; name another demand"):
        prepare_assignment(AssignmentSettings(network=str(two_routes)))
