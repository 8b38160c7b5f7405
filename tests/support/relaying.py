"""A workflow that reads the store it left behind in another run, and goes wrong as it is told: y = factor * x."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from pydantic import Field

from citytide.hpc.errors import RunError
from citytide.hpc.plan.settings import Settings
from citytide.hpc.plan.steps import BlockStep
from citytide.hpc.run.runs import Run
from citytide.hpc.store.products import Product, Variable
from citytide.workflows.workflow import Prepared, Workflow


class RelaySettings(Settings):
    store: str | None = None
    stores: list[str] = Field(default_factory=list)
    factor: float = 2.0
    rows: int = 6
    sleep: float = 0.0
    die: str = ""  # path of a mark: the driver kills itself in `prepare` or `finish` until the mark is there


def scale(arrays: dict[str, Any], factor: float, sleep: float) -> dict[str, Any]:
    time.sleep(sleep)
    return {"y": arrays["x"] * factor}


def prepare(settings: RelaySettings) -> Prepared:
    _die(settings.die, "prepare")
    x = np.sqrt(np.arange(settings.rows, dtype=np.float64))
    for path in filter(None, [settings.store, *settings.stores]):
        try:
            x = x + np.asarray(zarr.open_array(Path(path) / "y", mode="r")[...])
        except (OSError, KeyError, ValueError) as error:
            raise RunError(f"store must hold y, got {path} ({type(error).__name__})") from None
    y = Variable("y", ("row",), "float64", "1", "factor times x", "blocks", (len(x),))
    step = BlockStep(
        name="scale", function="relaying:scale", dim="row", extent=len(x), inputs=("inputs.zarr",), product="scaled",
        memory_bytes=lambda block: 10**6, params={"factor": settings.factor, "sleep": settings.sleep},
    )  # fmt: skip
    return Prepared((step,), (Product("scaled", "Factor times x", (y,)),), {"x": (("row",), x)})


def finish(run: Run) -> Mapping[str, Any]:
    _die(run.record["settings"]["die"]["value"], "finish")
    return {"summary": [], "warnings": []}


def _die(mark: str, where: str) -> None:
    if mark.endswith(where) and not Path(mark).exists():
        Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)


WORKFLOW = Workflow("relaying:WORKFLOW", "Factor times x", RelaySettings, prepare, finish, modules=("relaying",))
