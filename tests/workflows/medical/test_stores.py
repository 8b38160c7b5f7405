"""Stores and their segments: what does not belong together is refused by name."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import recordfiles
import zarr
from recordfiles import City

from citytide.hpc.plan.steps import Block
from citytide.hpc.run.runs import Run
from citytide.kernels.medical.events import BUCKETS
from citytide.workflows.medical.errors import EventsError
from citytide.workflows.medical.stores import Part, find_store, open_event_store, read_known_persons


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    folder = tmp_path_factory.mktemp("city")
    with pytest.MonkeyPatch.context() as patch:
        recordfiles.use_small_gate(patch, folder)
        made = City(folder)
        base = made.run("store", source=made.parts[0])
        made.run("segment-1", source=made.parts[1], append_to=base.id, new_codes="add")
        yield made


@pytest.fixture
def copied(city: City, tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """The folders of a base and its segment, to be harmed; put back afterwards."""
    base, segment = city.folder / "store", city.folder / "segment-1"
    for path in (base, segment):
        shutil.copytree(path, tmp_path / path.name)
    yield base, segment
    for path in (base, segment):
        shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(tmp_path / path.name, path)


def change_attribute(store: Path, name: str, value: object) -> None:
    told = json.loads((store / "zarr.json").read_text())
    told["attributes"][name] = value
    (store / "zarr.json").write_text(json.dumps(told))


def test_store_is_named_by_path_folder_id_or_reference(city: City) -> None:
    run = Run(city.folder / "store")
    store = run.path / "events.zarr"
    for where in (store, run.path, run.id, f"run:{run.id}/events"):
        assert find_store(where) == store
    assert find_store(city.parts[0]) is None and find_store("synthetic") is None
    with pytest.raises(EventsError, match=r"events must name a store of events, got nothing\.zarr: give"):
        open_event_store("nothing.zarr")


def test_run_without_a_store_is_refused(city: City, copied: tuple[Path, Path]) -> None:
    shutil.rmtree(copied[0] / "events.zarr")
    with pytest.raises(EventsError, match=r"a run must have written a store of events .* holds no events"):
        open_event_store(copied[0])


def test_blocks_are_of_equal_cost_and_hold_all_buckets(city: City) -> None:
    store = open_event_store(city.folder / "segment-1")
    bounds = store.bounds(200)
    assert bounds[0] == 0 and bounds[-1] == BUCKETS and len(bounds) > 5
    costs = np.add.reduceat(store.n_events + store.n_persons, bounds[:-1])
    assert costs.max() <= 200 < 2 * costs[:-1].min() + 200
    sizes = [store.memory_bytes(Block(0, 0, stop)) for stop in (1, BUCKETS // 2, BUCKETS)]
    assert sizes == sorted(sizes)
    assert [source.prefix for source in store.sources().values()] == ["0", "1"] and len(store.inputs()) == 2
    assert "cost_fen" in store.inputs()[0] and "cost_fen" not in store.inputs(())[0]


def test_known_persons_are_those_of_the_buckets(city: City) -> None:
    path = city.folder / "store" / "events.zarr"
    everybody = read_known_persons([path], 0, BUCKETS)
    part = Part(path)
    listed = part.read("listed") > 0
    assert len(everybody) == 50 < len(listed)  # who has events and is not listed is stored and not known
    assert (everybody == part.read("pseudonym")[listed]).all()
    halves = [read_known_persons([path], *part) for part in ((0, 2048), (2048, BUCKETS))]
    assert (np.concatenate(halves) == everybody).all() and (halves[0][:, 0] >> np.uint64(52) < 2048).all()


def test_base_that_has_changed_is_refused(copied: tuple[Path, Path]) -> None:
    base, segment = copied
    zarr.open_group(base / "events.zarr", mode="r+")["bucket_hash"][7] = 1
    with pytest.raises(
        EventsError, match=r"a segment must continue the store that it was made for, .*store.* has changed"
    ):
        open_event_store(segment)


def test_segment_of_another_vocabulary_version_is_refused(copied: tuple[Path, Path]) -> None:
    base, segment = copied
    change_attribute(base / "events.zarr", "vocabulary_version", 3)
    with pytest.raises(
        EventsError,
        match=r"a segment must have the vocabulary of its store, .* has version 2 with 10 .* version 3",
    ):
        open_event_store(segment)


def test_segment_of_another_key_is_refused(copied: tuple[Path, Path]) -> None:
    change_attribute(copied[1] / "events.zarr", "key_id", "0" * 64)
    with pytest.raises(EventsError, match=r"all parts of a store must have one key, but .* have different ones"):
        open_event_store(copied[1])


def test_store_of_another_schema_is_refused(copied: tuple[Path, Path]) -> None:
    change_attribute(copied[0] / "events.zarr", "event_schema", 9)
    with pytest.raises(EventsError, match=r"a store of events must have schema 1, .* has 9: import the records"):
        open_event_store(copied[0])


def test_segment_outside_its_run_is_refused(city: City, tmp_path: Path) -> None:
    shutil.copytree(city.folder / "segment-1" / "events.zarr", tmp_path / "moved.zarr")
    with pytest.raises(EventsError, match=r"a segment must lie in the folder of the run that wrote it, .*moved\.zarr"):
        open_event_store(tmp_path / "moved.zarr")


def test_store_that_is_gone_is_named(city: City, copied: tuple[Path, Path]) -> None:
    shutil.rmtree(copied[0])
    with pytest.raises(
        EventsError, match=r"a segment needs the store that it continues, .*store.*is not there: put it"
    ):
        open_event_store(copied[1])
