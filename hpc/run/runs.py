"""A run is a folder: what was asked, the plan, the ledger, the products, and what came of it."""

from __future__ import annotations

import fcntl
import re
import secrets
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import BUSY, REFUSED, PersonLevelError, RunError
from ..identity.changes import SOURCES_FILE, Identity
from ..plan.plans import Plan, list_plans, read_plan
from ..plan.steps import PlannedStep
from ..store.devices_used import name_devices
from ..store.ledger import done_blocks, last_line, read_ledger
from ..store.products import Table
from ..store.ragged import Ragged, describe_ragged
from ..store.sealed import unseal
from ..store.sealed_store import SealedStore
from ..store.stores import create_product, hash_file, locate, refuse_repeated_labels, write_arrays
from ..store.table_files import read_table
from ..store.tables import locate_table
from .driver_lock import live_driver
from .index import add_run, find_run, index_folder
from .privacy import close_to_others
from .records import describe_place, now, read_json, write_json
from .state import QueueAnswer, find_state

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Run", "create_run", "name_run", "open_run", "refuse_occupied", "refuse_older"]

RUN_SCHEMA = 2  # of what a run goes on from: the names in its inputs and products


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
        for further in list_plans(path)[1:]:
            _add_identity(self.record, read_json(further).get("identity") or {})
        self.is_checked = False  # that it is made of what it was laid out with; a moment ago, by this process

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
        """Published products by name: stores, then tables."""
        plan = self.plan
        files = {p.name: f"{p.name}.zarr" for p in plan.products} | {t.name: t.file_name for t in plan.tables}
        return {name: path for name, file in files.items() if (path := self.path / file).exists()}

    def open(self, product: str) -> Any:
        """A published store as an xarray Dataset, read as it is needed; a table as a pandas DataFrame, in memory.

        Units are in the attributes: of each variable of a store, and of a table in ``attrs["units"]`` by column.
        Of a product at person level it is a mapping from names to arrays that are sealed: they can be held, and not
        shown.
        """
        if product not in self.products:
            known = ", ".join(self.products) or "none yet"
            raise RunError(f"run {self.path} has no product {product!r}; published: {known}")
        path, declared = self.products[product].resolve(), self.plan.kept[product]
        if declared.person_level:
            return SealedStore(path, declared)
        if isinstance(declared, Table):
            return read_table(path, declared)
        import xarray

        # each array's own metadata, which stores of earlier versions have alone
        return xarray.open_zarr(path, consolidated=False, chunks=None, decode_coords="all")

    def read_persons(self, product: str, names: Iterable[str] = ()) -> dict[str, NDArray[Any]]:
        """Arrays of a store or table at person level that this run wrote, published or not; all if no names are given.

        It works only in the function that ``Prepared.then`` names, while that is called.

        Raises
        ------
        RunError
            If the run has no such product at person level, or the product no such array.
        PersonLevelError
            Anywhere else.
        """
        kept = {name: one for name, one in self.plan.kept.items() if one.person_level}
        if product not in kept:
            raise RunError(
                f"read_persons reads a product at person level of run {self.path}, got {product!r}; it has "
                f"{', '.join(kept) or 'none'}"
            )
        declared = kept[product]
        if isinstance(declared, Table):
            path = locate_table(self.path, declared.file_name)
        else:
            path = locate(self.path, product)
        store = SealedStore(path, declared)
        chosen = list(names) or list(store)
        if unknown := [name for name in chosen if name not in list(store)]:
            raise RunError(f"product {product!r} has no array {unknown[0]!r}; it has {', '.join(store)}")
        try:
            return unseal({name: store[name] for name in chosen})
        except PersonLevelError:
            raise PersonLevelError(
                "read_persons must be called by the function that `then` names, while the run is planned further, but "
                f"that does not run here, got product {product!r}: let a step compute what is needed"
            ) from None

    def release_notes(self, table: str) -> tuple[str, ...]:
        """What there is to say of the release of a table: how many cells are withheld, and why."""
        return tuple(map(str, self._find_release(table)["notes"]))

    def release_line(self, table: str) -> int:
        """The number of the release of a table in the audit log of its key."""
        return int(self._find_release(table)["line"])

    def _find_release(self, table: str) -> dict[str, Any]:
        steps = {step.table: step.name for step in self.plan.steps if step.kind == "release"}
        done = done_blocks(read_ledger(self.path / "ledger.jsonl"))
        if (steps.get(table, ""), 0) not in done:
            known = ", ".join(name for name, step in steps.items() if (step, 0) in done)
            raise RunError(f"run {self.path} has released no table {table!r}; released: {known or 'none'}")
        found: dict[str, Any] = done[steps[table], 0]["scalars"]
        return found

    def status(self, *, seen: QueueAnswer | None = None) -> dict[str, Any]:
        """State, blocks done of each step, and the process that drives it: one JSON-able object.

        Parameters
        ----------
        seen
            What the cluster answered just now; if omitted, the run's files alone decide.
        """
        lines = read_ledger(self.path / "ledger.jsonl")
        done = done_blocks(lines)
        steps = {
            step.name: {"done": sum(name == step.name for name, _ in done), "blocks": step.tasks}
            for step in self.plan.steps
        }
        failed = last_line(lines, "failed")
        complete = all(step["done"] == step["blocks"] for step in steps.values())
        state = find_state(self.path, self.id, lines, complete=complete, seen=seen)
        return {
            "run": str(self.path.resolve()),
            "id": self.id,
            "workflow": self.workflow,
            "state": state,
            "attempt": max((line.get("attempt", 0) for line in lines), default=0),
            "steps": steps,
            "devices": name_devices(done.values()),
            "driver": live_driver(self.path),
            "error": failed["error"] if failed and state == "failed" else None,
            "products": {name: str(path.resolve()) for name, path in self.products.items()},
            "upstream": self.record.get("upstream", []),
        }

    def list_unfinished(self, restarted: Collection[str] = ()) -> list[PlannedStep]:
        """Steps that blocks are left to compute of, or that are computed again."""
        steps = self.status()["steps"]
        return [
            step
            for step in self.plan.steps
            if step.name in restarted or steps[step.name]["done"] < steps[step.name]["blocks"]
        ]

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


def _add_identity(record: dict[str, Any], further: Mapping[str, Any]) -> None:
    """Add the code and sources of a plan that was made later; what the run noted before stands."""
    for key in ("modules", "steps"):
        own = record.get("code", {}).get(key)
        if own is not None:
            record["code"][key] = {**further.get("code", {}).get(key, {}), **own}
    if further.get("sources"):
        record["sources"] = {**further["sources"], **record.get("sources", {})}


def create_run(
    out: str | Path | None,
    plan: Plan,
    arrays: Mapping[str, tuple[tuple[str, ...], NDArray[Any]]],
    record: Mapping[str, Any],
    *,
    ragged: Iterable[Ragged] = (),
) -> Run:
    """Lay out a run's folder: inputs, plan, empty products; ``run.json`` comes last and makes it a run.

    Raises
    ------
    RunError
        If the folder already holds a run, or anything else; if another lays a run out there at this moment; if
        offsets of ``ragged`` arrays are wrong; or if a source cannot be read.
    """
    name = str(record["workflow"])
    identity = name_run(name)
    path = Path(out) if out is not None else Path("runs") / identity
    refuse_occupied(path)
    values = {name: array for name, (_, array) in arrays.items()}
    attributes = describe_ragged(arrays, ragged)
    for product in plan.products:
        refuse_repeated_labels(product, values)
    made_of = Identity.take(plan)
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.chmod(0o700)  # also a folder that was there, empty
    with _preparing(path):
        write_arrays(path / "inputs.zarr", arrays, attributes)
        for product in plan.products:
            create_product(path, product, values)
        close_to_others(path, plan)
        (path / "ledger.jsonl").touch(mode=0o600)
        write_json(path / "plan.json", plan.to_json())
        if made_of.files:
            write_json(path / SOURCES_FILE, made_of.files)
        stored = {
            str(file.relative_to(path)): hash_file(file, sync=True)
            for file in [path / "plan.json", *sorted((path / "inputs.zarr").rglob("*"))]
            if file.is_file()
        }
        write_json(
            path / "run.json",
            {
                "schema": RUN_SCHEMA,
                "id": identity,
                "created": now(),
                **describe_place(),
                "home": str(index_folder().parent.absolute()),
                "stored_inputs": stored,
                **record,
                **made_of.to_record(),
            },
        )
    add_run(identity, name, path)
    run = Run(path)
    run.is_checked = True
    return run


def name_run(workflow: str) -> str:
    """A new id; the names of its jobs begin with it, so it holds letters, digits, - and _ alone."""
    short = re.sub(r"[^A-Za-z0-9_-]", "-", workflow.rpartition(":")[0].rpartition(".")[2] or workflow)
    return f"{short}-{datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def refuse_older(run: Run) -> None:
    """Refuse to resume a run whose inputs have other names than those that blocks read now.

    Raises
    ------
    RunError
        If another version of citytide laid it out.
    """
    if (found := run.record.get("schema")) != RUN_SCHEMA:
        raise RunError(
            f"run {run.path} has layout {found}, but this citytide resumes layout {RUN_SCHEMA}: start a new run "
            "from the original files"
        )


@contextmanager
def _preparing(path: Path) -> Iterator[None]:
    """Of several that lay a run out in one folder at the same moment, one does.

    The marker is locked as long as its owner lives, and stays behind if that dies: then the folder may be used again.
    """
    marker = path / "preparing"
    with marker.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunError(
                f"output folder {path} is being filled by another run at this moment: choose another --out",
                exit_code=BUSY,
            ) from None
        try:
            refuse_occupied(path)  # once more: that other may have been quicker
        except RunError:
            marker.unlink(missing_ok=True)
            raise
        yield
        marker.unlink()


def refuse_occupied(path: Path) -> None:
    """End here if a folder holds a run, or anything else.

    Raises
    ------
    RunError
        Naming what it holds.
    """
    if (path / "run.json").exists():
        other = read_json(path / "run.json")
        raise RunError(
            f"output folder {path} holds run {other['id']}: go on with it by "
            f"`citytide resume {shlex.quote(str(path))}`, or choose another --out",
            exit_code=REFUSED,
        )
    if path.exists() and not path.is_dir():
        raise RunError(f"output folder {path} is a file: choose another --out")
    if path.is_dir() and any(path.iterdir()) and not (path / "preparing").exists():
        raise RunError(f"output folder {path} is not empty and holds no run: choose another --out, or empty it")
