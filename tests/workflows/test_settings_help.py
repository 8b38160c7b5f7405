"""What --help says of a workflow's settings."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from citytide.workflows.commands import plan, run, submit
from citytide.workflows.settings_help import list_settings
from citytide.workflows.workflow import WORKFLOWS, load_workflow


@pytest.mark.parametrize("name", WORKFLOWS)
def test_every_setting_is_told_in_words(name: str) -> None:
    model = load_workflow(name).settings
    told = list_settings(model)
    assert sorted(key for key, _ in told) == sorted(model.model_fields)
    assert all(words and not words.startswith("[") for _, words in told)


@pytest.mark.parametrize("command", [run, submit, plan])
def test_help_with_a_workflow_lists_its_settings(command) -> None:
    told = CliRunner().invoke(command, ["flood-warning", "--help"])
    lines = [line.split()[0] for line in told.output.splitlines() if line.startswith("  ") and line.split()]
    assert told.exit_code == 0 and "lead_minutes" in lines and "theta" in lines
    assert lines.index("lead_minutes") < lines.index("theta")  # its own first
    assert "default: 120.0" in told.output


def test_help_without_one_names_them() -> None:
    told = CliRunner().invoke(run, ["--help"])
    words = " ".join(told.output.split())  # the terminal breaks the line
    assert told.exit_code == 0 and ", ".join(WORKFLOWS) in words.replace("- ", "-") and "WORKFLOW --help" in words


def test_choices_of_a_setting_that_may_be_none_are_told() -> None:
    assert "[linear]" in dict(list_settings(load_workflow("flood-warning").settings))["fill"]
