"""The help of a command that takes a workflow; with a workflow's name it lists that workflow's settings."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import click

if TYPE_CHECKING:
    from ..hpc.plan.settings import Settings
    from ..kernels.plugins import Plugin

__all__ = ["WorkflowCommand", "list_settings"]

_PATH = re.compile(r"[\w.]+:\w+")  # package.module:NAME


class WorkflowCommand(click.Command):
    """A command whose help lists a workflow's settings: ``citytide run inundation --help``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta["words"] = list(args)
        return super().parse_args(ctx, args)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from .workflow import WORKFLOWS, list_workflows, load_workflow  # imported for help alone: it takes long

        words, known = ctx.meta.get("words", ()), list_workflows()
        named = next((word for word in words if word in known or _PATH.fullmatch(word)), None)
        if named is None:
            with formatter.section("Workflows"):
                formatter.write_text(f"{', '.join(WORKFLOWS)}; {ctx.command_path} WORKFLOW --help lists its settings.")
                for name in known:
                    if told := _tell_outside(name, known[name]):
                        formatter.write_text(told)
            return
        workflow = load_workflow(named)
        with formatter.section(named):
            formatter.write_text(f"{workflow.summary[:1].upper()}{workflow.summary[1:]}.{_tell_origin(known, named)}")
        with formatter.section("Settings, each by --set KEY=VALUE"):
            formatter.write_dl(list_settings(workflow.settings))


def _tell_outside(name: str, plugins: Sequence[Plugin]) -> str:
    """The line of a workflow that is not citytide's alone; one that cannot be used says why."""
    from ..hpc.errors import RunError
    from .workflow import load_workflow

    outside = [plugin for plugin in plugins if plugin.package != "citytide"]
    if not outside:
        return ""
    try:
        return f"{name} (from {outside[0].origin}): {load_workflow(name).summary}"
    except RunError as error:
        return f"{name} (from {', '.join(plugin.origin for plugin in outside)}): {error}"


def _tell_origin(known: Mapping[str, Sequence[Plugin]], name: str) -> str:
    origin = known[name][0] if name in known else None
    return f" From {origin.origin}." if origin and origin.package != "citytide" else ""


def list_settings(model: type[Settings]) -> list[tuple[str, str]]:
    """Each setting's name, with its meaning, choices and default; a workflow's own settings come first.

    Examples
    --------
    >>> from citytide.workflows.hydro.settings import FloodSettings
    >>> dict(list_settings(FloodSettings))["edges"]
    'walls around the ground, or free outflow [closed|open; default: closed]'
    """
    shared = model.model_fields.keys() - model.__annotations__.keys()
    names = sorted(model.model_fields, key=lambda name: name in shared)  # stable
    return [(name, _tell(model.model_fields[name])) for name in names]


def _tell(field: Any) -> str:
    kinds = [field.annotation, *get_args(field.annotation)]
    choices = next((get_args(kind) for kind in kinds if get_origin(kind) is Literal), ())
    default = field.default
    if isinstance(default, list):
        default = ",".join(value if isinstance(value, str) else f"{value:g}" for value in default)
    facts = ["|".join(choices)] if choices else []
    if default is not None:
        facts.append(f"default: {str(default).lower() if isinstance(default, bool) else default}")
    return f"{field.description or ''} [{'; '.join(facts)}]" if facts else field.description or ""
