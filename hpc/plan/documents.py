"""YAML documents that people write: read against a schema, refused by file, line and key with the way out."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from ..errors import RunError

__all__ = ["find_lines", "read_document", "refuse"]

Model = TypeVar("Model", bound=BaseModel)


def read_document(what: str, path: Path, model: type[Model]) -> Model:
    """Read a document and check it.

    Raises
    ------
    RunError
        Naming the file, the line, the key, its value, and what is allowed.
    """
    try:
        text = path.read_text(encoding="utf-8")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RunError(f"{what} {path} cannot be read: {error}") from None
    _refuse_duplicates(f"{what} {path}", root)
    if not isinstance(data, dict):
        raise RunError(f"{what} {path} must be a mapping with keys among {', '.join(model.model_fields)}")
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise RunError(refuse(f"{what} {path}", error, model, dict(find_lines(text)))) from None


def _refuse_duplicates(what: str, root: yaml.Node | None) -> None:
    """A key given twice: YAML would keep the last in silence."""
    nodes = [] if root is None else [root]
    seen: set[int] = set()  # an alias stands for its node, and may stand within it
    while nodes:
        node = nodes.pop()
        if id(node) in seen or not isinstance(node, yaml.CollectionNode):
            continue
        seen.add(id(node))
        if not isinstance(node, yaml.MappingNode):
            nodes += node.value
            continue
        first: dict[str, int] = {}
        for key, value in node.value:
            nodes.append(value)
            name, line = str(key.value), key.start_mark.line + 1
            if isinstance(key, yaml.ScalarNode) and name in first:
                raise RunError(f"{what} line {line}: key {name!r} is in line {first[name]} already: keep one of them")
            first[name] = line


def refuse(what: str, error: ValidationError, model: type[BaseModel], lines: Mapping[str, int] | None = None) -> str:
    """All that is wrong with a file or a set of settings, one sentence each, with the way out."""
    sentences = []
    for problem in error.errors():
        where = ".".join(str(part) for part in problem["loc"] if part not in ("int", "literal['auto']"))
        place = f" line {lines[where]}" if lines and where in lines else ""
        if problem["type"] == "extra_forbidden":
            key = str(problem["loc"][-1])
            allowed = _allowed(model, problem["loc"][:-1])
            close = difflib.get_close_matches(key, allowed, 1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            sentences.append(f"{what}{place}: unknown key {where!r}; {hint}allowed: {', '.join(allowed)}")
        else:
            sentence = problem["msg"].removeprefix("Value error, ")
            shown = "" if problem["type"] == "missing" else f", got {problem['input']!r}"
            sentences.append(f"{what}{place}: {where or 'value'}: {sentence}{shown}")
    return "; ".join(dict.fromkeys(sentences))


def _allowed(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """Keys of the model that stands at a path: mappings of models lead on by any key."""
    for part in path:
        field = model.model_fields.get(str(part))
        inner = [] if field is None else [field.annotation, *get_args(field.annotation)]
        model = next((kind for kind in inner if isinstance(kind, type) and issubclass(kind, BaseModel)), model)
    return list(model.model_fields)


def find_lines(text: str) -> Iterator[tuple[str, int]]:
    """Line of every key, by its dotted path."""

    def visit(node: yaml.Node, path: str) -> Iterator[tuple[str, int]]:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                name = f"{path}.{key.value}" if path else str(key.value)
                yield name, key.start_mark.line + 1
                yield from visit(value, name)

    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if root is not None:
        yield from visit(root, "")
