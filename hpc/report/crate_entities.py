"""Entities of an RO-Crate: parameters and what was given for them, files, terms, names by content."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = [
    "FORMATS", "add_entity", "add_file", "add_license", "add_parameter", "as_mapping", "name_by_content",
    "name_data_type", "name_format", "read_value", "realize",
]  # fmt: skip

FORMATS = {
    ".json": "application/json", ".jsonl": "application/jsonl", ".svg": "image/svg+xml", ".png": "image/png",
    ".html": "text/html", ".yaml": "application/yaml", ".csv": "text/csv", ".graphml": "application/xml",
    ".parquet": "application/vnd.apache.parquet",
}  # fmt: skip


def add_parameter(crate: Any, workflow: Any, side: str, identity: str, name: str, kind: str) -> Any:
    """The formal parameter of a workflow, made on first use."""
    parameter = crate.get(identity)
    if parameter is None:
        parameter = add_entity(crate, identity, "FormalParameter", name=name, additionalType=kind, workExample=[])
        workflow.append_to(side, parameter)
    return parameter


def realize(crate: Any, parameter: Any, entity: Any) -> Any:
    """Tie a parameter and what was given for it, both ways."""
    entity.append_to("exampleOfWork", parameter)
    parameter.append_to("workExample", entity)
    return entity


def add_file(crate: Any, folder: Path, path: Path, name: str, *, is_stable: bool = True) -> Any:
    """A file of the folder; size and hash only where nobody will write it again."""
    properties: dict[str, Any] = {"name": name, "encodingFormat": name_format(path)}
    if is_stable:
        raw = path.read_bytes()
        properties |= {"contentSize": str(len(raw)), "sha256": hashlib.sha256(raw).hexdigest()}
    return crate.add_file(path, path.relative_to(folder).as_posix(), properties=properties)


def add_entity(crate: Any, identity: str, kind: str, **properties: Any) -> Any:
    """A contextual entity with properties."""
    from rocrate.model.contextentity import ContextEntity

    entity = crate.add(ContextEntity(crate, identity, {"@type": kind}))
    for key, value in properties.items():
        entity[key] = value
    return entity


def add_license(crate: Any, given: object) -> Any:
    """The terms under which the crate may be used."""
    if isinstance(given, str) and given.startswith("https://"):
        return add_entity(crate, given, "CreativeWork", name=given.rstrip("/").rsplit("/", 1)[-1])
    text = str(given) if given else "No licence is granted: ask the person who made the run."
    return add_entity(crate, "#rights", "CreativeWork", name="Terms of use", description=text)


def name_by_content(digest: str) -> str:
    """A ``ni:`` URI of a SHA-256; empty for another text."""
    try:
        raw = bytes.fromhex(digest)
    except ValueError:
        return ""
    return f"ni:///sha-256;{base64.urlsafe_b64encode(raw).decode().rstrip('=')}" if len(raw) == 32 else ""


def name_data_type(value: object) -> str:
    """The type of a setting's value, as schema.org names it."""
    for kind, name in ((bool, "Boolean"), (int, "Integer"), (float, "Float"), (Mapping, "PropertyValue")):
        if isinstance(value, kind):
            return name
    return "Text"


def name_format(path: Path) -> str:
    """The media type of a file, by its suffix."""
    return FORMATS.get(
        path.suffix.lower(), "text/plain" if path.suffix.lower() == ".tntp" else "application/octet-stream"
    )


def read_value(entry: object) -> Any:
    """The value of a setting that may stand beside its source."""
    return entry["value"] if isinstance(entry, Mapping) and "value" in entry else entry


def as_mapping(value: object) -> Mapping[str, Any]:
    """A mapping, or an empty one."""
    return value if isinstance(value, Mapping) else {}
