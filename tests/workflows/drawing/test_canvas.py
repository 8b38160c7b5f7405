"""Sheets, fonts and colours of figures."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from citytide.workflows.drawing import canvas


def test_the_font_that_carries_chinese_is_there() -> None:
    assert canvas.is_drawable("福田区深南大道")  # the extra `fonts`, which the tests bring


def test_a_missing_glyph_is_an_error_and_not_a_box(tmp_path: Path) -> None:
    figure, (axes,) = canvas.make_sheet(100, [(0, 0, 100, 100)])
    axes.text(0, 0, "\uffff")
    with pytest.raises(UserWarning, match="missing"):
        canvas.write_figure(tmp_path, 1, "x", figure, title="", caption="", alt="")


def test_colours_of_the_load_scale_darken_step_by_step() -> None:
    shades = [sum(int(colour[at : at + 2], 16) * w for at, w in ((1, 0.3), (3, 0.6), (5, 0.1)))
              for colour in canvas.sample_scale("load", 8)]  # fmt: skip
    assert all(dark < pale - 8 for pale, dark in pairwise(shades))
