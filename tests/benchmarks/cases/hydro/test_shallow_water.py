"""What is timed keeps its water, and hangs on neither threads nor precision."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from citytide.benchmarks.cases.hydro.shallow_water import main
from citytide.benchmarks.sides import parse_answer


@pytest.mark.parametrize("extra", [[], ["--threads", "2"], ["--order", "2", "--dtype", "f8"]])
def test_water_timed_is_kept(extra: list[str]) -> None:
    ran = CliRunner().invoke(main, ["--cells", "40", "--repeat", "1", *extra])
    assert ran.exit_code == 0, ran.output
    answer = parse_answer(ran.stdout)
    ring = 42 if "--order" not in extra else 44
    assert answer["updates"] == 32_000
    assert answer["checksum"] == pytest.approx(1600 / ring**2, rel=1e-3)  # the mean counts the walls
