"""Pages that are written from the code: the kernels by field, the settings of every workflow, the commands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from click.testing import CliRunner

from citytide.__main__ import cli
from citytide.kernels.contracts import BOUNDS, KERNELS, Contract
from citytide.kernels.engines import ENGINES
from citytide.workflows.settings_help import list_settings
from citytide.workflows.workflow import WORKFLOWS, load_workflow

__all__ = ["fill_engines", "write_commands", "write_engines", "write_kernels", "write_reference", "write_settings"]

TABLE_BEGINS, TABLE_ENDS = "<!-- engines: written by docs/reference.py -->", "<!-- end of engines -->"


def write_reference() -> dict[str, str]:
    """Every generated page as Markdown, by its path below the site.

    Examples
    --------
    >>> sorted(write_reference())
    ['reference/commands.md', 'reference/kernels.md', 'reference/settings.md']
    """
    return {
        "reference/commands.md": write_commands(),
        "reference/kernels.md": write_kernels(),
        "reference/settings.md": write_settings(),
    }


def write_kernels() -> str:
    """What every kernel takes and returns, by field; `citytide kernels list --json` tells the same."""
    told = CliRunner().invoke(cli, ["kernels", "list", "--json"], catch_exceptions=False)
    records = json.loads(told.stdout)
    lines = ["# Kernels", "", "Written from the contracts: `citytide kernels show NAME` prints the same.", ""]
    lines += ["## Engines", "", *write_engines(records), ""]
    field = ""
    for record in records:
        if (here := record["name"].partition(".")[0]) != field:
            field = here
            lines += [f"## {field.capitalize()}", ""]
        lines += [*_describe_kernel(record), ""]
    return "\n".join(lines)


def write_engines(records: list[dict[str, Any]] | None = None) -> list[str]:
    """The table kernel x engine; of an engine for GPUs, how far its floats may be from the host's."""
    if records is None:
        told = CliRunner().invoke(cli, ["kernels", "list", "--json"], catch_exceptions=False)
        records = json.loads(told.stdout)
    lines = [f"| kernel | {' | '.join(ENGINES)} |", "|---" * (len(ENGINES) + 1) + "|"]
    for record in records:
        contract: Contract = KERNELS[record["name"]].contract  # type: ignore[attr-defined]
        cells = [_write_bound(one, contract) if one in contract.engines else "" for one in ENGINES]
        lines.append(f"| `{record['name']}` | {' | '.join(cells)} |")
    return lines


def fill_engines(page: str) -> str:
    """The page on engines with its table written anew; ``python docs/reference.py`` does it to docs/engines.md."""
    before, _, rest = page.partition(f"{TABLE_BEGINS}\n")
    return "\n".join([before + TABLE_BEGINS, *write_engines(), TABLE_ENDS + rest.partition(TABLE_ENDS)[2]])


def _write_bound(engine: str, contract: Contract) -> str:
    if engine not in ("cupy", "cuda"):
        return "yes"
    if all(array.dtype.startswith("int") for array in contract.gives.values()):
        return "same"
    return f"{contract.bounds.get(engine, BOUNDS['float64']):.0e}".replace("e-0", "e-")


def _describe_kernel(record: dict[str, Any]) -> Iterator[str]:
    yield f"### {record['name']}"
    yield ""
    yield record["summary"]
    yield ""
    yield "```python"
    yield f"from {record['module']} import {record['function']}"
    yield "```"
    yield ""
    yield "| array | dims | units | dtype |"
    yield "|---|---|---|---|"
    for word in ("takes", "gives"):
        for name, array in record[word].items():
            units = f"those of `{array['units_of']}`" if array["units_of"] else f"`{array['units'] or 'any'}`"
            yield f"| {word} `{name}` | {', '.join(array['dims'])} | {units} | `{array['dtype']}` |"
    yield ""
    yield f"- Engines: {', '.join(record['engines'])}."
    yield f"- Dims along which arrays may be cut: {', '.join(record['blocks']) or 'none'}."
    if record["halo"]:
        yield f"- Ghost cells at each end: {', '.join(f'{dim} {width}' for dim, width in record['halo'].items())}."
    yield f"- File: `{record['file']}`."
    for reference in record["references"]:
        yield f"- {reference}"


def write_settings() -> str:
    """What may be set in every workflow, from its settings' schema; `citytide run WORKFLOW --help` tells the same."""
    lines = ["# Settings of every workflow", ""]
    lines += ["Written from the schemas: `citytide run WORKFLOW --help` prints the same.", ""]
    for name in WORKFLOWS:
        workflow = load_workflow(name)
        lines += [f"## {name}", "", f"{workflow.summary[:1].upper()}{workflow.summary[1:]}.", ""]
        lines += ["| setting | meaning |", "|---|---|"]
        lines += [f"| `{key}` | {_fit_cell(meaning)} |" for key, meaning in list_settings(workflow.settings)]
        lines.append("")
    return "\n".join(lines)


def _fit_cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def write_commands() -> str:
    """The help of every command that is not hidden."""
    lines = ["# Commands", "", "Written from the command line: `citytide COMMAND --help` prints the same.", ""]
    for words, command in _walk(cli, ("citytide",)):
        context = click.Context(command, info_name=" ".join(words), max_content_width=100, terminal_width=100)
        lines += [f"## {' '.join(words)}", "", "```text", command.get_help(context).rstrip(), "```", ""]
    return "\n".join(lines)


def _walk(command: click.Command, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    if command.hidden:
        return
    yield words, command
    if isinstance(command, click.Group):
        for name, child in sorted(command.commands.items()):
            yield from _walk(child, (*words, name))


if __name__ == "__main__":
    PAGE = Path(__file__).parent / "engines.md"
    PAGE.write_text(fill_engines(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
