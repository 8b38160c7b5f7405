"""Scenarios kept as a Zarr group: a factor per scenario and link."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from .instances import Instance
from .scenario_table import BASE, FACTORS, LARGEST_FACTOR, SMALLEST_SPEED, ScenarioTable

__all__ = ["read_scenario_store"]


def read_scenario_store(path: Path, instance: Instance) -> ScenarioTable:
    """Read a Zarr group of ``capacity_factor, speed_factor (scenario, link)``; see
    :func:`~citytide.datasets.traffic.scenarios.read_scenarios`.

    Names come from ``scenario`` in the group, else they are ``scenario-1, scenario-2, ...``; ``link`` or
    ``link_id`` in the group must be the network's. Rows are read a chunk at a time: the table may be larger than
    memory.

    Raises
    ------
    InputError
        If this is no such group, shapes or links do not fit the network, or a factor is negative, above 5 or not
        finite.
    """
    arrays = _open_arrays(path)
    factors = {factor: arrays[factor] for factor in FACTORS if factor in arrays}
    if not factors:
        raise _refuse(path, "the group holds neither capacity_factor nor speed_factor", "give one (scenario, link)")
    shapes = sorted({tuple(array.shape) for array in factors.values()})
    if len(shapes) > 1 or len(shapes[0]) != 2 or shapes[0][1] != instance.n_links:
        raise _refuse(
            path,
            f"the factors have shape {' and '.join(map(str, shapes))}",
            f"it should be (scenario, {instance.n_links}), one column per link of {instance.name}",
        )
    for name in ("link", "link_id"):
        if name in arrays and not np.array_equal(np.asarray(arrays[name][...]), instance.link_id):
            raise _refuse(path, f"{name} is not that of network {instance.name}", "write the factors in its link order")
    n_scenarios = shapes[0][0]
    names = _read_names(path, arrays, n_scenarios)
    number = np.cumsum([name != BASE for name in names])
    slab = max(1, *(int(array.chunks[0]) for array in factors.values()))
    parts: list[tuple[Any, ...]] = []
    for low in range(0, n_scenarios, slab):
        rows = slice(low, min(low + slab, n_scenarios))
        both = [
            np.asarray(factors[factor][rows], dtype=np.float64)
            if factor in factors
            else np.ones((rows.stop - rows.start, instance.n_links))
            for factor in FACTORS
        ]
        for factor, values in zip(FACTORS, both, strict=True):
            least = SMALLEST_SPEED if factor == "speed_factor" else 0.0
            bad = ~((values == 0.0) | ((values >= least) & (values <= LARGEST_FACTOR)))
            if bad.any():
                row, at = (int(k) for k in np.argwhere(bad)[0])
                raise _refuse(
                    path,
                    f"{factor} of link {instance.link_id[at]} in scenario {names[low + row]!r} is {values[row, at]:g}",
                    f"give a share of 1, such as 0.7 for 70 %, from {least:g} to {LARGEST_FACTOR:g}; 0 closes the link",
                )
        row_of, link_of = np.nonzero((both[0] != 1.0) | (both[1] != 1.0))
        for row in np.unique(row_of).tolist():
            if names[low + row] == BASE:
                raise _refuse(
                    path, "scenario 'base' changes links", "base is the network as it is: choose another name"
                )
        parts.append((number[low + row_of], link_of, both[0][row_of, link_of], both[1][row_of, link_of]))
    changes = (np.concatenate([part[column] for part in parts]) for column in range(4))
    return ScenarioTable.from_changes((BASE, *(name for name in names if name != BASE)), instance.n_links, *changes)


def _refuse(path: Path, problem: str, way_out: str) -> InputError:
    return InputError(problem, file=path, way_out=way_out)


def _open_arrays(path: Path) -> dict[str, Any]:
    import zarr

    try:
        return dict(zarr.open_group(path, mode="r").arrays())
    except Exception as error:  # zarr has a class of its own for each kind of absence
        reason = f"this is no Zarr group ({type(error).__name__})"
        raise _refuse(path, reason, "name a CSV file or a Zarr group") from None


def _read_names(path: Path, arrays: dict[str, Any], n_scenarios: int) -> list[str]:
    if not n_scenarios:
        raise _refuse(path, "the group holds no scenario", "give at least one row")
    if "scenario" not in arrays:
        return [f"scenario-{k + 1}" for k in range(n_scenarios)]
    found = np.asarray(arrays["scenario"][...]).tolist()
    names = [name.decode() if isinstance(name, bytes) else str(name) for name in found]
    if len(names) != n_scenarios:
        raise _refuse(path, f"'scenario' names {len(names)} of {n_scenarios} scenarios", "give each row a name")
    for name in names:
        if not name or "@" in name or names.count(name) > 1:
            raise _refuse(
                path, f"{name!r} in 'scenario' is empty, repeated, or has an '@'", "give each row its own name"
            )
    return names
