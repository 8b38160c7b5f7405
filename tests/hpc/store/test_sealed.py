"""A sealed array opens for a step that runs, and for nobody else."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from citytide.hpc.errors import PersonLevelError
from citytide.hpc.store.sealed import Sealed, running_step, unseal, unseal_array

DAYS = np.array([19023, 19055])


def test_a_step_gets_the_very_array_and_all_that_is_not_sealed() -> None:
    with running_step():
        opened = unseal({"day": Sealed(DAYS, "day"), "path": Path("a"), "code": DAYS})
    assert opened["day"] is DAYS and opened["code"] is DAYS and opened["path"] == Path("a")


def test_outside_of_a_step_nothing_opens() -> None:
    sealed = Sealed(DAYS, "day")
    for _ in range(2):
        with pytest.raises(PersonLevelError, match=r"while it runs, but no step runs here: call it in the function"):
            unseal({"day": sealed})
        with suppress(ZeroDivisionError), running_step():
            unseal_array(sealed)
            raise ZeroDivisionError  # a step that fails ends too


def test_plain_arrays_pass_outside_of_a_step() -> None:
    assert unseal({"day": DAYS})["day"] is DAYS


def test_a_step_inside_a_step_does_not_end_the_outer_one() -> None:
    with running_step():
        with running_step():
            pass
        assert unseal_array(Sealed(DAYS)) is DAYS


def test_a_thread_has_to_be_handed_plain_arrays() -> None:
    sealed, seen = Sealed(DAYS, "day"), []

    def work() -> None:
        try:
            seen.append(unseal_array(sealed))
        except PersonLevelError as error:
            seen.append(error)

    with running_step():
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert isinstance(seen[0], PersonLevelError)


def test_other_threads_see_no_step_while_one_runs() -> None:
    sealed, running, looked = Sealed(DAYS, "day"), threading.Event(), threading.Event()

    def step() -> None:
        with running_step():
            running.set()
            looked.wait(10)

    thread = threading.Thread(target=step)
    thread.start()
    running.wait(10)
    with pytest.raises(PersonLevelError):
        unseal_array(sealed)
    looked.set()
    thread.join()


def test_a_generator_unseals_while_its_caller_says_that_a_step_runs() -> None:
    def parts(arrays: dict[str, Any]) -> Iterator[Any]:
        yield unseal(arrays)["day"]

    generator = parts({"day": Sealed(DAYS, "day")})
    with running_step():
        assert next(generator) is DAYS


def test_an_array_of_zarr_is_read_when_it_is_unsealed(tmp_path: Path) -> None:
    stored = zarr.create_array(tmp_path / "a.zarr", shape=(2,), dtype="int64")
    sealed = Sealed(stored, "day")
    stored[:] = DAYS  # after it was sealed
    with running_step():
        assert (unseal_array(sealed) == DAYS).all()


def test_values_go_with_the_object_that_stands_for_them() -> None:
    array = np.arange(1000)
    gone = weakref.ref(array)
    sealed = [Sealed(array) for _ in range(3)]
    del array
    assert gone() is not None
    del sealed
    gc.collect()
    assert gone() is None


def test_name_and_dtype_are_told_and_a_sealed_array_is_a_key_by_identity() -> None:
    one, other = Sealed(DAYS, "day"), Sealed(DAYS, "day")
    assert (one.name, one.dtype) == ("day", np.dtype("int64"))
    assert len({one: 1, other: 2}) == 2
