"""Scrub a run: hash every file again and compare it with what the ledger says was written, or the record was read."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import RunError
from ...identity.changes import find_changed_sources
from ...store.ledger import Ledger, done_blocks, read_ledger, written_blocks
from ...store.stores import hash_file, locate
from ...store.tables import locate_table
from ..driver_lock import hold_driver_lock
from ..finish_files import read_left
from ..runs import Run
from .further_plans import read_stored_inputs

__all__ = ["Damage", "expected_files", "find_damage", "verify_run"]


@dataclass(frozen=True)
class Damage:
    """A file whose bytes are not those that were written; its block, or the finish that left it, must run again.

    A changed source is told in the same way.
    """

    path: str
    problem: str
    step: str | None = None
    block: int | None = None
    product: str | None = None
    source: str | None = None

    @property
    def is_left(self) -> bool:
        """Whether the question's finish left it."""
        return self.step is None and self.product is None and self.source is None


def verify_run(run: Run) -> list[Damage]:
    """Find damaged files and write `bad` lines into the ledger, so that `resume` makes just those anew.

    Every call tells of all that is damaged; what the ledger says already is not said twice. Sources that have changed
    are told of and not noted: computing blocks again would not put them back.

    Raises
    ------
    RunError
        While a driver is at work on the run.
    """
    damage = find_damage(run)
    lines = read_ledger(run.path / "ledger.jsonl")
    done, noted = done_blocks(lines), _noted(lines)
    unsaid = [
        bad for bad in damage if ((bad.step, bad.block) in done if bad.step is not None else bad.path not in noted)
    ]
    if unsaid:
        with hold_driver_lock(run.path) as attempt, Ledger(run.path / "ledger.jsonl", attempt) as ledger:
            for bad in unsaid:
                where: dict[str, Any] = {"left": True} if bad.is_left else {"product": bad.product}
                if bad.step is not None:
                    where = {"step": bad.step, "block": bad.block}
                ledger.append("bad", **where, path=bad.path, problem=bad.problem, time=round(time.time(), 3))
    changed = find_changed_sources(run.path, run.record, run.plan)
    return damage + [Damage(change.name, change.words, source=change.name) for change in changed]


def _noted(lines: list[dict[str, Any]]) -> set[str]:
    """Files of no block that were found damaged since their product was last verified."""
    noted: set[str] = set()
    for line in lines:
        if line["kind"] in ("published", "cleared"):
            noted.clear()
        elif line["kind"] == "bad" and "step" not in line:
            noted.add(line["path"])
    return noted


def find_damage(run: Run, *, threads: int = 4) -> list[Damage]:
    """Compare every file the run wrote with its recorded hash; hashing releases the GIL, so threads help."""

    def check(expected: tuple[Path, str, Damage]) -> Damage | None:
        path, digest, damage = expected
        if not path.exists():
            return Damage(damage.path, "missing", damage.step, damage.block, damage.product)
        return None if hash_file(path) == digest else damage

    with ThreadPoolExecutor(threads) as pool:
        return [bad for bad in pool.map(check, _expected(run)) if bad is not None]


def _expected(run: Run) -> Iterator[tuple[Path, str, Damage]]:
    """Every file with its hash, and what it would mean if it differed."""
    changed = "its bytes are not those that were written"
    for name, digest in read_stored_inputs(run).items():
        yield run.path / name, digest, Damage(name, changed, product="inputs")
    lines = read_ledger(run.path / "ledger.jsonl")
    plan = run.plan
    known = {step.name for step in plan.steps}
    for (step, block), line in sorted(written_blocks(lines).items()):
        if step not in known:
            continue  # of a further plan that is missing, which is told above
        planned = plan.step(step)
        product = planned.product
        root = locate(run.path, product) if product else run.path
        for name, digest in line["shards"].items():
            path = locate_table(run.path, name) if planned.kind == "table" else root / name
            yield path, digest, Damage(str(path.relative_to(run.path)), changed, step, block, product)
    published: dict[str, dict[str, str]] = {}
    for line in lines:
        if line["kind"] == "published":
            published[line["product"]] = line["files"]
        elif line["kind"] == "restart":
            published = {name: files for name, files in published.items() if name not in line["products"]}
    for store in plan.products:
        for name, digest in published.get(store.name, {}).items():
            path = locate(run.path, store.name) / name
            yield path, digest, Damage(str(path.relative_to(run.path)), changed, product=store.name)
    for name, digest in read_left(lines).items():
        yield run.path / name, digest, Damage(name, changed)


def expected_files(run: Run) -> Iterator[tuple[Path, str, Damage]]:
    """Every file that the run wrote, with its hash as recorded, and what it would mean if it differed."""
    return _expected(run)


def refuse_damaged_inputs(run: Run) -> None:
    """A run can fix its products from its inputs, but not the inputs themselves."""
    bad = [name for name, digest in read_stored_inputs(run).items() if _differs(run.path / name, digest)]
    if bad:
        raise RunError(
            f"run {run.path}: {bad[0]} is damaged, and every block reads it: start a new run from the original "
            f"files ({', '.join(item['path'] for item in run.record['inputs']) or 'see run.json'})"
        )


def _differs(path: Path, digest: str) -> bool:
    return not path.exists() or hash_file(path) != digest


def as_json(damage: Damage) -> dict[str, Any]:
    return {key: value for key, value in vars(damage).items() if value is not None}
