"""What computed the blocks of a run, by what they noted in its ledger: engines, and the cards of GPUs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["name_devices"]


def name_devices(lines: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Name what computed each step, of the steps whose blocks noted it.

    Parameters
    ----------
    lines
        Lines of the ledger that stand for finished blocks.

    Examples
    --------
    >>> line = {"step": "inundation", "devices": {"cuda": "NVIDIA H200, driver 580.159"}}
    >>> name_devices([line, line, {"step": "motion", "devices": {"numba": ""}}])
    {'inundation': ['cuda on NVIDIA H200, driver 580.159'], 'motion': ['numba']}
    """
    found: dict[str, dict[str, None]] = {}
    for line in lines:
        noted = line.get("devices")
        for engine, card in noted.items() if isinstance(noted, Mapping) else ():
            found.setdefault(str(line.get("step")), {})[f"{engine} on {card}" if card else str(engine)] = None
    return {step: sorted(names) for step, names in found.items()}
