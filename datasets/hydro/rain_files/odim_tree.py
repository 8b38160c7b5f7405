"""The tree of an ODIM file: attributes of the nearest group, and the data that are the rain among all it holds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import InputError

__all__ = ["choose_data", "choose_level", "find_attribute"]

_LEVELS = (("where", "elangle", "degrees"), ("where", "height", "m"), ("what", "prodpar", ""))


def find_attribute(opened: Any, places: Sequence[str], group: str, name: str) -> Any:
    """An attribute of the nearest group that has it; lower groups override upper ones."""
    for place in places:
        at = f"{place}{group}"
        if at in opened and name in opened[at].attrs:
            value = np.asarray(opened[at].attrs[name]).ravel()
            if value.size:
                return value[0].decode("ascii", "replace").strip("\0 ") if value.dtype.kind == "S" else value[0]
    return None


def choose_data(opened: Any, file: Path, quantities: Sequence[str]) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """The first of the quantities that the file holds, all ``datasetN/dataM`` of it, and names of what is not read.

    Raises
    ------
    InputError
        If the file holds none of them.
    """
    held: dict[str, list[str]] = {}
    aside: list[str] = []
    for dataset in _list_numbered(opened, "dataset"):
        aside += _name_quality(opened, f"{dataset}/")
        for data in _list_numbered(opened[dataset], "data"):
            places = [f"{dataset}/{data}/", f"{dataset}/", ""]
            quantity = str(find_attribute(opened, places, "what", "quantity") or "").upper()
            aside += _name_quality(opened, places[0])
            if f"{dataset}/{data}/data" in opened:
                held.setdefault(quantity, []).append(f"{dataset}/{data}")
    for quantity in quantities:
        if quantity in held:
            others = [f"quantity {name or 'without a name'}" for name in held if name != quantity]
            return quantity, tuple(held[quantity]), (*others, *aside)
    raise InputError(
        f"the file must hold rain; its quantities are {', '.join(sorted(held)) or 'none'}",
        file=file,
        way_out=f"give one of {', '.join(quantities)} in an ODIM composite",
    )


def choose_level(opened: Any, chosen: Sequence[str], level: float | None, file: Path) -> tuple[str, ...]:
    """The data of one level, where they differ in elevation or height.

    Raises
    ------
    InputError
        If there are several levels and none is named, or there is no such level.
    """
    levels, unit = [], ""
    for at in chosen:
        places = [f"{at}/", f"{at.split('/')[0]}/"]
        found = ((find_attribute(opened, places, group, name), of) for group, name, of in _LEVELS)
        value, unit = next(((value, of) for value, of in found if value is not None), (None, unit))
        levels.append(_as_number(value))
    known = sorted({value for value in levels if value is not None})
    named = ", ".join(f"{value:g}" for value in known) + (f" {unit}" if unit else "")
    if level is not None:
        kept = tuple(at for at, value in zip(chosen, levels, strict=True) if value is not None
                     and np.isclose(value, level, rtol=1e-6))  # fmt: skip
        if not kept:
            raise InputError(
                f"the file has no data at the level {level:g}; there are {named if known else 'no levels'}", file=file,
                way_out="choose one of these with rain_level" if known else "omit rain_level",
            )  # fmt: skip
        return kept
    if len(known) > 1:
        raise InputError(
            f"the file holds data at several levels: {named}", file=file,
            way_out=f"choose one, such as --set rain_level={known[0]:g}",
        )  # fmt: skip
    return tuple(chosen)


def _as_number(value: Any) -> float | None:
    try:
        return None if value is None else float(value)
    except ValueError:
        return None


def _name_quality(opened: Any, place: str) -> list[str]:
    return [
        f"quality field {find_attribute(opened, [f'{place}{name}/'], 'how', 'task') or 'without a name'}"
        for name in _list_numbered(opened[place], "quality")
    ]


def _list_numbered(group: Any, word: str) -> Iterator[str]:
    numbers = sorted(int(found[1]) for name in group if (found := re.fullmatch(rf"{word}(\d+)", name)))
    return (f"{word}{number}" for number in numbers)
