from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from citytide.hpc.control.chains import Chain, describe_chain, find_stage, open_chain
from citytide.hpc.errors import RunError
from citytide.hpc.run.index import add_run, find_chain, find_run


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    """A chain of two stages of which none has begun."""
    stages = [{"name": name, "workflow": "doubling", "set": {}} for name in ("first", "second")]
    (tmp_path / "chain.json").write_text(json.dumps({"id": "chain-1f2e", "stages": stages}))
    return Chain(tmp_path)


def state_of(chain: Chain) -> str:
    return str(describe_chain(chain)["state"])


def test_state_is_that_of_the_first_stage_that_is_not_done(chain: Chain) -> None:
    from doubling import drive, lay_out  # type: ignore[import-not-found]

    assert state_of(chain) == "created"
    first = lay_out(chain.path / "first", rows=2)
    assert state_of(chain) == "created" and chain.current is not None and chain.current.path == first
    drive(first, 1)
    assert state_of(chain) == "interrupted"  # nobody begins the next
    with chain.beginning():
        assert state_of(chain) == "running"
    told = describe_chain(chain)["stages"]
    assert [stage["state"] for stage in told] == ["done", "not begun"] and told[1]["waits_for"] == ["first"]
    second = lay_out(chain.path / "second", rows=2, trouble="raise")
    assert find_stage(str(chain.path)) == second
    shutil.rmtree(second)
    shutil.copytree(first, second)
    assert state_of(chain) == "done" and find_stage(str(chain.path)) == second


def test_refusal_of_the_next_stage_is_the_failure_of_the_chain(chain: Chain) -> None:
    from doubling import drive, lay_out

    drive(lay_out(chain.path / "first", rows=2), 1)
    chain.note_refusal("second", "stage 'second' could not begin: the disk is full")
    told = describe_chain(chain)
    assert (told["state"], told["error"]) == ("failed", "stage 'second' could not begin: the disk is full")
    chain.forget_refusal()
    assert describe_chain(chain)["error"] is None


def test_chain_is_found_by_folder_and_by_id_and_is_no_run(chain: Chain) -> None:
    add_run(chain.id, "chain", chain.path)
    assert find_chain(str(chain.path)) == find_chain(chain.id) == chain.path
    assert find_chain("nowhere") is None and find_chain(str(chain.path / "first")) is None
    for name in (str(chain.path), chain.id):
        with pytest.raises(RunError, match="is a chain of runs, and here one of them is needed: give "):
            find_run(name)
    with pytest.raises(RunError, match="there is no chain 'nowhere': give a folder that"):
        open_chain("nowhere")
    with pytest.raises(RunError, match="has begun no stage yet: begin it with citytide resume"):
        find_stage(str(chain.path))
