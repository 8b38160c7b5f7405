"""A chain over two fields: a flood, how wet each of its members is, and the order of the members."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

NAMES = ("flood", "wet", "order")
LEFT = ("flood/flood.zarr", "flood/agreement.zarr", "wet/wet.parquet", "order/order.csv")


def write_flood_chain(path: Path, **changed: Any) -> Path:
    """The chain's file; ``changed`` are further keys of it."""
    flood = {"rain": "40", "rain_factors": [1.0, 2.0, 0.5, 1.5], "duration_minutes": 20}
    stages = [
        {"name": "flood", "workflow": "inundation", "set": flood},
        {"name": "wet", "workflow": "flooded:WETNESS", "set": {"flood": "run:flood/flood", "sleep": 0.5}},
        {"name": "order", "workflow": "flooded:RANKING", "set": {"table": "run:wet/wet", "sleep": 0.5}},
    ]
    path.write_text(yaml.safe_dump({"stages": stages, **changed}, sort_keys=False))
    return path


def read_left(chain: Path) -> dict[str, bytes]:
    """Every byte of the products of all stages."""
    found: dict[str, bytes] = {}
    for name in LEFT:
        path = chain / name
        assert path.exists(), path
        files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
        found |= {str(file.relative_to(chain)): file.read_bytes() for file in files}
    return found
