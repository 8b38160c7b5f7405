"""Identifiers of persons become pseudonyms: 128 bits of a keyed hash, and nothing else is stored of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ...kernels.medical.events import BUCKETS

__all__ = ["find_buckets", "make_pseudonyms"]

BUCKET_SHIFT = np.uint64(64 - (BUCKETS - 1).bit_length())


def make_pseudonyms(identifiers: Sequence[str], key: bytes) -> npt.NDArray[np.uint64]:
    """BLAKE2b of each identifier under a key.

    Parameters
    ----------
    identifiers
        As the source writes them: ``"007"`` is not ``"7"``.
    key
        16 to 64 bytes.

    Returns
    -------
    (person, 2) array
        The first half first, so that sorting by the two halves sorts by the hash.

    Examples
    --------
    >>> first, again, other = make_pseudonyms(["a", "a", "b"], bytes(32))
    >>> bool((first == again).all()), bool((first == other).all())
    (True, False)
    """
    keyed = hashlib.blake2b(key=key, digest_size=16)

    def digest(identifier: str) -> bytes:
        one = keyed.copy()  # faster than to take in the key again
        one.update(identifier.encode("utf-8"))
        return one.digest()

    hashed = b"".join(map(digest, identifiers))
    return np.frombuffer(hashed, ">u8").astype(np.uint64).reshape(-1, 2)


def find_buckets(pseudonyms: npt.NDArray[np.uint64]) -> npt.NDArray[np.int32]:
    """Which part of all persons each one is in, by the first bits of the pseudonym.

    Examples
    --------
    >>> find_buckets(np.array([[2**52 * 7 + 1, 9]], "u8")).tolist()
    [7]
    """
    return (pseudonyms[:, 0] >> BUCKET_SHIFT).astype(np.int32)
