"""A run is a folder: what was asked, the plan, the ledger, the products, and what came of it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .claims import live_driver
from .errors import REFUSED, RunError
from .index import add_run, find_run
from .ledger import done_blocks, last_line, read_ledger
from .plans import Plan, read_plan
from .records import describe_place, now, read_json, write_json
from .stores import create_product, hash_file, write_arrays

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

__all__ = ["Run", "create_run", "open_run"]


class Run:
    """One run, opened by its folder.

    Examples
    --------
    A finished run's products are xarray data sets::

        run = citytide.open_run("runs/demo")
        run.open("assignment").flow.sel(scenario="base@1.0")
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.record: dict[str, Any] = read_json(path / "run.json")

    @property
    def id(self) -> str:
        return str(self.record["id"])

    @property
    def workflow(self) -> str:
        return str(self.record["workflow"])

    @property
    def plan(self) -> Plan:
        return read_plan(self.path)

    @property
    def result(self) -> dict[str, Any]:
        """What the run answered; empty until it ended."""
        path = self.path / "result.json"
        return read_json(path) if path.exists() else {}

    @property
    def products(self) -> dict[str, Path]:
        """Published products by name."""
        return {p.name: path for p in self.plan.products if (path := self.path / f"{p.name}.zarr").exists()}

    def open(self, product: str) -> xr.Dataset:
        """A published product as an xarray Dataset, read as it is needed."""
        import xarray

        if product not in self.products:
            known = ", ".join(self.products) or "none yet"
            raise RunError(f"run {self.path} has no product {product!r}; published: {known}")
        data: xr.Dataset = xarray.open_zarr(self.products[product].resolve(), consolidated=False, chunks=None)
        return data.set_coords(
            [name for name in data.variables if name in data.dims or data[name].attrs.get("coordinate")]
        )

    def status(self) -> dict[str, Any]:
        """State, blocks done of each step, and who drives: one JSON-able object."""
        lines = read_ledger(self.path / "ledger.jsonl")
        done = done_blocks(lines)
        steps = {
            step.name: {"done": sum(name == step.name for name, _ in done), "blocks": step.tasks}
            for step in self.plan.steps
        }
        failed = last_line(lines, "failed")
        state = self._state(lines, all(step["done"] == step["blocks"] for step in steps.values()))
        return {
            "run": str(self.path.resolve()),
            "id": self.id,
            "workflow": self.workflow,
            "state": state,
            "attempt": max((line.get("attempt", 0) for line in lines), default=0),
            "steps": steps,
            "driver": live_driver(self.path),
            "error": failed["error"] if failed and state == "failed" else None,
            "products": {name: str(path.resolve()) for name, path in self.products.items()},
        }

    def _state(self, lines: list[dict[str, Any]], complete: bool) -> str:
        if live_driver(self.path):
            return "running"
        end = last_line(lines, "end")
        newest = max((i for i, line in enumerate(lines) if line["kind"] in ("driver", "bad")), default=-1)
        if end and lines.index(end) > newest:
            return str(end["state"])
        return "damaged" if end and end["state"] == "done" and not complete else "interrupted" if lines else "created"

    def __repr__(self) -> str:
        status = self.status()
        steps = ", ".join(f"{name} {s['done']}/{s['blocks']}" for name, s in status["steps"].items())
        products = ", ".join(status["products"]) or "none yet"
        return (
            f"<Run {self.id} of {self.workflow}: {status['state']}; blocks: {steps}; products: {products}; {self.path}>"
        )

    def _repr_html_(self) -> str:
        from html import escape

        status = self.status()
        rows = {
            "state": status["state"],
            "blocks": ", ".join(f"{name} {s['done']}/{s['blocks']}" for name, s in status["steps"].items()),
            "products": ", ".join(status["products"]) or "none yet",
            "folder": str(self.path),
        }
        body = "".join(f"<tr><th>{escape(k)}</th><td>{escape(str(v))}</td></tr>" for k, v in rows.items())
        return f"<b>{escape(self.workflow)}</b> {escape(self.id)}<table>{body}</table>"


def open_run(path: str | Path) -> Run:
    """Open a run by its folder or its id."""
    return Run(find_run(str(path)))


def create_run(
    out: str | Path | None,
    plan: Plan,
    arrays: Mapping[str, tuple[tuple[str, ...], NDArray[Any]]],
    record: Mapping[str, Any],
) -> Run:
    """Lay out a run's folder: inputs, plan, empty products; ``run.json`` comes last and makes it a run.

    Raises
    ------
    RunError
        If the folder already holds a run, or anything else.
    """
    name = str(record["workflow"])
    short = re.sub(r"[^A-Za-z0-9_-]", "-", name.rpartition(":")[0].rpartition(".")[2] or name)  # a job's name holds it
    identity = f"{short}-{datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    path = Path(out) if out is not None else Path("runs") / identity
    _refuse_occupied(path)
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    marker = path / "preparing"
    marker.touch()
    write_arrays(path / "inputs.zarr", arrays)
    values = {name: array for name, (_, array) in arrays.items()}
    for product in plan.products:
        create_product(path, product, values)
    (path / "ledger.jsonl").touch(mode=0o600)
    write_json(path / "plan.json", plan.to_json())
    stored = {
        str(file.relative_to(path)): hash_file(file, sync=True)
        for file in [path / "plan.json", *sorted((path / "inputs.zarr").rglob("*"))]
        if file.is_file()
    }
    write_json(
        path / "run.json",
        {
            "schema": 1,
            "id": identity,
            "created": now(),
            **describe_place(),
            "stored_inputs": stored,
            **record,
        },
    )
    marker.unlink()
    add_run(identity, name, path)
    return Run(path)


def _refuse_occupied(path: Path) -> None:
    if (path / "run.json").exists():
        other = read_json(path / "run.json")
        raise RunError(
            f"output folder {path} holds run {other['id']}: go on with it by `citytide resume {path}`, "
            "or choose another --out",
            exit_code=REFUSED,
        )
    if path.exists() and not path.is_dir():
        raise RunError(f"output folder {path} is a file: choose another --out")
    if path.is_dir() and any(path.iterdir()) and not (path / "preparing").exists():
        raise RunError(f"output folder {path} is not empty and holds no run: choose another --out, or empty it")
