"""Pages are read beside code: their lines fit it."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
WIDTH = 100
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "benchmarks").rglob("*.md")),
]


def name_page(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def find_long_lines(text: str) -> list[int]:
    """Numbers of the lines beyond the width; tables, code and links that stand alone may be longer."""
    long, fenced = [], False
    for number, line in enumerate(text.splitlines(), start=1):
        fenced ^= line.lstrip().startswith("```")
        is_free = fenced or line.startswith(("|", "    ", "<!--", "![")) or line.lstrip().startswith("```")
        if len(line) > WIDTH and not is_free:
            long.append(number)
    return long


@pytest.mark.parametrize("page", PAGES, ids=name_page)
def test_lines_fit(page: Path) -> None:
    assert find_long_lines(page.read_text(encoding="utf-8")) == []


def test_a_long_line_is_found_and_a_long_row_is_free() -> None:
    row, text = "| " + "a" * 120, "b" * 101
    assert find_long_lines(f"{row}\n```\n{text}\n```\n{text}\n") == [5]


def test_a_page_begins_with_a_title() -> None:
    assert not [page for page in PAGES if not page.read_text(encoding="utf-8").startswith("# ")]
