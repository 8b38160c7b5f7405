"""What a person or a script is told when a run cannot go on."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

__all__ = ["BUSY", "DONE", "FAILED", "REFUSED", "STOPPED", "PersonLevelError", "RunError", "resume_command"]

# Exit codes of the command line.
DONE, FAILED, REFUSED, BUSY, STOPPED = 0, 1, 2, 3, 130


class RunError(RuntimeError):
    """One sentence that names what is wrong, its value, and the way out.

    ``exit_code`` is what the command line returns: 2 for bad input or a plan that cannot fit, 3 for a run folder that
    somebody else holds, 1 for a run that failed.
    """

    def __init__(self, message: str, *, exit_code: int = REFUSED) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class PersonLevelError(RunError):
    """A step failed on data of single persons: the message tells the type of what it raised, never its text."""

    def __init__(self, message: str) -> None:
        super().__init__(message, exit_code=FAILED)


def resume_command(run: Path) -> str:
    """What a person types to go on with a run.

    Examples
    --------
    >>> resume_command(Path("runs/two words"))
    "citytide resume 'runs/two words'"
    """
    return f"citytide resume {quote(str(run))}"
