"""The site has every page, fetches nothing, and no link of it leads nowhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

website = pytest.importorskip("website", reason="the extra `docs` is not installed", exc_type=ImportError)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out: Path = tmp_path_factory.mktemp("site")
    website.build_site(out)
    return out


def test_every_page_and_notebook_is_there(site: Path) -> None:
    found = {path.relative_to(site).as_posix() for path in site.rglob("*.html")}
    assert found >= {
        "index.html", "CONTRIBUTING.html", "docs/architecture.html", "docs/adr/index.html",
        "docs/notebooks/own-dask-code.html", "reference/kernels.html", "reference/settings.html",
        "reference/commands.html",
    }  # fmt: skip


def test_nothing_is_fetched(site: Path) -> None:
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert "<script" not in text and not re.search(r"<(?:link|img|iframe)[^>]+https?:", text), page


def test_links_lead_to_pages_of_the_site(site: Path) -> None:
    assert website.find_broken_references(site) == []
    first = (site / "index.html").read_text(encoding="utf-8")
    assert 'href="docs/architecture.html"' in first and not re.search(r'href="[^":]*\.(?:md|ipynb)[#"]', first)


def test_link_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text('<h1 id="one"></h1><a href="#one"></a><a href="#two"></a><img src="no.png">')
    assert [line.partition(": ")[2] for line in website.find_broken_references(tmp_path)] == [
        "#two leads to no heading",
        "no.png leads to no file",
    ]
