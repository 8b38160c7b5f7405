"""From a name in the catalogue to what its reader returns, or to its files."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

from ..errors import InputError
from .downloads import find_files
from .entries import get_dataset, list_datasets
from .sources import Dataset

__all__ = ["call_reader", "find_inputs", "read_dataset"]


def read_dataset(name: str, *, kind: str, **options: Any) -> Any:
    """Read a data set of the catalogue with its own reader.

    Parameters
    ----------
    name
        A name in the catalogue.
    kind
        What the caller can use, such as ``"network"``; a data set of another kind is refused.
    options
        Passed to the reader.

    Returns
    -------
    object
        What the reader returns; for kind ``"network"`` an ``Instance``.

    Raises
    ------
    InputError
        If the name is unknown, the data set is of another kind, or its files cannot be used.
    """
    dataset = get_dataset(name)
    _refuse_other_kind(dataset, kind)
    reader, files = _load_reader(dataset), find_files(name)
    by_option = {file.option: path for file, path in zip(dataset.files, files, strict=True) if file.option}
    return call_reader(reader, files[0] if files else None, {**by_option, **options}, kind=kind)


def find_inputs(source: str | Path, *, kind: str) -> tuple[Path, ...]:
    """The files that a setting names: those of a data set of the catalogue, or one file or folder by its path.

    Parameters
    ----------
    source
        A name in the catalogue, or a path; a file that is called like a name is reached as ``./NAME``.
    kind
        What the caller can use; a data set of another kind is refused.

    Raises
    ------
    InputError
        If it is neither a name nor a path that exists, or a data set of another kind.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile(suffix=".csv") as file:
    ...     find_inputs(file.name, kind="visits") == (Path(file.name),)
    True
    """
    entries = list_datasets().entries
    if str(source) in entries:
        _refuse_other_kind(get_dataset(str(source)), kind)
        return find_files(str(source))
    path = Path(source).expanduser()
    if not str(source) or not path.exists():  # no text would be the present folder
        known = ", ".join(name for name, entry in entries.items() if entry.kind == kind)
        raise InputError(
            f"an input must be a file that exists or a name in the catalogue, got {str(source)!r}",
            way_out=f"data sets of kind {kind!r}: {known or 'none'}",
        )
    return (path,)


def _refuse_other_kind(dataset: Dataset, kind: str) -> None:
    if dataset.kind != kind:
        known = ", ".join(name for name, entry in list_datasets().entries.items() if entry.kind == kind)
        raise InputError(
            f"data set {dataset.name!r} must be of kind {kind!r} to be used here, got kind {dataset.kind!r}",
            way_out=f"data sets of kind {kind!r}: {known or 'none'}",
        )


def _load_reader(dataset: Dataset) -> Callable[..., Any]:
    module, _, name = dataset.reader.partition(":")
    try:
        return getattr(import_module(module), name)  # type: ignore[no-any-return]
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError(
            f"the reader of data set {dataset.name!r} must be a function that can be imported, got "
            f"{dataset.reader!r} ({error})",
            way_out="repair or install the package that it belongs to",
        ) from None


def call_reader(
    reader: Callable[..., Any], path: Path | None, options: dict[str, Any], *, kind: str = "network"
) -> Any:
    """Call a reader with options that a user typed; one it does not have is refused with those it has."""
    allowed = [p.name for p in signature(reader).parameters.values() if p.kind is p.KEYWORD_ONLY]
    for option in options:
        if option not in allowed:
            raise InputError(
                f"option {option!r}{' (trips)' if option == 'demand' else ''} means nothing to this kind of {kind}",
                file=path,
                way_out=f"allowed: {', '.join(allowed)}" if allowed else "omit it",
            )
    return reader(**options) if path is None else reader(path, **options)
