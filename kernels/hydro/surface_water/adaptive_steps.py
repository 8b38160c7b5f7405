"""Time steps that are fixed for a window of steps, so that every cut of the domain takes the same ones.

A step must be no longer than what the fastest signal allows. To ask for that before each step would make every tile
wait for all others; so a window of many steps takes its step from a bound chosen in advance: the speed at the window's
start times a headroom. If any state within the window was faster than the bound, that member's window is done again,
on all tiles, with a bound above what was met. Each member has windows of its own, so its bits do not depend on the
other members.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Moment", "WindowRule", "advance_to", "list_moments", "plan_window"]

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
MOST_ATTEMPTS = 20
MOST_GROWTH = 4.0  # of a bound between two attempts: steps that are far too long end in speeds that no water has


@dataclass(frozen=True)
class WindowRule:
    """How steps are chosen.

    Parameters
    ----------
    courant
        Share of a cell that a signal at the bound may cross in a step.
    steps
        Most steps in a window.
    headroom
        The bound over the speed at the window's start.
    slowest_m_s
        The smallest bound, for a dry city, where nothing moves [m s-1].
    longest_s
        The longest step [s].
    """

    courant: float = 0.45
    steps: int = 64
    headroom: float = 1.1
    slowest_m_s: float = 0.5
    longest_s: float = 60.0

    def __post_init__(self) -> None:
        for name, rule, holds in (
            ("courant", "in (0, 1]", 0.0 < self.courant <= 1.0),
            ("steps", "at least 1", self.steps >= 1),
            ("headroom", "at least 1", self.headroom >= 1.0),
            ("slowest_m_s", "above 0", self.slowest_m_s > 0.0),
            ("longest_s", "above 0", self.longest_s > 0.0),
        ):
            if not holds:
                raise ValueError(f"{name} must be {rule}, got {getattr(self, name)}")


def plan_window(
    bound_m_s: npt.ArrayLike, left_s: npt.ArrayLike, cell_length_m: float, rule: WindowRule
) -> tuple[Floats, Counts]:
    """Choose the step and the number of steps of a window.

    Parameters
    ----------
    bound_m_s, left_s : (member,) array
        Speed that no signal may exceed [m s-1], and time to the horizon [s], which is met exactly.

    Returns
    -------
    time_step_s, n_steps : (member,) array
        A member at its horizon has no steps.

    Examples
    --------
    >>> plan_window([10.0], [9.0], 50.0, WindowRule(courant=0.7))
    (array([3.]), array([3]))
    """
    bound, left = np.asarray(bound_m_s, np.float64), np.asarray(left_s, np.float64)
    longest = np.minimum(rule.courant * cell_length_m / bound, rule.longest_s)
    # A hair more than a whole number of steps is that number.
    needed = np.maximum(np.ceil(left / longest * (1.0 - 1e-9)), 1.0)
    whole = needed <= rule.steps
    counts = np.where(left > 0.0, np.where(whole, needed, rule.steps), 0).astype(np.int64)
    return np.where(left > 0.0, np.where(whole, left / needed, longest), 0.0), counts


class Moment(NamedTuple):
    """One step of a window: its number, who acts, by how long [s] and to when [s], each (member,).

    ``placed`` has in a GPU's memory what holds for the whole window, (step, member) clocks and (member,) counts, so
    that no step brings anything there.
    """

    at: int
    acts: npt.NDArray[np.bool_]
    seconds: npt.NDArray[Any]
    clock: npt.NDArray[Any]
    placed: tuple[Any, Any] | None = None


def list_moments(
    steps_s: Floats, counts: Counts, clock_s: Floats, dtype: npt.DTypeLike, place: Callable[[Any], Any] | None = None
) -> list[Moment]:
    """List the steps of a window.

    Parameters
    ----------
    steps_s, counts, clock_s : (member,) array
        Length [s] and number of each member's steps, and when its first one starts [s]. A member waits once it has no
        more of them, or if they are of no length.
    dtype
        That of the water.
    place
        Brings an array to where the water is, if that is a GPU.

    Examples
    --------
    >>> [moment.clock.tolist() for moment in list_moments(np.array([1.0, 2.0]), np.array([2, 1]), np.zeros(2), "f4")]
    [[1.0, 2.0], [2.0, 2.0]]
    """
    found, clock, counts = [], np.array(clock_s), np.where(np.asarray(steps_s, dtype) > 0, counts, 0)
    for at in range(int(counts.max(initial=0))):
        acts = at < counts
        seconds = np.where(acts, steps_s, 0.0).astype(dtype)
        clock = clock + seconds.astype(np.float64)
        found.append(Moment(at, acts, seconds, clock.astype(dtype)))
    if place is None or not found:
        return found
    placed = place(np.array([moment.clock for moment in found])), place(np.asarray(counts, np.int64))
    return [moment._replace(placed=placed) for moment in found]


def advance_to(
    water: Any,
    horizon_s: float,
    clock_s: Floats,
    cell_length_m: float,
    rule: WindowRule,
    *,
    speed: Callable[[Any], Floats],
    steps: Callable[[Any, Floats, Counts, Floats], tuple[Any, Floats]],
    highest: Callable[[Floats], Floats] | None = None,
) -> tuple[Any, Counts]:
    """Advance every member to the same horizon, window by window.

    Parameters
    ----------
    water
        The state; ``water.choose(takes, other)`` puts two together by member.
    horizon_s, clock_s
        Where to, and where each member is [s].
    cell_length_m
        Length of a cell's side [m].
    speed
        The fastest signal of each member in a state [m s-1], here and on this tile.
    steps
        ``steps(water, time_step_s, n_steps, clock_s)`` returns the state after and the fastest signal met on the way.
    highest
        Combines the speeds of this tile with those of all other tiles; None for a tile that is alone.

    Returns
    -------
    water, n_steps : (member,) array of int
        The state at the horizon, and the steps each member took to it, those done again included.

    Raises
    ------
    ValueError
        If a window stays unstable in the smallest steps that are tried, or a state became NaN or infinite.
    """
    together = highest or (lambda values: values)
    taken = np.zeros(clock_s.size, dtype=np.int64)
    fastest = _refuse_no_numbers(together(speed(water)), clock_s)
    while (clock_s < horizon_s).any():
        bound = np.maximum(rule.headroom * fastest, rule.slowest_m_s)
        water, steps_s, counts, n_tried = _try_window(
            water, horizon_s, clock_s, cell_length_m, rule, bound, steps, together
        )
        taken += n_tried
        last = np.minimum(clock_s + counts * steps_s, horizon_s)
        is_there = np.abs(horizon_s - last) <= 1e-9 * np.maximum(steps_s, 1e-9)
        clock_s = np.where(is_there | (counts == 0), horizon_s, last)
        fastest = _refuse_no_numbers(together(speed(water)), clock_s)
    return water, taken


def _refuse_no_numbers(speeds: Floats, clock_s: Floats) -> Floats:
    wrong = np.flatnonzero(~np.isfinite(speeds))
    if wrong.size:
        raise ValueError(
            f"unstable: member {wrong[0]} became NaN or infinite {clock_s[wrong[0]]:.6g} s after the start; look "
            "for a level, source or rain out of range"
        )
    return speeds


def _try_window(
    water: Any,
    horizon_s: float,
    clock_s: Floats,
    cell_length_m: float,
    rule: WindowRule,
    bound: Floats,
    steps: Callable[[Any, Floats, Counts, Floats], tuple[Any, Floats]],
    together: Callable[[Floats], Floats],
) -> tuple[Any, Floats, Counts, Counts]:
    """A window of every member, again for those that broke their bound."""
    steps_s, counts = plan_window(bound, horizon_s - clock_s, cell_length_m, rule)
    settled, tried = water, np.zeros_like(counts)
    ahead = counts > 0
    idle = ~ahead  # before the first broken window these are in both what they were: nothing is to be copied for them
    for _ in range(MOST_ATTEMPTS):
        now = np.where(ahead, counts, 0)
        after, met = steps(water, np.where(ahead, steps_s, 0.0), now, clock_s)
        met = together(met)
        tried += now
        broken = ahead & ~(met <= bound)
        settled = after.choose((ahead & ~broken) | idle, settled)
        if not broken.any():
            return settled, steps_s, counts, tried
        ahead = broken
        # NaN, which such steps may end in as well, tells nothing of how fast the water is.
        faster = np.fmin(rule.headroom * met, MOST_GROWTH * bound)
        bound = np.where(broken, faster, bound)
        again_s, again = plan_window(bound, horizon_s - clock_s, cell_length_m, rule)
        steps_s, counts = np.where(broken, again_s, steps_s), np.where(broken, again, counts)
    member = int(np.flatnonzero(ahead)[0])
    raise ValueError(
        f"unstable: member {member} still breaks its bound of {bound[member]:.3g} m/s with steps of "
        f"{steps_s[member]:.3g} s, {clock_s[member]:.6g} s after the start; look for a level or source out of range"
    )
