"""Sources: files and stores that steps read where they lie, and that must stay as they were."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from ..errors import RunError

__all__ = ["Source", "SourceKind"]

SourceKind = Literal["file", "folder", "zarr"]


@dataclass(frozen=True)
class Source:
    """A file, a folder of files or a Zarr store that steps read in place.

    A step names it among its inputs as ``"source:NAME"``. Of a file or folder it gets the path. Of a store it gets the
    arrays, sliced to the block like those of a product; ``"source:NAME:flow,cost"`` reads some of them.

    Parameters
    ----------
    path
        Where it lies; a text will do.
    kind
        ``"file"``, ``"folder"`` or ``"zarr"``.
    person_level
        Whether it tells of single persons. Then nothing of it is shown: see ``Product.person_level``.
    run
        The run whose product it is (``run:RUN/product``), by its id; empty for other files.
    prefix
        Letters and digits. If given, the arrays of a store reach the step as ``"PREFIX/name"``, so that a step may read
        several stores with arrays of the same names. Inputs and offsets name them without it.
    """

    path: Path
    kind: SourceKind = "file"
    person_level: bool = False
    run: str = ""
    prefix: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", Path(self.path))  # a text, as settings have it, will do
        if self.kind not in get_args(SourceKind):
            raise RunError(
                f"the kind of a source must be one of {', '.join(get_args(SourceKind))}, got {self.kind!r} for "
                f"{self.path}: correct it"
            )
        if not re.fullmatch(r"[A-Za-z0-9]*", self.prefix):
            raise RunError(
                f"the prefix of a source must be letters and digits, got {self.prefix!r} for {self.path}: correct it"
            )
        if self.prefix and self.kind != "zarr":
            raise RunError(
                f"only a source of kind 'zarr' has arrays to put a prefix before, got prefix {self.prefix!r} and kind "
                f"{self.kind!r} for {self.path}: omit the prefix"
            )

    def name_array(self, name: str) -> str:
        """The name under which an array of the store reaches a step."""
        return f"{self.prefix}/{name}" if self.prefix else name

    def to_json(self) -> dict[str, Any]:
        return {
            "path": str(self.path.resolve()), "kind": self.kind, "person_level": self.person_level, "run": self.run,
            "prefix": self.prefix,
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Source:
        return cls(Path(data["path"]), data["kind"], data["person_level"], data["run"], data.get("prefix", ""))
