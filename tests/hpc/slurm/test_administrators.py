"""The administrator's guide, tried as it stands on the sandbox."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from citytide.hpc.plan.pools import Pool
from citytide.hpc.plan.profiles import Profile

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "administrators.md"
BLOCK = re.compile(r"(?:<!-- (not run|file): ([^\n]+?) -->\n)?```(\w+)\n(.*?)^```", re.M | re.S)


@pytest.mark.slurm
def test_guide_leads_from_detect_to_a_first_run(sandbox: Any, tmp_path: Path) -> None:
    tools = Path(sys.executable).parent
    environment = {**os.environ, **sandbox.environment, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    n_run = 0
    for mark, text, language, body in BLOCK.findall(GUIDE.read_text(encoding="utf-8")):
        if mark == "file":
            (tmp_path / text).write_text(body, encoding="utf-8")
        if mark or language != "bash":
            continue
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", body],
            cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, f"{body}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        n_run += 1
    assert n_run >= 4 and (tmp_path / "runs" / "first" / "report.html").is_file()


def test_block_that_does_not_run_says_why() -> None:
    reasons = [text for mark, text, _, _ in BLOCK.findall(GUIDE.read_text(encoding="utf-8")) if mark == "not run"]
    assert reasons and all(len(reason.split()) >= 4 for reason in reasons)


def test_table_of_keys_tells_every_key_of_a_profile() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    told = set(re.findall(r"`(?:limits\.)?(\w+)(?:\.NAME)?`", text))
    parts = {"limits"}  # told by its own keys
    assert (set(Profile.model_fields) | set(Pool.model_fields)) - parts <= told
