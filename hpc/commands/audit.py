"""Commands about audit logs: what was released, by whom and why, and whether the record is what was written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .site import as_json, show_json

__all__ = ["audit"]

LISTED = ("number", "when", "user", "purpose", "run_id", "step", "measure", "shown", "withheld", "epsilon")
SEALS = ("previous", "exact_hash", "released_sha256", "cohort_hash", "file_hash")


@click.group()
def audit() -> None:
    """What was released of data of single persons: a log for each key of pseudonyms, chained line by line."""


@audit.command("list")
@click.argument("log", required=False)
@as_json
def list_releases(log: str | None, as_json: bool) -> None:
    """List the releases in LOG (a .jsonl file, or the beginning of a key's id); of all your logs if omitted.

    Counts are not shown: only how many cells of a table are shown and withheld. The exit code is 1 if a log is damaged.

    \b
    Examples:
      citytide audit list
      citytide audit list 3f9a --json
    """
    from ..errors import RunError
    from ..release.audit_log import AuditLog

    found: dict[Path, list[dict[str, Any]]] = {}
    damaged: list[str] = []
    for path in _choose(log):
        try:
            found[path] = AuditLog(path).read_lines()
        except RunError as error:  # of one log, which must not hide the others
            damaged.append(str(error))
    if as_json:
        show_json([{"log": str(path), **_pick(line)} for path, lines in found.items() for line in lines])
    for path, lines in found.items() if not as_json else ():
        click.echo(f"{path}: {len(lines)} release{'' if len(lines) == 1 else 's'}")
        for line in lines:
            told = _pick(line)
            click.echo(
                f"{told['number']:>5}  {told['when']}  {told['user']}  {told['purpose']}  {told['run_id']}  "
                f"{told['step'].removesuffix('-release')}  {told['shown']} cells shown, {told['withheld']} withheld, "
                f"epsilon {told['epsilon']:g}"
            )
    if not found and not damaged and not as_json:
        click.echo("no audit log yet: the first release of a table of persons begins one")
    _end_with(damaged)


def _end_with(damaged: list[str]) -> None:
    for sentence in damaged:
        click.echo(f"citytide: {sentence}", err=True)
    if damaged:
        raise SystemExit(1)


def _pick(line: dict[str, Any]) -> dict[str, Any]:
    return {name: line.get(name, "") for name in LISTED}


def _choose(log: str | None) -> list[Path]:
    from ..release.audit.files import find_log, list_logs

    return list_logs() if log is None else [find_log(log)]


@audit.command()
@click.argument("log")
@click.argument("number", metavar="N", type=int)
@as_json
def show(log: str, number: int, as_json: bool) -> None:
    """Show line N of LOG: who released what, why, by which policy, and the hashes of the tables behind it.

    \b
    Example:
      citytide audit show 3f9a 2
    """
    from ..errors import RunError
    from ..release.audit.files import find_log
    from ..release.audit_log import AuditLog

    path = find_log(log)
    lines = AuditLog(path).read_lines()
    if not 1 <= number <= len(lines):
        raise RunError(f"N must be the number of a line of {path}, 1 to {len(lines)}, got {number}")
    line = lines[number - 1]
    if as_json:
        show_json(line)
        return
    for name, value in sorted(line.items(), key=lambda item: item[0] in SEALS):
        click.echo(f"{name:<16} {value}")


@audit.command()
@click.argument("log", required=False)
@click.option("--release", type=int, metavar="N", help="Also compute the exact table behind line N again.")
@as_json
def verify(log: str | None, release: int | None, as_json: bool) -> None:
    """Verify LOG (a .jsonl file, or the beginning of a key's id), or all your logs: each line and each private table.

    Every line that was changed, removed, added or moved is named, and so is every private table that is not what was
    written. With --release the steps behind that release run again, in a folder of their own, and the keyed hash of
    their exact table is compared with the line's; noise is not drawn again. Neither the run nor the log is touched.
    The exit code is 1 if anything is not as it was.

    \b
    Examples:
      citytide audit verify
      citytide audit verify 3f9a --release 2
      citytide audit verify backup/3f9a0c11d2e4b576.jsonl --json
    """
    from ..control.recomputation import verify_release
    from ..errors import RunError
    from ..release.audit.verify import LogProblem, verify_log

    if release is not None and log is None:
        raise click.UsageError("--release N needs a LOG: name the log whose line N is meant")
    found: dict[Path, list[LogProblem]] = {}
    for path in _choose(log):
        try:
            found[path] = verify_log(path)
        except RunError as error:
            if log is not None:
                raise
            found[path] = [LogProblem("the log", f"cannot be verified: {error}")]  # the others can
        if release is not None and not found[path]:
            found[path] = verify_release(path, release)
    if as_json:
        show_json([{"log": str(path), "problems": [vars(one) for one in problems]} for path, problems in found.items()])
    for path, problems in found.items() if not as_json else ():
        for problem in problems:
            click.echo(f"{problem.where} {problem.problem}")
        told = f"{len(problems)} not as written" if problems else "every line and private table is what was written"
        again = _tell_again(path, release) if release is not None and not problems else ""
        click.echo(f"{path}: {told}{again}")
    if not found and not as_json:
        click.echo("no audit log yet: the first release of a table of persons begins one")
    if any(found.values()):
        raise SystemExit(1)


def _tell_again(path: Path, release: int) -> str:
    from ..release.audit_log import AuditLog

    told = f", and the exact table behind release {release}, computed again, is the same"
    epsilon = AuditLog(path).read_lines()[release - 1]["epsilon"]
    noise = f"; the noise on it (epsilon {epsilon:g}) was drawn once, and the noisy counts are those that the log keeps"
    return told + (noise if epsilon else "")
