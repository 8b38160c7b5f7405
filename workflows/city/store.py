"""``city.zarr`` on disk: written whole beside its place, synced, and renamed, or not there at all."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...datasets.city.city import SCHEMA_VERSION, City
from ...datasets.city.variables import VARIABLES, CityVariable, crosswalk_variables
from ...hpc.errors import RunError
from ...hpc.plan.settings import Settings
from ...hpc.run.records import describe_place, now, stamp_inputs, write_json
from ...hpc.run.references import Upstream, as_json
from ...hpc.store.products import Product, Variable
from ...hpc.store.stores import create_product, publish, sync_folder, write_block
from ..georeference import georeference

__all__ = ["refuse_existing", "write_city", "write_record"]

TILE_ROWS = 1024  # rows of a grid in one file: 25 MB of float32 at Shenzhen's width
_PRODUCT, _OLD = "city", "old"
_LONGEST_NAME = 240  # bytes: a file system's 255 less what the name of the stage adds


def write_city(city: City, path: Path, *, overwrite: bool = False) -> Path:
    """Write a city; equal cities leave equal bytes.

    Parameters
    ----------
    city
        What to write.
    path
        The folder, usually ``NAME.zarr``.
    overwrite
        Take the place of an older city there; of anything else never.

    Raises
    ------
    RunError
        If the place is taken.
    """
    arrays, attrs = city.to_arrays()
    declared = _declare(arrays)
    path.parent.mkdir(parents=True, exist_ok=True)
    stage = _name_stage(path)
    with _lock(path.parent):
        _restore_previous(path)
        _refuse(path, overwrite=overwrite)
        shutil.rmtree(stage, ignore_errors=True)  # left by a build that was killed
        stage.mkdir()
        try:
            _write(stage, city, declared, arrays, attrs)
            if path.exists():
                os.replace(path, stage / _OLD)
            os.replace(stage / f"{_PRODUCT}.zarr", path)
            sync_folder(path.parent)
        finally:
            _restore_previous(path)
            shutil.rmtree(stage, ignore_errors=True)
    return path


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Let one build at a time write into a folder; another waits."""
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def _name_stage(path: Path) -> Path:
    return path.with_name(f".{path.name}.partial")


def _restore_previous(path: Path) -> None:
    """Move the previous city back, if a build died after moving it aside."""
    stage = _name_stage(path)
    if (stage / _OLD).exists() and not path.exists():
        os.replace(stage / _OLD, path)


def refuse_existing(path: Path, *, overwrite: bool = False) -> None:
    """Refuse a place that exists already, before work starts.

    Raises
    ------
    RunError
        If ``path`` exists and may not be overwritten, or cannot be written.
    """
    if not path.name or path.name == "..":
        raise RunError(f"--out must name a store, got {path}: give a name, such as city.zarr")
    _refuse_unwritable(path)
    if _name_stage(path).exists():  # left by a build that was killed, or written by one that still runs: wait for it
        with _lock(path.parent):
            _restore_previous(path)
    _refuse(path, overwrite=overwrite)


def _refuse(path: Path, *, overwrite: bool) -> None:
    if not path.exists():
        return
    if not overwrite:
        raise RunError(f"{path} exists already: choose another --out, or give --overwrite")
    import zarr

    try:
        is_city = "city_schema" in zarr.open_group(path, mode="r").attrs
    except (OSError, ValueError, zarr.errors.GroupNotFoundError):
        is_city = False
    if not is_city:
        raise RunError(f"only a city may be overwritten, and {path} is none: choose another --out")


def _refuse_unwritable(path: Path) -> None:
    """Refuse a place where no folder can be made, before work starts."""
    above = next(folder for folder in path.absolute().parents if folder.exists())
    why = ""
    if path.is_symlink() and not path.exists():
        why = "is a broken link"
    elif not above.is_dir():
        why = f"lies under {above}, which is a file"
    elif not os.access(above, os.W_OK | os.X_OK):
        why = f"cannot be made: {above} is not writable"
    elif len(os.fsencode(path.name)) > _LONGEST_NAME:
        why = "has too long a name"
    if why:
        raise RunError(f"{path} {why}: choose another --out")


def _declare(arrays: Mapping[str, NDArray[Any]]) -> list[CityVariable]:
    axes = [
        CityVariable("terrain", "y", "y", ("y",), "float64", "m", "northing of the row's middle",
                     {"standard_name": "projection_y_coordinate"}),
        CityVariable("terrain", "x", "x", ("x",), "float64", "m", "easting of the column's middle",
                     {"standard_name": "projection_x_coordinate"}),
    ]  # fmt: skip
    names = [name.removesuffix("_offset") for name in arrays if name.endswith("_offset")]
    joined = [part for name in names if f"{name}_weight" in arrays for part in crosswalk_variables(name)]
    return [variable for variable in (*VARIABLES, *axes, *joined) if variable.name in arrays]


def _write(
    stage: Path, city: City, declared: list[CityVariable], arrays: Mapping[str, NDArray[Any]], attrs: Mapping[str, Any]
) -> None:
    is_grid = {variable.name: variable.dims == ("y", "x") for variable in declared}
    variables = (
        Variable(
            v.name, v.dims, v.dtype, v.units, v.long_name, "blocks" if is_grid[v.name] else "inputs",
            shape=arrays[v.name].shape, per_shard=TILE_ROWS, standard_name=v.more.get("standard_name"),
            more={key: value for key, value in v.more.items() if key != "standard_name"} | _describe(v.name, city),
        )
        for v in declared
    )  # fmt: skip
    attrs = {**attrs, "schema_version": SCHEMA_VERSION}
    product = Product(_PRODUCT, f"City {city.name}", georeference(variables, city.crs), attrs)
    create_product(stage, product, arrays)
    for name in (name for name, grid in is_grid.items() if grid):
        for start in range(0, len(arrays[name]), TILE_ROWS):
            stop = min(start + TILE_ROWS, len(arrays[name]))
            write_block(stage, _PRODUCT, start, stop, {name: np.ascontiguousarray(arrays[name][start:stop])})
    publish(stage, _PRODUCT)


def _describe(name: str, city: City) -> dict[str, Any]:
    """Attributes that this city gives a variable."""
    if name == "height":
        return {"height_datum": city.height_datum}
    if name == "reading_value" and city.readings is not None:
        return {"units": city.readings.units, "quantity": city.readings.quantity}
    return {}


def write_record(city: City, request: Settings, path: Path, *, upstream: Sequence[Upstream] = ()) -> Path:
    """Write ``NAME.build.json`` beside the store: what was asked, which files were read, with which versions, when."""
    files = {f"{number}-{file.name}": file for number, file in enumerate(dict.fromkeys(city.sources), start=1)}
    record = {
        "city": path.name,
        "built": now(),
        "request": request.model_dump(mode="json"),
        "inputs": stamp_inputs({name: file for name, file in files.items() if file.exists()}),
        "upstream": as_json(upstream),
        "notes": list(city.notes),
        "place": describe_place(),
    }
    beside = path.with_name(path.name.removesuffix(".zarr") + ".build.json")
    write_json(beside, record)
    return beside
