"""What was measured on a GPU, as Markdown for ``docs/gpu.md``: ``python docs/measured.py`` writes it into the page.

It is made from the newest file in ``benchmarks/results`` that a GPU left; a simulator's does not count.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from citytide.benchmarks.gpu.results import find_newest
from citytide.benchmarks.gpu.table import COLUMNS, list_rows

__all__ = ["PAGE", "read_measured", "update_page", "write_measured"]

PAGE = Path(__file__).parent / "gpu.md"
BEGIN, END = "<!-- measured: `python docs/measured.py` writes this part -->\n", "<!-- measured: end -->\n"


def write_measured(record: Mapping[str, Any] | None) -> str:
    """The card, a table with a row for each measurement, and what else is to be known; None: nothing was measured.

    Parameters
    ----------
    record
        What ``python3 -m citytide.benchmarks.gpu`` left.

    Examples
    --------
    >>> write_measured(None)
    'Nothing has been measured on a GPU yet.\\n'
    """
    if record is None:
        return "Nothing has been measured on a GPU yet.\n"
    card, versions, tests = record["card"], record["versions"], record["tests"]
    software = ", ".join(f"{name} {found}" for name, found in versions.items() if found)
    lines = [
        f"On {record['started'][:10]}: {card['name']}, driver {card.get('driver') or 'unknown'}.",
        f"Software: {software}.",
        "",
    ]
    if "passed" in tests:
        bad = tests["failed"] + tests["errors"]
        lines += [f"Device tests: {tests['passed']} passed, {bad} failed.", ""]
    lines += [f"| {' | '.join(COLUMNS)} |", f"|{'---|' * len(COLUMNS)}"]
    lines += [f"| {' | '.join(row)} |" for row in list_rows(record)]
    for title, where in (("Failed", "failed"), ("Left out", "left_out")):
        names = list(dict.fromkeys(f"{one['case']} ({one['why']})" for one in record[where]))
        if names:
            lines += ["", f"{title}:", "", *(f"- {name}" for name in names)]
    if record.get("prediction"):
        told = record["prediction"]
        lines += ["", f"Predicted, not measured: {told['what']}: {told['seconds']:.0f} s. Assumed:", ""]
        lines += [f"- {assumption}" for assumption in told["assumptions"]]
    return "\n".join(lines) + "\n"


def read_measured(text: str) -> str:
    """The part of the page that is written from results."""
    return text.partition(BEGIN)[2].partition(END)[0].strip("\n") + "\n"


def update_page(text: str, record: Mapping[str, Any] | None) -> str:
    """The page with that part made anew."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    return f"{before}{begin}\n{write_measured(record)}\n{end}{after}"


if __name__ == "__main__":
    PAGE.write_text(update_page(PAGE.read_text(encoding="utf-8"), find_newest()), encoding="utf-8")
