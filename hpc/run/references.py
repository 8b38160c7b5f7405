"""References: the product of one run as the value of another run's setting, ``run:RUN/PRODUCT``.

RUN is a run's folder or id or, within a chain, the name of an earlier stage. What a run read so is its *upstream*: it
is stamped with the hashes that the other run's ledger holds, and refused where the bytes on disk are not those.
"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import BUSY, RunError
from ..store.stores import hash_file
from .index import find_run
from .resumption.verify import expected_files
from .runs import Run

__all__ = [
    "Upstream", "accept_changed_upstream", "as_json", "find_changed_upstream", "list_references", "read_upstream",
    "refuse_changed_upstream", "resolve_references", "split_reference",
]  # fmt: skip

PREFIX = "run:"
SUFFIXES = (".zarr", ".parquet", ".csv")
UNDER_WAY = ("pending", "running", "waiting")
THREADS = 4  # hashing releases the GIL


@dataclass(frozen=True)
class Upstream:
    """A product of another run that a setting names, and the hash of all its files as that run's ledger has them."""

    setting: str
    reference: str  # as it was written: ``run:RUN/PRODUCT``, or the path of the product
    run: str  # its id
    run_path: str
    product: str
    path: str
    sha256: str
    workflow: str
    version: str

    def describe(self) -> str:
        """The setting, the product and the run, in words."""
        return f"{self.setting}: {self.product} of run {self.run} ({self.workflow}), {self.path}"


def split_reference(setting: str, text: str) -> tuple[str, str]:
    """Run and product of ``run:RUN/PRODUCT``.

    Raises
    ------
    RunError
        If one of them is missing.

    Examples
    --------
    >>> split_reference("terrain", "run:runs/demo/flood"), split_reference("terrain", "run:demo-1f2e/flood.zarr")
    (('runs/demo', 'flood'), ('demo-1f2e', 'flood'))
    """
    run, _, product = text.removeprefix(PREFIX).strip().rpartition("/")
    for suffix in SUFFIXES:
        product = product.removesuffix(suffix)
    if not run or not product:
        raise RunError(f"a reference must be run:RUN/PRODUCT, such as run:runs/first/totals, got {setting}={text}")
    return run, product


def list_references(values: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Setting, run and product of every reference among settings.

    Examples
    --------
    >>> list(list_references({"rain": "run:storm/rain", "factor": 2.0, "maps": ["run:a/flood", "run:b/flood"]}))
    [('rain', 'storm', 'rain'), ('maps', 'a', 'flood'), ('maps', 'b', 'flood')]
    """
    for setting, value in values.items():
        if isinstance(value, Mapping):
            yield from ((setting, run, product) for _, run, product in list_references(value))
        elif isinstance(value, str) and not value.lstrip().startswith(PREFIX):
            continue
        elif isinstance(value, str | list | tuple):
            parts = value if not isinstance(value, str) else value.split(",") if _is_list(value) else [value]
            texts = [part.strip() for part in parts if isinstance(part, str)]
            yield from ((setting, *split_reference(setting, text)) for text in texts if text.startswith(PREFIX))


def _is_list(text: str) -> bool:
    """Whether a text is several references, as the command line writes a list."""
    return f",{PREFIX}" in text.replace(" ", "")


def resolve_references(
    values: Mapping[str, Any], *, stages: Mapping[str, Path] | None = None, awaited: Collection[str] = ()
) -> tuple[dict[str, Any], tuple[Upstream, ...]]:
    """Replace each reference, also in lists, by the absolute path of the product it names.

    Parameters
    ----------
    values
        Settings as they were given.
    stages
        Folders of the earlier stages of a chain, by name.
    awaited
        Those of them that have not run: what names one becomes the path where its store will stand.

    Returns
    -------
    (values, upstream)
        The path of a product in a done run's folder stays as it is, and counts as upstream too.

    Raises
    ------
    RunError
        If there is no such run or product, the run is not done, or the product is not what the run wrote.
    """
    folders, found = dict(stages or {}), dict[tuple[str, str], Upstream]()

    def resolve(setting: str, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [resolve(setting, item) for item in value]
        if isinstance(value, Mapping):
            return {key: resolve(setting, item) for key, item in value.items()}
        if not isinstance(value, str):
            return value
        if not value.lstrip().startswith(PREFIX):
            if plain := _find_plain(setting, value):
                found[setting, value] = plain
            return value
        if _is_list(value):
            return ",".join(resolve(setting, part.strip()) for part in value.split(","))
        name, product = split_reference(setting, value.strip())
        if name in awaited:
            return str(folders[name] / f"{product}.zarr")
        found[setting, value] = _open_upstream(setting, value.strip(), name, product, folders)
        return found[setting, value].path

    resolved = {key: resolve(key, value) for key, value in values.items()}
    return resolved, tuple(found.values())


def _find_plain(setting: str, text: str) -> Upstream | None:
    """What a path names, if it is an unchanged product in the folder of a run that is done."""
    try:
        path = Path(text).expanduser().resolve()
        if path.suffix not in SUFFIXES or not path.exists() or not (path.parent / "run.json").is_file():
            return None
        run = Run(path.parent)
        if path.stem not in _declared(run) or run.status()["state"] != "done":
            return None
        return _stamp(setting, text, run, path.stem, path)
    except (RunError, OSError, ValueError, KeyError):
        return None


def _open_upstream(setting: str, text: str, name: str, product: str, stages: Mapping[str, Path]) -> Upstream:
    try:
        run = Run(find_run(str(stages.get(name, name))).resolve())
    except RunError as error:
        earlier = f", or the name of an earlier stage ({', '.join(stages)})" if stages else ""
        raise RunError(f"{setting}={text} must name a run: {error}{earlier}") from None
    declared, state, at = _declared(run), run.status()["state"], shlex.quote(str(run.path))
    if product not in declared:
        raise RunError(
            f"{setting}={text} must name a product of run {run.id}, which has {', '.join(declared) or 'none'}, "
            f"got {product!r}"
        )
    if state != "done":
        way = f"wait for its end (citytide attach {at})" if state in UNDER_WAY else f"first run citytide resume {at}"
        raise RunError(
            f"{setting}={text} must name a run that is done, but run {run.id} is {state}: {way}",
            exit_code=BUSY if state in UNDER_WAY else 2,
        )
    path = next((p for suffix in SUFFIXES if (p := run.path / f"{product}{suffix}").exists()), None)
    if path is None:
        raise RunError(f"{setting}={text} must name a product that is there, but {run.path} holds no {product}")
    return _stamp(setting, text, run, product, path)


def _declared(run: Run) -> list[str]:
    return [product.name for product in run.plan.products] + [table.name for table in run.plan.tables]


def _stamp(setting: str, text: str, run: Run, product: str, path: Path) -> Upstream:
    """The product with the hash of what its ledger says was written, if the bytes on disk are those."""
    written = {file: digest for file, digest, _ in expected_files(run) if file == path or path in file.parents}
    at = shlex.quote(str(run.path))
    if problem := _find_difference(path, written):
        raise RunError(
            f"{setting}={text} must be as run {run.id} wrote it, but {problem}: repair it by citytide data verify {at} "
            f"and citytide resume {at}"
        )
    return Upstream(
        setting, text, run.id, str(run.path), product, str(path), _digest(path, written), run.workflow,
        str(run.record.get("version", "")),
    )  # fmt: skip


def _find_difference(path: Path, written: Mapping[Path, str]) -> str:
    """The first thing on disk that is not as the ledger has it; empty if all is."""
    if not written:
        return f"the ledger holds no hash of {path}"
    on_disk = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    if added := sorted(set(on_disk) - set(written)):
        return f"{added[0]} was added later"
    if missing := sorted(set(written) - set(on_disk)):
        return f"{missing[0]} is missing"
    with ThreadPoolExecutor(THREADS) as pool:
        for file, digest in zip(on_disk, pool.map(hash_file, on_disk), strict=True):
            if digest != written[file]:
                return f"the bytes of {file} are other ones"
    return ""


def _digest(path: Path, written: Mapping[Path, str]) -> str:
    """One hash of all files: of a single file its own, of a store that of the list `sha256sum` prints."""
    if path in written:
        return written[path]
    listed = {file.relative_to(path).as_posix(): digest for file, digest in written.items()}
    text = "".join(f"{listed[name]}  {name}\n" for name in sorted(listed))
    return hashlib.sha256(text.encode()).hexdigest()


def read_upstream(record: Mapping[str, Any]) -> tuple[Upstream, ...]:
    """What a run record says of the products of other runs that it read; older records name none."""
    return tuple(Upstream(**entry) for entry in record.get("upstream", ()))


def as_json(upstream: Iterable[Upstream]) -> list[dict[str, Any]]:
    """As a run record holds it."""
    return [asdict(one) for one in upstream]


def find_changed_upstream(run: Run) -> list[str]:
    """One sentence for each product of another run that is no longer what this run read."""
    return [sentence for one in read_upstream(run.record) if (sentence := _tell_change(one, _hash_now(one)))]


def _hash_now(one: Upstream) -> str:
    """Of a product of another run, as it lies there now; empty if it is gone."""
    from .records import stamp_inputs

    path = Path(one.path)
    return str(stamp_inputs({one.product: path})[0]["sha256"]) if path.exists() else ""


def _tell_change(one: Upstream, digest: str) -> str:
    named = f"{one.product} of run {one.run}, which setting {one.setting!r} names,"
    if not digest:
        return f"{named} is gone from {one.path}"
    return "" if digest == one.sha256 else f"{named} has changed since ({one.path})"


def accept_changed_upstream(run: Run) -> None:
    """Write into the run's record that it goes on although what it read of another run has changed."""
    from .records import now, write_json

    accepted = []
    for one, told in zip(read_upstream(run.record), run.record.get("upstream") or (), strict=True):
        digest = _hash_now(one)
        if words := _tell_change(one, digest):
            accepted.append(
                {
                    "time": now(), "what": "upstream", "name": one.setting, "before": one.sha256, "after": digest,
                    "steps": [], "words": words, "blocks": {},
                }
            )  # fmt: skip
            told["sha256"] = digest
    if accepted:
        run.record["accepted"] = [*run.record.get("accepted", ()), *accepted]
        write_json(run.path / "run.json", run.record)


def refuse_changed_upstream(run: Run) -> None:
    """Refuse to go on with a run if what it read of another run is no longer the same.

    Raises
    ------
    RunError
        Naming the product, its run and the setting.
    """
    if changed := find_changed_upstream(run):
        raise RunError(
            f"run {run.path} must go on from the products it began with, but {'; '.join(changed)}: put it back as it "
            "was, start a new run, or go on with --accept-changes, which is recorded"
        )
