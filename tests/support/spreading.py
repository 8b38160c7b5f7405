"""A toy that a gang computes: a quantity spreads over cells by way of flows on their faces, as water does."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np

import citytide.hpc.gang.checkpoint as checkpoints
from citytide.hpc.gang.gang import Gang
from citytide.hpc.gang.halo import HaloExchange
from citytide.hpc.gang.layout import Box, Place, TileLayout

PLACES: dict[str, Place] = {"level": "cell", "flow_x": "x_face", "flow_y": "y_face"}
REACH = 2
RING = -1.0


def whole_start(params: dict[str, Any]) -> np.ndarray:
    rng = np.random.Generator(np.random.Philox(key=[params["seed"], 1]))
    return rng.random((params["members"], *params["shape"]), dtype=np.float32)


def _step(old: dict[str, np.ndarray], new: dict[str, np.ndarray], box: Box, corner: tuple[int, int]) -> None:
    """Flows keep half of themselves and of their neighbours' along the row: order of sums matters to the bits."""
    y0, y1, x0, x1 = box.y0 - corner[0], box.y1 - corner[0], box.x0 - corner[1], box.x1 - corner[1]
    level, half = old["level"], np.float32(0.5)
    qx, qy = old["flow_x"], old["flow_y"]
    fx = half * qx[:, y0:y1, x0 : x1 + 1] + np.float32(0.1) * (
        (level[:, y0:y1, x0 - 1 : x1] - level[:, y0:y1, x0 : x1 + 1])
        + (qx[:, y0:y1, x0 - 1 : x1] + qx[:, y0:y1, x0 + 1 : x1 + 2])
    )
    fy = half * qy[:, y0 : y1 + 1, x0:x1] + np.float32(0.1) * (
        (level[:, y0 - 1 : y1, x0:x1] - level[:, y0 : y1 + 1, x0:x1])
        + (qy[:, y0 - 1 : y1, x0:x1] + qy[:, y0 + 1 : y1 + 2, x0:x1])
        + half * level[:, y0 - 2 : y1 - 1, x0 - 1 : x1 - 1]  # a corner of the halo
    )
    new["flow_x"][:, y0:y1, x0 : x1 + 1] = fx
    new["flow_y"][:, y0 : y1 + 1, x0:x1] = fy
    new["level"][:, y0:y1, x0:x1] = level[:, y0:y1, x0:x1] + (
        (fx[:, :, :-1] - fx[:, :, 1:]) + (fy[:, :-1] - fy[:, 1:])
    ) * np.float32(0.2)


def spread(gang: Gang, params: dict[str, Any], folder: Path) -> None:
    """Step, write checkpoints, die if told to; rank 0 leaves the whole in ``whole.npz``."""
    layout = TileLayout(tuple(params["shape"]), gang.size, REACH)
    tile = layout.tiles[gang.rank]
    shape = params["members"], *params["shape"]
    zero = {
        "flow_x": np.zeros((*shape[:2], shape[2] + 1), "f4"),
        "flow_y": np.zeros((shape[0], shape[1] + 1, shape[2]), "f4"),
    }
    fields = {
        name: tile.cut(whole, RING, PLACES[name]) for name, whole in {"level": whole_start(params), **zero}.items()
    }
    kept = folder / "checkpoints"
    found = checkpoints.read_checkpoint(gang, layout, kept, fields, PLACES)
    first = found.step if found else 0
    highest = found.notes["highest"] if found else 0.0
    if found and gang.rank == 0:
        (folder / "resumed").write_text(str(first))
    halo = HaloExchange(gang, layout, PLACES)
    for step in range(first, params["steps"]):
        if gang.is_stopping():
            (folder / f"stopped-{gang.rank}").write_text(str(step))
            return
        time.sleep(params.get("pause_s", 0.0))
        new = {name: field.copy() for name, field in fields.items()}
        halo.start(fields)
        _step(fields, new, tile.inner(), tile.corner)
        halo.finish()
        for name, field in new.items():  # the halo came to the old fields
            box = tile.owned(PLACES[name])
            ring = fields[name].copy()
            ring[box.within(tile.corner)] = field[box.within(tile.corner)]
            new[name] = ring
        for part in tile.rim():
            _step(fields, new, part, tile.corner)
        fields = new
        highest = max(highest, float(gang.find_maximum(fields["level"][tile.owned().within(tile.corner)].max())))
        if (step + 1) % params["every"] == 0:
            if params.get("kill") == [step + 1, gang.rank]:
                _die_while_writing()
            notes = {"highest": highest}
            checkpoints.write_checkpoint(gang, layout, kept, step + 1, fields, PLACES, notes, chunk_cells=8)
    wholes = {name: gang.gather(layout, field, PLACES[name]) for name, field in fields.items()}
    if gang.rank == 0:
        np.savez(folder / "whole.npz", highest=np.float64(highest), **wholes)  # type: ignore[arg-type]


def _die_while_writing() -> None:
    """SIGKILL once this rank's first files of the checkpoint are on disk."""
    write_field = checkpoints._write_field

    def write_and_die(*args: Any) -> Any:
        write_field(*args)
        os.kill(os.getpid(), signal.SIGKILL)

    checkpoints._write_field = write_and_die


def fail_on(gang: Gang, params: dict[str, Any], folder: Path) -> None:
    if gang.rank == params["rank"]:
        raise ValueError("no such cell")
    gang.comm.Barrier()


def reduce_values(gang: Gang, params: dict[str, Any], folder: Path) -> None:
    """What the ranks find out together about values of which each holds some."""
    values = np.array([[float(v) for v in row] for row in params["rows"]])[gang.rank]
    top, low = gang.find_maximum(values), gang.find_minimum(values)
    total = gang.add_up(np.array([gang.rank + 1, 2**40]))
    np.savez(folder / f"found-{gang.rank}.npz", top=top, low=low, total=total)


def fill_halos(gang: Gang, params: dict[str, Any], folder: Path) -> None:
    """Fields known at their owners alone, then exchanged: every cell and face held must be the whole field's."""
    for shape, reach in params["domains"]:
        layout = TileLayout(tuple(shape), gang.size, reach)
        tile = layout.tiles[gang.rank]
        wholes, fields = {}, {}
        for number, (name, place) in enumerate(PLACES.items()):
            rows, columns = layout.whole(place)
            wholes[name] = np.arange(3 * rows * columns).reshape(3, rows, columns).astype(["f4", "f8", "i2"][number])
            fields[name] = np.full((3, *tile.shape(place)), -9, wholes[name].dtype)
            box = tile.owned(place)
            fields[name][box.within(tile.corner)] = wholes[name][box.within((0, 0))]
        halo = HaloExchange(gang, layout, PLACES)
        halo.start(fields)
        _expect(ValueError, "under way", lambda: halo.start(fields))  # noqa: B023
        halo.finish()
        _expect(ValueError, "no exchange", halo.finish)
        _expect(ValueError, "'level' must end in", lambda: halo.start({"level": np.zeros((3, 1, 1))}))  # noqa: B023
        for name, place in PLACES.items():
            np.testing.assert_array_equal(fields[name], tile.cut(wholes[name], -9, place))


def _expect(kind: type[Exception], words: str, call: Any) -> None:
    try:
        call()
    except kind as error:
        assert words in str(error), error
    else:
        raise AssertionError(f"no {kind.__name__}")
