"""Pseudonyms: one for each identifier and key, spread over all buckets."""

from __future__ import annotations

import hashlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from citytide.kernels.medical.events import BUCKETS
from citytide.workflows.medical.pseudonyms import find_buckets, make_pseudonyms

KEY = bytes(range(32))


@given(st.lists(st.text(), unique=True, max_size=20))
def test_pseudonym_is_the_keyed_hash_of_the_text(identifiers: list[str]) -> None:
    told = make_pseudonyms(identifiers, KEY)
    assert told.shape == (len(identifiers), 2) and len({tuple(row) for row in told.tolist()}) == len(identifiers)
    for identifier, (first, second) in zip(identifiers, told.tolist(), strict=True):
        digest = hashlib.blake2b(identifier.encode(), key=KEY, digest_size=16).digest()
        assert (first << 64) | second == int.from_bytes(digest, "big")


def test_another_key_gives_other_pseudonyms() -> None:
    assert not np.isin(make_pseudonyms(["7", "007"], KEY), make_pseudonyms(["7", "007"], bytes(32))).any()


def test_buckets_are_the_first_twelve_bits_and_about_even() -> None:
    told = make_pseudonyms([str(number) for number in range(40_960)], KEY)
    bucket = find_buckets(told)
    assert (bucket == [first >> 52 for first in told[:, 0].tolist()]).all()
    held = np.bincount(bucket, minlength=BUCKETS)
    assert held.size == BUCKETS and held.max() < 40 and held.mean() == 10
