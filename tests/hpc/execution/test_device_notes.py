"""Notes of the engine and the card that computed a block."""

from __future__ import annotations

import threading

import pytest

from citytide.hpc.execution import device_notes
from citytide.hpc.execution.device_notes import collect_notes, describe_note, note_device
from citytide.hpc.plan.devices import SIMULATOR, Gpu


def test_note_outside_a_block_is_lost_in_silence() -> None:
    note_device("cuda")
    with collect_notes() as notes:
        pass
    note_device("cuda")
    assert notes == []


def test_engine_of_a_gpu_is_noted_with_the_workers_own_card_and_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    card = Gpu("GPU-aa", "NVIDIA H200", 10**9, "570.124")
    monkeypatch.setattr(device_notes, "find_own_gpu", lambda: card)
    with collect_notes() as notes:
        note_device("cuda")
        note_device("cuda")  # the same again says nothing more
        note_device("numba")
    assert notes == [{"engine": "cuda", "card": "NVIDIA H200", "driver": "570.124"}, {"engine": "numba"}]
    assert [describe_note(note) for note in notes] == ["NVIDIA H200, driver 570.124, engine cuda", "CPU, engine numba"]


def test_simulator_is_named_as_the_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_notes, "find_own_gpu", lambda: SIMULATOR)
    with collect_notes() as notes:
        note_device("cuda")
    assert notes == [{"engine": "cuda", "card": "simulator"}]


def test_blocks_at_one_time_in_one_worker_keep_their_notes_apart() -> None:
    seen: dict[str, list[dict[str, str]]] = {}
    met = threading.Barrier(2, timeout=10)

    def run(engine: str) -> None:
        with collect_notes() as notes:
            met.wait()
            note_device(engine)
            met.wait()
        seen[engine] = notes

    threads = [threading.Thread(target=run, args=(engine,)) for engine in ("numba", "numpy")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {"numba": [{"engine": "numba"}], "numpy": [{"engine": "numpy"}]}
