"""What is sealed can be held and handed on; a step that runs takes it out, and nobody else does."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from citytide.hpc.errors import PersonLevelError
from citytide.hpc.store.sealed import Sealed, running_step, unseal

AGES = np.array([41, 73])


def test_what_is_not_sealed_passes_and_what_is_needs_a_step() -> None:
    arrays = {"age": Sealed(AGES, "age"), "code": np.arange(3)}
    assert unseal({"code": arrays["code"]})["code"] is arrays["code"]
    with pytest.raises(PersonLevelError, match="step"):
        unseal(arrays)
    with running_step():
        assert unseal(arrays)["age"] is AGES
    with pytest.raises(PersonLevelError, match="step"):
        unseal(arrays)


def test_a_step_in_one_thread_opens_nothing_in_another() -> None:
    arrays = {"age": Sealed(AGES, "age")}
    with running_step(), ThreadPoolExecutor(1) as pool, pytest.raises(PersonLevelError, match="step"):
        pool.submit(unseal, arrays).result()


def test_a_generator_unseals_while_its_parts_are_asked_for() -> None:
    arrays = {"age": Sealed(AGES, "age")}

    def parts() -> Iterator[int]:
        yield from unseal(arrays)["age"].tolist()

    made = parts()
    with running_step():
        assert list(made) == [41, 73]


@pytest.mark.parametrize("way", [str, repr, np.asarray, list, bool, len, np.array])
def test_it_refuses_to_be_shown_or_turned_into_something_else(way: object) -> None:
    with running_step(), pytest.raises(PersonLevelError, match="an array of single persons must not be"):
        way(Sealed(AGES, "age"))  # type: ignore[operator]
