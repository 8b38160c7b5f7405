"""Which files of a folder are a TNTP network, its trips and its nodes: names in the wild differ."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ...errors import InputError

__all__ = ["TntpFiles", "find_tntp_files"]

# `Anaheim_net`, `Birmingham_Net`, `Goldcoast_network_2016_01`, `Austin_trips_am`, `Birmingham_Nodes`
_NAME = re.compile(
    r"(?P<before>.*[_\-. ])?(?:(?P<network>network|net)|(?P<trips>trips?|od)|(?P<nodes>nodes?)|(?P<flows>flows?))"
    r"(?P<after>[_\-. ].*)?",
    re.IGNORECASE,
)
_KINDS = ("network", "trips", "nodes", "flows")


@dataclass(frozen=True)
class TntpFiles:
    """The files of one instance, and what it is called."""

    name: str
    network: Path
    trips: Path
    nodes: Path | None


@dataclass(frozen=True)
class _File:
    path: Path
    kind: str | None
    before: str
    after: str

    def is_of(self, other: _File) -> bool:
        return (self.before.lower(), self.after.lower()) == (other.before.lower(), other.after.lower())


def find_tntp_files(source: Path, trips: Path | None = None) -> TntpFiles:
    """Find the files of a TNTP instance by their names, in any case.

    Parameters
    ----------
    source
        A folder with one network file, or that file.
    trips
        Another file of trips than the one beside it.

    Raises
    ------
    InputError
        If a file is missing, or several could be meant.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("Town_network_2016.tntp", "Town_Trips_2016.tntp", "Town_Nodes_2016.tntp"):
    ...         (Path(folder) / name).touch()
    ...     found = find_tntp_files(Path(folder))
    >>> found.name, found.trips.name, found.nodes.name
    ('Town', 'Town_Trips_2016.tntp', 'Town_Nodes_2016.tntp')
    """
    folder = source if source.is_dir() else source.parent
    if not folder.is_dir():
        raise InputError("the folder is missing", file=folder, way_out="check its name")
    entries = sorted(entry for entry in folder.iterdir() if entry.is_file() and entry.suffix.lower() == ".tntp")
    beside = [_split(entry) for entry in entries]
    networks = [file for file in beside if file.kind == "network"]
    if source.is_dir():
        if not networks:
            problem = "no *_net.tntp lies here"
            raise InputError(problem, file=folder, way_out="put the network file into the folder, or name it itself")
        if len(networks) > 1:
            listed = ", ".join(file.path.name for file in networks)
            raise InputError(f"several networks lie here: {listed}", file=folder, way_out="name one of these files")
    network = networks[0] if source.is_dir() else _split(source)
    if network.kind not in (None, "network"):
        raise InputError(
            f"by its name this is a file of {network.kind}", file=source, way_out="name the network file, *_net.tntp"
        )
    is_lone = all(file.path == network.path for file in networks)
    found = trips if trips is not None else _find_trips(folder, network, beside, is_lone)
    nodes = _choose(network, [file for file in beside if file.kind == "nodes"], is_lone)
    name = network.before.rstrip("_-. ") if network.kind else network.path.stem
    return TntpFiles(name or network.path.stem, network.path, found, nodes[0] if len(nodes) == 1 else None)


def _split(path: Path) -> _File:
    found = _NAME.fullmatch(path.stem)
    if not found:
        return _File(path, None, path.stem, "")
    kind = next(kind for kind in _KINDS if found[kind])
    return _File(path, kind, found["before"] or "", found["after"] or "")


def _choose(network: _File, candidates: list[_File], is_lone: bool) -> list[Path]:
    """The candidates named as the network is; where there are none and it is the only network, all of them."""
    same = [file.path for file in candidates if file.is_of(network)]
    alike = [file.path for file in candidates if file.before.lower() == network.before.lower()]
    return same or alike or ([file.path for file in candidates] if is_lone else [])


def _find_trips(folder: Path, network: _File, beside: list[_File], is_lone: bool) -> Path:
    found = _choose(network, [file for file in beside if file.kind == "trips"], is_lone)
    if not found:
        raise InputError(
            f"no *_trips.tntp lies beside {network.path.name}",
            file=folder,
            way_out="put the trip table there, or name it with trips=FILE",
        )
    if len(found) > 1:
        listed = ", ".join(file.name for file in found)
        raise InputError(f"several trip tables lie here: {listed}", file=folder, way_out="choose with trips=FILE")
    return found[0]
