"""``citytide city``: build a city from files or whole cloth, and look at it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...hpc.commands.site import as_json, show_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ...datasets.city.city import City
    from ...hpc.run.references import Upstream

__all__ = ["city"]


@click.group(epilog="Example: citytide city build --synthetic --size 2km --out city.zarr")
def city() -> None:
    """One place for all domains: roads, ground, people and care that know each other."""


@city.command()
@click.option("--roads", metavar="FILE", help=".graphml, .osm.pbf, .osm, .gpkg, .shp, .geojson or .csv (WKT).")
@click.option("--terrain", metavar="FILE", help="GeoTIFF or ESRI ASCII grid of heights.")
@click.option("--areas", metavar="FILE", help="Polygons with codes, names and people.")
@click.option("--facilities", metavar="FILE", help="Hospitals, ambulance stations, shelters: points, or .osm.pbf.")
@click.option("--stations", metavar="FILE", help="Gauges, water-level points, checkpoints.")
@click.option("--readings", metavar="FILE", help="CSV of what the stations measured.")
@click.option("--demand", metavar="FILE", help="Rides, or trips between nodes: CSV, matrix or OMX.")
@click.option("--synthetic", is_flag=True, help="Make what is not given, and mark it so.")
@click.option("--size", metavar="2km|8km|shenzhen", help="Of a city that is made whole; 8km by default.")
@click.option("--seed", metavar="N", help="Of what is made; 1 by default. The same seed gives the same bytes.")
@click.option("--cell-m", metavar="M", help="Side of a cell of a made terrain; 10 m by default.")
@click.option("--crs", metavar="NAME", help="The city's plane, such as EPSG:4547; by default the terrain's or roads'.")
@click.option("--time-zone", metavar="ZONE", help="In which times are shown; Asia/Shanghai by default.")
@click.option("--declare", "declares", multiple=True, metavar="LAYER.KEY=VALUE",
              help="What a file does not say of itself, such as terrain.height_datum=CN85. Repeatable.")  # fmt: skip
@click.option("--name", metavar="TEXT", help="Name of the city; the store's name by default.")
@click.option(
    "--workers", metavar="N", help="Threads that generate the terrain; the bytes are the same for any number."
)
@click.option("--out", required=True, metavar="CITY", help="The store to write, such as city.zarr.")
@click.option("--overwrite", is_flag=True, help="Replace an older city.")
@as_json
def build(out: str, declares: tuple[str, ...], synthetic: bool, overwrite: bool, as_json: bool, **given: Any) -> None:
    """Build a city: read what is given, omit or generate what is missing, join all of it, write one store.

    \b
    Examples:
      citytide city build --synthetic --out city.zarr
      citytide city build --synthetic --size shenzhen --workers 2 --out shenzhen.zarr
      citytide city build --roads roads.graphml --synthetic --out futian.zarr
      citytide city build --roads roads.gpkg --terrain dem.tif --areas streets.geojson \\
          --declare terrain.height_datum=CN85 --declare areas.crs=GCJ-02 --out city.zarr

    What can be declared: roads.crs, roads.mode, roads.length_unit, roads.speed_unit, roads.oneway, roads.zone_nodes,
    roads.classes, roads.core_share, terrain.crs, terrain.height_datum, terrain.height_units, terrain.nodata,
    terrain.manning, terrain.manning_file, terrain.resample_m, areas.crs, areas.people, areas.gaps, facilities.crs,
    stations.crs, readings.quantity, readings.time_zone, readings.units, readings.interval_s, readings.height_datum,
    readings.missing, demand.datum, demand.total, demand.period, demand.mode, demand.matrix, demand.mapping.

    An option that takes a FILE takes run:RUN/PRODUCT too: a product of a run that is done.

    Exit codes: 0 written, 2 bad input; then nothing was written.
    """
    from ...hpc.errors import RunError
    from ...hpc.plan.settings import parse_set, resolve_settings, sourced
    from ...hpc.run.privacy import find_persons
    from ...hpc.run.references import resolve_references
    from .build import CityRequest, build_city
    from .store import refuse_existing, write_city, write_record

    place = Path(os.path.normpath(Path(out).expanduser()))
    refuse_existing(place, overwrite=overwrite)
    asked = {key: value for key, value in given.items() if value is not None}
    asked |= {
        "synthetic": synthetic,
        "declare": parse_set(declares),
        "name": given["name"] or place.name.removesuffix(".zarr"),
    }
    upstream: list[Upstream] = []

    def resolve(values: Mapping[str, Any]) -> Mapping[str, Any]:
        resolved, found = resolve_references(values)
        upstream.extend(found)
        return resolved

    layers = [sourced("the command line", asked)]
    request, _ = resolve_settings(CityRequest, layers, environment={}, resolve=resolve)
    for setting, path in find_persons(dict(request)).items():
        raise RunError(
            f"a city must hold nothing of single persons, because it is passed on, got {setting}={path}: name a "
            "product that is not at person level"
        )
    with _steps(quiet=as_json) as tell:
        built = build_city(request, tell)
        tell("writing the store")
        write_city(built, place, overwrite=overwrite)
        record = write_record(built, request, place, upstream=upstream)
    if as_json:
        show_json({"city": str(place), "record": str(record), **summarise(built)})
        return
    click.echo(f"{place}: {built!r}")
    click.echo(f"look at it: citytide city show {shlex.quote(str(place))}")


@contextmanager
def _steps(*, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Show the current step on stderr: one line that changes, or a line for each step without a terminal."""
    from rich.console import Console

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield (lambda step: None) if quiet else (lambda step: click.echo(f"citytide: {step}", err=True))
        return
    with console.status("starting") as status:
        yield lambda step: status.update(f"{step} ...")


@city.command()
@click.argument("path", metavar="CITY")
@click.option("--out", metavar="FILE", help="Where the map goes: .png, .svg or .pdf; beside the city by default.")
@click.option("--no-map", is_flag=True, help="Print the summary only; draw no map.")
@as_json
def show(path: str, out: str | None, no_map: bool, as_json: bool) -> None:
    """Tell what a city holds, and draw its map.

    \b
    Examples:
      citytide city show city.zarr
      citytide city show city.zarr --out map.pdf
      citytide city show city.zarr --no-map --json

    Exit codes: 0 shown, 2 not a city, or a damaged one.
    """
    from ...datasets.city.city import open_city

    opened = open_city(path)
    told = summarise(opened)
    if not no_map:
        from .map import draw_city_map

        target = Path(out).expanduser() if out else Path(path).with_name(Path(path).name.removesuffix(".zarr") + ".png")
        told["map"] = str(draw_city_map(opened, target))
    if as_json:
        show_json(told)
        return
    _print(opened, told)


def summarise(built: City) -> dict[str, Any]:
    """What a city holds, in numbers."""
    layers = {
        name: {"size": _size(layer), "synthetic": bool(getattr(layer, "is_synthetic", False))}
        for name, layer in built.layers.items()
    }
    weights = {
        name: {"rows": crosswalk.n_rows, "columns": crosswalk.n_columns, "entries": len(crosswalk.column)}
        for name, crosswalk in built.crosswalks.items()
    }
    return {
        "name": built.name,
        "crs": built.crs,
        "height_datum": built.height_datum,
        "time_zone": built.time_zone,
        "people": None if built.areas is None else int(built.areas.people.sum()),
        "layers": layers,
        "crosswalks": weights,
        "truths": list(built.truths),
        "notes": list(built.notes),
    }


def _size(layer: Any) -> dict[str, int]:
    """How many of what."""
    counts = {
        name.removeprefix("n_"): int(getattr(layer, name))
        for name in ("n_nodes", "n_links", "n_areas", "n_facilities", "n_stations")
        if hasattr(layer, name)
    }
    if hasattr(layer, "grid"):
        counts |= {"rows": layer.grid.n_y, "columns": layer.grid.n_x}
    for name, dim in (("time", "readings"), ("peak_mm_h", "cells"), ("demand_veh_h", "pairs")):
        if hasattr(layer, name):
            counts[dim] = len(getattr(layer, name))
    return counts


def _print(opened: City, told: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    head = [f"plane {opened.crs}", f"times shown in {opened.time_zone}"]
    if opened.height_datum:
        head.append(f"heights above {opened.height_datum}")
    click.echo(f"{opened.name}: {', '.join(head)}")
    table = Table(box=None, pad_edge=False)
    for heading in ("layer", "holds", "from"):
        table.add_column(heading)
    for name, entry in told["layers"].items():
        holds = ", ".join(f"{count:,} {dim}" for dim, count in entry["size"].items())
        if name == "areas":
            holds += f", {told['people']:,} people"
        table.add_row(name, holds, "made here" if entry["synthetic"] else "files")
    for name, entry in told["crosswalks"].items():
        table.add_row(name.replace("_", " to "), f"{entry['rows']:,} rows, {entry['entries']:,} weights", "")
    Console().print(table)
    for truth in told["truths"]:
        click.echo(f"known: {truth['kind']} {truth['name']} holds {truth['volume_m3']:,.1f} m3 below its sill")
    for note in told["notes"]:
        click.echo(f"note: {note}")
    if "map" in told:
        click.echo(f"map: {told['map']}")
