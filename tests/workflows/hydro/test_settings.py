"""Settings that are unknown or without effect are refused where they are given."""

from __future__ import annotations

from typing import Any

import pytest

from citytide.hpc.errors import RunError
from citytide.hpc.plan.settings import resolve_settings, sourced
from citytide.workflows.hydro.inundation.settings import InundationSettings
from citytide.workflows.hydro.rain_settings import RainSettings
from citytide.workflows.hydro.settings import FloodSettings
from citytide.workflows.hydro.warning.settings import FloodWarningSettings


def resolve(**settings: Any) -> FloodSettings:
    return resolve_settings(FloodSettings, [sourced("--set", settings)], environment={})[0]


def test_time_zone_is_one_that_exists() -> None:
    assert resolve(time_zone="Asia/Shanghai").time_zone == "Asia/Shanghai"
    with pytest.raises(RunError, match=r"time_zone.*: .*time zone 'Nowhere/Foo' is unknown; give a name such as"):
        resolve(time_zone="Nowhere/Foo")


@pytest.mark.parametrize("theta", [0.8, 0.7])
def test_theta_is_of_local_inertia(theta: float) -> None:
    assert resolve(theta=theta).theta == theta and resolve(scheme="shallow-water").theta == 0.8
    with pytest.raises(RunError, match=r"theta.* applies only to scheme=inertia, got shallow-water"):
        resolve(scheme="shallow-water", theta=theta)


def test_saturation_is_of_a_soil() -> None:
    assert resolve(soil="loam", soil_saturation=0.2).soil_saturation == 0.2
    with pytest.raises(RunError, match=r"soil_saturation applies only to a soil, but soil was not given"):
        resolve(soil_saturation=0.5)


def test_settings_of_frames_are_listed_where_they_are_given() -> None:
    assert RainSettings().list_frame_settings() == []
    given = RainSettings(rain_unseen_limit=0.5, rain_level=2.0).list_frame_settings()
    assert given == ["rain_level", "rain_unseen_limit"]


@pytest.mark.parametrize("depths", ["15", "0.15,30", "0"])
def test_depths_to_warn_of_are_those_that_points_may_have(depths: str) -> None:
    with pytest.raises(RunError, match="thresholds_m"):
        resolve_settings(FloodWarningSettings, [sourced("--set", {"thresholds_m": depths})], environment={})


def test_ranks_and_a_gpu_exclude_each_other() -> None:
    def choose(**settings: Any) -> Any:
        return resolve_settings(InundationSettings, [sourced("--set", settings)], environment={})[0]

    assert (choose().device, choose(ranks=2).ranks, choose(device="gpu").ranks) == ("auto", 2, 1)
    with pytest.raises(RunError, match=r"ranks must be 1 with device=gpu, got 2: a block has one GPU; omit ranks, or"):
        choose(device="gpu", ranks=2)
    with pytest.raises(RunError, match=r"device.*'auto', 'cpu' or 'gpu'"):
        choose(device="tpu")
