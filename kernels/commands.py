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
    origins, unusable = _load_plugins()
    records = [_describe(name, origins) for name in _table()]
    for problem in unusable:
        click.echo(f"citytide: {problem}", err=True)
    if as_json:
        click.echo(json.dumps(records, indent=2))
        return
    width = max((len(record["name"]) for record in records), default=0)
    for record in records:
        origin = f"  (from {record['from']})" if record["from"] else ""
        click.echo(f"{record['name']:<{width}}  {record['summary']}  [{', '.join(record['engines_here'])}]{origin}")


@kernels.command("show", epilog=_SHOW_EXAMPLES)
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def show_kernel(name: str, as_json: bool) -> None:
    """Show contract, engines, file and references of the kernel NAME."""
    origins, unusable = _load_plugins()
    known = sorted(_table())
    found = [full for full in known if name in (full, full.partition(".")[2])]
    if not found:
        raise click.UsageError("; ".join([f"no kernel is called {name!r}; there are {', '.join(known)}", *unusable]))
    if len(found) > 1:
        raise click.UsageError(f"several kernels are called {name!r}: name one of {', '.join(found)}")
    record = _describe(found[0], origins)
    if as_json:
        click.echo(json.dumps(record, indent=2))
        return
    missing = [engine for engine in record["engines"] if engine not in record["engines_here"]]
    structure = [f"{record['structure']}, which holds"] if record["structure"] else []
    rows = {
        "call": [record["call"]],
        "engines": [", ".join(record["engines_here"]) + (f" (not here: {', '.join(missing)})" if missing else "")],
        "takes": [_write_array(array, given) for array, given in record["takes"].items()],
        "gives": structure + [_write_array(array, given) for array, given in record["gives"].items()],
        "blocks": [", ".join(record["blocks"]) or "none: takes its arguments whole"],
        "halo": [", ".join(f"{dim} {width}" for dim, width in record["halo"].items()) or "none"],
        "file": [record["file"]],
        **({"from": [record["from"]]} if record["from"] else {}),
        "references": record["references"],
    }
    click.echo(f"{record['name']}: {record['summary']}\n")
    for label, lines in rows.items():
        for place, line in enumerate(lines):
            click.echo(f"{'' if place else label:<11}{line}")


def _write_array(name: str, array: dict[str, Any]) -> str:
    units = f"units of {array['units_of']}" if array["units_of"] else array["units"] or "any units"
    return f"{name} ({', '.join(array['dims'])}) " + ("of bool" if array["dtype"] == "bool" else f"[{units}]")


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


def _load_plugins() -> tuple[dict[str, str], list[str]]:
    """Import the kernels of installed packages; returns who each top-level package is of, and what cannot be used."""
    from .plugins import PluginError, list_plugins

    _table()  # citytide's own come first: then a second owner of a name is the plugin
    origins, unusable = {}, []
    for plugins in list_plugins("citytide.kernels").values():
        for plugin in plugins:
            try:
                plugin.load()
            except PluginError as error:
                unusable.append(f"kernels of {plugin.origin} cannot be used: {error}")
            origins[plugin.top] = plugin.origin
    return origins, unusable


def _describe(name: str, origins: dict[str, str]) -> dict[str, Any]:
    import inspect
    from dataclasses import asdict
    from pathlib import Path

    from .contracts import KERNELS
    from .engines import is_usable

    function = KERNELS[name]
    contract = function.contract  # type: ignore[attr-defined]
    text = inspect.getdoc(function) or ""
    root, file = Path(__file__).parent.parent, Path(inspect.getfile(function))
    return {
        "name": name,
        "summary": text.partition("\n")[0],
        "from": origins.get(function.__module__.partition(".")[0], ""),
        "module": function.__module__,
        "function": function.__name__,
        "call": _write_import(name, function),
        "engines": list(contract.engines),
        "engines_here": [engine for engine in contract.engines if is_usable(engine)],
        "takes": {array: asdict(given) for array, given in contract.takes.items()},
        "gives": {array: asdict(given) for array, given in contract.gives.items()},
        "structure": contract.structure,
        "blocks": list(contract.blocks),
        "halo": dict(contract.halo),
        "file": str(file.relative_to(root) if file.is_relative_to(root) else file),
        "references": _references(text),
    }


def _write_import(name: str, function: Any) -> str:
    """The shortest import of a kernel: its field if that exports it, else its module."""
    from importlib import import_module

    field, short = name.partition(".")[0], function.__name__
    try:
        offered = vars(import_module(f".{field}", __package__)).get("__all__", ())
    except ModuleNotFoundError:  # a kernel of another package
        offered = ()
    if short in offered and function.__module__.startswith(f"{__package__}."):
        return f"from {__package__} import {field}; {field}.{short}(...)"
    return f"from {function.__module__} import {short}"


def _references(docstring: str) -> list[str]:
    """The entries of a numpydoc References section, one line each."""
    import re

    section = re.search(r"^References\n-+\n(.*?)(?=^\S[^\n]*\n-{3,}\n|\Z)", docstring, re.MULTILINE | re.DOTALL)
    if section is None:
        return []
    entries = re.split(r"^\.\. \[\w+\] ", section.group(1).strip(), flags=re.MULTILINE)
    return [" ".join(entry.split()) for entry in entries if entry.strip()]
