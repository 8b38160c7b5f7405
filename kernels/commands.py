"""``citytide kernels``: what can be computed, by which engine, and where it is written down."""

from __future__ import annotations

import json
from typing import Any

import click

__all__ = ["kernels"]

_LIST_EXAMPLES = """\b
Examples:
  citytide kernels list
  citytide kernels list --json
"""
_SHOW_EXAMPLES = """\b
Examples:
  citytide kernels show traffic.advance_density
  citytide kernels show advance_density --json
"""


@click.group()
def kernels() -> None:
    """The kernels: numbers on arrays, one public function each."""


@kernels.command("list", epilog=_LIST_EXAMPLES)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list and nothing else.")
def list_kernels(as_json: bool) -> None:
    """List the kernels with the engines that run on this machine."""
    records = [_describe(name) for name in _table()]
    if as_json:
        click.echo(json.dumps(records, indent=2))
        return
    width = max((len(record["name"]) for record in records), default=0)
    for record in records:
        click.echo(f"{record['name']:<{width}}  {record['summary']}  [{', '.join(record['engines_here'])}]")


@kernels.command("show", epilog=_SHOW_EXAMPLES)
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def show_kernel(name: str, as_json: bool) -> None:
    """Show contract, engines, file and references of the kernel NAME."""
    known = sorted(_table())
    found = [full for full in known if name in (full, full.partition(".")[2])]
    if len(found) != 1:
        raise click.UsageError(f"no kernel is called {name!r}; there are {', '.join(known)}")
    record = _describe(found[0])
    if as_json:
        click.echo(json.dumps(record, indent=2))
        return
    missing = [engine for engine in record["engines"] if engine not in record["engines_here"]]
    rows = {
        "call": f"from {record['module']} import {record['function']}",
        "engines": ", ".join(record["engines_here"]) + (f" (not here: {', '.join(missing)})" if missing else ""),
        "dims": ", ".join(record["dims"]),
        "blocks": ", ".join(record["blocks"]) or "none: takes its arguments whole",
        "halo": ", ".join(f"{dim} {width}" for dim, width in record["halo"].items()) or "none",
        "units": ", ".join(f"{array} [{unit}]" for array, unit in record["units"].items()),
        "file": record["file"],
    }
    click.echo(f"{record['name']}: {record['summary']}\n")
    for label, text in rows.items():
        click.echo(f"{label:<11}{text}")
    for place, reference in enumerate(record["references"]):
        click.echo(f"{'' if place else 'references':<11}{reference}")


def _table() -> dict[str, Any]:
    """The kernels by name; each room of the package is imported, which fills the table."""
    import pkgutil
    from importlib import import_module

    import_module(".engines", __package__)
    package = import_module(__package__ or "citytide.kernels")
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if module.name != __name__:
            import_module(module.name)
    from .contracts import KERNELS

    return dict(sorted(KERNELS.items()))


def _describe(name: str) -> dict[str, Any]:
    import inspect
    from pathlib import Path

    from .contracts import KERNELS
    from .engines import is_usable

    function = KERNELS[name]
    contract = function.contract  # type: ignore[attr-defined]
    text = inspect.getdoc(function) or ""
    root = Path(__file__).parent.parent
    return {
        "name": name,
        "summary": text.partition("\n")[0],
        "module": function.__module__,
        "function": function.__name__,
        "engines": list(contract.engines),
        "engines_here": [engine for engine in contract.engines if is_usable(engine)],
        "dims": list(contract.dims),
        "blocks": list(contract.blocks),
        "halo": dict(contract.halo),
        "units": dict(contract.units),
        "file": str(Path(inspect.getfile(function)).relative_to(root)),
        "references": _references(text),
    }


def _references(docstring: str) -> list[str]:
    """The entries of a numpydoc References section, one line each."""
    import re

    section = re.search(r"^References\n-+\n(.*?)(?=^\S[^\n]*\n-{3,}\n|\Z)", docstring, re.MULTILINE | re.DOTALL)
    if section is None:
        return []
    entries = re.split(r"^\.\. \[\w+\] ", section.group(1).strip(), flags=re.MULTILINE)
    return [" ".join(entry.split()) for entry in entries if entry.strip()]
