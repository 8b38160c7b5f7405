"""The run file: a run in the form that ``citytide run FILE.yaml`` takes, with the settings that were given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .inspection import Inspection

__all__ = ["RUN_FILE", "write_run_file"]

RUN_FILE = "run.yaml"


def write_run_file(inspection: Inspection) -> None:
    """Write the run in the form `citytide run FILE.yaml` takes, with the settings that were given.

    Defaults are omitted: some settings are refused where they mean nothing, whatever their value.
    """
    import yaml

    path, record = inspection.folder / RUN_FILE, inspection.run
    if path.exists():
        return
    entries = {str(key): entry for key, entry in _mapping(record.get("settings")).items()}
    settings = {key: _value(entry) for key, entry in entries.items() if _mapping(entry).get("source") != "default"}
    if record.get("chain"):  # outside of its chain, a stage is known by its id alone
        named = {one["reference"]: f"run:{one['run']}/{one['product']}" for one in record.get("upstream") or ()}
        settings = {key: _rename(value, named) for key, value in settings.items()}
    profile = _mapping(record.get("profile")).get("name")
    locator = _mapping(record.get("locator"))
    own = locator["path"] if locator and not locator.get("package") else ""
    content = {
        "workflow": own or record.get("workflow", ""),
        "set": {key: value for key, value in settings.items() if value is not None},
        **({"profile": profile} if profile else {}),
    }
    path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")


def _rename(value: Any, named: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_rename(item, named) for item in value]
    return named.get(value, value) if isinstance(value, str) else value


def _value(entry: object) -> Any:
    return entry["value"] if isinstance(entry, Mapping) and "value" in entry else entry


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
