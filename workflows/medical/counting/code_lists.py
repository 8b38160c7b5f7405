"""Code lists: the codes that a question asks for, as places in a store's vocabulary."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from .refusals import Refusal
from .settings import read_words

__all__ = ["choose_codes", "find_codes", "place_codes", "read_code_list"]

NAMED = 5  # unknown codes that a refusal names


class KnowsCodes(Protocol):
    """What a code list needs of a store."""

    @property
    def codes(self) -> Sequence[str]: ...


def read_code_list(value: str) -> list[str]:
    """Codes as they are named, each once: words with commas between them, or the lines of a file.

    In a file the text before the first comma of a line counts, ``#`` begins a remark, and a first line ``code`` is a
    heading.

    Raises
    ------
    Refusal
        If there is no code, or the file is not UTF-8 text.

    Examples
    --------
    >>> read_code_list("E11, I10,E11")
    ['E11', 'I10']
    """
    path = Path(value).expanduser()
    if _is_file(path):
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except UnicodeDecodeError:
            raise Refusal(f"a code list must be UTF-8 text, got {path}: save it as UTF-8") from None
        codes = [line.partition("#")[0].partition(",")[0].strip() for line in lines]
        codes = codes[1:] if codes[:1] and codes[0].lower() == "code" else codes
    else:
        codes = read_words(value)
    if not any(codes):
        raise Refusal(f"codes must name at least one code, got {value!r}: write codes=E11,I10, or name a file")
    return [code for code in dict.fromkeys(codes) if code]


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a long list is no file name
        return False


def find_codes(codes: Sequence[str], store: KnowsCodes) -> list[int]:
    """Places of codes in the vocabulary of a store.

    Raises
    ------
    Refusal
        If the store lacks one of them.
    """
    places = {code: place for place, code in enumerate(store.codes)}
    unknown = [code for code in codes if code not in places]
    if unknown:
        more = f" and {len(unknown) - NAMED:,} others" if len(unknown) > NAMED else ""
        raise Refusal(
            f"each of codes must be in the vocabulary of the store, got {', '.join(unknown[:NAMED])}{more}: remove "
            "what is not there, or map codes when events are imported (codes and texts must be equal, as in E11.9)"
        )
    return [places[code] for code in codes]


def choose_codes(value: str | None, store: KnowsCodes) -> list[int] | None:
    """Places of the codes that a setting names; None for every code of the store."""
    return None if value is None else find_codes(read_code_list(value), store)


def place_codes(chosen: Sequence[int] | None, n_codes: int) -> npt.NDArray[np.int32] | None:
    """For each code of a vocabulary its place in the list that was chosen, -1 for none; None if all were.

    Examples
    --------
    >>> place_codes([3, 1], 5).tolist()
    [-1, 1, -1, 0, -1]
    """
    if chosen is None:
        return None
    places = np.full(n_codes, -1, np.int32)
    places[list(chosen)] = np.arange(len(chosen), dtype=np.int32)
    return places
