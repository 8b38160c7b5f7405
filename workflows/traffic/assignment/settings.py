"""Settings of a traffic assignment."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator

from ....hpc.plan.settings import Settings, listed

__all__ = ["READER_OPTIONS", "AssignmentSettings"]

Factor = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class AssignmentSettings(Settings):
    """Settings of ``traffic-assignment``."""

    network: str | None = Field(
        default=None,
        description="catalogue name, TNTP or GMNS folder, .graphml, or .zarr of a city; the embedded city by default",
    )
    demand: str | None = Field(default=None, description="demand file of a .graphml, TNTP or GMNS network")
    trips: str | None = Field(default=None, description="the same, in the word of TNTP")
    demand_period: str | None = Field(default=None, description="which period of a demand table with several")
    demand_mode: str | None = Field(default=None, description="which mode of a demand table with several")
    demand_matrix: str | None = Field(default=None, description="which matrix of an OMX file with several")
    demand_mapping: str | None = Field(
        default=None, description="which numbering of zones of an OMX file; count for 1, 2, 3, ..."
    )
    length_unit: Literal["m", "km", "mile", "ft"] | None = Field(
        default=None, description="unit of lengths where the network does not state it"
    )
    speed_unit: Literal["km/h", "mph", "m/s"] | None = Field(
        default=None, description="unit of speeds where the network does not state it"
    )
    zone_nodes: Literal["block", "pass"] | None = Field(
        default=None, description="whether paths may pass through nodes of zones, where the network does not state it"
    )
    core_share: float | None = Field(
        default=None, ge=0, le=1, description="least share of car kilometres in the largest connected part (0.8)"
    )
    classes: str | None = Field(
        default=None, description="what unknown road classes mean, as WORD=primary,OTHER=drop; drop omits them"
    )
    crs: str | None = Field(default=None, description="CRS of the coordinates where the network does not state it")
    scenarios: str | None = Field(
        default=None, description="CSV or Zarr of capacity_factor, speed_factor by link; 0 closes"
    )
    demand_factors: Annotated[list[Factor], BeforeValidator(listed)] = Field(
        default=[1.0], min_length=1, description="multiples of the demand, crossed with the scenarios"
    )

    @field_validator("demand_factors")
    @classmethod
    def _each_once(cls, factors: list[float]) -> list[float]:
        if len(set(factors)) < len(factors):
            raise ValueError("list each factor only once")
        return factors

    gap: float = Field(default=1e-6, gt=0, lt=1, description="relative gap at which a scenario counts as solved")
    principle: Literal["user", "system"] = Field(
        default="user", description="everybody's best route, or the least total cost"
    )
    start: Literal["cold", "base"] = Field(default="cold", description="start every scenario cold, or from the base")
    toll_weight: Factor | None = Field(
        default=None, description="time per unit of toll; by default what the network or the catalogue states"
    )
    distance_weight: Factor | None = Field(default=None, description="time per unit of length, likewise")
    max_iterations: int = Field(default=2000, ge=1, description="sweeps over all origins before a scenario gives up")
    scenarios_per_block: int = Field(default=1, ge=1, description="scenarios in one task; leaves no trace in the store")
    od_time: bool = Field(default=False, description="also store the travel cost between all zones")


# Settings that belong to the reader of the network; one that means nothing to it is refused there.
READER_OPTIONS = (
    "demand", "trips", "demand_period", "demand_mode", "demand_matrix", "demand_mapping", "length_unit", "speed_unit",
    "zone_nodes", "core_share", "classes", "crs",
)  # fmt: skip
