"""The vocabulary of a store as its blocks read it: the list of all codes tells of rare ones, so no plan holds it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ....hpc.store.sealed import unseal
from ..stores import EventStore

__all__ = ["list_vocabulary_inputs", "name_codes"]

VOCABULARY, NAMES = "vocabulary", "code_name"


def name_codes(facts: Mapping[str, Any], arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Facts with the codes and names of the store, if they do not hold those that were chosen.

    Of several segments the longest vocabulary counts, which begins with those of the others.
    """
    if "code" in facts:
        return dict(facts)
    own = {name: values for name, values in arrays.items() if name.rpartition("/")[2] in (VOCABULARY, NAMES)}
    plain = {name: np.asarray(values) for name, values in unseal(own).items()}
    longest = max((name for name in plain if name.rpartition("/")[2] == VOCABULARY), key=lambda name: len(plain[name]))
    names = plain.get(longest.removesuffix(VOCABULARY) + NAMES, plain[longest])
    return {**facts, "code": [str(code) for code in plain[longest]], "name": [str(name) for name in names]}


def list_vocabulary_inputs(store: EventStore) -> tuple[str, ...]:
    """The inputs of a step that reads the vocabulary of a store: that of its last part, the longest."""
    *_, last = store.inputs(())
    group = last.rpartition(":")[0]
    return (f"{group}:{VOCABULARY},{NAMES}",)
