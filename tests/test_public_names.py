"""The names from which a package outside is written: each resolves, and importing the door costs nothing."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parent.parent / "docs" / "stability.md"
DOORS = ("citytide.workflows", "citytide.kernels", "citytide.datasets")


@pytest.mark.parametrize("door", DOORS)
def test_every_public_name_resolves_and_is_what_type_checkers_see(door: str) -> None:
    package = importlib.import_module(door)
    (typed,) = (node for node in ast.parse(inspect.getsource(package)).body if isinstance(node, ast.If))
    seen = {
        alias.name: "." * node.level + str(node.module)
        for node in typed.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == package._HOMES and sorted(seen) == sorted(package.__all__) == dir(package)
    assert all(callable(getattr(package, name)) for name in package.__all__)


@pytest.mark.parametrize("door", DOORS)
def test_every_public_name_is_promised_to_stay(door: str) -> None:
    (row,) = re.findall(rf"^\| `{door}`: ([^|]+)\|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert re.findall(r"`(\w+)`", row) == importlib.import_module(door).__all__


@pytest.mark.parametrize("door", DOORS)
def test_an_unknown_name_is_refused(door: str) -> None:
    with pytest.raises(AttributeError, match=f"module '{door}' has no attribute 'Worklow'"):
        importlib.import_module(door).Worklow  # noqa: B018
