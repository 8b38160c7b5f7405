"""Whether paths may pass through the nodes of zones: the file says it, the setting does, or it is asked."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ....errors import InputError
from ....text.tables import Table, is_number
from .links import LinkRows

__all__ = ["ZONE_NODES", "list_zones", "read_passable"]

Bools = npt.NDArray[np.bool_]

ZONE_NODES = ("block", "pass")
_NONE = ("", "nan", "na", "n/a", "null", "none", "-")
_CENTROIDS = ("centroid", "zone centroid", "zone_centroid", "centroid node")


def read_passable(
    nodes: Table, links: LinkRows, zone_nodes: str | None, notes: list[str], *, in_city: bool = False
) -> Bools:
    """Tell which nodes paths may pass through.

    Parameters
    ----------
    nodes
        ``node.csv``: ``zone_id`` above 0, or a text, is a zone; ``node_type`` may be centroid.
    links
        Links of the folder.
    zone_nodes
        Setting: ``"block"`` for the nodes of zones and centroids, ``"pass"`` for every node to be passed.
    notes
        Takes the rule.
    in_city
        Whether links of nodes that paths do not pass are left out: then it matters at the end of a road too.

    Returns
    -------
    (node,) array of bool
        By row of ``node.csv``.

    Raises
    ------
    InputError
        If the setting is unknown, or nothing says it and it matters: a node of a zone joins different nodes, and some
        nodes are no zones.
    """
    if zone_nodes not in (None, *ZONE_NODES):
        raise InputError(f"zone_nodes must be one of {', '.join(ZONE_NODES)}, got {zone_nodes!r}")
    is_zone = np.array([bool(zone) for zone in list_zones(nodes)], dtype=np.bool_)
    kinds = [" ".join(cell.strip().lower().split()) for cell in nodes.columns.get("node_type", [""] * len(nodes))]
    is_centroid = np.array([kind in _CENTROIDS for kind in kinds], dtype=np.bool_)
    passable = np.ones(len(nodes), dtype=np.bool_)
    n_zones = int(is_zone.sum())
    if zone_nodes == "block":
        passable = ~(is_zone | is_centroid)
        notes.append(f"Paths do not pass through {int((~passable).sum()):,} nodes of zones (zone_nodes=block).")
    elif zone_nodes == "pass" and is_centroid.any():
        raise nodes.error(
            int(np.argmax(is_centroid)),
            "node_type is centroid, which paths do not pass through, and zone_nodes=pass is set",
            "omit zone_nodes, or empty node_type",
        )
    elif zone_nodes == "pass":
        notes.append(f"Paths pass through all nodes, {n_zones:,} nodes of zones included (zone_nodes=pass).")
    elif is_centroid.any():
        passable = ~is_centroid
        notes.append(f"Paths do not pass through {int(is_centroid.sum())} nodes of type centroid.")
    elif n_zones == len(nodes):
        notes.append("Every node is the node of a zone: paths pass through all of them.")
    elif (is_zone & (_find_ends(len(nodes), links) if in_city else _find_between(len(nodes), links))).any():
        raise InputError(
            f"nothing states whether paths may pass through the {n_zones:,} nodes of zones, of {len(nodes):,} nodes",
            file=nodes.file,
            way_out="set zone_nodes=block if they are centroids only, zone_nodes=pass if traffic passes them; or write "
            "centroid into a column node_type",
        )
    elif n_zones:
        notes.append(f"Whether paths may pass through the {n_zones:,} nodes of zones makes no difference.")
    return passable


def list_zones(nodes: Table) -> list[str]:
    """The zone of each node as ``zone_id`` names it, whole numbers in their shortest form; empty for no zone.

    Raises
    ------
    InputError
        If a zone is a number that is not whole.

    Examples
    --------
    >>> from pathlib import Path
    >>> list_zones(Table(Path("node.csv"), {"zone_id": ["7.0", "", "0", "TAZ1", "nan"]}, [2, 3, 4, 5, 6]))
    ['7', '', '', 'TAZ1', '']
    """
    zones = []
    for row, cell in enumerate(nodes.columns.get("zone_id", [""] * len(nodes))):
        plain = cell.strip()
        if plain.lower() in _NONE or (is_number(plain) and float(plain) <= 0.0):
            plain = ""  # some programs write 0 or -1 for a node without a zone
        elif is_number(plain):
            if not float(plain).is_integer():
                raise nodes.error(row, f"zone_id is {plain!r}", "give a whole number or leave it empty")
            plain = str(int(float(plain)))
        zones.append(plain)
    return zones


def _find_ends(n_nodes: int, links: LinkRows) -> Bools:
    ends = np.zeros(n_nodes, dtype=np.bool_)
    ends[links.tail] = ends[links.head] = True
    return ends


def _find_between(n_nodes: int, links: LinkRows) -> Bools:
    """Whether a path could pass through a node without turning back to where it came from."""
    first_in, first_out = np.full(n_nodes, -1), np.full(n_nodes, -1)
    first_in[links.head], first_out[links.tail] = links.tail, links.head
    several_in, several_out = np.zeros(n_nodes, dtype=np.bool_), np.zeros(n_nodes, dtype=np.bool_)
    several_in[links.head[links.tail != first_in[links.head]]] = True
    several_out[links.tail[links.head != first_out[links.tail]]] = True
    both = (first_in >= 0) & (first_out >= 0)
    passed: Bools = both & (several_in | several_out | (first_in != first_out))
    return passed
