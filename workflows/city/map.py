"""The map of a city: its ground in relief, its water, streets by rank, and who stands where."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...datasets.hydro.layers import STATION_KINDS
from ...datasets.maps.layers import FACILITY_KINDS
from ...datasets.traffic.layers import ROAD_KINDS
from ...hpc.errors import RunError
from ..drawing.canvas import INK, choose_fonts, is_drawable
from ..drawing.relief import PAPER, WATER, find_water, shade_ground

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ...datasets.city.city import City

__all__ = ["FORMATS", "draw_city_map"]

FORMATS = (".png", ".svg", ".pdf")
WIDTH_IN, DPI, TEXT_PT = 10.0, 160, 8.0
HEAD_IN, FOOT_IN = 0.5, 0.75
MOST_NAMES, MOST_ICONS = 60, 40  # more areas have no names; more symbols are drawn smaller
# By rank, widest last: kinds of roads, width [pt] on a map of 2,000 links, colour.
_RANKS = (
    (("residential", "unclassified", "living_street", "service", "other", "track", "footway", "pedestrian", "cycleway",
      "path", "steps", "corridor", "busway"), 0.55, "#8f8a80", "streets"),
    (("secondary", "secondary_link", "tertiary", "tertiary_link"), 1.0, "#6f6a62", "collectors"),
    (("primary", "primary_link"), 1.7, "#d98e32", "main roads"),
    (("motorway", "trunk", "motorway_link", "trunk_link"), 2.4, "#b5482e", "expressways"),
)  # fmt: skip
_FACILITIES = {"hospital": ("P", "#c1121f"), "ambulance station": ("^", "#c1121f"), "clinic": ("o", "#e07a5f"),
               "shelter": ("s", "#386641"), "school": ("d", "#7b5ea7"), "fire station": ("v", "#9d4e15"),
               "police": ("D", "#274c77"), "other": (".", "#555555")}  # fmt: skip
_STATIONS = {"rain gauge": ("o", "#1d7fbf"), "water level": ("v", "#0b3c5d"), "checkpoint": ("|", "#444444"),
             "tide gauge": ("D", "#0b3c5d"), "other": (".", "#444444")}  # fmt: skip


def draw_city_map(city: City, path: Path) -> Path:
    """Draw a city.

    Parameters
    ----------
    city
        With any layers.
    path
        ``.png``, ``.svg`` or ``.pdf``; the same bytes for the same city and versions.

    Raises
    ------
    RunError
        If the format is another.
    """
    if path.suffix.lower() not in FORMATS:
        raise RunError(f"the map must be one of {', '.join(FORMATS)}, got {path}")
    from matplotlib import rc_context

    # what would tell the hour of drawing
    metadata: Any = {".png": {"Software": None}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    settings: Any = {"svg.hashsalt": "city", "svg.fonttype": "path", "font.family": list(choose_fonts())}
    path.parent.mkdir(parents=True, exist_ok=True)
    with rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*[Gg]lyph.*missing")
        figure = _make_figure(city)
        figure.savefig(path, format=path.suffix[1:].lower(), metadata=metadata[path.suffix.lower()])
    return path


def _make_figure(city: City) -> Figure:
    from matplotlib.figure import Figure

    west, south, east, north = _find_extent(city)
    wide, tall = east - west, north - south
    height_in = float(np.clip(WIDTH_IN * tall / wide, 3.0, 12.0))
    whole = height_in + HEAD_IN + FOOT_IN
    figure = Figure(figsize=(WIDTH_IN, whole), dpi=DPI, facecolor="white")
    axes = figure.add_axes((0.0, FOOT_IN / whole, 1.0, height_in / whole))
    axes.set(xlim=(west, east), ylim=(south, north), xticks=[], yticks=[], aspect="equal", facecolor=PAPER)
    for spine in axes.spines.values():
        spine.set_visible(False)
    if city.terrain is not None:
        picture, extent = shade_ground(city.terrain)
        axes.imshow(picture, origin="lower", extent=extent, interpolation="bilinear", zorder=0)
        axes.set(xlim=(west, east), ylim=(south, north))
    _draw_areas(axes, city)
    handles = [*_draw_roads(axes, city), *_draw_points(axes, city)]
    _draw_scale(axes, wide, tall)
    _write_around(figure, city, handles, whole)
    return figure


def _find_extent(city: City) -> tuple[float, float, float, float]:
    """West, south, east and north of the map: the roads with a margin, and all of a synthetic terrain."""
    x, y = city.roads.vertex_x, city.roads.vertex_y
    west, south, east, north = float(x.min()), float(y.min()), float(x.max()), float(y.max())
    margin = 0.03 * max(east - west, north - south, 1.0)
    box = (west - margin, south - margin, east + margin, north + margin)
    if city.terrain is None or not city.terrain.is_synthetic:
        return box
    grid = city.terrain.grid
    return min(grid.west, west), min(grid.south, south), max(grid.east, east), max(grid.north, north)


def _choose_line_width(city: City) -> float:
    """Width of streets relative to that in a small city: a large one has finer lines."""
    return float(np.clip((2000.0 / max(city.roads.n_links, 1)) ** 0.33, 0.22, 1.6))


def _draw_areas(axes: Axes, city: City) -> None:
    from matplotlib.collections import LineCollection
    from matplotlib.patheffects import withStroke

    areas = city.areas
    if areas is None:
        return
    fine = float(np.clip((MOST_NAMES / areas.n_areas) ** 0.5, 0.3, 1.0))
    cuts = areas.vertex_offset[1:-1]
    rings = np.split(np.column_stack([areas.vertex_x, areas.vertex_y]), cuts)
    axes.add_collection(
        LineCollection(
            rings, colors="#5b4b8a", linewidths=0.7 * fine, alpha=0.55 * fine, linestyles=(0, (4, 2)), zorder=4
        )
    )
    if areas.n_areas > MOST_NAMES:
        return
    from ...datasets.city.outlines import make_polygons

    for name, polygon in zip(areas.name, make_polygons(areas), strict=True):
        if name and is_drawable(name):
            middle = polygon.representative_point()
            axes.text(
                middle.x,
                middle.y,
                name,
                ha="center",
                va="center",
                fontsize=TEXT_PT - 1,
                color="#463a6b",
                zorder=7,
                parse_math=False,
                clip_on=True,
                path_effects=[withStroke(linewidth=2.2, foreground="#ffffffcc")],
            )


def _lines(city: City, chosen: NDArray[np.bool_]) -> list[NDArray[np.float64]]:
    roads = city.roads
    points = np.column_stack([roads.vertex_x, roads.vertex_y])
    return [points[roads.vertex_offset[k] : roads.vertex_offset[k + 1]] for k in np.flatnonzero(chosen)]


def _draw_roads(axes: Axes, city: City) -> list[Any]:
    from matplotlib.collections import LineCollection
    from matplotlib.lines import Line2D

    roads, fine = city.roads, _choose_line_width(city)
    handles: list[Any] = []
    # a street's two ways lie on one line: drawing the first is enough
    low, high = np.minimum(roads.tail, roads.head), np.maximum(roads.tail, roads.head)
    pair = low.astype(np.int64) * roads.n_nodes + high
    once = np.zeros(roads.n_links, bool)
    once[np.unique(pair, return_index=True)[1]] = True
    raster = roads.n_links > 20_000
    for rank, (kinds, width, colour, called) in enumerate(_RANKS):
        of_rank = np.isin(roads.kind, [ROAD_KINDS.index(kind) for kind in kinds])
        if not of_rank.any():
            continue
        ground = _lines(city, of_rank & once & (roads.level <= 0))
        if rank >= 2:
            axes.add_collection(
                LineCollection(
                    ground,
                    colors="white",
                    linewidths=width * fine + 0.9 * fine,
                    zorder=4.5 + rank / 10,
                    rasterized=raster,
                    capstyle="round",
                )
            )
        axes.add_collection(
            LineCollection(
                ground,
                colors=colour,
                linewidths=width * fine,
                zorder=5 + rank / 10,
                rasterized=raster,
                capstyle="round",
            )
        )
        spans = _lines(city, of_rank & once & (roads.level > 0))
        if spans:  # a bridge has parapets
            axes.add_collection(
                LineCollection(spans, colors=INK, linewidths=width * fine + 2.0 * fine, zorder=6, capstyle="butt")
            )
            axes.add_collection(
                LineCollection(spans, colors=colour, linewidths=width * fine, zorder=6.1, capstyle="butt")
            )
        handles.append(Line2D([], [], color=colour, linewidth=max(width, 0.8), label=called))
    under = _lines(city, once & (roads.level < 0))
    if under:
        axes.add_collection(
            LineCollection(under, colors="#0b3c5d", linewidths=2.2 * fine, linestyles=(0, (1.2, 0.8)), zorder=6.2)
        )
        handles.append(
            Line2D([], [], color="#0b3c5d", linewidth=2.2, linestyle=(0, (1.2, 0.8)), label="underpasses, tunnels")
        )
    if (roads.level > 0).any():
        handles.append(Line2D([], [], color=INK, linewidth=3.4, label="bridges"))
    return handles


def _draw_points(axes: Axes, city: City) -> list[Any]:
    handles: list[Any] = []
    layers = (
        (city.facilities, FACILITY_KINDS, _FACILITIES, 30.0),
        (city.stations, STATION_KINDS, _STATIONS, 18.0),
    )
    for layer, kinds, symbols, size in layers:
        if layer is None:
            continue
        for place, kind in enumerate(kinds):
            here = layer.kind == place
            if not here.any():
                continue
            marker, colour = symbols[kind]
            small = size * float(np.clip(MOST_ICONS / max(int(here.sum()), 1), 0.12, 1.0))
            edge: dict[str, Any] = {} if marker in "|." else {"edgecolors": "white", "linewidths": 0.6 * small / size}
            handles.append(
                axes.scatter(
                    layer.x[here],
                    layer.y[here],
                    s=small,
                    marker=marker,
                    c=colour,
                    zorder=8,
                    **edge,
                    label=f"{kind}s" if not kind.endswith("s") else kind,
                )
            )
    return handles


def _draw_scale(axes: Axes, wide: float, tall: float) -> None:
    from matplotlib.patheffects import withStroke

    power = 10.0 ** np.floor(np.log10(wide / 5.0))
    length = float(max(step * power for step in (1.0, 2.0, 5.0) if step * power <= wide / 5.0))
    west, south = axes.get_xlim()[0] + 0.03 * wide, axes.get_ylim()[0] + 0.03 * tall
    halo = [withStroke(linewidth=3, foreground="white")]
    axes.plot(
        [west, west + length],
        [south, south],
        color=INK,
        linewidth=2.2,
        solid_capstyle="butt",
        path_effects=halo,
        zorder=9,
    )
    text = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    axes.text(
        west + length / 2,
        south + 0.012 * tall,
        text,
        ha="center",
        va="bottom",
        color=INK,
        fontsize=TEXT_PT,
        zorder=9,
        path_effects=halo,
    )
    east, north = axes.get_xlim()[1] - 0.035 * wide, axes.get_ylim()[1] - 0.03 * tall
    axes.annotate(
        "",
        (east, north - 0.015 * tall),
        (east, north - 0.07 * tall),
        arrowprops={"arrowstyle": "-|>", "color": INK, "lw": 1.4},
        zorder=9,
    )
    axes.text(east, north, "N", ha="center", va="center", color=INK, fontsize=TEXT_PT + 1, path_effects=halo, zorder=9)


def _write_around(figure: Any, city: City, handles: list[Any], whole: float) -> None:
    from matplotlib.patches import Patch

    title = city.name if is_drawable(city.name) else city.roads.crs
    figure.text(0.02, 1 - 0.22 / whole, title, fontsize=TEXT_PT + 6, color=INK, va="center", parse_math=False)
    facts = [f"{city.roads.n_links:,} links"]
    if city.areas is not None:
        facts.append(f"{int(city.areas.people.sum()):,} people in {city.areas.n_areas:,} areas")
    if city.terrain is not None:
        datum = "" if city.terrain.is_synthetic else f", heights above {city.height_datum}"
        facts.append(f"ground at {city.terrain.grid.cell_m:g} m{datum}")
    figure.text(
        0.98,
        1 - 0.22 / whole,
        "  \N{MIDDLE DOT}  ".join([*facts, city.crs]),
        fontsize=TEXT_PT,
        color=INK,
        ha="right",
        va="center",
        parse_math=False,
    )
    if city.terrain is not None and find_water(city.terrain).any():
        handles = [Patch(facecolor=WATER, edgecolor="none", label="water"), *handles]
    columns = min(7, max(1, len(handles)))
    figure.legend(
        handles=handles,
        loc="upper center",
        bbox_to_anchor=(0.5, (FOOT_IN - 0.05) / whole),
        ncols=columns,
        frameon=False,
        fontsize=TEXT_PT,
        labelcolor=INK,
        handlelength=1.6,
        columnspacing=1.4,
    )
    made = [name for name, layer in city.layers.items() if getattr(layer, "is_synthetic", False)]
    if made:
        told = "All of this city is made up." if "roads" in made else f"Made up, not measured: {', '.join(made)}."
        figure.text(0.5, 0.12 / whole, told, fontsize=TEXT_PT, color="#8a1c1c", ha="center", va="center")
