"""The score timed is the score, and does not hang on how it is computed."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner

from citytide.benchmarks.cases.hydro.scores import main
from citytide.benchmarks.sides import parse_answer


@pytest.mark.parametrize("extra", [[], ["--threads", "2"], ["--dtype", "f4"]])
def test_mean_score_is_that_of_the_fields(extra: list[str]) -> None:
    ran = CliRunner().invoke(main, ["--cells", "900", "--members", "5", "--repeat", "1", *extra])
    assert ran.exit_code == 0, ran.output
    answer = parse_answer(ran.stdout)
    random = np.random.default_rng(0)
    members, fell = random.gamma(0.5, 3.0, (5, 900)), random.gamma(0.5, 3.0, 900)
    apart = np.abs(members[:, None] - members).mean(axis=(0, 1))
    expected = (np.abs(members - fell).mean(axis=0) - 0.5 * apart).mean()
    assert answer["values"] == 4500 and answer["checksum"] == pytest.approx(expected, rel=1e-3)
