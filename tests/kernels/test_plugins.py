"""What installed packages offer is found by name, imported late, and one that is broken harms nobody else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from packages import write_package

from citytide.kernels import commands, contracts
from citytide.kernels.commands import kernels
from citytide.kernels.plugins import Plugin, PluginError, list_plugins

KERNEL = """
from citytide.kernels import Array, Contract, kernel

@kernel(Contract(takes={"depth": Array(("...",))}, gives={"depth": Array(("...",))}, engines=("numpy",)), field=%r)
def %s(depth):
    '''Give the depth back.'''
    return depth
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages; kernels that they enter are forgotten afterwards."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(contracts, "KERNELS", dict(commands._table()))
    return tmp_path


def test_owners_of_a_name_are_all_found_in_order(site: Path) -> None:
    for name in ("two", "one"):
        write_package(site, name, "", {"some.group": {"same": name, f"only-{name}": name}})
    found = list_plugins("some.group")
    assert list(found) == ["only-one", "only-two", "same"]
    assert [plugin.origin for plugin in found["same"]] == ["one 1.0", "two 1.0"]


@pytest.mark.parametrize(
    ("name", "source", "said"),
    [
        ("a_b", "", "the name of an entry point must be letters, digits and '-', got 'a_b' of broken 1.0: rename it"),
        ("gone", "", r"broken:gone of broken 1.0 cannot be imported \(AttributeError: .*\): repair or uninstall that"),
        (
            "gone",
            "import nowhere_at_all",
            r"cannot be imported \(ModuleNotFoundError: No module named 'nowhere_at_all'",
        ),
        ("gone", "1 / 0", r"cannot be imported \(ZeroDivisionError: division by zero\)"),
        ("gone", "raise SystemExit(3)", r"cannot be imported \(SystemExit: 3\)"),
    ],
)
def test_what_cannot_be_used_says_why_and_whose_it_is(site: Path, name: str, source: str, said: str) -> None:
    write_package(site, "broken", source, {"some.group": {name: "broken:gone"}})
    sys.modules.pop("broken", None)
    with pytest.raises(PluginError, match=said):
        list_plugins("some.group")[name][0].load()


def test_a_path_that_is_none_is_named() -> None:
    with pytest.raises(PluginError, match="no path of x 1 cannot be imported"):
        Plugin("name", "no path", "x", "1").load()


def test_kernels_of_a_package_are_listed_and_shown_with_its_name(site: Path) -> None:
    write_package(site, "wet-kernels", KERNEL % ("wells", "hold_depth"), {"citytide.kernels": {"wet": "wet_kernels"}})
    told = CliRunner().invoke(kernels, ["list"])
    (line,) = (line for line in told.output.splitlines() if line.startswith("wells.hold_depth "))
    assert line.endswith("Give the depth back.  [numpy]  (from wet-kernels 1.0)")
    (record,) = (r for r in json.loads(CliRunner().invoke(kernels, ["list", "--json"]).output) if r["from"])
    assert record["name"] == "wells.hold_depth" and record["from"] == "wet-kernels 1.0"
    shown = CliRunner().invoke(kernels, ["show", "hold_depth"]).output
    assert "from       wet-kernels 1.0" in shown and "call       from wet_kernels import hold_depth" in shown
    own = CliRunner().invoke(kernels, ["show", "advance_density"]).output
    assert "\nfrom " not in own


def test_second_owner_of_a_kernel_is_refused_by_both_names_and_the_others_are_listed(site: Path) -> None:
    write_package(site, "late", KERNEL % ("hydro", "compute_runoff"), {"citytide.kernels": {"late": "late"}})
    write_package(site, "sound", KERNEL % ("hydro", "hold_depth"), {"citytide.kernels": {"sound": "sound"}})
    told = CliRunner().invoke(kernels, ["list"])
    assert told.exit_code == 0 and "hydro.hold_depth" in told.stdout and "late 1.0" not in told.stdout
    assert "kernels of late 1.0 cannot be used: late of late 1.0 cannot be imported (EngineError: " in told.stderr
    assert (
        "a kernel's name must have one owner, but 'hydro.compute_runoff' is in citytide.kernels.hydro.infiltration "
        "(citytide 0.1.0) and in late (late 1.0): rename one, or give another field" in told.stderr
    )
    unknown = CliRunner().invoke(kernels, ["show", "hold_deep"])
    assert unknown.exit_code == 2 and "kernels of late 1.0 cannot be used" in unknown.output


def test_a_short_name_of_several_fields_is_answered_with_them(site: Path) -> None:
    write_package(site, "other", KERNEL % ("wells", "compute_runoff"), {"citytide.kernels": {"other": "other"}})
    told = CliRunner().invoke(kernels, ["show", "compute_runoff"])
    assert told.exit_code == 2
    assert "several kernels are called 'compute_runoff': name one of hydro.compute_runoff, wells.compute_runoff" in (
        told.output
    )


def test_nothing_is_imported_before_it_is_asked_for(site: Path) -> None:
    write_package(
        site, "loud", "print('loud was imported')",
        {f"citytide.{group}": {"loud": "loud"} for group in ("kernels", "datasets", "workflows")},
    )  # fmt: skip
    code = (
        f"import sys; sys.path.insert(0, {str(site)!r}); import citytide, citytide.workflows.workflow as w\n"
        "import citytide.hpc.execution.worker, citytide.kernels.hydro.infiltration\n"
        "assert 'loud' in w.list_workflows() and w.load_workflow('inundation').name == 'inundation'"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (told.returncode, told.stdout) == (0, ""), told.stderr
