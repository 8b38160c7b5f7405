from __future__ import annotations

from citytide.hpc.store.devices_used import name_devices


def test_devices_of_a_step_are_named_once_and_in_order() -> None:
    lines = [
        {"step": "flood", "devices": {"numba": ""}},
        {"step": "flood", "devices": {"cuda": "card B"}},
        {"step": "flood", "devices": {"cuda": "card A", "cupy": "card A"}},
        {"step": "older"},
    ]
    assert name_devices(lines) == {"flood": ["cuda on card A", "cuda on card B", "cupy on card A", "numba"]}
