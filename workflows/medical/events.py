"""Events as a setting of questions: a store, a run, or any source of records, which is then imported on the way."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from pydantic import Field

from ...hpc.run.runs import Run
from ...hpc.store.stores import locate
from ..workflow import Prepared
from .records.products import EVENTS
from .records.question import prepare_sources
from .records.settings import RecordSettings
from .stores import EventStore, Part, find_store, open_event_store

__all__ = ["EventsSettings", "find_own_store", "open_settings", "prepare_events"]


class EventsSettings(RecordSettings):
    """What questions about events share."""

    events: str = Field(
        default="synthetic",
        description="store of events, or the folder or id of a run that wrote one; or any source of events-import, "
        "which is then imported on the way; synthetic persons by default",
    )


def prepare_events(settings: EventsSettings, then: str) -> Prepared:
    """The plan of a question over a store; over other sources the plans of their import, and then its own.

    Parameters
    ----------
    settings
        Of the question.
    then
        Import path ``"package.module:name"`` of its function ``name(settings, store) -> Prepared`` if ``events`` is a
        store that stands. Otherwise the import calls ``name_after_import(run) -> Prepared`` of the same module once the
        store is written, which finds it by :func:`find_own_store`.
    """
    module, _, name = then.partition(":")
    if find_store(settings.events) is not None:
        prepared: Prepared = getattr(import_module(module), name)(settings, open_event_store(settings.events))
        return prepared
    return prepare_sources(
        settings, [settings.events], then=f"{then}_after_import", title=f"events of {settings.events}"
    )


def find_own_store(run: Run) -> EventStore:
    """The store that the run itself has written."""
    return EventStore.of([Part(locate(run.path, EVENTS))], own=True)


def open_settings(run: Run, settings: type[Any]) -> Any:
    """The settings of a run again, for the plan after its import."""
    return settings(**{name: entry["value"] for name, entry in run.record["settings"].items()})
