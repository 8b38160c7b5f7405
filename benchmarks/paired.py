"""The interleaved runner behind every number: two sides in pairs, in random order within a pair.

One side after the other measures the machine's mood: on a shared machine a program compared so with itself "changes" by
10 % in more than half of all trials. Pairs cancel the mood, CPU seconds cancel the neighbours.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable

import click
import numpy as np

from .comparison import Comparison
from .sides import Measurement, Side, SideError, make_side

__all__ = ["Comparison", "compare", "main"]

THREAD_SETTINGS = ("OMP", "MKL", "OPENBLAS", "NUMBA", "NUMEXPR", "RAYON", "BLOSC")


def compare(
    a: Side,
    b: Side,
    *,
    pairs: int = 7,
    calibrate: int = 5,
    warmups: int = 1,
    seed: int = 0,
    tolerance: float = 0.03,
    at_most: float | None = None,
    timeout_s: float | None = None,
    say: Callable[[str], None] | None = None,
) -> Comparison:
    """Measure two sides in pairs, in random order within each.

    Parameters
    ----------
    a, b
        The sides; :func:`~citytide.benchmarks.sides.make_side` makes them from text.
    pairs, calibrate, warmups
        Pairs of A and B; pairs of A with a second A before them (0: none); goes of each side that do not count.
    seed
        Seed of the order within pairs and of the bootstrap.
    tolerance
        Differences up to this fraction count as none.
    at_most
        A ratio A / B to hold the result against.
    timeout_s
        Longest time of one go [s].
    say
        Told one line about every pair.

    Raises
    ------
    SideError
        Naming the side that failed, ran too long, or printed no seconds while the other did.
    ValueError
        If a count or a threshold makes no sense.

    Examples
    --------
    >>> one, two = (make_side("echo '{\\"cpu_seconds\\": %s}'" % seconds) for seconds in (1.0, 2.0))
    >>> compare(one, two).judge("cpu")["verdict"]
    'faster'
    """
    if pairs < 1:
        raise ValueError(f"pairs must be at least 1, got {pairs}")
    if calibrate < 0 or warmups < 0:
        raise ValueError(f"calibrate and warmups cannot be negative, got {calibrate} and {warmups}")
    if tolerance < 0 or (at_most is not None and at_most <= 0):
        raise ValueError(f"tolerance must not be negative and at_most positive, got {tolerance} and {at_most}")
    tell = say or (lambda line: None)
    rng = np.random.default_rng(seed)
    # As many pairs begin with A as with B: whoever goes second finds warm caches.
    flips = [bool(flip) for n in (calibrate, pairs) for flip in rng.permutation(np.arange(n) % 2)]
    twin = a.twin()
    try:
        for _ in range(warmups):
            _measure("A", a, timeout_s), _measure("B", b, timeout_s)
            if calibrate:
                _measure("A", twin, timeout_s)
        twins = []
        for flip in flips[:calibrate]:
            twins.append(_measure_pair(("A", a), ("A", twin), flip, timeout_s))
            tell(f"A with itself {len(twins)}/{calibrate}: {_glance(*twins[-1])}")
        taken = []
        for flip in flips[calibrate:]:
            taken.append(_measure_pair(("A", a), ("B", b), flip, timeout_s))
            _refuse_mixed(*taken[-1])
            tell(f"pair {len(taken)}/{pairs}: {_glance(*taken[-1])}")
    finally:
        for side in (a, b, twin):
            side.close()
    first, second = zip(*taken, strict=True)
    order = tuple("ba" if flip else "ab" for flip in flips[calibrate:])
    return Comparison((a.label, b.label), first, second, tuple(twins), order, seed, tolerance, at_most)


def _measure(name: str, side: Side, timeout_s: float | None) -> Measurement:
    try:
        measured = side.measure(timeout_s)
    except SideError as error:
        raise SideError(f"side {name}: {error}") from None
    if measured.answer.get("converged") is False:
        raise SideError(f"side {name}: {side.label} says it did not converge; a wrong answer has no speed")
    return measured


def _measure_pair(
    one: tuple[str, Side], other: tuple[str, Side], flip: bool, timeout_s: float | None
) -> tuple[Measurement, Measurement]:
    if flip:
        later = _measure(*other, timeout_s)
        return _measure(*one, timeout_s), later
    return _measure(*one, timeout_s), _measure(*other, timeout_s)


def _refuse_mixed(a: Measurement, b: Measurement) -> None:
    if a.whole != b.whole:
        silent = "A" if a.whole else "B"
        raise SideError(
            f"side {silent} printed no JSON line with cpu_seconds or wall_seconds while the other did: "
            "start-up would count on one side only; let both print them, or say --outside to time whole commands"
        )


def _glance(a: Measurement, b: Measurement) -> str:
    seconds = [one.cpu_seconds if one.cpu_seconds is not None else one.wall_seconds for one in (a, b)]
    return ", ".join(f"{value:.4g} s" for value in seconds if value is not None)


def _hold_to(cores: int) -> None:
    """Both sides inherit the mask and the environment."""
    usable = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, usable[-cores:])
    os.environ.update({f"{library}_NUM_THREADS": str(cores) for library in THREAD_SETTINGS})


@click.command()
@click.option("--a", "a", required=True, help="command of side A, or call:package.module:function")
@click.option("--b", "b", required=True, help="side B")
@click.option("--pairs", default=7, show_default=True)
@click.option("--calibrate", default=5, show_default=True, help="pairs of A with itself before; 0 for none")
@click.option("--warmups", default=1, show_default=True, help="goes of each side that do not count")
@click.option("--seed", default=0, show_default=True)
@click.option("--tolerance", default=0.03, show_default=True, help="differences up to this fraction count as none")
@click.option("--at-most", type=float, help="a ratio A / B to hold the result against")
@click.option("--timeout", type=float, help="seconds that one go may take")
@click.option("--cores", type=click.IntRange(min=1), help="cores and threads that either side may use")
@click.option("--outside", is_flag=True, help="time whole commands even where they print seconds of their own")
@click.option("--json", "as_json", is_flag=True, help="print one JSON object and nothing else")
def main(
    a: str,
    b: str,
    pairs: int,
    calibrate: int,
    warmups: int,
    seed: int,
    tolerance: float,
    at_most: float | None,
    timeout: float | None,
    cores: int | None,
    outside: bool,
    as_json: bool,
) -> None:
    """Run two sides in pairs and say which is faster, and how sure that is.

    Exit code 0 whatever the verdict, 1 if a side failed, 2 if the question makes no sense.
    """
    if cores is not None:
        _hold_to(cores)
    try:
        result = compare(
            make_side(a, outside=outside),
            make_side(b, outside=outside),
            pairs=pairs,
            calibrate=calibrate,
            warmups=warmups,
            seed=seed,
            tolerance=tolerance,
            at_most=at_most,
            timeout_s=timeout,
            say=lambda line: click.echo(line, err=True),
        )
    except SideError as error:
        if as_json:
            click.echo(json.dumps({"schema": 1, "error": str(error)}))
        click.echo(f"paired: {error}", err=True)
        sys.exit(1)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    click.echo(json.dumps(result.to_json()) if as_json else result.table())


if __name__ == "__main__":
    main()
