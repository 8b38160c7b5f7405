"""The results of a day as a table of plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["COLUMNS", "list_rows", "write_summary", "write_table"]

COLUMNS = ("kernel", "size", "dtype", "members", "updates/s", "share", "error", "bound")
Record = Mapping[str, Any]


def list_rows(record: Record) -> list[tuple[str, ...]]:
    """A row of text for each measurement, in the order of ``COLUMNS``.

    The rows of a step's time give microseconds in place of a rate.
    """
    return [
        (
            one["case"], f"{one['n']:,}", one["dtype"], str(one["members"]), _write_rate(one),
            "" if one["role"] == "step" else f"{100.0 * one['share']:.0f} %", _write_error(one),
            "" if one["error"] is None else f"{one['bound']:.0e}" + ("" if one["within"] else " BEYOND"),
        )
        for one in record["measurements"]
    ]  # fmt: skip


def _write_rate(one: Record) -> str:
    if one["role"] == "step":
        return f"{1e6 * one['seconds_per_step']:.0f} us a step"
    return f"{one['updates_per_second']:.3g}"


def _write_error(one: Record) -> str:
    if one["error"] is None:
        return ""
    return str(one["error"]) if isinstance(one["error"], str) else f"{one['error']:.1e}"


def write_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns side by side, the first to the left and the others to the right.

    Examples
    --------
    >>> print(write_table(["kernel", "share"], [["regrid", "61 %"]]))
    kernel  share
    regrid   61 %
    """
    widths = [max(len(row[place]) for row in (header, *rows)) for place in range(len(header))]
    lines = []
    for row in (header, *rows):
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def write_summary(record: Record) -> str:
    """The card, the tests, the table, what was left out, and the prediction."""
    card, tests = record["card"], record["tests"]
    about = [card["name"], f"compute capability {card['compute_capability']}" if card.get("compute_capability") else "",
             f"driver {card['driver']}" if card.get("driver") else "", f"{record['spent_s']:.0f} s"]  # fmt: skip
    lines = ["card: " + ", ".join(filter(None, about))]
    if record["simulated"]:
        lines.append("the simulator's times tell nothing about a GPU; its errors do")
    if tests.get("left_out"):
        lines.append(f"device tests: left out: {tests['left_out']}")
    elif tests:
        told = ", ".join(f"{tests[name]} {name}" for name in ("passed", "failed", "errors", "skipped"))
        lines.append(f"device tests: {told}" + (f"; {tests['stopped']}" if tests.get("stopped") else ""))
        lines += [f"  failed: {name}" for name in tests["failures"]]
    lines += ["", write_table(COLUMNS, list_rows(record)), ""]
    lines += [f"failed: {_name(one)}: {one['why']}" for one in record["failed"]]
    by_reason: dict[str, list[str]] = {}
    for one in record["left_out"]:
        by_reason.setdefault(one["why"], []).append(_name(one))
    lines += [f"left out, {why}: {', '.join(dict.fromkeys(names))}" for why, names in by_reason.items()]
    if record.get("without_case"):
        lines.append(f"declared for a GPU, and without a case here: {', '.join(record['without_case'])}")
    if (predicted := record.get("prediction")) is not None and not record["simulated"]:
        lines.append(f"predicted: {predicted['what']}: {predicted['seconds']:.0f} s")
    return "\n".join(lines)


def _name(one: Record) -> str:
    return f"{one['case']} {one['n']} {one['dtype']} x {one['members']}" if "n" in one else str(one["case"])
