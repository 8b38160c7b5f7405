"""Nothing is skipped in silence where every test must run."""

from __future__ import annotations

import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CONFTEST = runpy.run_path(str(Path(__file__).with_name("conftest.py")))
LONGEST, APART = CONFTEST["LONGEST"], CONFTEST["APART"]
SKIPPED = "import pytest\ndef test_one(): pytest.skip('no reason')\n"
MODULE_SKIPPED = "import pytest\npytest.importorskip('no_such_package')\n"
WITHOUT_DATA = "def test_one(data): assert False\n"


@pytest.mark.parametrize(
    ("text", "in_ci", "outcome"),
    [
        (SKIPPED, "0", "1 skipped"),
        (SKIPPED, "1", "1 failed"),
        (MODULE_SKIPPED, "1", "1 error"),
        (WITHOUT_DATA, "1", "1 skipped"),
    ],
    ids=["elsewhere", "in-ci", "whole-module", "no-data-folder"],
)
def test_skipped_test_fails_in_ci_unless_its_data_folder_is_absent(
    tmp_path: Path, text: str, in_ci: str, outcome: str
) -> None:
    shutil.copy(Path(__file__).with_name("conftest.py"), tmp_path)
    (tmp_path / "test_it.py").write_text(text)
    absent = str(tmp_path / "absent")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "CITYTIDE_CI": in_ci, "CITYTIDE_DATA": absent},
        capture_output=True,
        text=True,
    )
    assert outcome in run.stdout
    assert run.returncode == (0 if "skipped" in outcome else 1 if "failed" in outcome else 2)


# Notes which worker ran which module, and what the path holds that all of them share.
NOTING = """
import os, time, pytest
def make(path): time.sleep(0.3); path.write_text(str(time.time_ns()))
@pytest.mark.parametrize("at", range(4))
def test_it(at, make_once):
    held = make_once("it", make).read_text()
    open({told!r}, "a").write(" ".join([os.environ["PYTEST_XDIST_WORKER"], "{name}", held]) + "\\n")
"""


def test_workers_take_whole_modules_the_longest_first_and_share_what_is_made_once(tmp_path: Path) -> None:
    shutil.copy(Path(__file__).with_name("conftest.py"), tmp_path)
    longest = LONGEST[-1].replace("*", "")
    modules = ("tests/test_a.py", "tests/test_b.py", longest)
    for name in (*modules, APART[0]):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(NOTING.format(told=str(tmp_path / "told"), name=name))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "2", "--dist", "loadfile"]
    run = subprocess.run([*command, "--rootdir", str(tmp_path), "tests"], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout
    ran = [line.split() for line in (tmp_path / "told").read_text().splitlines()]
    assert len(ran) == 16 and [name for _, name, _ in ran[:2]] == [APART[0]] * 2
    assert all(len({worker for worker, name, _ in ran if name == module}) == 1 for module in modules)
    assert len({worker for worker, name, _ in ran if name == APART[0]}) == 2
    assert len({held for _, _, held in ran}) == 1


@pytest.mark.parametrize("pattern", sorted({*LONGEST, *APART}))
def test_pattern_of_the_order_finds_its_module(pattern: str) -> None:
    assert list(ROOT.glob(pattern.replace("/*test", "/**/test").replace("/*/", "/**/")))
