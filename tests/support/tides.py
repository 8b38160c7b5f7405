"""A package that a test may edit: two steps, each with modules of its own, and a source that the first one reads.

``y = FACTOR x`` plus the number in the source; ``z = y + OFFSET``, which fails while a file ``trouble`` is there.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

FILES = {
    "__init__.py": '"""Two steps."""\n',
    "first.py": """
        from typing import Any

        from .factors import FACTOR

        def multiply(arrays: dict[str, Any], source: str) -> dict[str, Any]:
            with open(source) as file:
                return {"y": arrays["x"] * FACTOR + float(file.read())}
    """,
    "factors.py": "FACTOR = 2.0\n",
    "second.py": """
        import os

        def shift(arrays, trouble):
            from . import offsets

            if os.path.exists(trouble):
                raise RuntimeError("there is trouble")
            return {"z": arrays["y"] + offsets.OFFSET}
    """,
    "offsets.py": "OFFSET = 1.0\n",
    "unrelated.py": "NOTHING = 0\n",
    "question.py": """
        from pathlib import Path

        import numpy as np

        from citytide.hpc.plan.settings import Settings
        from citytide.hpc.plan.sources import Source
        from citytide.hpc.plan.steps import BlockStep
        from citytide.hpc.store.products import Product, Variable
        from citytide.workflows.workflow import Prepared, Workflow

        from . import unrelated

        class TideSettings(Settings):
            source: str
            trouble: str = ""

        def prepare(settings):
            row = dict(dim="row", extent=4, memory_bytes=lambda block: 10**6)
            y = Variable("y", ("row",), "float64", "1", "first", "blocks", (4,))
            z = Variable("z", ("row",), "float64", "1", "second", "blocks", (4,))
            first = BlockStep(
                name="first", function="tides_made.first:multiply", inputs=("inputs.zarr",), product="first",
                params={"source": settings.source}, **row,
            )
            second = BlockStep(
                name="second", function="tides_made.second:shift", inputs=("first",), product="second",
                params={"trouble": settings.trouble}, **row,
            )
            return Prepared(
                steps=(first, second),
                products=(Product("first", "First", (y,)), Product("second", "Second", (z,))),
                arrays={"x": (("row",), np.arange(4.0))},
                sources={"level": Source(Path(settings.source))},
            )

        def finish(run):
            return {"summary": [], "warnings": []}

        WORKFLOW = Workflow("tides_made.question:WORKFLOW", "Two steps", TideSettings, prepare, finish)
    """,
}


class Tides:
    """The package in a folder, importable by this process and by workers, and runs of it beside."""

    def __init__(self, folder: Path) -> None:
        from textwrap import dedent

        self.folder, self.package, self.edits = folder, folder / "tides_made", 0
        self.package.mkdir(parents=True)
        for name, text in FILES.items():
            self.edit(name, dedent(text))
        self.source, self.trouble = folder / "level.txt", folder / "trouble"
        self.source.write_text("10")

    def edit(self, module: str, text: str) -> None:
        path = self.package / module
        path.write_text(text)
        self.edits += 1  # Python takes its compiled file for the text's if both have one size and one second
        moment = path.stat().st_mtime + 2 * self.edits
        os.utime(path, (moment, moment))

    def run(self, name: str = "run", *, is_stopped: bool = False, **options: Any) -> Path:
        """A finished run; or one whose second step failed, so that its first is done and its second is not."""
        from citytide.workflows import runner

        if is_stopped:
            self.trouble.touch()
        sets = {"source": str(self.source), "trouble": str(self.trouble)}
        done = runner.run("tides_made.question:WORKFLOW", set=sets, out=self.folder / name, **options)
        self.trouble.unlink(missing_ok=True)
        assert done.result["state"] == ("failed" if is_stopped else "done"), done.result
        return done.path


def forget_tides() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "tides_made"]:
        del sys.modules[name]


def make_tides(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Tides:
    forget_tides()
    monkeypatch.syspath_prepend(str(folder))
    paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    return Tides(folder)
