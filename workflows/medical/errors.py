"""What a person or a script is told when a store of events cannot be used: words that show nobody's data."""

from __future__ import annotations

from ...hpc.errors import REFUSED, PersonLevelError

__all__ = ["EventsError"]


class EventsError(PersonLevelError):
    """One sentence about a store, a key or a policy. Unlike other errors near data of single persons it is shown."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.exit_code = REFUSED
