from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from citytide.kernels.engines import (
    KERNELS,
    Array,
    Contract,
    EngineError,
    Sweeps,
    Traversal,
    choose_engine,
    digest,
    kernel,
    launch_shape,
    prange,
    rebind,
    routine,
    rule,
)

FACTOR = 3.0
OFFSETS = (1, 2)


@rule
def scale(value: float) -> Any:
    return FACTOR * value


@rule
def shrink(value: float) -> Any:
    return value / FACTOR


@routine
def lift_positive(value: float) -> Any:
    if value > 0.0:
        return scale(value) + OFFSETS[0]
    return 0.0


def collect(values: np.ndarray) -> tuple[np.ndarray, int]:
    out = np.zeros_like(values)
    n_positive = 0
    for place in range(values.size):
        out[place] = lift_positive(values[place])
        if out[place] > 0.0:
            n_positive += 1
    return out, n_positive


def fill(out: np.ndarray, values: np.ndarray) -> None:
    for place in prange(out.size):
        out[place] = change(values[place])


change = scale
VALUES = np.array([1.0, -2.0, 4.0])


@pytest.mark.parametrize("engine", ["numba", "python"])
def test_traversal_returns_what_its_function_returns(engine: Any) -> None:
    out, n_positive = Traversal(collect).on(engine)(VALUES)
    np.testing.assert_array_equal(out, [4.0, 0.0, 13.0])
    assert n_positive == 2


def test_routine_serves_as_entry_point_too() -> None:
    assert Traversal(lift_positive).on("numba")(2.0) == lift_positive(2.0) == 7.0


@pytest.mark.parametrize("engine", ["numba", "python"])
@pytest.mark.parametrize("parallel", [False, True])
def test_traversal_with_another_rule_never_returns_the_numbers_of_the_first(engine: Any, parallel: bool) -> None:
    for rules, expected in ([{}, 3.0], [{"change": shrink}, 1.0 / 3.0], [{"change": scale}, 3.0]):
        out = np.zeros(3)
        Traversal(fill, **rules).on(engine, parallel=parallel)(out, np.ones(3))
        np.testing.assert_array_equal(out, expected)


@routine
def change_twice(value: float) -> Any:
    return change(change(value))


def fill_twice(out: np.ndarray, values: np.ndarray) -> None:
    for place in prange(out.size):
        out[place] = change_twice(values[place])


@pytest.mark.parametrize("engine", ["numba", "python"])
def test_open_place_of_a_routine_is_filled_by_its_caller(engine: Any) -> None:
    for rules, expected in ([{}, 9.0], [{"change": shrink}, 1.0 / 9.0], [{"change": scale}, 9.0]):
        out = np.zeros(3)
        Traversal(fill_twice, **rules).on(engine)(out, np.ones(3))
        np.testing.assert_allclose(out, expected, rtol=1e-15)


def test_kernel_without_whole_array_form_offers_numba_and_python() -> None:
    sweeps = Sweeps(cpu=fill)
    assert sweeps.engines == ("numba", "python")
    for engine in sweeps.engines:
        np.testing.assert_array_equal(sweeps(engine, np.zeros(3), VALUES), 3.0 * VALUES)
    with pytest.raises(EngineError, match="'numpy' cannot take a host array here; usable: numba, python"):
        sweeps.choose(VALUES, "numpy")
    with pytest.raises(EngineError, match="'cuda' has no sweep in this kernel; it has numba, python"):
        sweeps("cuda", np.zeros(3), VALUES)


def test_machine_code_divides_by_zero_as_numpy_does() -> None:
    out = np.zeros(1)
    Traversal(fill, change=invert).on("numba")(out, np.zeros(1))
    assert out[0] == np.inf


@rule
def invert(value: float) -> Any:
    return FACTOR / value


@rule
def least(first: float, second: float, third: float) -> Any:
    return min(first, second, third)


def test_least_of_three_arrays_leaves_the_third_alone() -> None:
    arrays = [np.array([3.0, 1.0]), np.array([2.0, 2.0]), np.array([1.0, 9.0])]
    np.testing.assert_array_equal(least.on("numpy", np)(*arrays), [1.0, 1.0])
    np.testing.assert_array_equal(arrays[2], [1.0, 9.0])


def test_digest_follows_engine_variant_rule_and_constant() -> None:
    marks = {
        digest(fill, "numba"),
        digest(fill, "cuda"),
        digest(fill, "numba", "parallel"),
        digest(fill, "numba", names={"change": shrink}),
        digest(collect, "numba"),
    }
    assert len(marks) == 5


TABLE = np.arange(3)


@routine
def look_up(place: int) -> Any:
    return TABLE[place]


@routine
def count_down(value: int) -> Any:
    if value == 0:
        return 0
    return count_down(value - 1)


def test_global_that_the_digest_cannot_follow_is_refused() -> None:
    with pytest.raises(EngineError, match=r"'look_up' uses the global 'TABLE' \(ndarray\).*make it a number"):
        Traversal(look_up).on("numba")
    with pytest.raises(EngineError, match="'count_down' calls itself: write the recursion as a loop"):
        Traversal(count_down).on("numba")


def test_rule_that_branches_or_closes_over_a_name_is_refused() -> None:
    def choosy(value: float) -> float:
        return value if value > 0.0 else 0.0

    limit = 2.0

    def limited(value: float) -> float:
        return value * limit

    with pytest.raises(TypeError, match="rule 'choosy' branches at line 2"):
        rule(choosy)
    for mark in (rule, routine):
        with pytest.raises(TypeError, match="limited' closes over limit"):
            mark(limited)


def test_routine_has_no_whole_array_form() -> None:
    with pytest.raises(EngineError, match="routine 'lift_positive' branches, so engine 'numpy' cannot run it"):
        rebind(collect, "numpy")


def test_engine_is_chosen_by_the_kind_of_array() -> None:
    assert choose_engine(("numba", "numpy"), like=VALUES) == "numba"
    assert choose_engine(("numba", "python"), "python") == "python"
    with pytest.raises(EngineError, match="unknown engine 'fortran'; choose one of"):
        choose_engine(("numba",), "fortran")  # type: ignore[arg-type]
    with pytest.raises(EngineError, match="no engine can take a host array here; usable: none"):
        choose_engine(("cuda",), like=VALUES)


@pytest.mark.parametrize(
    ("offered", "engine", "like", "said"),
    [
        (("cuda",), "auto", "cupy", "no engine can take a GPU array here; usable: none: the package numba-cuda is not"),
        (("numba", "cuda"), "cuda", "cupy", "engine 'cuda' cannot take a GPU array here; usable: none: the package nu"),
        (("numba", "cupy"), "auto", "numba", "usable: none: it is Numba's, hand over cupy.asarray"),
        (("numba", "cupy"), "cupy", "numba", "usable: none: it is Numba's, hand over cupy.asarray"),
        (("numba", "cupy"), "numba", "cupy", r"usable: cupy: hand over it\.get\(\)"),
        (("numba",), "auto", "numba", r"usable: none: hand over it\.copy_to_host\(\)"),
        (("numba",), "cupy", "cupy", "usable: none: this kernel has numba"),
        (("cupy",), "auto", "host", "no engine can take a host array here; usable: none: hand over cupy.asarray"),
        (("numba", "cuda"), "cuda", "host", "usable: numba: hand over numba.cuda.to_device"),
        (("numba", "cupy"), "cupy", "host", "usable: numba: hand over cupy.asarray"),
    ],
)
def test_refusal_names_what_is_missing_and_the_way_out(
    cupy: Any, offered: Any, engine: Any, like: str, said: str
) -> None:
    class FakeCUDAArray:
        """By its name the simulator's arrays are known."""

    arrays = {"cupy": cupy.ones(2), "numba": FakeCUDAArray(), "host": VALUES}
    with pytest.raises(EngineError, match=said):
        choose_engine(offered, engine, arrays[like])


def test_name_in_the_table_of_kernels_has_one_owner() -> None:
    contract = Contract(takes={}, gives={"flow": Array(("link",), "1")}, engines=("numba",))

    def advance_nothing() -> None: ...

    other = type(advance_nothing)(advance_nothing.__code__, {}, "advance_nothing")
    advance_nothing.__module__, other.__module__ = "here.kernels.field.deep.method", "elsewhere.kernels.field.other"
    name = "field.advance_nothing"
    try:
        assert kernel(contract)(advance_nothing) is advance_nothing
        assert KERNELS[name].contract is contract  # type: ignore[attr-defined]
        with pytest.raises(EngineError, match=r"must have one owner, but 'field\.advance_nothing' is in here\.kernels"):
            kernel(contract)(other)
    finally:
        KERNELS.pop(name, None)


def test_launch_covers_every_cell_once() -> None:
    assert launch_shape((3, 1000)) == ((4, 3), (256, 1))
    assert launch_shape((2, 40), (4, 64)) == ((1, 1), (64, 2)) and launch_shape((9, 1), (4, 64)) == ((1, 3), (32, 4))
    assert launch_shape((1, 100_000_000)) == ((390_625, 1), (256, 1))


def test_more_rows_than_a_launch_has_blocks_share_blocks_or_are_refused() -> None:
    blocks, threads = launch_shape((1_000_000, 100))
    assert threads == (8, 32) and blocks == (13, 31_250)  # with more threads some sweeps have too few registers
    with pytest.raises(EngineError, match="at most 2,097,120 rows in one launch, got 3,000,000: cut them"):
        launch_shape((3_000_000, 1))
    with pytest.raises(EngineError, match="at most 262,140 rows in one launch, got 300,000"):
        launch_shape((300_000, 1), (4, 64))


def test_import_of_engines_leaves_numba_alone() -> None:
    code = "import sys, citytide.kernels.engines; assert 'numba' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


PARTS = """
from citytide.kernels.engines import routine, rule
FACTOR = 2.0
SHIFTS = (10, 20)
@rule
def scale(value):
    return FACTOR * value
@routine
def move(value):
    if value > 0:
        return scale(value) + SHIFTS[0]
    return 0.0
"""
ENTRY = """
import json, sys
import numpy as np
from citytide.kernels.engines import Traversal
from parts import move
def walk(values):
    out = np.zeros_like(values)
    for place in range(values.size):
        out[place] = move(values[place])
    return out
walk_compiled = Traversal(walk).on("numba")
answer = walk_compiled(np.array([1.0, -1.0]))
print(json.dumps([list(answer), sum(walk_compiled.stats.cache_hits.values())]))
"""


def test_edit_in_another_file_gives_the_new_answer_from_a_warm_cache(tmp_path: Path) -> None:
    parts, entry = tmp_path / "parts.py", tmp_path / "entry.py"
    entry.write_text(ENTRY)

    def answer(text: str) -> Any:
        parts.write_text(text)
        environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache"), "PYTHONDONTWRITEBYTECODE": "1"}
        run = subprocess.run([sys.executable, str(entry)], env=environment, capture_output=True, text=True, check=True)
        return json.loads(run.stdout)

    assert answer(PARTS) == [[12.0, 0.0], 0]
    assert answer(PARTS) == [[12.0, 0.0], 1]
    assert answer(PARTS.replace("FACTOR = 2.0", "FACTOR = 5.0")) == [[15.0, 0.0], 0]  # a constant of a rule
    assert answer(PARTS.replace("(10, 20)", "(30, 20)")) == [[32.0, 0.0], 0]  # a tuple of a routine
    assert answer(PARTS.replace("FACTOR * value", "FACTOR - value")) == [[11.0, 0.0], 0]  # a rule
    assert answer(PARTS.replace("return 0.0", "return value")) == [[12.0, -1.0], 0]  # a routine
    assert answer(PARTS) == [[12.0, 0.0], 1]


@pytest.mark.parametrize("layer", ["default", "workqueue"])
def test_pool_that_threads_cannot_share_is_never_used(layer: str) -> None:
    code = (
        "import numpy as np, threading\n"
        "from citytide.kernels.traffic.godunov import advance_density\n"
        "road = dict(time_step_s=1.0, cell_length_m=50.0, free_speed_m_s=25.0, jam_density_veh_m=0.12)\n"
        "def work():\n"
        "    for _ in range(20): advance_density(np.full((8, 500), 0.05), threads=2, **road)\n"
        "crowd = [threading.Thread(target=work) for _ in range(4)]\n"
        "[one.start() for one in crowd]; [one.join() for one in crowd]\n"
    )
    subprocess.run([sys.executable, "-c", code], env={**os.environ, "NUMBA_THREADING_LAYER": layer}, check=True)
