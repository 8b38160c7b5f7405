"""What a paired run measured: seconds of both sides, ratio, interval, verdict; as a table and as JSON."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .intervals import LEVEL, Interval, estimate_ratio, judge_ratio, judge_target
from .sides import Measurement

__all__ = ["MEASURES", "Comparison"]

MEASURES = ("cpu", "wall")


@dataclass(frozen=True)
class Comparison:
    """What a paired run measured; ``table()`` for people, ``to_json()`` for scripts."""

    labels: tuple[str, str]
    a: tuple[Measurement, ...]
    b: tuple[Measurement, ...]
    twins: tuple[tuple[Measurement, Measurement], ...]
    order: tuple[str, ...]
    seed: int
    tolerance: float
    at_most: float | None

    def seconds(self, side: str, measure: str) -> list[float] | None:
        """Seconds of side ``a`` or ``b`` in each pair, CPU or wall; None if that side does not tell them."""
        return _column(self.a if side == "a" else self.b, measure)

    def interval(self, measure: str) -> Interval | None:
        """A's seconds over B's."""
        return _interval(self.seconds("a", measure), self.seconds("b", measure), self.seed)

    def calibration(self, measure: str) -> Interval | None:
        """A's seconds over those of a second A: what the machine makes of no difference."""
        if not self.twins:
            return None
        first, second = zip(*self.twins, strict=True)
        return _interval(_column(first, measure), _column(second, measure), self.seed)

    def judge(self, measure: str) -> dict[str, Any] | None:
        """Ratio, interval and verdict of A against B, as JSON."""
        interval, twins = self.interval(measure), self.calibration(measure)
        if interval is None:
            return None
        noise = twins.spread if twins else 0.0
        verdict: dict[str, Any] = {
            "ratio": interval.ratio,
            "low": interval.low,
            "high": interval.high,
            "level": LEVEL,
            "tolerance": self.tolerance,
            "noise": noise if twins else None,
            "verdict": judge_ratio(interval, tolerance=self.tolerance, noise=noise),
        }
        if self.at_most is not None:
            verdict["target"] = {"at_most": self.at_most, "verdict": judge_target(interval, self.at_most)}
        return verdict

    def to_json(self) -> dict[str, Any]:
        sides = {
            name: {
                "label": label,
                "measured": "whole command" if side[0].whole else "by the side",
                **{f"{m}_seconds": self.seconds(name, m) for m in MEASURES},
                "answer": dict(side[-1].answer),
            }
            for name, label, side in zip("ab", self.labels, (self.a, self.b), strict=True)
        }
        return {
            "schema": 1,
            **sides,
            "pairs": len(self.a),
            "order": list(self.order),
            "seed": self.seed,
            "calibration_pairs": len(self.twins),
            **{measure: self.judge(measure) for measure in MEASURES},
            "machine": _describe_machine(),
        }

    def table(self) -> str:
        """A and B, seconds (median), ratio with interval, verdict."""
        lines = [f"A  {self.labels[0]}", f"B  {self.labels[1]}", ""]
        lines.append(f"{'':5}{'A [s]':>12}{'B [s]':>12}{'A / B':>10}{f'{LEVEL:.0%} interval':>22}{'A / A':>8}  verdict")
        for measure in MEASURES:
            judged = self.judge(measure)
            if judged is None:
                lines.append(f"{measure:5}{'not told by both sides':>24}")
                continue
            medians = [float(np.median(self.seconds(side, measure) or [])) for side in "ab"]
            noise = "-" if judged["noise"] is None else f"±{judged['noise']:.0%}"
            span = f"{judged['low']:.4g} .. {judged['high']:.4g}"
            lines.append(
                f"{measure:5}{medians[0]:12.4g}{medians[1]:12.4g}{judged['ratio']:10.4g}{span:>22}{noise:>8}  "
                f"A is {judged['verdict']}" + _say_target(judged)
            )
        what = "whole commands, start-up included" if self.a[0].whole else "as each side tells, start-up excluded"
        terms = f"{len(self.a)} pairs, seed {self.seed}, differences up to {self.tolerance:.0%} count as none"
        lines += ["", f"{terms}; {what}"]
        return "\n".join(lines)


def _column(side: Sequence[Measurement], measure: str) -> list[float] | None:
    seconds = [getattr(one, f"{measure}_seconds") for one in side]
    return None if any(value is None for value in seconds) else seconds


def _interval(a: list[float] | None, b: list[float] | None, seed: int) -> Interval | None:
    return None if a is None or b is None else estimate_ratio(a, b, seed=seed)


def _say_target(judged: dict[str, Any]) -> str:
    target = judged.get("target")
    return f"; at most {target['at_most']:.4g}: {target['verdict']}" if target else ""


def _describe_machine() -> dict[str, Any]:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return {
        "cpu": model or platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "load": os.getloadavg()[0],
        "python": sys.version.split()[0],
    }
