"""Networks of assignments whose answers are known."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def two_routes(tmp_path: Path) -> Path:
    """Links 1 and 2 lead from node 1 to node 2, link 3 back, which nobody takes."""
    folder = tmp_path / "network"
    folder.mkdir()
    (folder / "t_net.tntp").write_text(
        "<NUMBER OF ZONES> 2\n<NUMBER OF NODES> 2\n<FIRST THRU NODE> 1\n<NUMBER OF LINKS> 3\n<END OF METADATA>\n"
        "1 2 4 1 1 0.15 4 0 0 1 ;\n1 2 5 1 1 0.15 4 0 0 1 ;\n2 1 4 1 1 0.15 4 0 0 1 ;\n"
    )
    (folder / "t_trips.tntp").write_text("<NUMBER OF ZONES> 2\n<END OF METADATA>\nOrigin 1\n 2 : 10.0;\n")
    return folder
