"""A reference in a docstring names something that exists."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("benchmarks", "datasets", "hpc", "kernels", "workflows")
REFERENCE = re.compile(r":(?:attr|class|data|exc|func|meth|mod|obj):`~?([^`]+)`")


def name_module(path: Path) -> str:
    parts = ("citytide", *path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


PATHS = {
    name_module(path): path
    for path in [ROOT / "__init__.py", *(path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")))]
}
TREES = {module: ast.parse(path.read_text(encoding="utf-8")) for module, path in PATHS.items()}


def list_names(body: list[ast.stmt]) -> Iterator[tuple[str, ast.stmt]]:
    """Names that statements define or import, each with its statement."""
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield node.name, node
            for inner in ast.walk(node) if isinstance(node, ast.FunctionDef) and node.name == "__init__" else ():
                if isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Store):
                    yield inner.attr, node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                yield from ((name.id, node) for name in ast.walk(target) if isinstance(name, ast.Name))
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from (((alias.asname or alias.name).partition(".")[0], node) for alias in node.names)
        elif isinstance(node, ast.If | ast.Try | ast.With):
            yield from list_names(node.body)
            yield from list_names(node.orelse if not isinstance(node, ast.With) else [])


def find_import(module: str, name: str, node: ast.stmt) -> tuple[str, str] | None:
    """Module and name that an import from this project stands for."""
    if not isinstance(node, ast.ImportFrom):
        return None
    package = module.split(".") if PATHS[module].name == "__init__.py" else module.split(".")[:-1]
    base = package[: len(package) - node.level + 1] if node.level else []
    origin = ".".join([*base, *([node.module] if node.module else [])])
    original = next(alias.name for alias in node.names if (alias.asname or alias.name) == name)
    return (origin, original) if origin in TREES else None


def is_in(module: str, names: list[str]) -> bool:
    """Whether a module has this name, and a class of it this member."""
    if not names:
        return True
    if f"{module}.{names[0]}" in TREES:
        return is_in(f"{module}.{names[0]}", names[1:])
    node = dict(list_names(TREES[module].body)).get(names[0])
    if node is None:
        return False
    if len(names) == 1:
        return True
    if isinstance(node, ast.ClassDef):
        return names[1] in dict(list_names(node.body)) and len(names) == 2
    origin = find_import(module, names[0], node)
    return origin is not None and is_in(origin[0], [origin[1], *names[1:]])


def resolves(target: str, module: str, scopes: list[ast.ClassDef]) -> bool:
    """Whether a reference names something: absolute, relative to the package of its module, or in its scope."""
    if target.startswith("."):
        level = len(target) - len(target.lstrip("."))
        package = module.split(".") if PATHS[module].name == "__init__.py" else module.split(".")[:-1]
        return is_in(".".join(package[: len(package) - level + 1]), target.lstrip(".").split("."))
    if target.split(".")[0] == "citytide":
        return is_in("citytide", target.split(".")[1:])
    names = target.removesuffix("()").split(".")
    if len(names) == 1 and any(names[0] in dict(list_names(scope.body)) for scope in scopes):
        return True
    return is_in(module, names)


def list_references(module: str) -> Iterator[tuple[str, list[ast.ClassDef]]]:
    """References in all texts of a module that are statements: docstrings, and texts below fields."""

    def walk(node: ast.AST, scopes: list[ast.ClassDef]) -> Iterator[tuple[str, list[ast.ClassDef]]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
                yield from ((found, scopes) for found in REFERENCE.findall(str(child.value.value)))
            yield from walk(child, [*scopes, child] if isinstance(child, ast.ClassDef) else scopes)

    return walk(TREES[module], [])


@pytest.mark.parametrize("room", ROOMS)
def test_every_reference_names_what_exists(room: str) -> None:
    broken = [
        f"{module}: {target}"
        for module in TREES
        if module.startswith(f"citytide.{room}")
        for target, scopes in list_references(module)
        if not resolves(" ".join(target.split()), module, scopes)
    ]
    assert not broken


@pytest.mark.parametrize(
    ("target", "exists"),
    [
        ("citytide.datasets.place.crs.name_crs", True),
        (".transformation.transform", True),
        ("..errors.InputError.reworded", True),
        ("name_crs", True),
        ("citytide.datasets.place.crs.lost", False),
        (".lost.transform", False),
        ("lost", False),
    ],
)
def test_reference_resolves_by_a_measure_that_sees_broken_ones(target: str, exists: bool) -> None:
    assert resolves(target, "citytide.datasets.place.crs", []) is exists
