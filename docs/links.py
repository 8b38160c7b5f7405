"""Links of Markdown pages: where each leads, and which lead nowhere.

A link is relative to the page that holds it. It may name a heading of a page (``page.md#a-heading``), by the anchor
that GitHub and the site give that heading.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

__all__ = ["find_broken_links", "list_pages", "make_anchor", "read_headings", "read_links"]

_FENCE = re.compile(r"^(```|~~~).*?^\1[^\n]*$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`]*`")
_LINK = re.compile(r"\]\(([^()\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)


def list_pages(root: Path) -> list[Path]:
    """The pages that people read: those at the top, of ``docs`` and of ``benchmarks``, in the order of the site.

    Parameters
    ----------
    root
        The top of the repository.
    """
    top = [root / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")]
    below = [path for folder in ("docs", "benchmarks") for path in sorted((root / folder).rglob("*.md"))]
    return [path for path in (*top, *below) if path.is_file()]


def make_anchor(heading: str) -> str:
    """The anchor of a heading.

    Examples
    --------
    >>> make_anchor("Who may import whom, and `why`")
    'who-may-import-whom-and-why'
    """
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def read_headings(text: str) -> list[str]:
    """The anchors of a page's headings; the second of a name gets ``-1``, the third ``-2``.

    Examples
    --------
    >>> read_headings("# One\\n## Two\\n## Two\\n")
    ['one', 'two', 'two-1']
    """
    seen: dict[str, int] = {}
    anchors = []
    for heading in _HEADING.findall(_FENCE.sub("", text)):
        anchor = make_anchor(heading)
        n = seen.get(anchor, 0)
        seen[anchor] = n + 1
        anchors.append(f"{anchor}-{n}" if n else anchor)
    return anchors


def read_links(text: str) -> Iterator[str]:
    """The targets of a page's links and images; what stands in code is no link.

    Examples
    --------
    >>> list(read_links("[a](b.md#c), `[no](d.md)` and ![map](e.png)"))
    ['b.md#c', 'e.png']
    """
    for found in _LINK.finditer(_CODE.sub("", _FENCE.sub("", text))):
        yield found[1]


def find_broken_links(pages: Iterable[Path]) -> list[str]:
    """One sentence for each relative link that leads to no file, no folder or no heading.

    Parameters
    ----------
    pages
        Markdown files. Links to other sites are not followed.
    """
    broken = []
    for page in pages:
        for link in read_links(page.read_text(encoding="utf-8")):
            if re.match(r"[a-z]+:", link):
                continue
            name, _, anchor = link.partition("#")
            target = (page.parent / name).resolve() if name else page
            if not target.exists():
                broken.append(f"{page}: {link} leads to no file")
            elif anchor and target.suffix == ".md" and anchor not in read_headings(target.read_text(encoding="utf-8")):
                broken.append(f"{page}: {link} leads to no heading")
    return broken
