"""No device traversal goes uncompiled: tests of PTX name every one."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import citytide.kernels
from citytide.kernels.engines import Sweeps

TESTS = (Path(__file__).parents[1] / "cuda").glob("test_*ptx.py")
LINES = "\n".join(path.read_text(encoding="utf-8") for path in TESTS).splitlines()
USED = set(re.findall(r"\w+", "\n".join(line for line in LINES if not line.startswith("from "))))


def list_traversals() -> Iterator[str]:
    for found in pkgutil.walk_packages(citytide.kernels.__path__, "citytide.kernels."):
        module = importlib.import_module(found.name)
        for name, value in vars(module).items():
            if name.isupper() and any(one.gpu for one in list_sweeps(value)):
                yield name


def list_sweeps(value: Any) -> list[Any]:
    """Sweeps, a pass that holds some, or those for each width of numbers."""
    parts = list(value.values()) if isinstance(value, dict) else [value]
    return [one for one in parts if isinstance(one, Sweeps) or type(one).__name__ == "Pass"]


def test_every_device_traversal_is_compiled_for_gpus_in_a_test() -> None:
    names = set(list_traversals())
    assert {"INERTIA", "INFILTRATION", "REGRID"} <= names
    assert names <= USED
