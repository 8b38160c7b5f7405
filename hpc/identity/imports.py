"""The import statements of a module, read from its text; nothing is imported.

Parsing a module whole takes some milliseconds, and a run asks for a hundred of them before its first line. So plain
statements are found by a pattern, and a text in which the pattern may be wrong is parsed.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["Import", "read_imports"]

_STATEMENT = re.compile(
    r"^(?P<indent>[ \t]*)(?:"
    r"from[ \t]+(?P<dots>\.*)[ \t]*(?P<module>[\w.]*)[ \t]*\bimport\b[ \t]*"
    r"(?:\((?P<listed>[^()#]*)\)|(?P<names>[\w ,*]+))"
    r"|import[ \t]+(?P<modules>[\w., ]+))[ \t]*(?:#.*)?\r?$",
    re.MULTILINE,
)
_WORD = re.compile(r"import\b")
_BEFORE = re.compile(r"(?:.*[;:])?[ \t]*(?:from\b.*)?")  # on its line before that word, if it may be a statement
_CONTINUED = re.compile(r"\b(?:from|import)\b[^\n]*\\\r?\n")
_LATER = re.compile(r"(?:async[ \t]+)?def\b")  # heads a block that does not run when its module is imported
_TYPES_ONLY = re.compile(r"if[ \t]+(?:\w+\.)?TYPE_CHECKING[ \t]*:")


@dataclass(frozen=True)
class Import:
    """One statement: ``import module``, or ``from ..module import name as bound``.

    Attributes
    ----------
    level
        Dots before the module's name.
    names
        Imported name and the name it is bound to, of each; empty for ``import module``.
    runs_at_once
        Whether it runs when its module is imported: it stands in no function, nor behind ``if TYPE_CHECKING``.
    """

    module: str
    level: int = 0
    names: tuple[tuple[str, str], ...] = ()
    runs_at_once: bool = True


@lru_cache(maxsize=4096)
def read_imports(source: bytes) -> tuple[Import, ...]:
    """Every import statement of a module, those inside functions and for type checkers included.

    A text that is no Python has none. A module that is imported by a name made up while the program runs cannot be
    found.

    Examples
    --------
    >>> read_imports(b"from ..space import grid as g, axes")
    (Import(module='space', level=2, names=(('grid', 'g'), ('axes', 'axes')), runs_at_once=True),)
    """
    text = source.decode("utf-8", "surrogateescape")
    found = list(_STATEMENT.finditer(text))
    if len(found) != _count_possible(text) or _is_continued(text) or _is_quoted(text, found):
        return tuple(_parse(source))
    return tuple(one for match in found for one in _read(match, text))


def _count_possible(text: str) -> int:
    starts = [match.start() for match in _WORD.finditer(text)]
    return sum(_BEFORE.fullmatch(text, text.rfind("\n", 0, at) + 1, at) is not None for at in starts)


def _is_continued(text: str) -> bool:
    return ("\\\n" in text or "\\\r\n" in text) and _CONTINUED.search(text) is not None


def _is_quoted(text: str, found: list[re.Match[str]]) -> bool:
    """Whether one of the statements may stand in a text of several lines."""
    return any(text.count(quotes, 0, match.start()) % 2 for quotes in ('"""', "'''") for match in found)


def _read(match: re.Match[str], text: str) -> Iterator[Import]:
    runs_at_once = not match["indent"] or _runs_at_once(text[: match.start()], len(match["indent"]))
    if match["modules"] is not None:
        for part in match["modules"].split(","):
            if words := part.split():
                yield Import(words[0], runs_at_once=runs_at_once)
        return
    names = []
    for part in (match["listed"] or match["names"]).split(","):
        if words := part.split():
            names.append((words[0], words[-1]))
    yield Import(match["module"], len(match["dots"]), tuple(names), runs_at_once)


def _runs_at_once(before: str, indent: int) -> bool:
    """Whether a statement of this indent runs with its module, by the heads of the blocks that it stands in."""
    for line in reversed(before.split("\n")):
        head = line.lstrip(" \t")
        depth = len(line) - len(head)
        if not head.strip() or head[0] in "#)]}" or depth >= indent:
            continue  # a bracket that closes a long signature heads nothing
        if _LATER.match(head) or _TYPES_ONLY.match(head):
            return False
        if not depth:
            return True
        indent = depth
    return True


def _parse(source: bytes) -> Iterator[Import]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return
    yield from _walk(tree, True)


def _walk(node: ast.AST, runs_at_once: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, runs_at_once=runs_at_once) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            names = tuple((alias.name, alias.asname or alias.name) for alias in child.names)
            yield Import(child.module or "", child.level, names, runs_at_once)
        elif isinstance(child, ast.expr):
            continue  # holds no statement
        elif isinstance(child, ast.If) and _names_type_checking(child.test):
            for inner in child.body:
                yield from _walk(ast.Module([inner], []), False)
            for inner in child.orelse:
                yield from _walk(ast.Module([inner], []), runs_at_once)
        else:
            is_later = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            yield from _walk(child, runs_at_once and not is_later)


def _names_type_checking(test: ast.expr) -> bool:
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )
