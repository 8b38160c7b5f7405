"""Command line of the peers: ``python -m citytide.benchmarks.peers make|list|run``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from .environments import PEERS, PeerError, find_interpreter, make_environment

__all__ = ["peers"]

SCRIPTS = {
    "aequilibrae": "assignment_aequilibrae.py",
    "duckdb incidence": "incidence_duckdb.py",
    "duckdb pairs": "pairs_duckdb.py",
    "landlab": "inertia_landlab.py",
    "properscoring": "crps_properscoring.py",
    "pysteps": "nowcast_pysteps.py",
    "scipy": "trees_scipy.py",
}


@click.group()
def peers() -> None:
    """Other programs to compare with, each in an environment of its own."""


@peers.command()
@click.argument("peer", type=click.Choice(sorted(PEERS)))
def make(peer: str) -> None:
    """Make a peer's environment, unless it is there; prints its Python."""
    click.echo(make_environment(peer))


@peers.command(name="list")
def list_peers() -> None:
    """Peers, what they are pinned to, and their Python if it is made."""
    for peer, asked in PEERS.items():
        try:
            place = str(find_interpreter(peer))
        except PeerError:
            place = "not made"
        click.echo(f"{peer:12} {' '.join(asked)}  ({place})")


@peers.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("peer", type=click.Choice(sorted(PEERS)))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def run(peer: str, arguments: tuple[str, ...]) -> None:
    """Run a peer's script in its environment, instead of this process.

    Of a peer with several scripts the first argument names one: `run duckdb pairs ...`.
    """
    python = str(find_interpreter(peer))
    if peer not in SCRIPTS:
        named = {name.partition(" ")[2]: name for name in SCRIPTS if name.startswith(f"{peer} ")}
        if not arguments or arguments[0] not in named:
            raise PeerError(f"name one of the scripts of {peer}: {', '.join(named)}")
        peer, arguments = named[arguments[0]], arguments[1:]
    script = str(Path(__file__).with_name(SCRIPTS[peer]))
    os.execv(python, [python, script, *arguments])


if __name__ == "__main__":
    try:
        peers()
    except PeerError as error:
        print(f"peers: {error}", file=sys.stderr)
        sys.exit(1)
