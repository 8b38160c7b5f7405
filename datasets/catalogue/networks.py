"""The one door through which road networks open: by name, by folder or by file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..traffic.instances import Instance
from .entries import get_dataset, list_datasets
from .readers import call_reader, read_dataset

__all__ = ["DEFAULT_NETWORK", "DEFAULT_TITLE", "open_instance", "open_named"]

DEFAULT_NETWORK = "synthetic-city"
DEFAULT_TITLE = "a seeded city around a river, made on the spot; what runs when no network is named"


def open_instance(source: str | Path | None = None, **options: Any) -> Instance:
    """Open a network with its demand.

    Parameters
    ----------
    source
        A name in the catalogue, ``grid-LINKS`` or ``ring-radial-LINKS`` (and ``-seedSEED``) for a made-up city of
        that size, a folder of TNTP or GMNS files, an osmnx ``.graphml`` file, or None for the embedded synthetic
        city. A folder that is called like a name is reached as ``./NAME``.
    options
        Passed to the reader, for instance ``demand="rides.csv"`` with a ``.graphml``; ``trips`` is another word for
        ``demand``.

    Returns
    -------
    Instance

    Raises
    ------
    InputError
        If the name is unknown (the known ones are listed), or the files cannot be used.

    Examples
    --------
    >>> open_instance("synthetic-city").name
    'synthetic-city'
    """
    options = _join_words(options)
    if source is None:
        source = DEFAULT_NETWORK
    entries = list_datasets().entries
    if isinstance(source, str) and (source == DEFAULT_NETWORK or source in entries):
        return open_named(source, **options)
    if isinstance(source, str) and source.startswith(("grid-", "ring-radial-")):
        from ..synthetic.traffic.network import make_named

        made = make_named(source)
        if made is not None:
            return _open(lambda: made, None, options)
    path = Path(source).expanduser()
    if path.suffix.lower() == ".zarr":
        from ..city.network import read_city_network

        return _open(read_city_network, path, options)
    if path.is_dir():
        return _open_folder(path, options)
    if path.suffix.lower() == ".graphml":
        from ..traffic.osm.graphml import read_graphml

        return _open(read_graphml, path, options)
    if path.suffix.lower() == ".tntp" and path.exists():
        from ..traffic.tntp.tntp import read_tntp

        return _open(read_tntp, path, options)
    names = sorted([DEFAULT_NETWORK, *(name for name, entry in entries.items() if entry.kind == "network")])
    known = ", ".join([*names, "grid-LINKS", "ring-radial-LINKS"])
    if path.exists():
        raise InputError(
            "this is no network file that can be read",
            file=path,
            way_out=f"name a folder with TNTP or GMNS files, an osmnx .graphml, or one of {known}; other roads become "
            "one by citytide city build --roads FILE --out city.zarr: then name city.zarr",
        )
    raise InputError(
        f"network {str(source)!r} is neither a known name nor a folder or file that exists",
        way_out=f"{_suggest(str(source), names)}known names are {known}",
    )


def _join_words(options: dict[str, Any]) -> dict[str, Any]:
    """The options with ``demand`` for ``trips``, the word of TNTP."""
    if "trips" not in options:
        return options
    if "demand" in options:
        raise InputError(
            f"demand and trips mean the same file, got demand={options['demand']} and trips={options['trips']}",
            way_out="keep one of the two",
        )
    return {"demand" if name == "trips" else name: value for name, value in options.items()}


def _suggest(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name.lower(), known, n=1)
    return f"did you mean {close[0]}? " if close else ""


def _open_folder(folder: Path, options: dict[str, Any]) -> Instance:
    names = {entry.name.lower() for entry in folder.iterdir()}
    if any(name.endswith(".tntp") for name in names) and {"node.csv", "link.csv"} <= names:
        raise InputError(
            "the folder holds a TNTP and a GMNS network",
            file=folder,
            way_out="name the *_net.tntp file, or move one of the two to a folder of its own",
        )
    if any(name.endswith(".tntp") for name in names):
        from ..traffic.tntp.tntp import read_tntp

        return _open(read_tntp, folder, options)
    if names & {"node.csv", "link.csv"}:
        from ..traffic.gmns.gmns import read_gmns

        return _open(read_gmns, folder, options)
    raise InputError(
        "the folder holds no network",
        file=folder,
        way_out="it should hold *_net.tntp and *_trips.tntp (TNTP), or node.csv, link.csv and demand.csv (GMNS)",
    )


def open_named(name: str, **options: Any) -> Instance:
    """Open a network by its name in the catalogue; what the catalogue knows about it is added to its notes.

    Raises
    ------
    InputError
        If the data set is no network.
    """
    if name == DEFAULT_NETWORK:
        from ..synthetic.city import make_instance

        return _open(make_instance, None, options)
    dataset = get_dataset(name)
    instance = read_dataset(name, kind="network", **options)
    if not isinstance(instance, Instance):
        raise InputError(
            f"the reader of a network must return an Instance, got a {type(instance).__name__} from {dataset.reader}",
            way_out="give its entry in the catalogue another kind",
        )
    notes = []
    for weight in ("toll_weight", "distance_weight"):
        known, stated = getattr(dataset, weight), getattr(instance, weight)
        if known and stated and known != stated:
            notes.append(f"The files state a {weight} of {stated:g}; the catalogue's, {known:g}, counts.")
    return replace(
        instance,
        name=name,
        toll_weight=dataset.toll_weight or instance.toll_weight,
        distance_weight=dataset.distance_weight or instance.distance_weight,
        units=instance.units | dataset.units,
        notes=(*dataset.notes, *notes, *instance.notes),
    )


def _open(reader: Callable[..., Instance], path: Path | None, options: dict[str, Any]) -> Instance:
    instance: Instance = call_reader(reader, path, options)
    return instance
