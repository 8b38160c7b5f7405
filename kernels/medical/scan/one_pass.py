"""Any set of counts over the events of persons, in one pass.

Events are taken in blocks of whole persons that stay in a core's cache. What several accumulators need of a block (the
first event of each code, the stratum of each event, the observed days by stratum) is made once and shared. All tables
are whole numbers and every person is in one block, so the tables of blocks, added in any order, are those of one pass
over everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from ...contracts import Contract, kernel
from ...device_arrays import fetch, place_beside
from ...engines import Engine, choose_engine, is_device_array
from ..columns import check_columns, check_n_codes
from ..events import PersonEvents
from .accumulator import Accumulator, Finishing, Tables
from .cuts import cut_blocks
from .strata import SEXES

__all__ = ["scan_events"]

ENGINES: tuple[Engine, ...] = ("numba", "python", "cuda")


@kernel(Contract(takes={}, gives={}, structure="tables by accumulator", engines=ENGINES))
def scan_events(
    events: PersonEvents,
    accumulators: Mapping[str, Accumulator],
    n_codes: int,
    *,
    engine: Engine | Literal["auto"] = "auto",
) -> dict[str, Tables]:
    """Count what every accumulator asks for, in one pass over the events.

    Parameters
    ----------
    events : PersonEvents
        Persons and their events; on a GPU if
        :func:`~citytide.kernels.medical.scan.cuts.place_person_events` took them there.
    accumulators
        What is counted, by name, such as :class:`~citytide.kernels.medical.accumulators.prevalence.Prevalence`.
    n_codes
        Codes in the vocabulary.
    engine
        ``"auto"`` follows the events: host memory to Numba, device memory to CUDA. There accumulators for which no
        device code is written are refused.

    Returns
    -------
    dict of dict of array of int64
        For each accumulator its tables, in host memory.
        :func:`~citytide.kernels.medical.scan.accumulator.merge_tables` puts those of two blocks of persons together.

    Raises
    ------
    ValueError
        If columns do not fit each other, days of a person fall, codes or sexes are out of range, or an accumulator
        names a code, area or group that is not there.
    EngineError
        If the engine cannot take the events, or an accumulator.

    Examples
    --------
    Two persons; the second one has code 1 twice, on the days 3 and 9:

    >>> from citytide.kernels.medical.accumulators.prevalence import Prevalence
    >>> from citytide.kernels.medical.examples import make_events
    >>> events = make_events([[(5, 0)], [(3, 1), (9, 1)]])
    >>> found = scan_events(events, {"ever": Prevalence()}, n_codes=2)
    >>> found["ever"]["prevalent"][:, 0].tolist(), found["ever"]["persons"].tolist()
    ([1, 1], [2])
    """
    chosen = choose_engine(ENGINES, engine, events.code)
    check_n_codes(n_codes, least=0)  # a store of nobody has no codes
    shapes = {name: accumulator.shapes(n_codes) for name, accumulator in accumulators.items()}
    working = {
        name: accumulator.working_shapes(n_codes) if isinstance(accumulator, Finishing) else {}
        for name, accumulator in accumulators.items()
    }
    _check_events(events, accumulators, n_codes)
    tables, scratch = _make_tables(events, shapes), _make_tables(events, working)
    flat = {name: {**tables[name], **scratch[name]} for name in shapes}
    for block in cut_blocks(events, n_codes, chosen):
        for name, accumulator in accumulators.items():
            accumulator.count(block, flat[name])
    found = {name: _shape_tables(flat[name], given) for name, given in shapes.items()}
    for name, accumulator in accumulators.items():
        if isinstance(accumulator, Finishing):
            accumulator.finish(found[name], _shape_tables(flat[name], working[name]), chosen)
    return found


def _make_tables(
    events: PersonEvents, shapes: Mapping[str, Mapping[str, tuple[int, ...]]]
) -> dict[str, dict[str, Any]]:
    """Flat tables of zeros where the events are, on the host side by side: large arrays get large pages of memory."""
    sizes = [(name, table, int(np.prod(shape))) for name, given in shapes.items() for table, shape in given.items()]
    zeros = np.zeros(sum(size for *_, size in sizes), np.int64)
    flat: dict[str, dict[str, Any]] = {name: {} for name in shapes}
    at = 0
    for name, table, size in sizes:
        flat[name][table] = place_beside(events.code, zeros[at : at + size])
        at += size
    return flat


def _shape_tables(flat: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]]) -> Tables:
    return {name: fetch(flat[name])[: int(np.prod(shape))].reshape(shape) for name, shape in shapes.items()}


def _check_events(events: PersonEvents, accumulators: Mapping[str, Accumulator], n_codes: int) -> None:
    if not is_device_array(events.code):
        check_columns(events)  # what lies on a device was checked when it was taken there
    offset, code, sex, area = (fetch(array) for array in (events.offset, events.code, events.sex, events.area))
    if int(offset[-1]) and int(code.max()) >= n_codes:
        raise ValueError(f"code must be below n_codes ({n_codes}), got {int(code.max())}")
    if len(sex) and int(sex.max()) >= len(SEXES):
        raise ValueError(f"sex must be 0 (unknown), 1 (female) or 2 (male), got {int(sex.max())}")
    for name, accumulator in accumulators.items():
        strata, groups = getattr(accumulator, "strata", None), getattr(accumulator, "groups", None)
        if strata is not None and strata.n_areas and len(area) and int(area.max()) > strata.n_areas:
            raise ValueError(f"area must be at most n_areas ({strata.n_areas}) in {name!r}, got {int(area.max())}")
        if groups is not None and groups.n_codes != n_codes:
            raise ValueError(f"groups must be of n_codes ({n_codes}) codes in {name!r}, got {groups.n_codes}")
