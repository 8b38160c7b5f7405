"""The report of a run: one HTML file that needs nothing else, for a phone and for a desk.

It only lays out what the run folder holds (`inspection.inspect_run`), so it can be written again at any time, for a
run that failed or stopped too. Every text that came from outside is escaped by the template; figures stand in
``<img>`` elements, where a script in an SVG cannot run.
"""

from __future__ import annotations

import base64
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..identity.changes import describe_accepted
from ..store.devices_used import name_devices
from .answer import describe_answer, describe_table, is_number, list_items, list_values
from .formatting import number_text, size_text
from .inspection import Inspection, inspect_run, instant, seconds_of
from .provenance import name_sources
from .run_file import RUN_FILE, write_run_file
from .timeline import make_timeline, span_text

__all__ = ["write_report"]

MOST_FIGURE_BYTES = 6_000_000  # a larger picture is linked, not put inside
_MIME = {".svg": "image/svg+xml", ".png": "image/png"}
_STATES = {
    "done": "Done", "failed": "Failed", "stopped": "Stopped before the end", "unfinished": "Not finished",
}  # fmt: skip


def write_report(run: Path) -> Path:
    """Write ``report.html`` into a run folder and return its path.

    Never raises for what the folder lacks: a run without ledger, result or figures gets a report that says so.

    Parameters
    ----------
    run
        Run folder.

    Raises
    ------
    OSError
        If the file cannot be written (a full disk).

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_report(Path(folder)).name
    'report.html'
    """
    from jinja2 import Environment, StrictUndefined

    # Every value passes the HTML escaper; a name that the context lacks is an error here and not a hole in a report.
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(number=number_text, size=size_text, span=span_text)
    source = Path(__file__).with_suffix(".html.j2").read_text(encoding="utf-8")
    inspection = inspect_run(run)
    if inspection.run:
        write_run_file(inspection)
    html = environment.from_string(source).render(_context(inspection))
    path = run / "report.html"
    partial = path.with_name("report.html.partial")
    partial.write_text(html, encoding="utf-8")
    partial.replace(path)
    return path


def _context(inspection: Inspection) -> dict[str, Any]:
    record, result = inspection.run, inspection.result
    steps = [step for step in list_items(inspection.plan.get("steps")) if step.get("name")]
    figures = [_figure(path, note, inspection.folder) for path, note in inspection.figures]
    error, _, trace = inspection.error.partition("\n")
    started, ended = inspection.started, inspection.ended
    return {
        "name": str(record.get("name") or record.get("id") or inspection.folder.name),
        "id": str(record.get("id") or inspection.folder.name),
        "workflow": str(record.get("workflow") or "run"),
        "state": inspection.state,
        "state_text": _STATES.get(inspection.state, inspection.state.capitalize()),
        "when": f"{started:%-d %B %Y, %H:%M} UTC" if started else "",
        "took": (ended - started).total_seconds() if started and ended and ended >= started else None,
        "error": error,
        "trace": trace.strip("\n"),
        "resume": shlex.join(["citytide", "resume", str(inspection.folder.resolve())]),
        "warnings": [str(text) for text in list_values(result.get("warnings"))],
        "accepted": describe_accepted(list_items(record.get("accepted"))),
        "gaps": inspection.gaps,
        "notes": [str(text) for text in list_values(record.get("notes"))],
        **describe_answer(result),
        "asked": _settings(record.get("settings"), is_default=False),
        "defaults": _settings(record.get("settings"), is_default=True),
        "inputs": list_items(record.get("inputs")) + name_sources(record) + _upstream(record),
        "figures": [figure for figure in figures if figure["section"] != "time"],
        "time_figures": [figure for figure in figures if figure["section"] == "time"],
        "tables": [describe_table(content) for _, content in inspection.tables],
        "timeline": make_timeline(inspection.ledger, [str(step["name"]) for step in steps]),
        "steps": _steps(inspection, steps),
        "attempts": _attempts(inspection),
        "counts": _counts(inspection),
        "memory": _memory(inspection, steps),
        "node_hours": inspection.plan.get("node_hours"),
        "command": _command(record.get("command")),
        "run_file": RUN_FILE if (inspection.folder / RUN_FILE).exists() else "",
        "products": _products(inspection),
        "has_tables": bool(inspection.tables_planned),
        "versions": _versions(record),
        "seeds": _pairs(record.get("seeds")),
        "place": _pairs({key: record.get(key) for key in ("host", "user", "platform", "cpu", "python")}),
        "profile": _pairs(record.get("profile")),
    }


def _upstream(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Products of other runs, as rows beside the files that were read."""
    return [
        {**one, "name": f"{one.get('setting')}: {one.get('product')} of run {one.get('run')} ({one.get('workflow')})"}
        for one in list_items(record.get("upstream"))
    ]


def _pairs(value: object) -> list[tuple[str, str]]:
    if not isinstance(value, Mapping):
        return []
    return [(str(key), _plain(item)) for key, item in value.items() if item not in (None, "", {}, [])]


def _plain(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_plain(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_plain(item) for item in value)
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "\N{EM DASH}"}[value]
    return str(value)


def _settings(settings: object, *, is_default: bool) -> list[tuple[str, str, str]]:
    """Key, value and source of the settings somebody gave, or of those nobody did."""
    rows = []
    for key, entry in settings.items() if isinstance(settings, Mapping) else ():
        held = entry if isinstance(entry, Mapping) and "value" in entry else {"value": entry}
        source = str(held.get("source", ""))
        if (source == "default") == is_default:
            rows.append((str(key), _plain(held["value"]), source))
    return rows


def _figure(path: Path, note: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    size = path.stat().st_size
    data, width, height = "", 0, 0
    if size <= MOST_FIGURE_BYTES:
        raw = path.read_bytes()
        data = f"data:{_MIME[path.suffix.lower()]};base64,{base64.b64encode(raw).decode()}"
        box = re.search(rb'viewBox="0 0 ([0-9.]+) ([0-9.]+)"', raw[:2000])
        if path.suffix.lower() == ".svg" and box:
            width, height = round(float(box[1])), round(float(box[2]))
    return {
        "data": data,
        "bytes": size,
        "href": "./" + quote(path.relative_to(folder).as_posix()),
        "is_drawing": path.suffix.lower() == ".svg",
        "width": width,
        "height": height,
        "section": str(note.get("section", "result")),
        "title": str(note.get("title", path.stem)),
        "caption": str(note.get("caption", "")),
        "alt": str(note.get("alt") or note.get("title") or path.stem),
        "names": [str(name) for name in list_values(note.get("names"))],
    }


def _blocks(inspection: Inspection) -> list[dict[str, Any]]:
    return [line for line in inspection.ledger if line.get("kind") == "block"]


def _steps(inspection: Inspection, planned: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    blocks = _blocks(inspection)
    names = dict.fromkeys([*(str(step["name"]) for step in planned), *(str(line.get("step")) for line in blocks)])
    plans = {str(step["name"]): step for step in planned}
    devices = name_devices(line for line in blocks if line["counts"])
    rows = []
    for tint, name in enumerate(names):
        mine = [line for line in blocks if str(line.get("step")) == name]
        spent = [seconds_of(line) for line in mine if line["counts"]]
        plan = plans.get(name, {})
        total = plan.get("tasks", plan.get("blocks"))
        rows.append({
            "step": name,
            "tint": tint % 6,
            "kind": plan.get("kind", ""),
            "done": len(spent),
            "blocks": total if isinstance(total, int) else None,
            "seconds": sum(spent),
            "longest": max(spent, default=None),
            "estimated": plan.get("seconds"),
            "again": len(mine) - len(spent),
            "declared": plan.get("memory_bytes"),
            "measured": max(_measured(mine), default=None),
            "devices": "; ".join(devices.get(name, ())),
        })  # fmt: skip
    return rows


def _attempts(inspection: Inspection) -> list[dict[str, Any]]:
    """One row per driver that led this run; the second and later ones took it over."""
    rows: list[dict[str, Any]] = []
    for line in inspection.ledger:
        if line.get("kind") == "driver":
            moment = instant(line.get("time"))
            when = f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else ""
            host = line.get("host", "")
            rows.append({"attempt": line.get("attempt"), "when": when, "host": host, "blocks": 0, "end": ""})
        elif rows and line.get("kind") == "block" and line["counts"]:
            owner = next((row for row in rows if row["attempt"] == line.get("attempt")), rows[-1])
            owner["blocks"] += 1
        elif rows and line.get("kind") in ("end", "failed"):
            rows[-1]["end"] = str(line.get("state") or "failed")
    for row in rows:
        row["end"] = row["end"] or ("no end recorded" if row is not rows[-1] or inspection.state != "done" else "done")
    return rows


def _counts(inspection: Inspection) -> dict[str, Any]:
    blocks = _blocks(inspection)
    counted = [line for line in blocks if line["counts"]]
    return {
        "blocks": len(counted),
        "again": len(blocks) - len(counted),
        "bad": sum(line.get("kind") == "bad" and "step" in line for line in inspection.ledger),
        "workers": len({str(line.get("worker")) for line in blocks}),
        "seconds": sum(seconds_of(line) for line in counted),
    }


def _memory(inspection: Inspection, steps: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    said = inspection.result.get("memory")
    memory = dict(said) if isinstance(said, Mapping) else {}
    declared = [step["memory_bytes"] for step in steps if is_number(step.get("memory_bytes"))]
    if not is_number(memory.get("declared")):
        memory["declared"] = max(declared, default=None)
    if not is_number(memory.get("measured")):
        memory["measured"] = max(_measured(_blocks(inspection)), default=None)
    return memory


def _measured(blocks: Iterable[Mapping[str, Any]]) -> list[int]:
    return [line["memory_bytes"] for line in blocks if is_number(line.get("memory_bytes"))]


def _command(command: object) -> str:
    words = [str(word) for word in list_values(command)]
    if not words:
        return ""
    if words[0].endswith(("__main__.py", "/citytide")):
        words[0] = "citytide"
    return shlex.join(words)


def _products(inspection: Inspection) -> list[dict[str, str]]:
    """Name and link of each product, and of a table how many rows and which columns it has.

    The link is relative, so that it holds wherever the folder is moved.
    """
    products = inspection.result.get("products")
    rows = []
    for name, given in products.items() if isinstance(products, Mapping) else ():
        path = Path(str(given))
        try:
            link = path.relative_to(inspection.folder.resolve()) if path.is_absolute() else path
        except ValueError:
            link = path
        href = "" if link.is_absolute() else "./" + quote(link.as_posix())
        rows.append({"name": str(name), "path": link.as_posix(), "href": href, **_extent(inspection, str(name))})
    return rows


def _extent(inspection: Inspection, product: str) -> dict[str, str]:
    """Rows and columns of a table; nothing of a store, and of a table of single persons not how many they are."""
    table = next((table for table in inspection.tables_planned if table.get("name") == product), None)
    if table is None:
        return {"rows": "", "columns": ""}
    lines = [line for line in inspection.ledger if line.get("kind") == "published" and line.get("product") == product]
    rows = lines[-1].get("rows") if lines and not table.get("person_level") else None
    names = [str(column.get("name", "")) for column in list_items(table.get("columns"))]
    return {"rows": number_text(rows), "columns": ", ".join(names)}


def _versions(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    own = [("citytide", str(record["version"]))] if record.get("version") else []
    return own + _pairs(record.get("packages"))
