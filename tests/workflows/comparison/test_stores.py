"""Variables of two stores, compared block by block through their labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from citytide.hpc.errors import RunError
from citytide.workflows.comparison import stores
from citytide.workflows.comparison.stores import StorePair

Layout = dict[str, tuple[tuple[str, ...], Any, str]]


def write(path: Path, layout: Layout) -> Path:
    group = zarr.open_group(path, mode="w", zarr_format=3)
    for name, (dims, values, units) in layout.items():
        values = np.asarray(values)
        array = group.create_array(
            name, shape=values.shape, dtype=values.dtype, dimension_names=dims, attributes={"units": units}
        )
        array[...] = values
    return path


def cube(rng: np.random.Generator, times: Any, links: Any) -> Layout:
    flow = np.asarray(times)[:, None] * 1000.0 + np.asarray(links)
    return {
        "flow": (("time", "link"), flow, "veh h-1"), "time": (("time",), times, "s"), "link": (("link",), links, "1"),
    }  # fmt: skip


@pytest.mark.parametrize("elements", [1, 7, 1 << 21])
def test_rows_find_their_like_wherever_they_stand(
    tmp_path: Path, elements: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "BLOCK_ELEMENTS", elements)
    rng = np.random.default_rng(7)
    a = write(tmp_path / "a.zarr", cube(rng, [0, 60, 120], rng.permutation(20)))
    b = write(tmp_path / "b.zarr", cube(rng, [120, 60], rng.permutation(25)))
    pair = StorePair.open(a, b, {})
    (told,) = pair.compare(["flow"])
    assert (told.compared, told.differing, told.largest, told.mean) == (2 * 20, 0, 0.0, 0.0)
    assert pair.match("time").only_a == ("0",) and len(pair.match("link").only_b) == 5
    zarr.open_array(b / "flow", mode="r+")[1, :] += 2.0
    (told,) = StorePair.open(a, b, {}).compare(["flow"])
    assert (told.differing, told.largest, told.at["time"]) == (20, 2.0, "60")


def test_times_since_a_moment_match_as_moments(tmp_path: Path) -> None:
    layout: Layout = {"depth": (("time",), np.array([1.0, 2.0]), "m"), "time": (("time",), np.array([0, 1]), "")}
    a = write(tmp_path / "a.zarr", layout | {"time": (("time",), np.array([0, 1]), "hours since 2023-09-07 12:00")})
    b = write(tmp_path / "b.zarr", layout | {"time": (("time",), np.array([0, 60]), "minutes since 2023-09-07 13:00")})
    pair = StorePair.open(a, b, {})
    (told,) = pair.compare(["depth"])
    assert (told.compared, told.largest, told.at) == (1, -1.0, {"time": "2023-09-07T13:00:00"})


def test_what_cannot_be_compared_is_listed_by_name(tmp_path: Path) -> None:
    link = np.arange(3)
    common: Layout = {"link": (("link",), link, "1"), "kept": (("link",), link, "1"), "events": (("event",), link, "1")}
    a = write(tmp_path / "a.zarr", common | {
        "speed": (("link",), link, "m s-1"), "turned": (("link", "event"), np.ones((3, 3)), "1"),
        "lone": (("link",), link, "1"), "kind": (("link",), np.array(["a", "b", "c"], np.dtypes.StringDType()), ""),
    })  # fmt: skip
    b = write(tmp_path / "b.zarr", common | {
        "speed": (("link",), link, "km h-1"), "turned": (("event", "link"), np.ones((3, 3)), "1"),
        "other": (("link",), link, "1"), "kind": (("link",), link, ""),
    })  # fmt: skip
    pair = StorePair.open(a, b, {})
    assert [told.name for told in pair.compare(["speed", "turned", "kept", "lone", "kind", "events"])] == [
        "kept", "events",
    ]  # fmt: skip
    assert pair.refused == {
        "speed": "its units are 'm s-1' in A and 'km h-1' in B",
        "turned": "its dims are ('link', 'event') in A and ('event', 'link') in B",
        "lone": "it is not in B",
        "kind": "it holds StringDType() in A and int64 in B",
        "other": "it is not in A",
    }
    assert pair.match("event").sentences() == ["event: has no labels, so its 3 rows are compared in their order."]


def test_a_dim_in_other_units_keeps_its_variables_from_being_compared(tmp_path: Path) -> None:
    a = write(tmp_path / "a.zarr", {"x": (("time",), [1.0], "m"), "time": (("time",), [1], "s")})
    b = write(tmp_path / "b.zarr", {"x": (("time",), [1.0], "m"), "time": (("time",), [1], "min")})
    pair = StorePair.open(a, b, {})
    assert not pair.compare(["x"])
    assert pair.refused == {"x": "dim 'time' must have the same units in both runs, but A has s, B min"}


def test_a_dim_that_labels_nothing_cannot_be_picked(tmp_path: Path) -> None:
    a = write(tmp_path / "a.zarr", {"x": (("link",), [1.0], "m"), "link": (("link",), [1], "1")})
    with pytest.raises(RunError, match="--at must name a dim with labels in both runs, got 'year': choose one of link"):
        StorePair.open(a, a, {"year": ("1", "1")})
