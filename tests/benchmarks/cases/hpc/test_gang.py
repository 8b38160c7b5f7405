"""Goes together and alone are taken in pairs."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

pytest.importorskip("mpi4py", reason="mpi4py is not installed: pip install 'citytide[mpi]'")

from citytide.benchmarks.cases.hpc.gang import main
from citytide.benchmarks.sides import parse_answer


def test_two_ranks_are_timed_together_and_alone() -> None:
    ran = CliRunner().invoke(main, ["--cells", "30", "--steps", "4", "--repeat", "3"])
    assert ran.exit_code == 0, ran.output
    answer = parse_answer(ran.stdout)
    assert (answer["pairs"], answer["ranks"], answer["cells"]) == (3, 2, 1800)
    assert 0.0 < answer["least"] <= answer["efficiency"] <= answer["most"]
    assert answer["wall_seconds"] > 0.0 < answer["wall_seconds_alone"]
