"""Settings of a workflow: --set beats CITYTIDE_SET__KEY in the environment, that the file, that the profile."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from ..errors import RunError
from .documents import read_document, refuse

__all__ = [
    "PREFIX", "ChainFile", "RunFile", "Settings", "SettingsT", "Sourced", "StageEntry", "is_chain_file", "listed",
    "parse_set", "read_chain_file", "read_environment", "read_run_file", "resolve_settings", "sourced",
]  # fmt: skip

COMMAND_LINE = "--set"  # the layer that beats the environment
PREFIX = "CITYTIDE_SET__"


class Settings(BaseModel):
    """Base of every workflow's settings: unknown keys are refused, values do not change, a text may be a number."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


SettingsT = TypeVar("SettingsT", bound=Settings)


def listed(value: Any) -> Any:
    """Let a list be written ``0.8,1.0`` on the command line."""
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


Given = Annotated[dict[str, Any], BeforeValidator(lambda value: {} if value is None else value)]


class RunFile(BaseModel):
    """A run as a file: what ``citytide run FILE.yaml`` reads."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    workflow: str
    set: Given = Field(default_factory=dict)
    profile: str | None = None
    out: str | None = None


class StageEntry(BaseModel):
    """A stage of a chain: a run with a name, by which later stages refer to its products."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: Annotated[str, Field(pattern="^[A-Za-z0-9_-]+$")]
    workflow: str
    set: Given = Field(default_factory=dict)
    profile: str | None = None


class ChainFile(BaseModel):
    """Several runs as one file: they run one after another, and read the products of those before them."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    stages: Annotated[list[StageEntry], Field(min_length=1)]
    profile: str | None = None
    out: str | None = None

    @field_validator("stages", mode="before")
    @classmethod
    def _is_a_list(cls, stages: Any) -> Any:
        if not isinstance(stages, list):
            raise ValueError("must be a list: begin each stage with `- name: NAME`, then workflow and set")
        return stages

    @field_validator("stages")
    @classmethod
    def _each_its_name(cls, stages: list[StageEntry]) -> list[StageEntry]:
        names = [stage.name for stage in stages]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"each stage must have a name of its own, but {repeated[0]!r} is given twice")
        return stages


def read_run_file(path: Path) -> RunFile:
    """Read a run file; relative paths in it are relative to where the command is given."""
    return read_document("run file", path, RunFile)


def is_chain_file(what: str | Path) -> bool:
    """Whether this is a YAML file that holds ``stages``; what cannot be read is none, and whoever reads it says why."""
    if not str(what).endswith((".yaml", ".yml")):
        return False
    try:
        data = yaml.safe_load(Path(what).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return False
    return isinstance(data, dict) and "stages" in data


def read_chain_file(path: Path) -> ChainFile:
    """Read a file of several stages; relative paths in it are relative to where the command is given."""
    return read_document("chain file", path, ChainFile)


def parse_set(assignments: Sequence[str]) -> dict[str, Any]:
    """Values of repeated ``--set key=value``.

    Examples
    --------
    >>> parse_set(["gap=1e-6", "demand_factors=0.8,1.0"])
    {'gap': '1e-6', 'demand_factors': '0.8,1.0'}
    """
    values = {}
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        if not equals or not key:
            raise RunError(f"--set must be key=value, such as --set seed=7, got {assignment!r}")
        values[key.strip()] = value.strip()
    return values


@dataclass(frozen=True)
class Sourced:
    """A layer of settings and what to call it when it is asked where a value comes from."""

    name: str
    values: Mapping[str, Any]


def sourced(name: str, values: Mapping[str, Any]) -> Sourced:
    return Sourced(name, values)


def read_environment(environment: Mapping[str, str]) -> list[Sourced]:
    """A layer for each ``CITYTIDE_SET__KEY``, which sets ``key``.

    Examples
    --------
    >>> read_environment({"CITYTIDE_SET__GAP": "1e-6", "HOME": "/home/ada"})
    [Sourced(name='CITYTIDE_SET__GAP', values={'gap': '1e-6'})]
    """
    named = sorted(name for name in environment if name.startswith(PREFIX) and name != PREFIX)
    return [Sourced(name, {name.removeprefix(PREFIX).lower(): environment[name]}) for name in named]


def resolve_settings(
    model: type[SettingsT],
    layers: Sequence[Sourced],
    environment: Mapping[str, str] | None = None,
    *,
    resolve: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None,
) -> tuple[SettingsT, dict[str, dict[str, Any]]]:
    """Merge layers, later over earlier, and validate; those of the environment stand right below ``--set``.

    Parameters
    ----------
    model
        The settings' schema.
    layers
        From the least to the most binding.
    environment
        Where ``CITYTIDE_SET__KEY`` is looked for; that of this process by default.
    resolve
        Replaces values that refer to something by what they refer to; the table keeps what was written.

    Returns
    -------
    (settings, table)
        The table holds, for each key, its value as JSON and the layer that set it.
    """
    merged: dict[str, Any] = {}
    source: dict[str, str] = {}
    told = read_environment(os.environ if environment is None else environment)
    asked = [layer for layer in layers if layer.name == COMMAND_LINE]
    for layer in [*(layer for layer in layers if layer.name != COMMAND_LINE), *told, *asked]:
        for key, value in layer.values.items():
            merged[key], source[key] = value, layer.name
    resolved = resolve(merged) if resolve else merged
    try:
        settings = model.model_validate(resolved)
    except ValidationError as error:
        wrong = {source.get(str(problem["loc"][0]), "") for problem in error.errors() if problem["loc"]}
        named = sorted(name for name in wrong if name.startswith(PREFIX))
        where = f"; {' and '.join(named)} is set in the environment: unset or correct it" if named else ""
        raise RunError(refuse("setting", error, model) + where) from None
    values = json.loads(settings.model_dump_json())
    written: dict[str, str] = {}
    _match_texts(resolved, merged, written)
    values = {key: _write_back(value, written) for key, value in values.items()}
    return settings, {key: {"value": value, "source": source.get(key, "default")} for key, value in values.items()}


def _match_texts(resolved: Any, merged: Any, written: dict[str, str]) -> None:
    """Note for each text that was replaced what had been written."""
    if isinstance(resolved, str) and isinstance(merged, str) and resolved != merged:
        old, new = merged.split(","), resolved.split(",")
        pairs = zip(new, old, strict=True) if len(new) == len(old) else ()
        written |= {path: text.strip() for path, text in pairs} | {resolved: merged}
    elif isinstance(merged, Mapping):
        for key in merged:
            _match_texts(resolved[key], merged[key], written)
    elif isinstance(merged, list | tuple):
        for new_item, old_item in zip(resolved, merged, strict=True):
            _match_texts(new_item, old_item, written)


def _write_back(value: Any, written: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return written.get(value, value)
    if isinstance(value, list):
        return [_write_back(item, written) for item in value]
    if isinstance(value, dict):
        return {key: _write_back(item, written) for key, item in value.items()}
    return value
