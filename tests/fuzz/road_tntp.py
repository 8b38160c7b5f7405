"""TNTP files in random dresses, and what `traffic-assignment` makes of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from dresses import FALSE, OPEN, PLAIN, Case, Dress, Field, find_level
from road_files import place_nodes
from road_tables import (
    DEMAND_FORMS,
    NUMBER,
    VOLUME,
    ZONES,
    TableLink,
    list_table_links,
    measure_against,
    prepare,
    write_demand,
)
from road_world import JUNCTIONS

ASPECTS = {
    "files": {
        "town_net.tntp, town_trips.tntp": PLAIN, "Town_network.tntp": PLAIN, "Town_network_2016.tntp": PLAIN,
        "the net alone, trips named": PLAIN, "the net alone, demand named": PLAIN, "the net alone": FALSE,
        "trips and demand named": FALSE, "a path to the net": PLAIN, "two nets": FALSE,
    },
    "demand": {"TNTP": PLAIN} | DEMAND_FORMS,
    "zones": {
        "<FIRST THRU NODE> 6": PLAIN, "<FIRST THRU NODE> 1": PLAIN, "not said": FALSE, "not said, block": PLAIN,
        "not said, pass": PLAIN, "<FIRST THRU NODE> 6, pass": OPEN, "<FIRST THRU NODE> 1, block": OPEN,
    },
    "toll": {
        "none": PLAIN, "with a weight": PLAIN, "without a weight": OPEN, "<TOLL FACTOR> in the net": OPEN,
        "<TOLL FACTOR> in the trips": OPEN, "<TOLL FACTOR>, the setting as well": OPEN,
    },
    "distance": {"none": PLAIN, "with a weight": PLAIN, "<DISTANCE FACTOR> in the net": OPEN},
    "header": {
        "as published": PLAIN, "small letters": OPEN, "an unknown key": PLAIN, "links miscounted": OPEN,
        "no <END OF METADATA>": FALSE, "<ORIGINAL HEADER>": PLAIN, "no zones": OPEN,
    },
    "lines": {
        "tabs": PLAIN, "blanks": PLAIN, "comments between": PLAIN, "blank lines": PLAIN, "crlf": PLAIN,
        "byte order mark": PLAIN, "no semicolons": OPEN, "gbk comment": OPEN,
        "a comment below the names": PLAIN,
    },
    "delay": {
        "b and power": PLAIN, "capacity 1, b scaled": PLAIN, "one constant": PLAIN, "power 0 with b": PLAIN,
        "columns swapped": OPEN,
    },
    "times": {"minutes": PLAIN, "hundredths of an hour": PLAIN, "one of nan": FALSE, "one negative": FALSE},
    "lengths": {"km": PLAIN, "one is 0": PLAIN, "feet": PLAIN},
    "nodes": {
        "none": PLAIN, "town_node.tntp": PLAIN, "Town_Nodes.tntp": PLAIN, "shuffled": PLAIN, "with a header": PLAIN,
    },
    "order": {"as given": PLAIN, "shuffled": PLAIN},
}  # fmt: skip


def find_relevant(dress: Dress) -> list[str]:
    return list(ASPECTS)


def settle(dress: Dress) -> Dress:
    worn = dict(dress)
    if worn["demand"] != "TNTP" and worn["files"] not in ("the net alone, demand named", "the net alone"):
        worn["files"] = "the net alone, demand named"
    if worn["files"] == "the net alone, demand named" and worn["demand"] == "TNTP":
        worn["demand"] = "o_zone_id,d_zone_id,volume"
    if worn["toll"].endswith("in the trips") and worn["demand"] != "TNTP":
        worn["toll"] = "none"
    if worn["toll"] == "<TOLL FACTOR>, the setting as well" and worn["header"] == "small letters":
        worn["header"] = "as published"
    if worn["lengths"] == "one is 0" and worn["distance"] != "none":
        worn["distance"] = "none"
    if worn["header"] == "no zones" and worn["zones"].startswith("not said"):
        worn["header"] = "as published"
    return worn


def write(dress: Dress, rng: np.random.Generator, folder: Path) -> Case:
    worn = settle(dress)
    links = list(list_table_links())
    if worn["delay"] == "one constant":
        links[5] = replace(links[5], alpha=0.0)
    if worn["delay"] == "power 0 with b":
        links[5] = replace(links[5], alpha=0.2, beta=0.0)
    weights = {
        "toll": 0.4 if worn["toll"] not in ("none", "without a weight") else 0.0,
        "distance": 0.3 if worn["distance"] != "none" else 0.0,
    }
    stem = (
        "Town_network_2016" if "2016" in worn["files"] else "Town_network" if "network" in worn["files"] else "town_net"
    )
    net = folder / f"{stem}.tntp"
    trips = folder / ("day.tntp" if worn["files"] in ("the net alone, trips named", "trips and demand named")
                      else "town_trips.tntp")  # fmt: skip
    _save(net, _write_net(worn, links, rng), worn)
    settings: dict[str, Any] = {"network": str(net if worn["files"] == "a path to the net" else folder)}
    if worn["files"] == "two nets":
        _save(folder / "other_net.tntp", _write_net(worn, links, rng), worn)
    if worn["demand"] == "TNTP" and worn["files"] != "the net alone":
        _save(trips, _write_trips(worn), worn)
    if worn["files"] in ("the net alone, trips named", "trips and demand named"):
        settings["trips"] = str(trips)
    if worn["files"] in ("the net alone, demand named", "trips and demand named"):
        aside = folder / "of-day"
        aside.mkdir()
        form = worn["demand"] if worn["demand"] != "TNTP" else "o_zone_id,d_zone_id,volume"
        file, more = write_demand(form, aside, {zone: zone for zone in ZONES}, rng)
        settings |= {"demand": str(file)} | more
    _write_nodes(worn, folder, rng)
    if "," in worn["zones"]:
        settings["zone_nodes"] = worn["zones"].split(", ")[1]
    if worn["toll"] in ("with a weight", "<TOLL FACTOR>, the setting as well"):
        settings["toll_weight"] = 0.4
    if worn["distance"] == "with a weight":
        settings["distance_weight"] = 0.3
    unit = 0.6 if worn["times"].startswith("hundredths") else 1.0  # minutes in the file's unit of time
    is_blocked = worn["zones"] in ("<FIRST THRU NODE> 6", "not said, block", "<FIRST THRU NODE> 1, block")
    measure = measure_against(
        links, settings, is_blocked=is_blocked, toll_weight=unit * weights["toll"],
        distance_weight=unit * weights["distance"],
        metres=0.3048 if worn["lengths"] == "feet" else 1000.0,
        noted=["season"] if worn["header"] == "an unknown key" else [],
        time_unit="0.01 h" if worn["times"].startswith("hundredths") else "min",
    )  # fmt: skip
    level = find_level(ASPECTS, worn, find_relevant(worn))
    return Case(settings, measure, level)


def _save(file: Path, text: str, worn: Dress) -> None:
    if worn["lines"] == "crlf":
        text = text.replace("\n", "\r\n")
    encoding = {"byte order mark": "utf-8-sig", "gbk comment": "gbk"}.get(worn["lines"], "utf-8")
    file.write_bytes(text.encode(encoding))


def _write_head(worn: Dress, keys: dict[str, object]) -> str:
    if worn["header"] == "small letters":
        keys = {key.lower(): value for key, value in keys.items()}
    text = "".join(f"<{key}> {value}\n" for key, value in keys.items())
    if worn["header"] == "<ORIGINAL HEADER>":
        text += "<ORIGINAL HEADER>~\tInit node\tTerm node\tCapacity\t;\n"
    end = "<end of metadata>" if worn["header"] == "small letters" else "<END OF METADATA>"
    return text + ("" if worn["header"].startswith("no <END") else end) + "\n\n"


def _write_net(worn: Dress, links: list[TableLink], rng: np.random.Generator) -> str:
    keys: dict[str, object] = {"NUMBER OF ZONES": 5, "NUMBER OF NODES": 10}
    if worn["header"] == "no zones":
        del keys["NUMBER OF ZONES"]
    if worn["zones"].startswith("<FIRST"):
        keys["FIRST THRU NODE"] = worn["zones"].split("> ")[1][0]
    keys["NUMBER OF LINKS"] = len(links) + (3 if worn["header"] == "links miscounted" else 0)
    if worn["header"] == "an unknown key":
        keys["SEASON"] = "winter"
    if worn["toll"] in ("<TOLL FACTOR> in the net", "<TOLL FACTOR>, the setting as well"):
        keys["TOLL FACTOR"] = 0.4
    if worn["distance"].startswith("<"):
        keys["DISTANCE FACTOR"] = 0.3
    rows = [_fill(worn, link, k) for k, link in enumerate(links)]
    if worn["order"] == "shuffled":
        rows = [rows[k] for k in rng.permutation(len(rows))]
    gap = "\t" if worn["lines"] == "tabs" else "  "
    names = [
        "init_node",
        "term_node",
        "capacity",
        "length",
        "free_flow_time",
        "b",
        "power",
        "speed",
        "toll",
        "link_type",
    ]
    if worn["delay"] == "columns swapped":
        names[2], names[4] = names[4], names[2]
        for row in rows:
            row[2], row[4] = row[4], row[2]
    end = "" if worn["lines"] == "no semicolons" else gap + ";"
    text = _write_head(worn, keys) + "~" + gap + gap.join(names) + end + "\n"
    if worn["lines"] in ("gbk comment", "a comment below the names"):
        text += "~ 路网\n"
    for k, row in enumerate(rows):
        if k == 4 and worn["lines"] == "comments between":
            text += "~ north\n"
        if k == 4 and worn["lines"] == "blank lines":
            text += "\n\n"
        text += gap + gap.join(row) + end + "\n"
    return text


def _fill(worn: Dress, link: TableLink, k: int) -> list[str]:
    capacity, b = link.capacity * link.lanes, link.alpha
    if worn["delay"] == "capacity 1, b scaled":
        capacity, b = 1.0, b / capacity**link.beta
    time: float = link.minutes / (0.6 if worn["times"].startswith("hundredths") else 1.0)
    if k == 4 and worn["times"].startswith("one"):
        time = float("nan") if worn["times"].endswith("nan") else -time
    length = link.length_m / (0.3048 if worn["lengths"] == "feet" else 1000.0)
    if worn["lengths"] == "one is 0" and k == 4:
        length = 0.0
    toll = link.toll if worn["toll"] != "none" else 0.0
    numbers = [capacity, length, time, b, link.beta, 0.0, toll]
    return [str(link.tail), str(link.head), *(repr(float(number)) for number in numbers), "1"]


def _write_trips(worn: Dress) -> str:
    keys: dict[str, object] = {"NUMBER OF ZONES": 5, "TOTAL OD FLOW": sum(VOLUME.values())}
    if worn["toll"].endswith("in the trips"):
        keys["TOLL FACTOR"] = 0.4
    text = _write_head(worn | {"header": "as published"}, keys)
    for origin in ZONES:
        text += f"Origin  {origin}\n"
        for destination in ZONES:
            text += f"    {destination} :    {VOLUME.get((origin, destination), 0.0)!r};"
        text += "\n\n"
    return text


def _write_nodes(worn: Dress, folder: Path, rng: np.random.Generator) -> None:
    if worn["nodes"] == "none":
        return
    place = place_nodes("EPSG:4326")
    rows = [f"{NUMBER[n]}\t{place[n][0]!r}\t{place[n][1]!r}\t;" for n in JUNCTIONS]
    if worn["nodes"] == "shuffled":
        rows = [rows[k] for k in rng.permutation(len(rows))]
    file = folder / ("Town_Nodes.tntp" if worn["nodes"] == "Town_Nodes.tntp" else "town_node.tntp")
    head = "Node\tX\tY\t;\n"
    file.write_text(head + "\n".join(rows) + "\n", encoding="utf-8")


TNTP = Field(ASPECTS, find_relevant, write, prepare)
