"""Tables of a whole run: planned, written by workers, published, verified, repaired."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from citytide.hpc.errors import PersonLevelError, RunError
from citytide.hpc.run.resumption.verify import find_damage, verify_run
from citytide.hpc.run.runs import Run, open_run
from citytide.hpc.store.ledger import done_blocks, read_ledger


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import os
    import sys

    support = str(Path(__file__).parents[2] / "support")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(support)
        patch.setenv("PYTHONPATH", os.pathsep.join([support, os.environ.get("PYTHONPATH", "")]))
        from tabling import drive, lay_out

        run: Path = lay_out(tmp_path_factory.mktemp("undisturbed") / "run")
        assert drive(run)["state"] == "done"
        sys.modules.pop("tabling")
    return run


def test_run_opens_its_tables(undisturbed: Path) -> None:
    run = open_run(undisturbed)
    assert list(run.products) == ["divisors", "counts"] and run.result["products"]["counts"].endswith("/counts.csv")
    divisors, counts = run.open("divisors"), run.open("counts")
    assert divisors.number.tolist() == [n for n in range(10) for d in range(1, n + 1) if n % d == 0]
    assert (divisors.number % divisors.divisor == 0).all() and divisors.divisor.dtype == "int16"
    assert divisors.name[0] == '"1" durch 1, 约数' and divisors.attrs["units"]["share"] == "1"
    assert "pyarrow" in run.record["packages"]  # which decides over the bytes of a Parquet file
    assert counts.to_dict("list") == {"n": [10], "pairs": [len(divisors)]}
    published = {line["product"]: line for line in read_ledger(undisturbed / "ledger.jsonl") if "rows" in line}
    assert published["divisors"]["rows"] == len(divisors) and set(published["counts"]["files"]) == {"counts.csv"}
    assert [step.name for step in run.plan.steps if step.kind == "table"] == ["divisors-table", "counts-table"]


@pytest.mark.parametrize(("workers", "per_block"), [(1, 10), (3, 4)])
def test_tables_are_the_same_bytes(undisturbed: Path, tmp_path: Path, workers: int, per_block: int) -> None:
    from tabling import drive, lay_out

    run = lay_out(tmp_path / "run", per_block=per_block)
    assert drive(run, workers)["state"] == "done"
    for name in ("divisors.parquet", "counts.csv"):
        assert (run / name).read_bytes() == (undisturbed / name).read_bytes()


@pytest.mark.parametrize(
    ("name", "again", "is_missing"),
    [("divisors.parquet", ("divisors-table", 0), True), ("work/list/7.npz", ("list", 7), False)],
)
def test_damage_is_found_and_only_its_block_runs_again(
    undisturbed: Path, tmp_path: Path, name: str, again: tuple[str, int], is_missing: bool
) -> None:
    from doubling import copy_run, flip_bit
    from tabling import drive

    run = copy_run(undisturbed, tmp_path / "run")
    assert verify_run(open_run(run)) == []
    (run / name).unlink() if is_missing else flip_bit(run / name, 1234)
    (damage,) = verify_run(open_run(run))
    assert damage.path == name and (damage.step, damage.block) == again
    before = {key: line["time"] for key, line in done_blocks(read_ledger(run / "ledger.jsonl")).items()}
    assert drive(run)["state"] == "done"
    after = done_blocks(read_ledger(run / "ledger.jsonl"))
    assert {key for key, line in after.items() if before.get(key) != line["time"]} == {again}
    assert (run / "divisors.parquet").read_bytes() == (undisturbed / "divisors.parquet").read_bytes()
    assert find_damage(open_run(run)) == [] and not (run / "staging").exists()


def test_other_columns_fail_the_block_before_it_is_written(tmp_path: Path) -> None:
    from tabling import drive, lay_out

    run = lay_out(tmp_path / "run", trouble="kind", per_block=10)
    result = drive(run, 1)
    assert result["state"] == "failed"
    assert "column divisors.divisor must be int16 with one dim, got int64 with 1" in result["error"]
    assert not (run / "work").exists() and not result["products"]


def test_a_table_of_persons_can_be_held_and_not_be_shown(tmp_path: Path) -> None:
    from tabling import COUNTS, DIVISORS, drive, lay_out

    def finish(run: Run) -> dict[str, Any]:
        assert len(run.open("counts")) == 1
        with pytest.raises(PersonLevelError, match="an array of single persons must not be"):
            str(run.open("divisors")["number"])
        return {"summary": [], "warnings": []}

    run = lay_out(tmp_path / "run", per_block=10, products=(replace(DIVISORS, person_level=True), COUNTS))
    assert drive(run, 1, finish)["state"] == "done"
    assert list(open_run(run).open("divisors")) == ["number", "divisor", "share", "name"]


def refusal(**changed: Any) -> str:
    from tabling import plan_tables

    with pytest.raises(RunError) as refused:
        plan_tables(**changed)
    return str(refused.value)


def test_a_table_that_nobody_fills_is_refused() -> None:
    assert refusal(product=None) == (
        "a table must be filled by a step, got 'divisors', which no step names: give one product='divisors'"
    )


def test_a_table_that_two_steps_fill_is_refused() -> None:
    from tabling import COUNTS

    said = "steps 'list' and 'count-finalize' both write product 'counts': give each its own"
    assert refusal(product="counts") == refusal(product="counts", products=(COUNTS,)) == said


def test_a_table_is_not_read_as_a_store() -> None:
    assert "got 'counts' of step 'list': let a product hold what it needs" in refusal(inputs=("counts",))


def test_a_name_is_given_once() -> None:
    from tabling import COUNTS, DIVISORS

    assert "got two named 'divisors': rename one" in refusal(products=(DIVISORS, COUNTS, DIVISORS))
    assert "called 'list-table' too" in refusal(
        name="list-table", product="list", products=(replace(DIVISORS, name="list"), COUNTS)
    )


def test_plans_without_tables_are_read(undisturbed: Path, tmp_path: Path) -> None:
    from citytide.hpc.plan.plans import read_plan

    plan = json.loads((undisturbed / "plan.json").read_text())
    plan.pop("tables")
    plan["steps"] = [{k: v for k, v in s.items() if k != "table"} for s in plan["steps"] if s["kind"] != "table"]
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    assert read_plan(tmp_path).tables == () and read_plan(tmp_path).steps[0].table == ""


def test_a_reduction_into_a_store_says_how_many_rows() -> None:
    from citytide.hpc.store.products import Product

    sentence = refusal(products=(Product("counts", "C", ()),), product=None)
    assert sentence == (
        "rows of reduction 'count' must be at least 1 for the store 'counts', got 0: give the number of rows that "
        "finalize returns"
    )
