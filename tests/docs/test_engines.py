"""The page on engines has the table that the contracts write, and its examples run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import reference

from citytide.kernels.contracts import KERNELS

PAGE = (Path(__file__).parent.parent.parent / "docs" / "engines.md").read_text(encoding="utf-8")


def test_the_table_is_what_the_contracts_say() -> None:
    assert reference.fill_engines(PAGE) == PAGE, "write it anew: python docs/reference.py"
    assert not [name for name in KERNELS if f"| `{name}` |" not in PAGE]


def test_examples_keep_their_arrays_in_cupys_memory(cupy: Any, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    for block in re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL):
        exec(block, names)
    told = capsys.readouterr().out.splitlines()
    assert told == ["cupy [0.0, 0.5, 5.9, 74.9]", "cupy 1.0"]
