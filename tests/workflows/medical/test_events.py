"""Events as a setting: a store, a run or a source gives the same answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import recordfiles
from recordfiles import City

from citytide.workflows.medical.stores import find_store


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    folder = tmp_path_factory.mktemp("city")
    with pytest.MonkeyPatch.context() as patch:
        recordfiles.use_small_gate(patch, folder)
        yield City(folder)


def test_store_run_and_source_give_one_answer(city: City, tmp_path: Path) -> None:
    whole = city.run("whole", source=city.parts[0])
    from_source = city.ask(tmp_path / "source", city.parts[0])
    store = whole.path / "events.zarr"
    for where in (store, whole.path, f"run:{whole.path}/events"):  # each names what the id names
        assert find_store(str(where)) == find_store(whole.id) == store
    asked = [
        city.ask(tmp_path / "id", whole.id),
        city.ask(tmp_path / "again", str(from_source.path)),  # a question that imported leaves a store, too
    ]
    assert all(run.result["totals"] == from_source.result["totals"] for run in asked)
    assert sum(n or 0 for n in from_source.result["totals"].values()) > 300
    assert asked[0].plan.steps[0].name == "totals-chunk"
    assert recordfiles.read_bytes(from_source.path / "events.zarr") == recordfiles.read_bytes(store)
