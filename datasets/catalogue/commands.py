"""``citytide data``: what the catalogue holds, and bringing it here."""

from __future__ import annotations

import json
from typing import Any

import click

__all__ = ["data"]


@click.group(
    epilog="Example: citytide data list",
    help="Data sets by name: what there is, what each is, fetch it.\n\n"
    "Files are looked for under $CITYTIDE_DATA, then in the user's cache; what is missing is fetched from its public "
    "source and checked against its sha256.",
)
def data() -> None:
    pass


@data.command("list", epilog="Example: citytide data list --json")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list and nothing else.")
def list_data(as_json: bool) -> None:
    """List the data sets that have a name."""
    from .entries import list_datasets

    rows = [_summarise(name) for name in _names()]
    for problem in list_datasets().unusable:
        click.echo(f"citytide: {problem}", err=True)
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    width, broad = (max(len(row[key]) for row in rows) for key in ("name", "kind"))
    for row in rows:
        state = {"generated": "made here", "present": "here", "absent": "to fetch"}[row["state"]]
        origin = f" (from {row['from']})" if row["from"] else ""
        click.echo(f"{row['name']:<{width}}  {row['kind']:<{broad}}  {state:<9}  {row['title']}{origin}")


@data.command(epilog="Example: citytide data describe chicago-sketch")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def describe(name: str, as_json: bool) -> None:
    """Tell a data set's source, terms, files and, for a network, its size."""
    found = _describe(name)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    click.echo(f"{found['name']}: {found['title']}")
    for key in ("repository", "terms", "from"):
        if found[key]:
            click.echo(f"  {key + ':':<12} {found[key]}")
    for file in found["files"]:
        click.echo(f"  {'file:':<12} {file['path']} ({file['bytes']:,} bytes)")
        click.echo(f"  {'':<12} sha256 {file['sha256']}")
        click.echo(f"  {'':<12} {file['at'] or 'not here; citytide data fetch ' + name}")
    if found["size"]:
        size = found["size"]
        click.echo(
            f"  {'network:':<12} {size['nodes']:,} nodes, {size['links']:,} links, {size['pairs']:,} pairs, "
            f"demand {size['demand']:,.10g} {size['units']['flow']}"
        )
        for key in ("toll_weight", "distance_weight"):
            if size[key]:
                click.echo(f"  {'brings:':<12} {key} = {size[key]}")
    for note in found["notes"]:
        click.echo(f"  {'note:':<12} {note}")


@data.command(epilog="Example: citytide data fetch sioux-falls anaheim")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def fetch(names: tuple[str, ...], as_json: bool) -> None:
    """Bring data sets to this machine, unless they are here, and check their bytes."""
    from . import downloads as catalogue
    from . import networks

    found: dict[str, list[str]] = {}
    for name in names:
        if name == networks.DEFAULT_NETWORK:
            found[name] = []
            continue
        found[name] = [str(path) for path in catalogue.fetch(name)]
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for name, paths in found.items():
        click.echo(f"{name}: {len(paths)} files, sha256 as in the catalogue" if paths else f"{name}: made on the spot")
        for path in paths:
            click.echo(f"  {path}")


def _names() -> list[str]:
    from . import networks
    from .entries import list_datasets

    return [networks.DEFAULT_NETWORK, *list_datasets().entries]


def _summarise(name: str) -> dict[str, Any]:
    from . import downloads as catalogue
    from . import networks
    from .entries import list_datasets

    if name == networks.DEFAULT_NETWORK:
        row = {"name": name, "title": networks.DEFAULT_TITLE, "network": True, "kind": "network"}
        return row | {"state": "generated", "from": ""}
    listed = list_datasets()
    dataset = listed.entries[name]
    present = all(catalogue.find_file(file) for file in dataset.files)
    row = {"name": name, "title": dataset.title, "network": dataset.kind == "network", "kind": dataset.kind}
    return row | {"state": "present" if present else "absent", "from": listed.get_origin(name)}


def _describe(name: str) -> dict[str, Any]:
    from . import downloads as catalogue
    from . import entries, networks

    made = name == networks.DEFAULT_NETWORK
    dataset = None if made else entries.get_dataset(name)
    found = _summarise(name) | {"repository": "", "terms": "", "files": [], "size": None, "notes": []}
    if dataset is not None:
        found |= {"repository": dataset.repository, "terms": dataset.terms, "notes": list(dataset.notes)}
        for file in dataset.files:
            at = catalogue.find_file(file)
            entry = {"path": file.path, "bytes": file.bytes, "sha256": file.sha256, "url": file.url}
            found["files"].append(entry | {"at": str(at) if at else None})
    if made or (dataset is not None and dataset.kind == "network" and found["state"] == "present"):
        instance = networks.open_named(name)
        found["notes"] = list(instance.notes)
        found["size"] = {
            "nodes": instance.n_nodes,
            "links": instance.n_links,
            "pairs": instance.n_pairs,
            "demand": float(instance.demand.sum()),
            "intrazonal_demand": instance.intrazonal_demand,
            "units": instance.units,
            "toll_weight": instance.toll_weight,
            "distance_weight": instance.distance_weight,
        }
    return found
