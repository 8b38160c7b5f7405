"""Packages that seem to be installed: a module and the metadata that an installer would leave beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

__all__ = ["write_package"]


def write_package(
    folder: Path, name: str, source: str, points: Mapping[str, Mapping[str, str]], *, version: str = "1.0"
) -> None:
    """Write the module ``name`` (with _ for -) and its entry points, by group and name, into a folder."""
    metadata = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    metadata.mkdir(parents=True)
    (folder / f"{name.replace('-', '_')}.py").write_text(source, encoding="utf-8")
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
    groups = [
        f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in points[group].items()) for group in points
    ]
    (metadata / "entry_points.txt").write_text("\n".join(groups), encoding="utf-8")
    (metadata / "RECORD").write_text(f"{name.replace('-', '_')}.py,,\n", encoding="utf-8")
