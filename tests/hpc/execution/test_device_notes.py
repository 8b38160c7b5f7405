from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from citytide.hpc.execution import device_notes
from citytide.hpc.execution.device_notes import collect_devices, note_device


def test_block_notes_each_engine_once_with_its_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_notes, "name_own_gpu", lambda: "NVIDIA H200, driver 580")
    with collect_devices() as noted:
        for engine in ("numba", "cuda", "cuda"):
            note_device(engine)
        note_device("cupy", "another card")
    assert noted == {"numba": "", "cuda": "NVIDIA H200, driver 580", "cupy": "another card"}


def test_note_outside_a_block_or_in_another_thread_changes_nothing() -> None:
    note_device("cuda")
    with collect_devices() as noted, ThreadPoolExecutor(1) as other:
        other.submit(note_device, "numba").result()
    note_device("numba")
    assert noted == {}


def test_notes_of_a_rank_within_a_block_stay_apart_until_the_block_takes_them() -> None:
    with collect_devices() as block:
        with collect_devices() as rank:
            note_device("numba")
        assert rank == {"numba": ""} and block == {}
        note_device("cuda", "card A")
    assert block == {"cuda": "card A"}
