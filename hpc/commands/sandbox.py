"""Commands about the sandbox, a private Slurm to try things in: start, stop, status."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .site import as_json as json_option
from .site import show_json

if TYPE_CHECKING:
    from ..sandbox.sandbox import Sandbox

__all__ = ["sandbox"]

folder_option = click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="The sandbox's folder; $CITYTIDE_HOME/sandbox if not given.",
)


@click.group()
def sandbox() -> None:
    """A private Slurm on this machine, to try things in.

    \b
    Examples:
      eval "$(citytide sandbox start)"     start it; this shell's sbatch and squeue speak to it
      citytide sandbox status
      citytide sandbox stop                no process and no file is left
    """


@sandbox.command("start")
@folder_option
@click.option("--nodes", default=4, show_default=True, help="Nodes, all of them this machine.")
@click.option("--cpus", default=4, show_default=True, help="Processors that each node pretends to have.")
@click.option("--memory", default=4000, show_default=True, help="MB that each node pretends to have, the last twice.")
@click.option("--accounting/--no-accounting", default=True, show_default=True, help="Keep accounts, for sacct.")
@click.option("--option", "options", multiple=True, metavar="KEY=VALUE", help="A setting of slurm.conf, repeatable.")
@json_option
def start(
    folder: Path | None, nodes: int, cpus: int, memory: int, accounting: bool, options: tuple[str, ...], as_json: bool
) -> None:
    """Start a private Slurm and print the line that makes a shell use it.

    \b
    Partitions: debug (default), tiny (1 minute), gpu (two nodes with two
    pretended GPUs each), bigmem (the last node), spare (yields to the others).

    \b
    Examples:
      eval "$(citytide sandbox start)"
      citytide sandbox start --no-accounting --nodes 2
      citytide sandbox start --option EnforcePartLimits=ALL
    """
    from ..run.progress import say
    from ..sandbox.sandbox import Sandbox, sandbox_folder

    sizes = {"nodes": nodes, "cpus": cpus, "memory_mb": memory}
    one = Sandbox.start(folder or sandbox_folder(), accounting=accounting, options=_settings(options), **sizes)
    if as_json:
        show_json(one.status())
        return
    say(f"a Slurm of {nodes} nodes runs in {one.folder}; end it with: citytide sandbox stop{_where(folder)}")
    for key, value in one.environment.items():
        click.echo(f"export {key}={value}")


@sandbox.command("stop")
@folder_option
@json_option
def stop(folder: Path | None, as_json: bool) -> None:
    """End the sandbox with all its jobs and remove its folder.

    \b
    Examples:
      citytide sandbox stop
      citytide sandbox stop --dir scratch/slurm
    """
    from ..run.progress import say

    one = _open(folder)
    one.stop()
    if as_json:
        show_json({"folder": str(one.folder), "running": False})
        return
    say(f"the sandbox in {one.folder} is gone; to forget it in this shell: unset SLURM_CONF")


@sandbox.command("status")
@folder_option
@json_option
def status(folder: Path | None, as_json: bool) -> None:
    """Show the sandbox's daemons, nodes and queue.

    \b
    Examples:
      citytide sandbox status
      citytide sandbox status --json
    """
    told = _open(folder).status()
    if as_json:
        show_json(told)
        return
    click.echo(f"sandbox in {told['folder']}: {'running' if told['running'] else 'not whole'}")
    for name, pid in told["daemons"].items():
        click.echo(f"  {name:<16} {f'process {pid}' if pid else 'down'}")
    for name, state in told["nodes"].items():
        click.echo(f"  {name:<16} {state}")
    click.echo(f"  jobs in the queue: {'unknown' if told['jobs'] is None else told['jobs']}")
    for key, value in told["environment"].items():
        click.echo(f"  to use it: export {key}={value}")


def _open(folder: Path | None) -> Sandbox:
    from ..sandbox.sandbox import Sandbox, sandbox_folder

    return Sandbox(folder or sandbox_folder())


def _where(folder: Path | None) -> str:
    return f" --dir {folder}" if folder else ""


def _settings(options: tuple[str, ...]) -> dict[str, str]:
    settings = {}
    for option in options:
        key, equals, value = option.partition("=")
        if not (key and equals and value) or "\n" in option:
            raise click.BadParameter(f"{option!r} is not KEY=VALUE, such as EnforcePartLimits=ALL")
        settings[key] = value
    return settings
