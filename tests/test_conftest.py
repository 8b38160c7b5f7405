"""Nothing is skipped in silence where every test must run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

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
