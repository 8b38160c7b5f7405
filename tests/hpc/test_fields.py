"""hpc runs what it is handed: its source holds no word of a field."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

HPC = Path(__file__).parents[2] / "hpc"
WORDS = """scenario scenarios tstt sptt objective relative_gap lower_bound unserved overflowed converged iterations
road roads traffic vehicle vehicles trip trips capacity congestion
flood floods inundation storm storms rain rainfall water river sea gauge discharge terrain hydro
patient patients drug drugs diagnosis comorbidity""".split()
FOUND = re.compile(rf"(?<![A-Za-z])(?:{'|'.join(WORDS)})(?![A-Za-z])", re.I)
SOURCES = [*sorted(HPC.rglob("*.py")), *sorted(HPC.rglob("*.j2"))]


def without_docstrings(source: str) -> str:
    """A module's text; examples in docstrings may come from a field."""
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            for number in range(node.lineno - 1, node.end_lineno or node.lineno):
                lines[number] = ""
    return "\n".join(lines)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(HPC).as_posix())
def test_hpc_speaks_of_no_field(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    code = without_docstrings(text) if path.suffix == ".py" else text
    found = [f"{number}: {line.strip()}" for number, line in enumerate(code.splitlines(), 1) if FOUND.search(line)]
    assert not found


def test_the_measure_sees_a_word_and_leaves_examples_out() -> None:
    assert FOUND.search('{"tstt": 1}') and FOUND.search("# each Scenario") and not FOUND.search("constraint, drain")
    assert not FOUND.search(without_docstrings('def f() -> None:\n    """\n    >>> rain = 1\n    """\n'))
