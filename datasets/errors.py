"""What a reader says when a file cannot be used."""

from __future__ import annotations

from pathlib import Path

__all__ = ["InputError"]


class InputError(ValueError):
    """An input that cannot be used: which file, where in it, what is wrong and the way out.

    Parameters
    ----------
    problem
        What is wrong, with the value found.
    file, line
        Where; ``line`` counts from 1.
    way_out
        What the user can do about it.

    Examples
    --------
    >>> print(InputError("capacity is -5", file="Toy_net.tntp", line=12, way_out="give 0 or more vehicles per hour"))
    Toy_net.tntp, line 12: capacity is -5; give 0 or more vehicles per hour
    """

    def __init__(
        self,
        problem: str,
        *,
        file: str | Path | None = None,
        line: int | None = None,
        way_out: str | None = None,
    ) -> None:
        where = "" if file is None else f"{file}: " if line is None else f"{file}, line {line}: "
        super().__init__(where + problem + ("" if way_out is None else f"; {way_out}"))
        self.file = None if file is None else str(file)
        self.line = line

    def reworded(self, words: str, instead: str) -> InputError:
        """The same in the words of another command.

        Examples
        --------
        >>> print(InputError("no zone", way_out="--declare readings.time_zone=UTC").reworded(
        ...     "--declare readings.", "--set "))
        no zone; --set time_zone=UTC
        """
        other = InputError(str(self).replace(words, instead))
        other.file, other.line = self.file, self.line
        return other
