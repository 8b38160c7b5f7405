"""Every example in a docstring runs, under the name users import."""

from __future__ import annotations

import doctest
import pkgutil
from importlib import import_module
from pathlib import Path

import pytest

import citytide

# peers import packages that only their own environments have
MODULES = [
    module.name
    for module in pkgutil.walk_packages(citytide.__path__, "citytide.")
    if not module.name.startswith(("citytide.benchmarks.peers.", "citytide.tests"))
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_of(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # an example may write a file
    assert doctest.testmod(import_module(name)).failed == 0


def test_the_walk_meets_every_room() -> None:
    assert {name.split(".")[1] for name in MODULES} >= {"benchmarks", "datasets", "hpc", "kernels", "workflows"}
