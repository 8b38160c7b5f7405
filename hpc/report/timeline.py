"""When each worker computed which block, as a picture of bars.

One row per worker and attempt. The rule where a run is too large for one bar per block: the 24 workers that computed
longest are shown, and short bars of one step that nearly touch become one, so that some 3,000 bars are drawn at most.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from .inspection import instant, seconds_of

__all__ = ["Bar", "Timeline", "make_timeline"]

MOST_LANES, MOST_BARS = 24, 3000
WIDTH = 1000.0  # of the picture, in its own units
LANE, GAP = 14.0, 6.0


@dataclass(frozen=True)
class Bar:
    """Blocks of one step on one worker, side by side: ``left, width`` of `WIDTH`, ``top`` of the picture."""

    left: float
    width: float
    top: float
    tint: int
    label: str
    is_wasted: bool


@dataclass(frozen=True)
class Timeline:
    """Bars, the workers they belong to, the steps their tints stand for, and the sentence on what is left out."""

    bars: list[Bar]
    lanes: list[tuple[float, str]]
    takeovers: list[tuple[float, str]]
    steps: list[str]
    ticks: list[tuple[float, str]]
    height: float
    seconds: float
    note: str


def make_timeline(ledger: Iterable[dict[str, Any]], steps: Sequence[str] = ()) -> Timeline | None:
    """Lay the blocks of a ledger out in time; None where no block says when it began.

    Parameters
    ----------
    ledger
        Lines as `inspection.inspect_run` returns them.
    steps
        Step names in the order of the plan; the first ones get the first tints.
    """
    lines = list(ledger)
    spans: dict[tuple[str, int], list[tuple[float, float, dict[str, Any]]]] = defaultdict(list)
    for line in lines:
        begun = instant(line.get("started")) if line.get("kind") == "block" else None
        if begun is not None:
            start = begun.timestamp()
            lane = str(line.get("worker", "worker")), _attempt(line)
            spans[lane].append((start, start + seconds_of(line), line))
    if not spans:
        return None
    drivers = [(moment.timestamp(), line) for line in lines if line.get("kind") == "driver"
               if (moment := instant(line.get("time"))) is not None]  # fmt: skip
    blocks = [span for lane in spans.values() for span in lane]
    origin = min([start for start, _, _ in blocks] + [start for start, _ in drivers[:1]])
    total = max(max(stop for _, stop, _ in blocks) - origin, 1e-3)
    names = list(dict.fromkeys([*steps, *(str(line.get("step")) for _, _, line in blocks)]))
    busiest = sorted(spans, key=lambda lane: -sum(stop - start for start, stop, _ in spans[lane]))[:MOST_LANES]
    shown = sorted(busiest, key=lambda lane: (lane[1], min(start for start, _, _ in spans[lane]), lane[0]))
    grain = total / WIDTH if len(blocks) <= MOST_BARS else max(total / WIDTH, total * len(shown) / MOST_BARS)
    bars: list[Bar] = []
    for row, lane in enumerate(shown):
        ordered = sorted(spans[lane], key=lambda span: span[:2])
        bars += _lane_bars(ordered, row * (LANE + GAP), names, origin, total, grain)
    several = len({attempt for _, attempt in spans}) > 1
    labels = [(row * (LANE + GAP), f"{worker}, attempt {attempt}" if several else worker)
              for row, (worker, attempt) in enumerate(shown)]  # fmt: skip
    merged = len([1 for lane in shown for _ in spans[lane]]) - len(bars)
    return Timeline(
        bars,
        labels,
        [((start - origin) / total * WIDTH, f"attempt {_attempt(line)}") for start, line in drivers[1:]],
        names,
        _ticks(total),
        len(shown) * (LANE + GAP) - GAP,
        total,
        _note(len(blocks), len(spans), len(shown), merged),
    )


def _attempt(line: dict[str, Any]) -> int:
    value = line.get("attempt", 1)
    return value if isinstance(value, int) else 1


def _lane_bars(
    spans: Sequence[tuple[float, float, dict[str, Any]]],
    top: float,
    names: Sequence[str],
    origin: float,
    total: float,
    grain: float,
) -> list[Bar]:
    bars: list[Bar] = []
    held: list[Any] = []  # left, right, step, wasted, count, block

    def flush() -> None:
        if held:
            left, right, step, wasted, count, block = held
            what = f"{count:,} blocks" if count > 1 else f"block {block}"
            label = f"{step}: {what}, from {left:.2f} s to {right:.2f} s{', not counted' if wasted else ''}"
            width = max((right - left) / total * WIDTH, 1.0)
            bars.append(Bar(left / total * WIDTH, width, top, names.index(step) % 6, label, wasted))
            held.clear()

    for start, stop, line in spans:
        left, right, step = start - origin, stop - origin, str(line.get("step"))
        wasted = not line.get("counts", True)
        narrow = min(right - left, held[1] - held[0]) < 4 * grain if held else False
        if held and held[2:4] == [step, wasted] and narrow and left - held[1] < grain:
            held[1], held[4] = max(held[1], right), held[4] + 1
        else:
            flush()
            held[:] = [left, right, step, wasted, 1, line.get("block")]
    flush()
    return bars


def _ticks(total: float) -> list[tuple[float, str]]:
    units = (1e-3, 1.0, 60.0, 3600.0)
    step = next((size * unit for unit in units for size in (1, 2, 5, 10, 20, 30, 50, 100, 200, 500)
                 if total / (size * unit) <= 5), total)  # fmt: skip
    count = int(total / step)
    return [(number * step / total * WIDTH, span_text(number * step)) for number in range(count + 1)]


def span_text(seconds: float) -> str:
    """A span of time as a person says it.

    Examples
    --------
    >>> [span_text(value) for value in (0, 0.0123, 7.26, 754.0, 20000.0)]
    ['0 s', '12.3 ms', '7.3 s', '12 min 34 s', '5 h 33 min']
    """
    if seconds == 0:
        return "0 s"
    if seconds < 1:
        return f"{seconds * 1e3:.3g} ms"
    if seconds < 120:
        return f"{seconds:.3g} s" if seconds >= 10 else f"{seconds:.2g} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 120:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def _note(n_blocks: int, n_lanes: int, n_shown: int, merged: int) -> str:
    parts = []
    if n_shown < n_lanes:
        parts.append(f"{n_shown} of {n_lanes} workers are shown, those that computed longest")
    if merged > 0:
        parts.append("short blocks of one step that touch are drawn as one bar")
    return f"{n_blocks:,} blocks" + ("; " + "; ".join(parts) if parts else "") + "."
