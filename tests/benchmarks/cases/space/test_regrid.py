"""Both sides of the comparison carry the same field to the same grid."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from citytide.benchmarks.cases.space.regrid import CASES, main
from citytide.benchmarks.sides import parse_answer


@pytest.mark.parametrize("case", list(CASES))
def test_both_sides_give_one_answer(case: str) -> None:
    answers = []
    for side in ("citytide", "scipy"):
        ran = CliRunner().invoke(main, [side, case, "--size", "0.06", "--repeat", "1"])
        assert ran.exit_code == 0, ran.output
        answers.append(parse_answer(ran.stdout))
    assert answers[0]["checksum"] == answers[1]["checksum"]
    assert [answer["target_cells"] for answer in answers] == [answers[0]["target_cells"]] * 2
