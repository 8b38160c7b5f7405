"""Turn restrictions of an OpenStreetMap extract."""

from __future__ import annotations

from pathlib import Path

import pytest

from citytide.datasets.traffic.osm.restrictions import count_restrictions


def write(file: Path, *lines: str) -> Path:
    file.write_text("\n".join(["<osm version='0.6'>", *lines, "</osm>"]), encoding="utf-8")
    return file


def test_restrictions_that_are_deleted_or_stand_twice_do_not_count(tmp_path: Path) -> None:
    ban = "<tag k='type' v='restriction'/><tag k='restriction' v='no_left_turn'/></relation>"
    lines = ["<relation id='1'>", "<relation id='1'>", "<relation id='2' action='delete'>", "<relation id='3'>"]
    file = write(tmp_path / "a.osm", *(line + ban for line in lines))
    assert count_restrictions(file) == {"no_left_turn": 2}


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"type": "restriction", "restriction:hgv": "no_left_turn"}, None),
        ({"type": "restriction:bus", "restriction": "no_left_turn"}, None),
        ({"type": "restriction", "restriction": "no_u_turn", "except": "bicycle; motorcar"}, None),
        ({"type": "restriction", "restriction:motorcar": "no_left_turn"}, "no_left_turn"),
        ({"type": "restriction:motorcar", "restriction": "no_left_turn"}, "no_left_turn"),
        ({"type": "restriction", "restriction:conditional": "no_u_turn @ (07:00-09:00)"}, "no_u_turn at times"),
        ({"type": "restriction"}, "unnamed"),
    ],
)
def test_only_restrictions_for_cars_count(tmp_path: Path, tags: dict[str, str], kind: str | None) -> None:
    held = "".join(f"<tag k='{key}' v='{text}'/>" for key, text in tags.items())
    file = write(tmp_path / "a.osm", f"<relation id='1'>{held}</relation>")
    assert count_restrictions(file) == ({} if kind is None else {kind: 1})
