"""What workers run for incidence: one scan of a block of persons, and the exact columns of the table of rates.

What comes back from the last function is exact, and leaves the run only through its release.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....hpc.store.sealed import unseal
from ....kernels.medical.events import NO_DAY, PersonEvents
from ..blocks import load_events
from ..counting.code_lists import place_codes
from ..counting.cohorts import CodedEvents, Cohort, sum_cohort
from ..counting.partials import FACTS, add_partials, pack_facts, read_facts
from ..counting.refusals import refuse_small_cohort
from ..counting.vocabulary import name_codes
from .axes import TOTAL, Axes

__all__ = ["DAYS_PER_YEAR", "ScannedEvents", "add_partials", "count_new", "derive_rates", "list_rates"]

DAYS_PER_YEAR = 365.25
PER_YEARS = 1000.0  # person-years that a rate is told for
OUTSIDE = 0.025  # share beyond each end of an interval


@dataclass(frozen=True)
class ScannedEvents:
    """Events of the persons of a block who belong to the cohort, observed on its days and at its ages alone.

    Attributes
    ----------
    events
        Persons that sex and area choose; their events of the codes and kinds that count, on any day: what was before
        the cohort's days makes a later one no first one.
    n_codes
        How many codes there are.
    axes
        What rates are told by.
    washout_days
        Days at the beginning of each observation that do not count.
    facts
        What the last function must know.
    """

    events: PersonEvents
    n_codes: int
    axes: Axes
    washout_days: int
    facts: dict[str, Any]

    @classmethod
    def from_arrays(
        cls,
        arrays: Mapping[str, Any],
        *,
        load: dict[str, Any],
        cohort: dict[str, Any],
        codes: list[int] | None,
        n_vocabulary: int,
        axes: dict[str, Any],
        washout_days: int,
        facts: dict[str, Any],
    ) -> ScannedEvents:
        """Load a block and keep what counts."""
        asked = Cohort.from_json(cohort)
        events = load_events(unseal(arrays), **load)
        places = place_codes(codes, n_vocabulary)
        coded = CodedEvents.choose(events, asked.choose_persons(events), asked, places, within_days=False)
        n_codes = n_vocabulary if codes is None else len(codes)
        told = name_codes(facts, arrays)
        return cls(asked.clip_observation(coded.events), n_codes, Axes.from_json(axes), washout_days, told)

    def find_observed(self) -> NDArray[np.bool_]:
        """Who is observed for a day at least, after the washout and before death."""
        events = self.events
        until = np.where(
            events.death_day == NO_DAY, events.observed_to, np.minimum(events.observed_to, events.death_day)
        )
        known = (events.observed_from != NO_DAY) & (events.observed_to != NO_DAY)
        observed: NDArray[np.bool_] = known & (events.observed_from.astype(np.int64) + self.washout_days <= until)
        return observed


def count_new(block: ScannedEvents) -> dict[str, NDArray[Any]]:
    """Persons of a block in whom each code begins, days observed, and days lost to those who have the code."""
    from ....kernels.medical.accumulators.incidence import Incidence
    from ....kernels.medical.scan.one_pass import scan_events

    incidence = Incidence(block.axes.make_strata(), washout_days=block.washout_days)
    tables = scan_events(block.events, {"incidence": incidence}, block.n_codes)["incidence"]
    return {
        **{name: tables[name] for name in ("events", "person_days", "lost_days")},
        "cohort": sum_cohort(block.events, block.find_observed()),
        FACTS: pack_facts(block.facts),
    }


def list_rates(partial: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Exact columns of the table of rates: for each code its cells, with totals over each axis, which come first.

    The facts are ``code`` and ``name``; ``axes``; ``least``, the fewest persons with whom a code is listed; and
    ``min_cell``, of the policy.

    Raises
    ------
    Refusal
        If fewer persons than ``min_cell`` were counted.
    """
    facts = read_facts(partial)
    refuse_small_cohort(int(partial["cohort"][0].sum()), facts["min_cell"])
    columns = Axes.from_json(facts["axes"]).columns
    shape = tuple(len(labels) for labels in columns.values())
    new = partial["events"].reshape(-1, *shape)
    kept = np.flatnonzero(new.reshape(len(new), -1).sum(axis=1) >= facts["least"])
    at_risk = (partial["person_days"] - partial["lost_days"][kept]).reshape(-1, *shape)
    new, labels = new[kept], []
    all_days = partial["person_days"].reshape(shape)
    for axis, told in enumerate(columns.values()):
        others = tuple(other for other in range(len(shape)) if other != axis)
        used = np.flatnonzero(all_days.sum(axis=others) > 0)  # nobody is in the other places
        labels.append(np.array([TOTAL, *told], str)[np.concatenate(([0], used + 1))])
        new, at_risk = (_put_total_first(counts, axis + 1, used) for counts in (new, at_risk))
    cells = [np.array(facts[name], str)[kept] for name in ("code", "name")]
    grid = np.meshgrid(np.arange(len(kept)), *(np.arange(len(told)) for told in labels), indexing="ij")
    code, *places = (index.ravel() for index in grid)
    return {
        "code": cells[0][code],
        "name": cells[1][code],
        **{name: told[place] for name, told, place in zip(columns, labels, places, strict=True)},
        "persons": new.ravel(),
        "person_years": at_risk.ravel() / DAYS_PER_YEAR,
    }


def _put_total_first(counts: NDArray[np.int64], axis: int, used: NDArray[np.int64]) -> NDArray[np.int64]:
    """Places of an axis that are used, with their sum before them."""
    return np.concatenate((counts.sum(axis=axis, keepdims=True), np.take(counts, used, axis=axis)), axis=axis)


def derive_rates(released: Mapping[str, Any]) -> dict[str, Any]:
    """Rates per 1,000 person-years with the exact Poisson interval (Garwood 1936), from the counts that are shown."""
    from scipy.special import gammaincinv

    persons = np.ma.asarray(released["persons"])
    years = np.ma.masked_less_equal(np.ma.asarray(released["person_years"]), 0.0)
    n = np.ma.filled(persons, 1).astype(np.float64)
    low = np.where(n > 0, gammaincinv(np.maximum(n, 1.0), OUTSIDE), 0.0)
    ends = {"rate": n, "rate_low": low, "rate_high": gammaincinv(n + 1.0, 1.0 - OUTSIDE)}
    masked = np.ma.getmaskarray(persons) | np.ma.getmaskarray(years)
    shown = np.ma.filled(years, 1.0)
    return {name: np.ma.MaskedArray(PER_YEARS * value / shown, masked) for name, value in ends.items()}
