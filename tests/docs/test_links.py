"""Every relative link of the pages leads somewhere."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import links
import pytest

ROOT = Path(__file__).parent.parent.parent
TOP = {path.name for path in ROOT.iterdir()} - {"runs", "build"}


def test_every_relative_link_leads_to_a_file_and_a_heading() -> None:
    pages = links.list_pages(ROOT)
    assert {ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "docs" / "architecture.md"} <= set(pages)
    assert not links.find_broken_links(pages)


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/architecture.md", "docs/stability.md"])
def test_every_file_and_folder_that_a_page_names_is_there(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    named = set(re.findall(r"(?<![\w./-])(?:[\w.-]+/)+(?:\w+\.(?:py|md|yaml))?(?![\w/<{])", text))
    named = {name for name in named if name == name.lower() and name.split("/")[0] in TOP}
    assert not [name for name in sorted(named) if not (ROOT / name).exists()]


def test_what_leads_nowhere_is_named(tmp_path: Path) -> None:
    (tmp_path / "there.md").write_text("# A heading\n", encoding="utf-8")
    page = tmp_path / "page.md"
    page.write_text(
        "[a](there.md#a-heading) [b](there.md#another) [c](missing.md) [d](https://example.org/x) [e](#page)\n# Page\n",
        encoding="utf-8",
    )
    assert links.find_broken_links([page]) == [
        f"{page}: there.md#another leads to no heading",
        f"{page}: missing.md leads to no file",
    ]


def test_examples_run() -> None:
    assert doctest.testmod(links).failed == 0
