"""The sheet that figures are drawn on: one size, one ink, two colour scales, the same bytes every time.

Everything is drawn with Matplotlib's objects, never through pyplot: no window, no global figure list. Text becomes
outlines, so a figure needs no font where it is looked at; a name that no font at hand can draw is never drawn at all.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["FAINT", "INK", "SHEET_WIDTH_PT", "TEXT_PT", "choose_fonts", "is_drawable", "make_sheet", "sample_scale",
           "save_figure", "style_axes", "write_figure"]  # fmt: skip

SHEET_WIDTH_PT = 400.0  # narrow enough that its text can still be read on a phone
INK, FAINT = "#1d2a35", "#adb7bf"
TEXT_PT = 10.0
PICTURE_DPI = 220
# All safe for colour-blind readers.
_SCALES = {"load": ("magma_r", 0.12, 0.84), "change": ("PuOr_r", 0.04, 0.96), "water": ("YlGnBu", 0.3, 1.0)}
_LATIN = "DejaVu Sans"  # comes with Matplotlib
# Packages and installed families that carry Chinese characters, in the order they are tried.
_FONT_PACKAGES = {"pylopdf_fonts_zh_cn": "NotoSansSC-Regular.otf", "mplfonts": "fonts/NotoSansCJKsc-Regular.otf"}
_FAMILIES = ("Noto Sans SC", "Noto Sans CJK SC", "Source Han Sans SC", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei",
             "Microsoft YaHei", "PingFang SC", "SimHei")  # fmt: skip


def sample_scale(name: str, n_colours: int) -> list[str]:
    """``n_colours`` hex colours of a scale: ``"load"`` and ``"water"`` (pale to dark), ``"change"`` (less to more).

    Examples
    --------
    >>> sample_scale("load", 2)
    ['#fec68a', '#29115a']
    """
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    source, low, high = _SCALES[name]
    steps = [low + (high - low) * step / max(n_colours - 1, 1) for step in range(n_colours)]
    return [to_hex(colormaps[source](step)) for step in steps]


@lru_cache(maxsize=1)
def choose_fonts() -> tuple[str, ...]:
    """Font families to draw with: Latin first, then one with Chinese characters where the machine has one."""
    from matplotlib.font_manager import FontProperties, fontManager

    for package, file in _FONT_PACKAGES.items():
        spec = find_spec(package)
        path = Path(spec.origin).parent / file if spec and spec.origin else None
        if path is not None and path.is_file():
            fontManager.addfont(path)
            return _LATIN, FontProperties(fname=path).get_name()
    known = {font.name for font in fontManager.ttflist}
    return _LATIN, *[family for family in _FAMILIES if family in known][:1]


@lru_cache(maxsize=4)
def _characters(families: tuple[str, ...]) -> frozenset[int]:
    from matplotlib.font_manager import findfont, get_font

    return frozenset(code for family in families for code in get_font(findfont(family)).get_charmap())


def is_drawable(text: str) -> bool:
    """Whether every character of ``text`` has a glyph in the fonts of `choose_fonts`.

    Examples
    --------
    >>> is_drawable("Fuhua Rd"), is_drawable("\\uffff")
    (True, False)
    """
    return all(ord(character) in _characters(choose_fonts()) for character in text)


def make_sheet(height_pt: float, boxes: Sequence[tuple[float, float, float, float]]) -> tuple[Figure, list[Axes]]:
    """A transparent sheet with one set of axes per box ``(left, bottom, width, height)`` in points."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(SHEET_WIDTH_PT / 72, height_pt / 72))
    figure.patch.set_alpha(0.0)
    axes = []
    for left, bottom, width, height in boxes:
        box = (left / SHEET_WIDTH_PT, bottom / height_pt, width / SHEET_WIDTH_PT, height / height_pt)
        axes.append(figure.add_axes(box))
        axes[-1].patch.set_alpha(0.0)
    return figure, axes


def style_axes(axes: Axes) -> None:
    """Quiet axes: no frame but the floor, a faint horizontal grid, ink only for text."""
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(FAINT)
    axes.grid(axis="y", color=FAINT, linewidth=0.5, alpha=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(colors=INK, labelsize=TEXT_PT, length=0, pad=4, which="both")
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set(color=INK, fontsize=TEXT_PT)


def write_figure(
    run: Path, number: int, name: str, figure: Figure, *, title: str, caption: str, alt: str, names: Iterable[str] = ()
) -> Path:
    """Write ``figures/NN-name.svg`` and its sidecar ``figures/NN-name.json``.

    Parameters
    ----------
    run
        Run folder; its ``figures`` folder is made where it is missing.
    names
        Texts that stand beside the figure as a numbered list, because no font at hand can draw them.

    Returns
    -------
    Path
        The SVG: the same bytes for the same figure and versions (no date, ids from the content).
    """
    folder = run / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{number:02d}-{name}.svg"
    save_figure(figure, path, name=name, metadata={"Date": None, "Title": title})
    sidecar = {"section": "result", "title": title, "caption": caption, "alt": alt, "names": list(names)}
    path.with_suffix(".json").write_text(json.dumps(sidecar, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return path


def save_figure(figure: Figure, path: Path, *, name: str, metadata: dict[str, str | None]) -> None:
    """Write one file, as its suffix says: .svg, or .png on white; ``name`` seeds the ids within an SVG."""
    from matplotlib import rc_context

    settings: Any = {"svg.hashsalt": name, "svg.fonttype": "path"}
    paper: Any = {"facecolor": "white"} if path.suffix == ".png" else {}
    with rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*[Gg]lyph.*missing")
        figure.savefig(path, format=path.suffix[1:], dpi=PICTURE_DPI, metadata=metadata, **paper)
