"""Import of events: records of persons become a store, are appended to one, or a store's segments become one again."""

from __future__ import annotations

from collections.abc import Sequence

from ....datasets.errors import InputError
from ....hpc.plan.sources import Source
from ....hpc.store.release_request import Policy
from ...workflow import Prepared, Workflow
from ..errors import EventsError
from ..keys import find_key, identify_key, read_key
from ..policies import pack_policy, read_policy, unpack_policy
from ..stores import BEFORE, Part, find_parts, find_store
from .compaction import prepare_compaction
from .inputs import RecordInputs, open_inputs, read_observed, refuse_late_persons
from .planning import Facts, prepare_look
from .result import finish_import
from .settings import ImportSettings, RecordSettings

__all__ = ["WORKFLOW", "prepare_import", "prepare_sources"]

STEPS = "citytide.workflows.medical.records.steps"


def prepare_import(settings: ImportSettings) -> Prepared:
    """Open sources, key and policy, refuse what cannot be imported, and plan a first look at the records.

    Raises
    ------
    InputError
        If a source cannot be read.
    EventsError
        If the key, the policy or the store that is continued does not fit.
    """
    if settings.compact is not None:
        return prepare_compaction(_find_parts("compact", settings.compact), settings)
    before = _find_parts("append_to", settings.append_to) if settings.append_to else []
    return prepare_sources(settings, settings.source, before=before, new_codes=settings.new_codes)


def prepare_sources(
    settings: RecordSettings,
    wheres: Sequence[str],
    *,
    before: Sequence[Part] = (),
    new_codes: str = "refuse",
    then: str = "",
    title: str = "",
) -> Prepared:
    """Plan the import of some sources.

    Parameters
    ----------
    settings
        How they are read and stored.
    wheres
        Paths or names.
    before
        The parts of a store that is continued.
    new_codes
        What then happens to codes that it does not know.
    then
        Import path of what plans the steps after the store.
    title
        Of the run.
    """
    try:
        inputs = open_inputs(wheres, settings)
    except InputError as error:
        if not before:
            raise
        raise EventsError(str(error)) from None  # which would not be shown beside a store of persons
    key = find_key(settings.key, inputs.paths.values())
    key_id = identify_key(read_key(key))
    policy = _choose_policy(settings, before)
    for part in before[:1]:
        _refuse_misfit(part, key_id, wheres, inputs)
    lists_persons = bool(before[0].attrs["lists_persons"]) if before else inputs.lists_persons
    facts = Facts(
        key=str(key), key_id=key_id, policy=pack_policy(policy), purpose=settings.purpose, sources=inputs.described,
        lists_persons=lists_persons, observed=list(read_observed(settings, inputs)), most_wrong=settings.most_wrong,
        rows_per_task=settings.rows_per_task, before=[str(part.path) for part in before], new_codes=new_codes,
        then=then,
    )  # fmt: skip
    prepared = prepare_look(inputs, facts, title or f"events of {', '.join(wheres)}")
    # The hashes of buckets stand for the whole part: nothing more of it is read.
    earlier = {
        f"{BEFORE}_{number}": Source(part.path / "bucket_hash", "folder", person_level=True, run=part.run)
        for number, part in enumerate(before)
    }
    from dataclasses import replace

    return replace(prepared, sources={**prepared.sources, **earlier})


def _find_parts(setting: str, where: str) -> list[Part]:
    path = find_store(where)
    if path is None:
        raise EventsError(
            f"{setting} must name a store of events, got {where}: give an events.zarr, or the folder or id of a run of "
            "events-import"
        )
    return find_parts(path)


def _choose_policy(settings: RecordSettings, before: Sequence[Part]) -> Policy:
    """The policy of the file; of a store that is continued its own."""
    policy = read_policy(settings.policy)
    if before:
        own = unpack_policy(before[0].attrs["policy"])
        if settings.policy is not None and policy != own:
            raise EventsError(
                f"an append keeps the policy of its store, but {settings.policy} states another: omit policy"
            )
        policy = own
    if policy.purposes and settings.purpose not in policy.purposes:
        raise EventsError(
            f"purpose must be one that the policy allows ({', '.join(policy.purposes)}), got {settings.purpose!r}: set "
            "purpose"
        )
    return policy


def _refuse_misfit(base: Part, key_id: str, wheres: Sequence[str], inputs: RecordInputs) -> None:
    if key_id != base.attrs["key_id"]:
        raise EventsError(
            f"an append must have the key of its store, whose id is {base.attrs['key_id'][:16]}, got another key with "
            f"id {key_id[:16]}: name the key with which {base.path} was imported (key=FILE)"
        )
    for where, one in zip(wheres, inputs.opened, strict=True):
        refuse_late_persons(where, one.source, bool(base.attrs["lists_persons"]))


WORKFLOW = Workflow(
    name="events-import",
    summary="records of persons become a private store of dated events, which other questions read",
    settings=ImportSettings,
    prepare=prepare_import,
    finish=finish_import,
    modules=(STEPS,),
)
