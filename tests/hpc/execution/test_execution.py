import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from citytide.hpc.errors import RunError
from citytide.hpc.run.driver_lock import hold_driver_lock
from citytide.hpc.run.resumption.verify import find_damage, verify_run
from citytide.hpc.run.runs import open_run
from citytide.hpc.store.ledger import done_blocks, read_ledger

SCRIPT = Path(__file__).parents[2] / "support" / "doubling.py"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One run that nothing happened to: what every other one must equal, byte for byte."""
    sys.path.insert(0, str(SCRIPT.parent))
    from doubling import drive, lay_out

    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(SCRIPT.parent)
    run: Path = lay_out(tmp_path_factory.mktemp("undisturbed") / "run")
    assert drive(run)["state"] == "done"
    if before is None:
        del os.environ["PYTHONPATH"]
    else:
        os.environ["PYTHONPATH"] = before
    return run


def blocks_done(run: Path) -> dict[tuple[str, int], Any]:
    return done_blocks(read_ledger(run / "ledger.jsonl"))


def test_run_computes_what_its_steps_say(undisturbed: Path) -> None:
    run = open_run(undisturbed)
    data, ends = run.open("double"), run.open("envelope")
    x = np.sqrt(np.arange(12 * 50.0)).reshape(12, 50)
    np.testing.assert_array_equal(data.y, 2 * x)
    np.testing.assert_array_equal(data.total, x.sum(axis=1))
    np.testing.assert_array_equal(ends.most, 2 * x[-1])
    assert data.label.values[3] == "行3"
    assert run.status()["state"] == "done" and run.result["memory"]["measured"] < run.result["memory"]["declared"]
    assert "done" in repr(run) and "<table>" in run._repr_html_()


@pytest.mark.parametrize(("workers", "per_block"), [(1, 1), (2, 5), (4, 12)])
def test_stores_are_the_same_bytes(
    undisturbed: Path, tmp_path: Path, make_doubling, workers: int, per_block: int
) -> None:
    from doubling import drive, store_bytes

    run = make_doubling(tmp_path / "run", per_block=per_block)
    assert drive(run, workers)["state"] == "done"
    assert store_bytes(run) == store_bytes(undisturbed)


def start_and_wait_for_blocks(run: Path, count: int) -> subprocess.Popen[bytes]:
    driver = subprocess.Popen([sys.executable, str(SCRIPT), str(run), "2"], stderr=subprocess.DEVNULL)
    for _ in range(1200):
        if len(blocks_done(run)) >= count:
            return driver
        assert driver.poll() is None, "the driver ended before it was killed"
        time.sleep(0.02)
    raise AssertionError("no block was finished")


@pytest.mark.parametrize("seed", range(int(os.environ.get("CITYTIDE_KILLS", "3"))))
@pytest.mark.parametrize("victim", ["driver", "worker"])
def test_killed_run_resumes_to_the_same_bytes(
    undisturbed: Path, tmp_path: Path, make_doubling, victim: str, seed: int
) -> None:
    from doubling import drive, store_bytes

    run = make_doubling(tmp_path / "run", sleep=0.05)
    driver = start_and_wait_for_blocks(run, int(np.random.default_rng(seed).integers(1, 9)))
    if victim == "worker":
        pid = int(next(iter(blocks_done(run).values()))["worker"].rpartition(":")[2])
        os.kill(pid, signal.SIGKILL)
        assert driver.wait(60) == 0
    else:
        driver.kill()
        driver.wait()
        before = {key: line["time"] for key, line in blocks_done(run).items()}
        assert drive(run)["state"] == "done"
        after = {key: line["time"] for key, line in blocks_done(run).items()}
        assert before and before.items() <= after.items()  # nothing that was done is done again
    assert store_bytes(run) == store_bytes(undisturbed)
    assert not list(run.rglob("*.partial"))


def test_first_interrupt_drains_and_resume_goes_on(undisturbed: Path, tmp_path: Path, make_doubling) -> None:
    from doubling import drive, store_bytes

    run = make_doubling(tmp_path / "run", sleep=0.2)
    driver = start_and_wait_for_blocks(run, 2)
    driver.send_signal(signal.SIGINT)
    assert driver.wait(60) == 0
    stopped = json.loads((run / "result.json").read_text())
    assert stopped["state"] == "stopped" and open_run(run).status()["state"] == "stopped"
    assert 2 <= len(blocks_done(run)) < 12
    assert drive(run)["state"] == "done" and store_bytes(run) == store_bytes(undisturbed)


def test_second_driver_is_refused_while_the_first_lives(undisturbed: Path) -> None:
    from doubling import drive

    with (
        hold_driver_lock(undisturbed),
        pytest.raises(RunError, match=r"driven by process \d+ .*--take-over") as refused,
    ):
        drive(undisturbed)
    assert refused.value.exit_code == 3


@pytest.mark.parametrize(
    ("trouble", "sentence"),
    [("raise", "ZeroDivisionError: row 3 is too much"), ("full", "no space left on the disk"), ("die", "worker died")],
)
def test_failed_block_stops_the_run_and_says_why(tmp_path: Path, make_doubling, trouble: str, sentence: str) -> None:
    from doubling import drive

    run = make_doubling(tmp_path / "run", trouble=trouble)
    result = drive(run)
    assert result["state"] == "failed" and sentence in result["error"]
    assert ("double", 3) not in blocks_done(run) and not result["products"]
    status = open_run(run).status()
    assert status["state"] == "failed" and sentence in status["error"]


@pytest.mark.parametrize("name", ["double.zarr/y/c/7/0", "envelope.zarr/most/c/0", "work/ends-chunk/4.npz"])
def test_flipped_bit_is_found_and_only_its_block_runs_again(
    undisturbed: Path, tmp_path: Path, make_doubling, name: str
) -> None:
    from doubling import copy_run, drive, flip_bit, store_bytes

    run = copy_run(undisturbed, tmp_path / "run")
    assert verify_run(open_run(run)) == []
    flip_bit(run / name, 1234)
    (damage,) = verify_run(open_run(run))
    assert damage.path == name and open_run(run).status()["state"] == "damaged"
    before = {key: line["time"] for key, line in blocks_done(run).items()}
    assert drive(run)["state"] == "done"
    again = {key for key, line in blocks_done(run).items() if before.get(key) != line["time"]}
    assert again == {(damage.step, damage.block)}
    assert store_bytes(run) == store_bytes(undisturbed) and find_damage(open_run(run)) == []


@pytest.mark.parametrize("name", ["zarr.json", "y/zarr.json", "label/c/0", "total/c/0"])
def test_damaged_metadata_and_coordinates_are_mended_without_any_block(
    undisturbed: Path, tmp_path: Path, make_doubling, name: str
) -> None:
    from doubling import copy_run, drive, flip_bit, store_bytes

    run = copy_run(undisturbed, tmp_path / "run")
    flip_bit(run / "double.zarr" / name, 77)
    (damage,) = verify_run(open_run(run))
    assert damage.path == f"double.zarr/{name}" and damage.step is None
    before = blocks_done(run)
    assert drive(run)["state"] == "done" and blocks_done(run) == before
    assert store_bytes(run) == store_bytes(undisturbed)


def test_damaged_inputs_are_refused(undisturbed: Path, tmp_path: Path, make_doubling) -> None:
    from doubling import copy_run, drive, flip_bit

    run = copy_run(undisturbed, tmp_path / "run")
    flip_bit(run / "inputs.zarr/x/c/0/0", 500)
    with pytest.raises(RunError, match=r"inputs.zarr/x/c/0/0 is damaged"):
        drive(run)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[tuple[Path, Callable[[str], None]]]:
    """A file system of a few hundred kilobytes, and a way to give it more; needs root."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(*options: str) -> None:
        subprocess.run(["mount", "-t", "tmpfs", *options, "tmpfs", str(folder)], check=True, capture_output=True)

    mount("-o", "size=300k")
    yield folder, lambda size: mount("-o", f"remount,size={size}")
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk; the injected case runs for everybody")
def test_full_disk_stops_the_run_and_space_lets_it_resume(
    undisturbed: Path, small_disk: tuple[Path, Callable[[str], None]], make_doubling
) -> None:
    from doubling import drive, store_bytes

    folder, grow = small_disk
    run = make_doubling(folder / "run", sleep=0.01)
    ballast = folder / "ballast"
    free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
    ballast.write_bytes(b"0" * (free - 30_000))
    try:
        said = drive(run)["error"]
    except RunError as error:
        said = str(error)
    assert "space" in said and "citytide resume" in said
    assert len(blocks_done(run)) < open_run(run).plan.tasks
    grow("5m")
    assert drive(run)["state"] == "done" and store_bytes(run) == store_bytes(undisturbed)
