from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from citytide.kernels.commands import kernels


def test_list_names_every_kernel_with_its_summary_and_engines() -> None:
    answer = CliRunner().invoke(kernels, ["list"])
    assert answer.exit_code == 0
    line = next(line for line in answer.output.splitlines() if line.startswith("traffic.advance_density "))
    assert "Advance the vehicle density of many links by one time step." in line
    assert "numba, numpy, python" in line


def test_list_as_json_is_one_list() -> None:
    records = json.loads(CliRunner().invoke(kernels, ["list", "--json"]).output)
    assert "traffic.advance_density" in [record["name"] for record in records]
    assert all(record["summary"].endswith(".") for record in records)


def test_show_takes_the_short_name_and_tells_contract_file_and_references() -> None:
    answer = CliRunner().invoke(kernels, ["show", "advance_density"])
    assert answer.exit_code == 0
    for expected in (
        "call       from citytide.kernels import traffic; traffic.advance_density(...)",
        "takes      density (link, cell) [veh m-1]",
        "gives      density (link, cell) [veh m-1]",
        "blocks     link, cell",
        "halo       cell 1",
        "kernels/traffic/godunov.py",
        "doi:10.1098/rspa.1955.0089",
    ):
        assert expected in answer.output


def test_show_as_json_holds_every_field() -> None:
    record = json.loads(CliRunner().invoke(kernels, ["show", "traffic.advance_density", "--json"]).output)
    assert record["engines"] == ["numba", "numpy", "python", "cuda", "cupy"]
    assert set(record["engines_here"]) <= set(record["engines"])
    assert record["takes"]["density"]["dims"] == ["link", "cell"]
    assert record["gives"]["density"]["units"] == "veh m-1"
    assert record["blocks"] == ["link", "cell"]
    assert len(record["references"]) == 2


def test_show_tells_units_that_follow_an_argument_and_structures() -> None:
    score = CliRunner().invoke(kernels, ["show", "score_crps"]).output
    assert "takes      ensemble (member, ...) [any units]\n           observed (...) [units of ensemble]" in score
    counts = CliRunner().invoke(kernels, ["show", "count_outcomes"]).output
    assert "takes      warned (...) of bool" in counts
    assert "gives      Contingency, which holds\n           hits () [1]" in counts


def test_unknown_kernel_is_refused_with_the_known_ones() -> None:
    answer = CliRunner().invoke(kernels, ["show", "traffic.advance_densty"])
    assert answer.exit_code == 2
    assert "no kernel is called 'traffic.advance_densty'; there are" in answer.output
    assert "traffic.advance_density" in answer.output


def test_a_kernel_that_its_field_does_not_export_is_imported_from_its_module(monkeypatch: pytest.MonkeyPatch) -> None:
    from citytide.kernels import contracts

    @contracts.kernel(contracts.Contract(takes={}, gives={}, engines=("numpy",)))
    def strange() -> None:
        """Do nothing."""

    monkeypatch.delitem(contracts.KERNELS, name := next(key for key in contracts.KERNELS if key.endswith("strange")))
    monkeypatch.setitem(contracts.KERNELS, "hydro.strange", strange)
    answer = CliRunner().invoke(kernels, ["show", "hydro.strange"])
    assert f"call       from {__name__} import strange" in answer.output, name


def test_commands_are_light_to_import() -> None:
    code = "import sys, citytide.kernels.commands; assert not {'numpy', 'numba'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
