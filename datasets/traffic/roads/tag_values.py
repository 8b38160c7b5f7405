"""Texts of tags that hold one value or several."""

from __future__ import annotations

import ast

__all__ = ["split_values"]


def split_values(text: str) -> list[str]:
    """Split the text of a tag: osmnx writes one value plainly and several as a Python list.

    Examples
    --------
    >>> split_values("2"), split_values("['2', '4']"), split_values("")
    (['2'], ['2', '4'], [])
    """
    text = text.strip()
    if text.startswith("["):
        try:
            return [str(word) for word in ast.literal_eval(text)]
        except (ValueError, SyntaxError):
            pass
    return [text] if text else []
