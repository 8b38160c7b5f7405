from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import BeforeValidator, Field

from citytide.hpc.errors import RunError
from citytide.hpc.plan.settings import Settings, listed, parse_set, read_run_file, resolve_settings, sourced


class Example(Settings):
    gap: float = Field(default=1e-6, gt=0)
    factors: Annotated[list[float], BeforeValidator(listed)] = Field(default=[1.0])


def test_set_beats_file_beats_profile_beats_default() -> None:
    layers = [
        sourced("profile p", {"gap": 1, "factors": [1]}),
        sourced("file f", {"gap": 2}),
        sourced("--set", {"gap": "3"}),
    ]
    for used, gap, source in [(0, 1e-6, "default"), (1, 1.0, "profile p"), (2, 2.0, "file f"), (3, 3.0, "--set")]:
        settings, table = resolve_settings(Example, layers[:used])
        assert settings.gap == gap and table["gap"] == {"value": gap, "source": source}


def test_list_may_be_written_with_commas() -> None:
    layer = sourced("--set", parse_set(["factors=0.8, 1,1.2"]))
    assert resolve_settings(Example, [layer])[0].factors == [0.8, 1.0, 1.2]


def test_unknown_setting_answers_with_the_allowed() -> None:
    with pytest.raises(RunError, match=r"unknown key 'gab'; did you mean 'gap'\? allowed: gap, factors"):
        resolve_settings(Example, [sourced("--set", {"gab": 1})])


def test_wrong_value_is_named() -> None:
    with pytest.raises(RunError, match=r"setting: gap: .*greater than 0, got '-1'"):
        resolve_settings(Example, [sourced("--set", {"gap": "-1"})])
    with pytest.raises(RunError, match=r"--set must be key=value, .* got 'gap'"):
        parse_set(["gap"])


def test_run_file_is_read_and_its_typos_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("workflow: traffic-assignment\nset:\n  gap: 1.0e-4\nout: runs/x\n")
    assert read_run_file(path).set == {"gap": 1e-4}
    path.write_text("workflow: traffic-assignment\nsets: {}\n")
    with pytest.raises(RunError, match=r"run.yaml line 2: unknown key 'sets'; did you mean 'set'\? allowed"):
        read_run_file(path)
    path.write_text("[1")
    with pytest.raises(RunError, match="cannot be read"):
        read_run_file(path)


def test_environment_stands_between_the_file_and_set() -> None:
    environment = {"CITYTIDE_SET__GAP": "4", "CITYTIDE_SET__FACTORS": "2,3", "CITYTIDE_HOME": "/nowhere"}
    layers = [sourced("file f", {"gap": 2}), sourced("--set", {"factors": "5"})]
    settings, table = resolve_settings(Example, layers, environment)
    assert settings.gap == 4 and table["gap"] == {"value": 4.0, "source": "CITYTIDE_SET__GAP"}
    assert settings.factors == [5.0] and table["factors"]["source"] == "--set"


def test_environment_of_this_process_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITYTIDE_SET__GAP", "0.5")
    assert resolve_settings(Example, [])[1]["gap"] == {"value": 0.5, "source": "CITYTIDE_SET__GAP"}


@pytest.mark.parametrize(("name", "value"), [("CITYTIDE_SET__GAB", "1"), ("CITYTIDE_SET__GAP", "-1")])
def test_mistake_in_the_environment_names_the_variable(name: str, value: str) -> None:
    with pytest.raises(RunError, match=f"{name} is set in the environment: unset or correct it"):
        resolve_settings(Example, [], {name: value})


class Stores(Settings):
    one: str = ""
    several: list[str] = Field(default_factory=list)
    text: str = ""


def test_table_keeps_the_text_that_was_replaced_by_what_it_refers_to() -> None:
    def resolve(values: Mapping[str, Any]) -> Mapping[str, Any]:
        swap = {"run:a/x": "/runs/a/x.zarr", "run:b/y": "/runs/b/y.csv"}
        swap["run:a/x,run:b/y"] = ",".join(swap.values())
        return {k: [swap[v] for v in value] if isinstance(value, list) else swap[value] for k, value in values.items()}

    given = {"one": "run:a/x", "several": ["run:a/x", "run:b/y"], "text": "run:a/x,run:b/y"}
    settings, table = resolve_settings(Stores, [sourced("--set", given)], environment={}, resolve=resolve)
    assert settings.several == ["/runs/a/x.zarr", "/runs/b/y.csv"] and settings.one == "/runs/a/x.zarr"
    assert {key: entry["value"] for key, entry in table.items()} == given
