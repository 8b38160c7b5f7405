"""Chains of runs: one file with ``stages``, whose runs begin one after another, here or each in its own Slurm job."""

from __future__ import annotations

import contextlib
import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..hpc.cluster import make_backend
from ..hpc.control.chains import CHAIN, Chain, open_chain
from ..hpc.errors import RunError
from ..hpc.execution.backends import Backend
from ..hpc.identity.changes import find_version
from ..hpc.plan.profiles import Profile, load_profile
from ..hpc.plan.settings import (
    PREFIX,
    ChainFile,
    Sourced,
    read_chain_file,
    resolve_settings,
    sourced,
)
from ..hpc.run.index import add_run
from ..hpc.run.progress import say
from ..hpc.run.records import describe_place, now, write_json
from ..hpc.run.references import find_changed_upstream, list_references, resolve_references
from ..hpc.run.runs import Run, name_run, open_run, refuse_occupied
from ..hpc.run.state import find_driver_job
from . import runner
from .drafts import Draft, Stage, draft_workflow
from .workflow import load_workflow

__all__ = ["ChainDraft", "begin_next", "draft_chain", "resume_chain", "run_chain", "submit_chain"]


@dataclass(frozen=True)
class ChainDraft:
    """A chain whose stages are all checked as far as that goes before they run, and whose first one is planned."""

    path: Path
    record: dict[str, Any]
    first: Draft


def draft_chain(
    what: str | Path,
    *,
    set: Mapping[str, Any] | None = None,
    profile: str | None = None,
    out: str | Path | None = None,
    warm_up: bool = False,
) -> ChainDraft:
    """Check every stage of a chain file, and plan the first; nothing is written.

    Parameters
    ----------
    what
        A file with ``stages``.
    set
        Settings by ``STAGE.KEY``, which override those of the file.
    profile
        For all stages, over those of the file.
    out
        The chain's folder; ``runs/<file>-<id>`` by default.

    Raises
    ------
    RunError, InputError
        If a workflow, a setting, a profile or a reference of any stage is refused, or the first stage cannot be
        planned.
    """
    file = read_chain_file(Path(what))
    overrides = _split_overrides(file, set or {})
    identity = name_run(Path(what).stem)
    path = Path(out or file.out or Path("runs") / identity).absolute()
    stages = [
        {
            **entry.model_dump(exclude={"profile"}),
            "overrides": overrides[entry.name],
            "profile": load_profile(profile or entry.profile or file.profile or "local").model_dump(mode="json"),
        }
        for entry in file.stages
    ]
    environment = {name: value for name, value in os.environ.items() if name.startswith(PREFIX) and name != PREFIX}
    command = ["citytide", "run", str(what)]
    for key, value in (set or {}).items():
        command += ["--set", f"{key}={value}"]
    command += [*(["--profile", profile] if profile else []), *(["--out", str(out)] if out is not None else [])]
    record = {
        "schema": 1, "id": identity, "created": now(), "version": find_version(), "file": str(what),
        "command": command, "directory": str(Path.cwd()), "environment": environment,
        "home": os.environ.get("CITYTIDE_HOME"), **describe_place(),
        "stages": stages,
    }  # fmt: skip
    _refuse_unknown_environment(record)
    first = _draft_stage(path, record, 0, warm_up=warm_up)
    for place in range(1, len(stages)):
        _check_stage(path, record, place, first)
    return ChainDraft(path, record, first)


def _split_overrides(file: ChainFile, values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    split: dict[str, dict[str, Any]] = {entry.name: {} for entry in file.stages}
    for key, value in values.items():
        stage, dot, setting = key.partition(".")
        if not dot or stage not in split:
            raise RunError(
                f"--set of a chain must be STAGE.KEY=VALUE with a stage among {', '.join(split)}, got {key}={value}"
            )
        split[stage][setting] = value
    return split


def _refuse_unknown_environment(record: Mapping[str, Any]) -> None:
    """A variable sets the key of every stage that has it; one that no stage has is an error, as in a run."""
    known = {key for stage in record["stages"] for key in load_workflow(stage["workflow"]).settings.model_fields}
    for name in record["environment"]:
        if name.removeprefix(PREFIX).lower() not in known:
            raise RunError(f"{name} must name a setting of a stage, but no stage has it: unset or correct it")


def _list_layers(record: Mapping[str, Any], place: int) -> tuple[list[Sourced], dict[str, str]]:
    """Settings of a stage by layer, and its part of the environment."""
    stage = record["stages"][place]
    fields, site = load_workflow(stage["workflow"]).settings.model_fields, Profile.model_validate(stage["profile"])
    shared = {key: value for key, value in site.settings.items() if key in fields}
    layers = [
        sourced(f"profile {site.name}", shared),
        sourced(f"file {record['file']}", stage["set"]),
        sourced("--set", stage["overrides"]),
    ]
    told = record["environment"]
    return layers, {name: told[name] for name in told if name.removeprefix(PREFIX).lower() in fields}


def _draft_stage(path: Path, record: Mapping[str, Any], place: int, *, warm_up: bool = False) -> Draft:
    """Open the inputs of a stage and plan it, from the folder in which the chain was begun."""
    stage, (layers, environment) = record["stages"][place], _list_layers(record, place)
    earlier = {before["name"]: path / before["name"] for before in record["stages"][:place]}
    try:
        with contextlib.chdir(record["directory"]):
            return draft_workflow(
                stage["workflow"], layers, Profile.model_validate(stage["profile"]), out=str(path / stage["name"]),
                command=tuple(record["command"]), warm_up=warm_up, environment=environment,
                stage=Stage(path, stage["name"], earlier),
            )  # fmt: skip
    except FileNotFoundError as error:
        if error.filename != record["directory"]:
            raise
        raise RunError(
            f"a chain goes on from the folder it was begun in, since paths of settings are relative to it, but "
            f"{record['directory']} is gone: make it again, with the files that the chain names"
        ) from None


def _check_stage(path: Path, record: Mapping[str, Any], place: int, first: Draft) -> None:
    """Check the settings of a stage whose upstream has not run yet."""
    names = [stage["name"] for stage in record["stages"]]
    earlier = {name: path / name for name in names[:place]}
    made = [product.name for product in first.plan.products] + [table.name for table in first.plan.tables]

    def resolve(values: Mapping[str, Any]) -> Mapping[str, Any]:
        for setting, run, product in list_references(values):
            said = f"stage {names[place]!r}: {setting}=run:{run}/{product}"
            if run in names[place:]:
                raise RunError(
                    f"{said} must name a stage before it, and those are {', '.join(earlier)}: change the order of "
                    "the stages, or the reference"
                )
            if run == names[0] and product not in made and not first.prepared.then:
                raise RunError(f"{said} must name a product of stage {run!r}, which has {', '.join(made) or 'none'}")
        return resolve_references(values, stages=earlier, awaited=earlier)[0]

    layers, environment = _list_layers(record, place)
    stage = record["stages"][place]
    try:
        settings, _ = resolve_settings(load_workflow(stage["workflow"]).settings, layers, environment, resolve=resolve)
        if getattr(settings, "device", None) == "gpu":
            refuse_no_gpu(make_backend(Profile.model_validate(stage["profile"])))
    except RunError as error:
        told = str(error)
        raise RunError(
            told if told.startswith("stage ") else f"stage {names[place]!r}: {told}", exit_code=error.exit_code
        ) from None


def refuse_no_gpu(backend: Backend) -> None:
    """Refuse a stage that asks for a GPU where none is, before the stages ahead of it have run for nothing."""
    if not any(pool.gpus for pool in backend.pools):
        raise RunError(f"device=gpu needs a GPU, but {backend.why_no_gpu}")


def _lay_out(draft: ChainDraft) -> Chain:
    """Write ``chain.json``, which makes the folder a chain."""
    refuse_occupied_chain(draft.path)
    draft.path.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft.path.chmod(0o700)
    write_json(draft.path / CHAIN, draft.record)
    chain = open_chain(draft.path)
    add_run(chain.id, "chain", chain.path)
    return chain


def refuse_occupied_chain(path: Path) -> None:
    """Refuse a folder that holds a chain, a run or anything else."""
    if (path / CHAIN).exists():
        raise RunError(
            f"output folder {path} holds a chain: go on with it by `citytide resume`, or choose another --out"
        )
    refuse_occupied(path)


def run_chain(
    what: str | Path,
    *,
    set: Mapping[str, Any] | None = None,
    profile: str | None = None,
    out: str | Path | None = None,
    quiet: bool = True,
) -> Chain:
    """Run the stages of a file one after another, to the end of the last or to the first that is not done.

    Parameters
    ----------
    what, set, profile, out
        As for :func:`draft_chain`.
    quiet
        Print nothing on stderr.
    """
    draft = draft_chain(what, set=set, profile=profile, out=out, warm_up=True)
    chain = _lay_out(draft)
    return _go_on(chain, quiet=quiet, drafted=draft.first)


def submit_chain(
    what: str | Path,
    *,
    set: Mapping[str, Any] | None = None,
    profile: str | None = None,
    out: str | Path | None = None,
) -> Chain:
    """Submit the first stage of a file; the driver job of each stage begins the next once its own is done."""
    draft = draft_chain(what, set=set, profile=profile, out=out)
    refuse_local_stages(draft.record)
    chain = _lay_out(draft)
    _begin(chain, chain.names[0], draft.first)
    return chain


def refuse_local_stages(record: Mapping[str, Any]) -> None:
    """Refuse a chain to be submitted if one of its stages runs on this machine."""
    for stage in record["stages"]:
        try:
            runner.refuse_local(Profile.model_validate(stage["profile"]))
        except RunError as error:
            raise RunError(f"stage {stage['name']!r}: {error}") from None


def resume_chain(
    folder: str | Path,
    *,
    profile: str | None = None,
    detach: bool = False,
    quiet: bool = True,
    **options: Any,
) -> Chain:
    """Go on with a chain from the stage at which it stopped.

    Parameters
    ----------
    folder
        The chain's folder or id.
    profile
        A profile for the stages that are not done.
    detach
        On Slurm, return as soon as a driver job is submitted.
    options
        For :func:`~citytide.workflows.runner.resume`, of the stage that has begun and is not done.
    """
    chain = open_chain(folder)
    if options.get("restart") and not _list_begun(chain):
        raise RunError(
            f"--restart of a chain concerns the stage that has begun and is not done, but {chain.path} has none: "
            f"name the stage, as in `citytide resume {shlex.quote(str(chain.path / chain.names[-1]))} --restart STEP`"
        )
    if profile:
        site = load_profile(profile).model_dump(mode="json")
        for stage in chain.record["stages"]:
            run = chain.run(stage["name"])
            if run is None or run.status()["state"] != "done":
                stage["profile"] = site
        write_json(chain.path / CHAIN, chain.record)
    return _go_on(chain, quiet=quiet, profile=profile, detach=detach, options=options)


def _list_begun(chain: Chain) -> list[str]:
    """Stages that have begun and are not done."""
    runs = {name: chain.run(name) for name in chain.names}
    return [name for name, run in runs.items() if run is not None and run.status()["state"] != "done"]


def _go_on(
    chain: Chain,
    *,
    quiet: bool,
    drafted: Draft | None = None,
    profile: str | None = None,
    detach: bool = False,
    options: Mapping[str, Any] | None = None,
) -> Chain:
    """Run what is left, stage by stage; one that has begun is resumed, unless its driver job began it just now."""
    resuming = options is not None
    for name in chain.names:
        run = chain.run(name)
        if run is not None and run.status()["state"] == "done":
            _refuse_stale(run, name)
            continue
        if not quiet:
            say(f"stage {name} of {chain.path}")
        remote = _is_remote(chain, name)
        if run is not None and resuming:
            run = runner.resume(run.path, profile=profile, quiet=quiet, detach=detach, **(options or {}))
        elif remote:
            run = _begin(chain, name, drafted)
            run = run if detach else runner.follow(run, quiet=quiet)
        else:
            run = _begin(chain, name, drafted)
            run = runner.resume(run.path, quiet=quiet)
        drafted, resuming = None, False
        if run.status()["state"] != "done":
            break
    return chain


def _refuse_stale(run: Run, name: str) -> None:
    """Refuse to go on from a stage whose answer is one to what an earlier stage no longer holds."""
    if changed := find_changed_upstream(run):
        raise RunError(
            f"a stage that is done must have read what the stages before it hold now, but of stage {name!r} "
            f"{'; '.join(changed)}: remove {run.path} and the folders of the stages after it, then resume the chain"
        )


def _is_remote(chain: Chain, name: str) -> bool:
    return Profile.model_validate(chain.stage(name)["profile"]).backend.startswith("slurm")


def _begin(chain: Chain, name: str, drafted: Draft | None = None) -> Run:
    """Write the folder of a stage and, on Slurm, submit its driver job, unless somebody has."""
    with chain.beginning():
        folder = chain.path / name
        if not (folder / "run.json").is_file():
            try:
                draft = drafted or _draft_stage(chain.path, chain.record, chain.names.index(name))
                chain.forget_refusal()
                runner.lay_out(draft)
            except Exception as error:
                chain.note_refusal(name, f"stage {name!r} could not begin: {error}")
                raise
        run = open_run(folder)
        if _is_remote(chain, name) and find_driver_job(run.path, run.id) is None:
            runner.submit_laid_out(run, Profile.model_validate(run.record["profile"]))
    return run


def begin_next(done: Run) -> None:
    """In a driver job: begin the stage after this one, if the run is a stage that is done."""
    place = done.record.get("chain")
    if not place or done.status()["state"] != "done":
        return
    chain = open_chain(done.path.resolve().parent)
    if chain.record["home"]:
        os.environ["CITYTIDE_HOME"] = chain.record["home"]  # where this chain's runs are noted; a job may not have it
    following = chain.names[chain.names.index(place["stage"]) + 1 :]
    if not following:
        return
    if not _is_remote(chain, following[0]):
        say(f"stage {following[0]} runs on the machine where the chain is resumed: citytide resume {chain.path}")
        return
    _begin(chain, following[0])
