"""Records with pseudonyms and ranks in place of texts: the columns that are shuffled by bucket."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ....datasets.medical.records import EVENT, PERSON, Records
from ....kernels.medical.events import NO_DAY, UNDATED
from ..distinct_texts import factorize
from ..pseudonyms import find_buckets, make_pseudonyms

__all__ = ["Rows", "encode_records"]

# Columns of one length, rows of any kind: `bucket`, `pseudonym` (n, 2), `row`, `day`, `until`, `code`, `kind`, `value`,
# `cost_fen`, `facility`, `sex`, `area`. `day` and `until` are as in Records.
Rows = dict[str, npt.NDArray[Any]]


def encode_records(
    records: Records, key: bytes, codes: Sequence[str], areas: Sequence[str], facilities: Sequence[str]
) -> Rows:
    """The rows of a block of records.

    Parameters
    ----------
    key
        Of the pseudonyms.
    codes, areas, facilities
        Texts by rank; of areas and facilities the first is that of an unknown one.
    """
    identifiers, place = factorize(records.person)
    pseudonym = make_pseudonyms(identifiers, key)[place]
    n, is_event = len(place), records.row == EVENT
    value = np.where(np.isnan(records.value), np.float32(np.nan), records.value + np.float32(0)).astype(np.float32)
    return {
        "bucket": find_buckets(pseudonym),
        "pseudonym": pseudonym,
        "row": np.full(n, records.row, np.uint8),
        "day": np.where(is_event & (records.day == NO_DAY), UNDATED, records.day).astype(np.int32),
        "until": records.until.astype(np.int32),
        "code": _rank(records.code, codes).astype(np.uint32) if is_event else np.zeros(n, np.uint32),
        "kind": records.kind.astype(np.uint8) if is_event else np.zeros(n, np.uint8),
        "value": value if is_event else np.full(n, np.nan, np.float32),
        "cost_fen": np.maximum(records.cost_fen, -1).astype(np.int32) if is_event else np.full(n, -1, np.int32),
        "facility": (_rank(records.facility, facilities) if is_event else np.zeros(n)).astype(np.uint16),
        "sex": records.sex.astype(np.uint8) if records.row == PERSON else np.zeros(n, np.uint8),
        "area": (_rank(records.area, areas) if records.row == PERSON else np.zeros(n)).astype(np.uint16),
    }  # fmt: skip


def _rank(texts: npt.NDArray[Any], known: Sequence[str]) -> npt.NDArray[np.int64]:
    """For each text its place among those that are known: the first look met every one of them."""
    names, place = factorize(texts)
    rank = {name: at for at, name in enumerate(known)}
    return np.array([rank[name] for name in names], np.int64)[place] if names else place
