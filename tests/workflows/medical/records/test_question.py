"""Imports end to end: a store, what is appended to it, and the store that all of it becomes again."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import recordfiles
from recordfiles import City, import_records, read_bytes, write_records

from citytide.hpc.errors import RunError
from citytide.hpc.run.runs import Run
from citytide.hpc.store.sealed import running_step
from citytide.hpc.store.stores import read_arrays
from citytide.kernels.medical.events import PersonEvents
from citytide.workflows import runner
from citytide.workflows.medical.blocks import load_events
from citytide.workflows.medical.stores import EventStore, open_event_store


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    folder = tmp_path_factory.mktemp("city")
    with pytest.MonkeyPatch.context() as patch:
        recordfiles.use_small_gate(patch, folder)
        yield City(folder)


def load(store: EventStore) -> PersonEvents:
    arrays: dict[str, Any] = {}
    for number, path in enumerate(store.paths):
        arrays |= {f"{number}/{name}": values for name, values in read_arrays(path).items()}
    with running_step():
        return load_events(arrays, **store.load_params())


def describe(events: PersonEvents, store: EventStore) -> dict[str, Any]:
    """What is known, in texts where ranks differ."""
    told = {name: values.tolist() for name, values in vars(events).items() if name not in ("code", "area", "facility")}
    person = np.repeat(np.arange(events.n_persons), np.diff(events.offset))
    listed = zip(
        person.tolist(), events.day.tolist(), [store.codes[code] for code in events.code],
        events.kind.tolist(), [store.facilities[one] for one in events.facility], events.cost_fen.tolist(), strict=True,
    )  # fmt: skip
    for name in ("kind", "n_days", "value", "cost_fen", "day"):  # whose order hangs on the ranks of codes
        told.pop(name)
    return told | {"events": sorted(listed), "area": [store.areas[area] for area in events.area]}


def test_segments_hold_what_one_import_of_all_sources_holds(city: City) -> None:
    chain = open_event_store(city.chain.path)
    whole = open_event_store(city.run("whole", source=",".join(city.parts)).path)
    assert len(chain.paths) == 3 and len(whole.paths) == 1 and chain.observed == whole.observed
    assert describe(load(chain), chain) == describe(load(whole), whole)
    assert (chain.first_day, chain.last_day) == (whole.first_day, whole.last_day)


def test_question_about_the_last_segment_counts_the_whole_chain(city: City, tmp_path: Path) -> None:
    asked = city.ask(tmp_path / "chain", str(city.chain.path))
    whole = city.ask(tmp_path / "whole", str(city.run("whole", source=",".join(city.parts)).path))
    assert asked.result["totals"] == whole.result["totals"] and len(asked.plan.sources) == 3
    assert asked.record["sources"]["events_0"]["run"] == Run(city.folder / "store").id


def test_compacted_store_has_the_bytes_of_an_import_of_all_sources(city: City) -> None:
    compacted = city.run("compacted", compact=str(city.chain.path)).path / "events.zarr"
    whole = city.run("whole", source=",".join(city.parts)).path / "events.zarr"
    assert read_bytes(compacted) == read_bytes(whole)


def test_tasks_of_any_size_write_the_same_bytes(city: City) -> None:
    whole = city.run("whole", source=",".join(city.parts)).path / "events.zarr"
    coarse = city.run("coarse", source=",".join(city.parts), rows_per_task="1000000").path
    assert read_bytes(coarse / "events.zarr") == read_bytes(whole)


def test_import_that_was_killed_goes_on_to_the_same_bytes(city: City, tmp_path: Path) -> None:
    whole, killed = city.run("whole", source=",".join(city.parts)), tmp_path / "killed"
    given = {"mapping": city.mapping, "most_wrong": "0.2", "rows_per_task": "1000", "source": ",".join(city.parts)}
    words = [word for key, value in given.items() for word in ("--set", f"{key}={value}")]
    driver = subprocess.Popen(
        [sys.executable, "-m", "citytide", "run", "events-import", *words, "--out", str(killed)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    ledger, deadline = killed / "ledger.jsonl", time.monotonic() + 120
    while not ledger.exists() or '"events-split"' not in ledger.read_text():
        assert driver.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(driver.pid, signal.SIGKILL)
    driver.wait()
    done = {name: step["done"] for name, step in Run(killed).status()["steps"].items()}
    assert done["events-split"] and not done["imported-finalize"]
    resumed = runner.resume(killed, take_over=True, quiet=True)
    assert resumed.result["state"] == "done", resumed.result
    assert read_bytes(killed / "events.zarr") == read_bytes(whole.path / "events.zarr")


def test_store_is_open_to_its_owner_alone_and_names_nobody(city: City) -> None:
    store = city.run("store", source=city.parts[0]).path / "events.zarr"
    modes = {stat.S_IMODE(path.stat().st_mode) for path in store.rglob("*") if path.is_file()}
    assert modes == {0o600} and stat.S_IMODE(store.stat().st_mode) == 0o700
    assert not [name for name, held in read_bytes(store).items() if str(city.folder).encode() in held]


def test_result_shows_counts_and_withholds_small_ones(city: City) -> None:
    result = city.run("store", source=city.parts[0]).result
    told = {row["what"]: row["rows"] for row in result["summary"]}
    assert result["headline"].startswith("The store holds") and "of 50 persons" in result["headline"]
    assert told["duplicate events"] == "0" and int(told["events of unknown persons"]) > 10
    whole = city.run("whole", source=",".join(city.parts)).result  # 20 in two sources, 20 twice in one, 7 in the last
    assert {row["what"]: row["rows"] for row in whole["summary"]}["duplicate events"] == "47"


def test_codes_are_mapped_as_they_are_read(city: City, tmp_path: Path) -> None:
    table = tmp_path / "codes.csv"
    table.write_text("from,to,name\nC0,C,common\nC1,C,common\n")
    plain = open_event_store(city.run("store", source=city.parts[0]).path)
    run = city.run("mapped", source=city.parts[0], code_map=str(table))
    mapped = open_event_store(run.path)
    assert set(mapped.codes) == {*plain.codes, "C"} - {"C0", "C1"}
    assert mapped.names[mapped.codes.index("C")] == "common" and run.record["sources"]["code_map"]["sha256"]
    before, after = (
        dict(zip(store.codes, np.bincount(load(store).code, minlength=len(store.codes)).tolist(), strict=True))
        for store in (plain, mapped)
    )
    assert {code: n for code, n in after.items() if code != "C"} == {
        code: n for code, n in before.items() if code not in ("C0", "C1")
    }
    assert after["C"] > max(before["C0"], before["C1"])  # what is the same event now counts once


def test_unknown_codes_are_refused_by_name_and_number(city: City) -> None:
    base = city.run("store", source=city.parts[0])
    refused = import_records(
        city.folder / "refused", mapping=city.mapping, source=city.parts[1], append_to=str(base.path)
    )
    assert refused.result["state"] == "failed"
    assert (
        "an append must have the codes of its store, but 1 are not in its vocabulary (version 1): 'C9' ("
        in (refused.result["error"])
    )


def test_append_with_another_key_is_refused(city: City, tmp_path: Path) -> None:
    base = city.run("store", source=city.parts[0])
    (tmp_path / "other.key").write_bytes(bytes(32))
    (tmp_path / "other.key").chmod(0o600)
    with pytest.raises(RunError, match=r"an append must have the key of its store, .* got another key"):
        import_records(
            tmp_path / "run", mapping=city.mapping, source=city.parts[1], append_to=str(base.path),
            key=str(tmp_path / "other.key"),
        )  # fmt: skip
    assert not (tmp_path / "run").exists()


def test_events_before_birth_stop_an_import_above_a_share(city: City, tmp_path: Path) -> None:
    events = [(f"P{n}", "2015-02-02", "", "C0", "DX", "", "") for n in range(40)]
    persons = [(f"P{n}", "2016-01-01" if n < 12 else "2000-01-01", "F", "", "", "", "") for n in range(40)]
    source = write_records(tmp_path / "wrong", events, persons)
    failed = import_records(tmp_path / "run", mapping=city.mapping, source=source)
    assert failed.result["state"] == "failed" and not (tmp_path / "run" / "events.zarr").exists()
    assert (
        "at most 1 % of the dated events may be before birth or after death (most_wrong), got 30 %: check"
        in (failed.result["error"])
    )
