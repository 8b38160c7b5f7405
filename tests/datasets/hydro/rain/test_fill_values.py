"""Numbers that stand for no value are declared or questioned, and rain is not."""

from __future__ import annotations

import numpy as np
import pytest

from citytide.datasets.errors import InputError
from citytide.datasets.hydro.rain.fill_values import mask_missing, mask_packed
from citytide.datasets.text.missing import read_missing

RAIN = np.random.default_rng(2).gamma(0.5, 4.0, (40, 50))


def marked(mark: float, n: int) -> np.ndarray:
    values = RAIN.copy()
    values.ravel()[:n] = mark
    return values


@pytest.mark.parametrize("mark", [999.0, 999.9, 9999.0, 65535.0, -9999.0, -1.0, -99.0, 9.969209968386869e36])
def test_marks_are_questioned_and_declared(mark: float) -> None:
    with pytest.raises(InputError, match=r"a\.nc: rain is .* in 7 of 2,000 cells, .*--set missing="):
        mask_missing(marked(mark, 7), None, what="rain", file="a.nc")
    found = mask_missing(marked(mark, 7), read_missing(f"---,{mark!r}"), what="rain")
    assert np.isnan(found).sum() == 7 and np.array_equal(found.ravel()[7:], RAIN.ravel()[7:])
    assert np.array_equal(mask_missing(marked(mark, 7), read_missing("none"), what="rain"), marked(mark, 7))


@pytest.mark.parametrize(
    ("mark", "n", "asks"), [(99.9, 50, True), (255.0, 50, True), (99.9, 3, False), (80.0, 50, False)]
)
def test_numbers_that_may_be_rain_are_questioned_where_many_hold_them(mark: float, n: int, asks: bool) -> None:
    if asks:
        with pytest.raises(InputError, match=f"rain is {mark:g} in {n} of 2,000 cells"):
            mask_missing(marked(mark, n), None, what="rain")
    else:
        assert mask_missing(marked(mark, n), None, what="rain").max() == mark


def test_highest_step_of_a_scale_is_rain() -> None:
    values = marked(99.9, 50)
    values[5] = np.linspace(50.0, 98.0, 50)
    assert np.array_equal(mask_missing(values, None, what="rain"), values)


def test_nothing_known_is_nothing_to_question() -> None:
    assert np.isnan(mask_missing(np.full((2, 2), np.nan), None, what="rain")).all()


@pytest.mark.parametrize(("scale", "mark"), [(0.01, 65535), (0.01, 32767), (0.5, 255)])
def test_codes_are_told_among_packed_numbers(scale: float, mark: int) -> None:
    packed = np.round(RAIN / scale) * scale
    held = marked(mark * scale, 20)
    values = np.where(held == mark * scale, held, packed)
    with pytest.raises(InputError, match=rf"rain, packed, is {mark} in 20 of 2,000 cells, .*--set missing={mark}"):
        mask_packed(values, None, scale, 0.0, what="rain")
    assert np.isnan(mask_packed(values, read_missing(str(mark)), scale, 0.0, what="rain")).sum() == 20
    assert np.array_equal(mask_packed(packed, None, scale, 0.0, what="rain"), packed)
