"""The entries of the catalogue: citytide's own, and those of installed packages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ...kernels.plugins import PluginError, list_plugins
from ..errors import InputError
from .sources import DATASETS, Dataset

__all__ = ["Catalogue", "get_dataset", "list_datasets"]


@dataclass(frozen=True)
class Catalogue:
    """Every entry by name, the packages of those that are not citytide's alone, and what cannot be used."""

    entries: dict[str, Dataset]
    owners: dict[str, tuple[str, ...]]
    unusable: tuple[str, ...]

    def get_origin(self, name: str) -> str:
        """The package of an entry with its version; empty for citytide's own."""
        return ", ".join(self.owners.get(name, ()))


def list_datasets() -> Catalogue:
    """The entries of citytide and of all packages that have entry points ``citytide.datasets``.

    Examples
    --------
    >>> list_datasets().entries["braess"].kind
    'network'
    """
    entries, owners, unusable = dict(DATASETS), dict[str, tuple[str, ...]](), []
    for plugins in list_plugins("citytide.datasets").values():
        for plugin in plugins:
            try:
                offered = _list_offered(plugin.load(), plugin.path, plugin.origin)
            except (PluginError, InputError) as error:
                unusable.append(f"data sets of {plugin.origin} cannot be used: {error}")
                continue
            for dataset in offered:
                holders = owners.get(dataset.name, ("citytide",) if dataset.name in DATASETS else ())
                owners[dataset.name] = (*holders, plugin.origin)
                entries.setdefault(dataset.name, dataset)
    unusable += [str(_refuse_owners(name, held)) for name, held in owners.items() if len(held) > 1]
    return Catalogue(entries, owners, tuple(unusable))


def _list_offered(offered: object, path: str, origin: str) -> list[Dataset]:
    listed = []
    for one in offered if isinstance(offered, Iterable) else [offered]:
        if not isinstance(one, Dataset):
            raise InputError(
                f"an entry point of data sets must name a Dataset or a list of them, got a {type(one).__name__} at "
                f"{path}",
                way_out=f"repair or uninstall {origin}",
            )
        listed.append(one)
    return listed


def _refuse_owners(name: str, owners: tuple[str, ...]) -> InputError:
    return InputError(
        f"the name of a data set must have one owner, but {name!r} is of {' and '.join(owners)}",
        way_out="uninstall all but one of them",
    )


def get_dataset(name: str) -> Dataset:
    """Return an entry of the catalogue.

    Raises
    ------
    InputError
        If there is none (the known names are listed), or several packages own it.

    Examples
    --------
    >>> get_dataset("braess").files[0].bytes
    465
    """
    catalogue = list_datasets()
    if name not in catalogue.entries:
        known = f"known names are {', '.join(sorted(catalogue.entries))}"
        raise InputError(f"data set {name!r} is not in the catalogue", way_out="; ".join([known, *catalogue.unusable]))
    if len(owners := catalogue.owners.get(name, ())) > 1:
        raise _refuse_owners(name, owners)
    return catalogue.entries[name]
