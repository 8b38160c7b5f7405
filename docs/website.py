"""The documentation as one static site: ``python docs/website.py FOLDER``.

Pages keep their places: ``docs/city.md`` becomes ``FOLDER/docs/city.html``, the README the first page. Notebooks become
pages, and ``reference/`` is written from the code. Nothing is fetched, here or by a reader's browser. A link that leads
nowhere is an error.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from links import list_pages, make_anchor, read_links
from markdown_it import MarkdownIt
from reference import write_reference

__all__ = ["build_site", "find_broken_references", "read_notebook", "render_page"]

ROOT = Path(__file__).resolve().parent.parent
_TEMPLATES = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True)
_MARKDOWN = MarkdownIt("commonmark").enable("table")
_PAGE = re.compile(r"^(?![a-z]+:)([^#]*?)(?:\.md|\.ipynb)(#.*)?$")
_LEFT_OUT = "docs/index-page.md"  # for a package index: the README says the same


def build_site(out: Path) -> list[Path]:
    """Write the site into a folder, in place of what it holds, and return its pages.

    Raises
    ------
    SystemExit
        Naming the links that lead nowhere.
    """
    shutil.rmtree(out, ignore_errors=True)
    sources = dict(_read_sources())
    menu = [(place, _find_title(text)) for place, text in sources.items()]
    written = []
    for place, text in sources.items():
        page = out / _move(place)
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(render_page(place, text, menu), encoding="utf-8")
        written.append(page)
        for link in read_links(text):
            _copy(place, link.partition("#")[0], out)
    if broken := find_broken_references(out):
        raise SystemExit("\n".join(broken))
    return written


def _read_sources() -> Iterator[tuple[str, str]]:
    """Place below the root, and Markdown, of every page."""
    for path in list_pages(ROOT):
        place = path.relative_to(ROOT).as_posix()
        if place != _LEFT_OUT:
            yield place, path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "docs" / "notebooks").glob("*.ipynb")):
        yield path.relative_to(ROOT).as_posix(), read_notebook(path)
    yield from write_reference().items()


def read_notebook(path: Path) -> str:
    """A notebook as Markdown: its texts, and its code in blocks."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    texts = [("".join(cell["source"]), cell["cell_type"]) for cell in cells]
    return "\n\n".join(f"```python\n{text}\n```" if kind == "code" else text for text, kind in texts) + "\n"


def render_page(place: str, text: str, menu: list[tuple[str, str]]) -> str:
    """A page as HTML, with the menu of all pages beside it.

    Parameters
    ----------
    place
        Where the page stands below the root, such as ``docs/city.md``.
    text
        Its Markdown.
    menu
        Place and title of every page.
    """
    tokens = _MARKDOWN.parse(text)
    seen: dict[str, int] = {}
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            anchor = make_anchor(tokens[at + 1].content)
            n = seen.get(anchor, 0)
            seen[anchor] = n + 1
            token.attrSet("id", f"{anchor}-{n}" if n else anchor)
        for child in token.children or ():
            if child.type == "link_open" and (found := _PAGE.match(str(child.attrGet("href")))):
                child.attrSet("href", f"{_move_stem(found[1])}.html{found[2] or ''}")
    up = "../" * place.count("/")
    entries = [(f"{up}{_move(other)}", title, other == place) for other, title in menu]
    body = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    return _TEMPLATES.get_template("page.html.j2").render(title=_find_title(text), body=body, entries=entries)


def _move(place: str) -> str:
    return f"{_move_stem(place.rpartition('.')[0])}.html"


def _move_stem(stem: str) -> str:
    return "index".join(stem.rsplit("README", 1)) if stem == "README" or stem.endswith("/README") else stem


def _find_title(text: str) -> str:
    found = re.search(r"^# +(.+)$", text, re.MULTILINE)
    return found[1] if found else "citytide"


def _copy(place: str, link: str, out: Path) -> None:
    """Copy an image, or a file of the repository, that a page links to."""
    source = (ROOT / place).parent / link
    if not link or re.match(r"[a-z]+:", link) or source.suffix in (".md", ".ipynb") or not source.is_file():
        return
    target = out / source.resolve().relative_to(ROOT)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)


class _References(HTMLParser):
    """The links and the anchors of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src") and value:
                self.links.append(value)
            if name == "id" and value:
                self.anchors.add(value)


def find_broken_references(out: Path) -> list[str]:
    """One sentence for each link of a site that leads to no file or no heading of it."""
    pages: dict[Path, _References] = {}
    for path in sorted(out.rglob("*.html")):
        pages[path.resolve()] = _References()
        pages[path.resolve()].feed(path.read_text(encoding="utf-8"))
    broken = []
    for path, page in pages.items():
        for link in page.links:
            if re.match(r"[a-z]+:", link):
                continue
            name, _, anchor = link.partition("#")
            target = (path.parent / name).resolve() if name else path
            if not target.is_file():
                broken.append(f"{path}: {link} leads to no file")
            elif anchor and target in pages and anchor not in pages[target].anchors:
                broken.append(f"{path}: {link} leads to no heading")
    return broken


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python docs/website.py FOLDER")
    pages = build_site(Path(sys.argv[1]))
    print(f"{len(pages)} pages: {Path(sys.argv[1]).resolve() / 'index.html'}")
