from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from runfolder import COLUMNS, T0, block_line, summary_row, tell_result, write_run

from citytide.hpc.report.report import write_report
from citytide.hpc.run.result import RowList

HOSTILE = "\"><script>alert('1')</script>&amp;\u0007<img src=x onerror=alert(2)> ../../etc"
VOID = {"meta", "link", "img", "br", "input", "hr"}


class Page(HTMLParser):
    """Tags, attributes and text of a page; a tag closed out of turn is an error."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(html)
        assert not self.open, self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def report(run: Path) -> Page:
    return Page(write_report(run).read_text(encoding="utf-8"))


def test_the_page_needs_nothing_else(tmp_path: Path) -> None:
    page = report(write_run(tmp_path))
    assert not page.all("script") and not page.all("link")
    assert all(str(image["src"]).startswith("data:image/") for image in page.all("img"))
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"url\(|@import|https?://", html)


def test_what_was_asked_stands_with_its_source(tmp_path: Path) -> None:
    text = report(write_run(tmp_path)).text
    for said in ("sioux-falls", "--set", "0.8, 1.0, 1.2", "run.yaml", "ace9" * 16, "3.81 kB", "Times are in minutes."):
        assert said in text
    assert "2 settings left at the default" in text


def test_what_came_out_stands_to_ten_digits(tmp_path: Path) -> None:
    page = report(write_run(tmp_path, ["base@1.0"]))
    assert "3 scenarios" not in page.text and "1 scenario" in page.text
    row = summary_row("base@1.0", 0.6)
    assert f"{row['objective']:,.3f}" in page.text and repr(row["objective"]) in {
        cell.get("title") for cell in page.all("td")
    }
    assert "Busiest roads" in page.text and "veh/h" in page.text
    assert {image["alt"] for image in page.all("img")} == {"Map of 76 links."}


def test_every_table_has_headers(tmp_path: Path) -> None:
    html = write_report(write_run(tmp_path)).read_text(encoding="utf-8")
    tables = re.findall(r"<table.*?</table>", html, re.DOTALL)
    assert len(tables) >= 6
    assert all('<th scope="col"' in table for table in tables)


def test_the_commands_to_reproduce_stand_there(tmp_path: Path) -> None:
    page = report(write_run(tmp_path))
    assert "citytide run traffic-assignment --set network=sioux-falls --out runs/demo" in page.text
    assert f"citytide resume {tmp_path.resolve()}" in page.text
    assert {"href": "./assignment.zarr"} in page.all("a")
    for version in ("0.1.0", "2.4.6", "0.62.1", "3.11.7", "Linux-6.1"):
        assert version in page.text


def test_hostile_names_are_text(tmp_path: Path) -> None:
    row = {**summary_row(HOSTILE), HOSTILE: HOSTILE}
    run = write_run(
        tmp_path / "quotes ' and \" and <b>", [HOSTILE],
        run={"name": HOSTILE, "workflow": HOSTILE, "command": ["citytide", HOSTILE], "notes": [HOSTILE],
             "seeds": {HOSTILE: HOSTILE},
             "inputs": [{"name": HOSTILE, "path": HOSTILE, "sha256": HOSTILE, "bytes": HOSTILE}],
             "settings": {HOSTILE: {"value": [HOSTILE], "source": HOSTILE},
                          "b": {"value": HOSTILE, "source": "default"}}},
        result={"summary": [row], "warnings": [HOSTILE], "products": {HOSTILE: f"javascript:{HOSTILE}"},
                "unserved": [{"scenario": HOSTILE, "origin": HOSTILE, "destination": 2, "demand": 1.5}],
                "lists": [{"key": "unserved", "title": HOSTILE, "columns": {"origin": {"heading": HOSTILE}}}],
                "columns": {"tstt": {"heading": HOSTILE, "unit": HOSTILE}}, "by_row": [HOSTILE],
                "tiles": [{"heading": HOSTILE, "value": HOSTILE, "exact": HOSTILE}], "tiles_note": HOSTILE,
                "summary_title": HOSTILE, "summary_note": HOSTILE, "headline": {HOSTILE: HOSTILE},
                "state": "failed", "error": f"{HOSTILE}\n{HOSTILE}"},
        ledger=[{"kind": "driver", "attempt": HOSTILE, "host": HOSTILE, "time": T0},
                {**block_line(0), "step": HOSTILE, "worker": HOSTILE, "block": HOSTILE}],
    )  # fmt: skip
    sidecar = {"section": HOSTILE, "title": HOSTILE, "caption": HOSTILE, "alt": HOSTILE, "names": [HOSTILE]}
    (run / "figures" / "01-map.json").write_text(json.dumps(sidecar))
    table = {"title": HOSTILE, "caption": HOSTILE, "columns": [{"name": HOSTILE, "unit": HOSTILE}], "rows": [[HOSTILE]]}
    (run / "tables" / "01-roads.json").write_text(json.dumps(table))
    page = report(run)
    assert not page.all("script")
    assert all(set(image) <= {"src", "alt", "class", "width", "height"} for image in page.all("img"))
    assert all(str(link["href"]).startswith(("#", "./")) for link in page.all("a"))
    assert page.text.count("<script>alert('1')</script>") > 15


@pytest.mark.parametrize("state", ["failed", "stopped"])
def test_a_run_that_did_not_finish_opens_with_the_way_on(tmp_path: Path, state: str) -> None:
    ledger = [
        {"kind": "driver", "attempt": 1, "time": T0}, block_line(0),
        {"kind": "failed", "step": "solve", "block": 1, "error": "no space left on the disk\n  File m.py"},
        {"kind": "end", "attempt": 1, "state": state, "time": T0 + 5},
    ]  # fmt: skip
    run = write_run(tmp_path, ledger=ledger, result={"state": state, "summary": [], "products": {}})
    text = report(run).text
    top = text[: text.index("What was asked")]
    assert "no space left on the disk" in top and f"citytide resume {tmp_path.resolve()}" in top


def test_warnings_stand_before_everything_else(tmp_path: Path) -> None:
    text = report(write_run(tmp_path, result={"warnings": ["scenario flood@1.0 has no path left"]})).text
    assert text.index("1 warning") < text.index("flood@1.0 has no path left") < text.index("What was asked")


def test_the_first_rows_of_a_list_stand_there_and_all_are_counted(tmp_path: Path) -> None:
    pairs = [{"scenario": "flood@1.0", "origin": 10_000 + i, "destination": 7, "demand": 2.5} for i in range(1234)]
    given = RowList("unserved", "1,234 pairs without a path", pairs, most_shown=20)
    text = report(write_run(tmp_path, result=tell_result([summary_row("base@1.0")], lists=(given,)))).text
    assert "1,234 pairs without a path" in text and "The first 20 of 1,234" in text
    assert "10,019" in text and "10,020" not in text


def test_a_summary_is_announced_by_its_own_title(tmp_path: Path) -> None:
    rows = [{"pair": f"{a} to {b}", "trips": a * b} for a in (1, 2) for b in (3, 4)]
    titled = report(write_run(tmp_path / "a", result=tell_result(rows, summary_title="4 pairs", headline=""))).text
    assert "4 pairs" in titled and "4 scenarios" not in titled
    told = {"summary": rows, "headline": "", "columns": {}, "tiles": [], "summary_title": "", "summary_note": ""}
    bare = report(write_run(tmp_path / "b", result=told)).text
    assert "4 rows" in bare and "scenario" not in bare.lower() and "TSTT" not in bare


def test_a_column_is_written_as_its_question_says(tmp_path: Path) -> None:
    text = report(write_run(tmp_path)).text
    for said in ("Scenario", "Relative gap", "yes", "TSTT: total travel time.", "These numbers are of scenario"):
        assert said in text
    assert "average excess cost" in text  # a key without a heading is its own


def test_a_thousand_scenarios_scroll(tmp_path: Path) -> None:
    names = [f"scenario {place}@1.0" for place in range(1000)]
    run = write_run(tmp_path, names)
    page = report(run)
    assert "1,000 scenarios" in page.text and "scenario 999@1.0" in page.text
    assert any("tall" in str(part.get("class")) for part in page.all("div"))
    assert len(page.all("rect")) < 1100
    assert (run / "report.html").stat().st_size < 1_500_000


def test_a_row_of_nothing_is_told_as_nan(tmp_path: Path) -> None:
    row = {**summary_row("cut@1.0"), "objective": float("nan"), "converged": False, "average_excess_cost": None}
    text = report(write_run(tmp_path, result=tell_result([summary_row("base@1.0"), row]))).text
    assert "NaN" in text and "\N{EM DASH}" in text


def test_what_a_result_tells_by_row_joins_the_table(tmp_path: Path) -> None:
    row = {key: value for key, value in summary_row("base@1.0").items() if key not in ("converged", "unserved_demand")}
    result = tell_result([row], by_row={"unserved_demand": {"base@1.0": 12.5}})
    assert result["summary"] == [row]
    text = report(write_run(tmp_path, result=result)).text
    assert COLUMNS["unserved_demand"].heading in text and "12.5" in text


def test_tables_stand_among_the_products_with_rows_and_columns(tmp_path: Path) -> None:
    columns = [{"name": "age", "dtype": "int64"}, {"name": "name", "dtype": "string"}]
    names = ("people", "patients")
    tables = [{"name": name, "columns": columns, "person_level": name == "patients"} for name in names]
    published = [{"kind": "published", "product": name, "files": {}, "rows": 12_345} for name in names]
    run = write_run(
        tmp_path, plan={"tables": tables}, ledger=published,
        result={"products": {name: f"{name}.parquet" for name in (*names, "assignment")}},
    )  # fmt: skip
    page = report(run)
    assert {"href": "./people.parquet"} in page.all("a") and "age, name" in page.text
    assert page.text.count("12,345") == 1  # how many single persons there are is not told


@pytest.mark.parametrize("lacking", ["run.json", "plan.json", "ledger.jsonl", "result.json", "figures/01-map.json"])
def test_a_missing_file_is_named_and_costs_only_its_part(tmp_path: Path, lacking: str) -> None:
    run = write_run(tmp_path)
    (run / lacking).unlink()
    text = report(run).text
    assert f"{lacking} is missing" in text and "How to reproduce it" in text


def test_a_torn_ledger_line_is_left_out(tmp_path: Path) -> None:
    run = write_run(tmp_path)
    with (run / "ledger.jsonl").open("a") as file:
        file.write('{"kind":"block","step":"sol')
    text = report(run).text
    assert "1 line is torn in ledger.jsonl" in text and "3 of 3" in text


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
LINE_KEYS = "step block attempt worker started seconds memory_bytes time error state"
keys = st.sampled_from(
    "state summary warnings unserved products memory started ended steps name settings inputs command packages seeds "
    "notes profile created headline error tables columns by_row tiles tiles_note lists summary_title unsolved".split()
)


@settings(max_examples=25)
@given(
    record=st.dictionaries(keys, junk), plan=st.dictionaries(keys, junk), result=st.dictionaries(keys, junk),
    lines=st.lists(st.fixed_dictionaries(
        {"kind": st.sampled_from(["driver", "block", "bad", "failed", "end", "other"])},
        optional={key: junk for key in LINE_KEYS.split()},
    ), max_size=6),
)  # fmt: skip
def test_no_content_of_the_folder_can_stop_the_report(
    tmp_path_factory: pytest.TempPathFactory, record: Any, plan: Any, result: Any, lines: Any
) -> None:
    run = tmp_path_factory.mktemp("run")
    for name, content in (("run", record), ("plan", plan), ("result", result)):
        (run / f"{name}.json").write_text(json.dumps(content))
    (run / "ledger.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert not report(run).all("script")
