"""What a traffic assignment works on: network, demand and scenarios, opened, checked and laid out as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....datasets.catalogue.networks import open_instance
from ....datasets.errors import InputError
from ....datasets.traffic.instances import Instance
from ....datasets.traffic.scenario_table import ScenarioTable, base_scenario
from ....datasets.traffic.scenarios import read_scenarios
from ....datasets.traffic.unreachable_pairs import refuse_unreachable_pairs
from ...workflow import NamedArrays
from .settings import READER_OPTIONS, AssignmentSettings

__all__ = ["LARGEST_COST", "AssignmentInputs", "open_inputs"]

LARGEST_COST = 1e12  # largest cost of an empty link: beyond it, sums over links lose what flows add

_PAIR_DIMS = {"origin": "pair", "destination": "pair", "demand": "pair"}
_DIMS = _PAIR_DIMS | {name: "node" for name in ("node", "passable", "x", "y")}
_DIMS |= {"link_name": "letter", "link_name_offset": "link_bound"}


@dataclass(frozen=True)
class AssignmentInputs:
    """An instance and the scenarios it is solved under.

    Attributes
    ----------
    instance
        Network and demand.
    table
        Factors on capacity and speed, scenario by scenario.
    demand_factors
        Multiples [1] of the demand, crossed with the scenarios.
    files
        Every file that was read.
    notes
        Sentences for the report.
    """

    instance: Instance
    table: ScenarioTable
    demand_factors: tuple[float, ...]
    files: tuple[Path, ...]
    notes: tuple[str, ...]

    @property
    def n_scenarios(self) -> int:
        """Number of rows of every product: scenarios times demand factors."""
        return len(self.table) * len(self.demand_factors)

    @property
    def zones(self) -> NDArray[np.int32]:
        """Nodes where trips begin or end, ascending."""
        return np.unique(np.concatenate([self.instance.origin, self.instance.destination]))

    def lay_out(self) -> tuple[NamedArrays, dict[str, Any]]:
        """Return all arrays that steps and products read, each with its dims, and the instance's attributes.

        Rows are scenario-major, and their labels are ``NAME@FACTOR``.
        """
        plain, attrs = self.instance.to_arrays()
        rows = [(row, factor) for row in range(len(self.table)) for factor in self.demand_factors]
        labels = [f"{self.table.name[row]}@{factor}" for row, factor in rows]
        instance, node, zone = self.instance, self.instance.node_id, self.zones
        arrays: NamedArrays = {name: ((_DIMS.get(name, "link"),), values) for name, values in plain.items()}
        arrays |= {
            "scenario": (("scenario",), np.array(labels, dtype=np.dtypes.StringDType())),
            "scenario_row": (("scenario",), np.array([row for row, _ in rows], dtype=np.int64)),
            "demand_factor": (("scenario",), np.array([factor for _, factor in rows], dtype=np.float64)),
            "zone_node": (("zone",), zone.astype(np.int64)),
            "origin_zone": (("origin_zone",), node[zone]),
            "destination_zone": (("destination_zone",), node[zone]),
            "from_node": (("link",), node[instance.tail]),
            "to_node": (("link",), node[instance.head]),
            "from_x": (("link",), instance.x[instance.tail]),
            "from_y": (("link",), instance.y[instance.tail]),
            "to_x": (("link",), instance.x[instance.head]),
            "to_y": (("link",), instance.y[instance.head]),
        }
        for name, values in self.table.to_arrays().items():
            arrays[name] = (("row" if name == "change_offset" else "change",), values)
        return arrays, attrs


def open_inputs(settings: AssignmentSettings) -> AssignmentInputs:
    """Open network, demand and scenarios.

    Raises
    ------
    InputError
        If a file cannot be used, there are no trips, a pair has no path before any scenario, tolls have no weight, or
        a weight makes costs too large.
    """
    given = {name: getattr(settings, name) for name in READER_OPTIONS}
    instance = open_instance(settings.network, **{name: value for name, value in given.items() if value is not None})
    if not instance.n_pairs:
        raise InputError(
            f"network {instance.name} has no trips between different zones",
            file=instance.sources[0] if instance.sources else None,
            way_out="name another demand",
        )
    notes = _check_weights(instance, settings)
    refuse_unreachable_pairs(instance, *instance.network(settings.toll_weight, settings.distance_weight))
    table = read_scenarios(settings.scenarios, instance) if settings.scenarios else base_scenario(instance.n_links)
    files = (*instance.sources, *([Path(settings.scenarios)] if settings.scenarios else []))
    existing = tuple(path for path in files if path.exists())
    return AssignmentInputs(instance, table, tuple(settings.demand_factors), existing, (*instance.notes, *notes))


def _check_weights(instance: Instance, settings: AssignmentSettings) -> list[str]:
    """Refuse tolls without a weight and weights that are too large; return notes where a setting beats the source."""
    n_tolls = int((instance.toll > 0.0).sum())
    if n_tolls and settings.toll_weight is None and not instance.toll_weight:
        raise InputError(
            f"{n_tolls:,} links of network {instance.name} have a toll, and nothing says what a unit of it weighs",
            file=instance.sources[0] if instance.sources else None,
            way_out="set toll_weight to the time per unit of toll, or to 0 if tolls do not count",
        )
    notes = []
    for name, amounts in (("toll_weight", instance.toll), ("distance_weight", instance.length)):
        setting, stated = getattr(settings, name), getattr(instance, name)
        weight = stated if setting is None else setting
        largest = float(amounts.max(initial=0.0)) * weight
        if not largest <= LARGEST_COST:
            raise InputError(
                f"the cost of an empty link must be at most {LARGEST_COST:g}, got {largest:g} with {name}={weight:g}",
                way_out=f"set {name} to the time per unit",
            )
        if setting is not None and stated and setting != stated:
            notes.append(f"{name} is {setting:g} as set; the network states {stated:g}.")
    return notes
