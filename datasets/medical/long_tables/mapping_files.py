"""Reading a mapping of columns: what it says wrongly or not at all is refused in plain words."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from pathlib import Path
from typing import Any

from ...errors import InputError
from ...text.encodings import read_text
from .mappings import Mapping

__all__ = ["read_mapping"]

_ASKED = {
    ("person",): "write person: COLUMN, the column that names a person",
    ("date",): "write date: COLUMN, or date: {column: COLUMN, format: '%d/%m/%Y'}",
    ("code",): "write code: COLUMN, the column with the code of what happened",
    ("cost", "unit"): "write cost: {column: COLUMN, unit: CNY} or unit: fen",
    ("cost",): "write cost: {column: COLUMN, unit: CNY} or unit: fen",
    ("persons", "sex"): "write sex: {column: COLUMN, values: {'1': male, '2': female, '9': unknown}}",
    ("persons", "sex", "values"): "write values: {'1': male, '2': female, '9': unknown}, with the table's own texts",
    ("missing",): "quote each word, such as missing: ['NULL', '-']",
    ("kind", "KindColumn", "values"): "write values: {DX: condition, RX: drug}, with the table's own texts",
}


def read_mapping(given: str | Path | Dict[str, Any]) -> Mapping:
    """Read a mapping of columns.

    Parameters
    ----------
    given
        A YAML file, or what it holds.

    Raises
    ------
    InputError
        If the file is no YAML, has a key that is not known, or leaves something open that matters.

    Examples
    --------
    >>> read_mapping({"person": "id", "date": "day", "code": "icd", "kind": "condition"}).date.column
    'day'
    """
    import yaml
    from pydantic import ValidationError

    file = None if isinstance(given, Dict) else Path(given)
    held: Any = given
    if file is not None:
        try:
            held = yaml.safe_load(read_text(file))
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            raise InputError(
                "a mapping of columns must be YAML",
                file=file,
                line=None if mark is None else mark.line + 1,
                way_out="write one key: value on each line",
            ) from None
    if not isinstance(held, Dict):
        raise InputError(
            f"a mapping of columns must have keys and values, got {type(held).__name__}",
            file=file,
            way_out="write person: COLUMN, date: COLUMN and code: COLUMN",
        )
    try:
        return Mapping.model_validate(dict(held))
    except ValidationError as error:
        raise _reword(error, file) from None


def _reword(error: Any, file: Path | None) -> InputError:
    # A kind is a word or a column: of the two errors the one counts that is about what was given.
    first = min(error.errors(), key=lambda one: one["loc"][:1] == ("kind",) and _is_other_kind(one))
    place = tuple(one for one in first["loc"] if isinstance(one, str))
    shown = ".".join(one for one in place if one != "KindColumn" and not one.startswith("literal["))
    asked = _ASKED.get(place)
    if first["type"] == "extra_forbidden":
        allowed = _list_keys(place[:-1])
        return InputError(f"a mapping of columns has no key {shown!r}", file=file, way_out=f"allowed: {allowed}")
    if first["type"] == "missing":
        return InputError(
            f"a mapping of columns must say {shown}", file=file, way_out=asked or f"write {place[-1]}: ..."
        )
    if first["type"] == "value_error":
        return InputError(
            f"{shown + ': ' if shown else ''}{first['ctx']['error']}", file=file, way_out="correct the mapping"
        )
    said = first["msg"][0].lower() + first["msg"][1:]
    return InputError(
        f"{shown} of a mapping cannot be {first['input']!r}: {said}", file=file, way_out=asked or "correct the mapping"
    )


def _is_other_kind(problem: Any) -> bool:
    return bool(isinstance(problem["input"], str) != (problem["type"] == "literal_error"))


def _list_keys(place: tuple[str, ...]) -> str:
    import typing

    model: Any = Mapping
    for name in place:
        if name in model.model_fields:
            parts = typing.get_args(model.model_fields[name].annotation) or (model.model_fields[name].annotation,)
            model = next((part for part in parts if hasattr(part, "model_fields")), model)
    return ", ".join(field.alias or name for name, field in model.model_fields.items())
