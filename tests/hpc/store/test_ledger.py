import json
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import given

from citytide.hpc.store.ledger import Ledger, done_blocks, last_line, read_ledger, written_blocks


def write(path: Path, attempt: int, blocks: list[int]) -> None:
    with Ledger(path, attempt) as ledger:
        ledger.append("driver", host="here")
        for block in blocks:
            ledger.append("block", step="s", block=block, scalars={}, shards={})


@given(st.lists(st.integers(0, 20), max_size=12), st.integers(1, 60))
def test_torn_tail_costs_only_the_last_line(tmp_path_factory, blocks: list[int], torn: int) -> None:
    path = tmp_path_factory.mktemp("ledger") / "ledger.jsonl"
    write(path, 1, blocks)
    whole = path.read_bytes()
    last = whole.rstrip(b"\n").rfind(b"\n") + 1
    path.write_bytes(whole[: max(last, len(whole) - torn)])
    kept = [line["block"] for line in read_ledger(path) if line["kind"] == "block"]
    assert kept == blocks[: len(kept)] and len(kept) >= len(blocks) - 1
    write(path, 2, [99])  # the next driver begins on a line of its own
    assert all(json.loads(line) for line in path.read_text().splitlines())
    assert ("s", 99) in done_blocks(read_ledger(path))


def test_older_attempt_is_not_heard_after_a_take_over(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    old = Ledger(path, 1)
    old.append("driver", host="old")
    old.append("block", step="s", block=0)
    old.sync()
    new = Ledger(path, 2)
    new.append("driver", host="new")
    new.sync()
    old.append("block", step="s", block=1)
    old.sync()
    new.append("block", step="s", block=2)
    new.sync()
    assert set(done_blocks(read_ledger(path))) == {("s", 0), ("s", 2)}


def test_bad_line_takes_a_block_away_until_it_is_done_again(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    write(path, 1, [0, 1])
    with Ledger(path, 2) as ledger:
        ledger.append("bad", step="s", block=1, path="x")
    assert set(done_blocks(read_ledger(path))) == {("s", 0)}
    write(path, 3, [1])
    assert set(done_blocks(read_ledger(path))) == {("s", 0), ("s", 1)}


def test_restart_line_takes_away_every_block_of_its_steps_and_silences_an_older_driver(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    write(path, 1, [0, 1])
    with Ledger(path, 1) as old, Ledger(path, 2) as ledger:
        old.append("block", step="t", block=0)
        old.sync()
        ledger.append("restart", steps=["s"], products=[])
        ledger.sync()
        old.append("block", step="s", block=2)  # of the old code
    assert set(done_blocks(read_ledger(path))) == {("t", 0)}
    write(path, 3, [1])
    assert set(done_blocks(read_ledger(path))) == {("t", 0), ("s", 1)}


def test_files_of_a_bad_block_are_still_on_disk_and_those_of_a_restarted_one_are_not(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    write(path, 1, [0, 1])
    with Ledger(path, 2) as ledger:
        ledger.append("bad", step="s", block=1, path="x")
    assert set(written_blocks(read_ledger(path))) == {("s", 0), ("s", 1)}
    with Ledger(path, 3) as ledger:
        ledger.append("restart", steps=["s"], products=[])
    assert written_blocks(read_ledger(path)) == {}


def test_lines_count_only_once_synced(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl", 1)
    ledger.append("driver", host="here")
    assert read_ledger(ledger.path) == [] and not ledger.is_synced
    ledger.sync()
    assert last_line(read_ledger(ledger.path), "driver") is not None and ledger.is_synced


def test_missing_ledger_is_an_empty_one(tmp_path: Path) -> None:
    assert read_ledger(tmp_path / "none.jsonl") == []


@given(st.integers(0, 10**6))
def test_line_with_a_flipped_bit_does_not_count(tmp_path_factory, bit: int) -> None:
    path = tmp_path_factory.mktemp("ledger") / "ledger.jsonl"
    write(path, 1, [0, 1, 2])
    whole = read_ledger(path)
    data = bytearray(path.read_bytes())
    data[bit // 8 % len(data)] ^= 1 << bit % 8
    path.write_bytes(data)
    read = read_ledger(path)
    assert len(read) < len(whole) and all(line in whole for line in read)
