"""The pages that are written from the code name everything that the code has."""

from __future__ import annotations

import pytest
import reference

from citytide.__main__ import cli
from citytide.kernels.contracts import KERNELS
from citytide.workflows.settings_help import list_settings
from citytide.workflows.workflow import WORKFLOWS, load_workflow


def test_every_kernel_has_its_arrays_and_its_import() -> None:
    text = reference.write_kernels()
    assert KERNELS and not [name for name in KERNELS if f"\n### {name}\n" not in text]
    assert "from citytide.kernels.hydro.infiltration import compute_runoff" in text
    assert all(f"\n## {field}\n" in text for field in ("Hydro", "Space", "Traffic"))


def test_every_setting_of_every_workflow_has_a_row() -> None:
    text = reference.write_settings()
    for name in WORKFLOWS:
        section = text.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        assert not [key for key, _ in list_settings(load_workflow(name).settings) if f"| `{key}` |" not in section]
    assert not [line for line in text.splitlines() if line.startswith("|") and line.replace("\\|", "").count("|") != 3]


def test_every_command_has_its_help() -> None:
    text = reference.write_commands()
    assert not [
        name for name, command in cli.commands.items() if not command.hidden and f"## citytide {name}\n" not in text
    ]
    assert "## citytide profile check\n" in text and "## citytide drive\n" not in text


@pytest.mark.parametrize("page", ["commands", "kernels", "settings"])
def test_page_is_generated(page: str) -> None:
    assert reference.write_reference()[f"reference/{page}.md"].startswith("# ")
