from __future__ import annotations

from pathlib import Path

import pytest
from planning import DOUBLE, MORE, plan, reduction, refuses, step


@pytest.mark.parametrize(
    "function", ["math:sqroot", "mathe:sqrt", "citytide.none.at:all", "citytide.hpc.plan.steps:plan_blocs"]
)
def test_function_that_nobody_has_is_refused(function: str) -> None:
    said = (
        f"a step's function must be importable, but this environment has no '{function}', which step '{{}}' names: "
        "correct the name, or install the package that it belongs to"
    )
    refuses(said.format("double"), step(function=function))
    for part, level in (("chunk", "ends-chunk"), ("combine", "ends-combine-1"), ("finalize", "ends-finalize")):
        refuses(said.format(level), step(), reduction(**{part: function}), products=(DOUBLE, MORE))


@pytest.mark.parametrize("function", ["double", "math.sqrt", "math:", ":sqrt", "math:a.b"])
def test_function_without_a_module_and_a_name_is_refused(function: str) -> None:
    refuses(
        f"a step's function must be named as package.module:name, got '{function}' of step 'double': name a function "
        "at the top of a module",
        step(function=function),
    )  # fmt: skip


def test_function_of_the_script_is_refused() -> None:
    refuses(
        "a step's function must be in an importable module, got '__main__:f' of step 'double', which is in the script "
        "being run: move it into a module beside the script",
        step(function="__main__:f"),
    )  # fmt: skip


def test_function_is_found_without_running_its_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "heavy_steps.py").write_text("raise SystemExit\n\ndef work(arrays):\n    return arrays\n")
    (tmp_path / "made_steps.py").write_text("def f(x):\n    return x\n\nglobals()['made'] = f\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    plan(step(function="heavy_steps:work"))
    plan(step(function="made_steps:made"))  # its source alone does not tell
