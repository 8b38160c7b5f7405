"""Whether lengths and speeds of GMNS links can be what they say: refused where they are used, else noted."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from .tables.links import LinkRows
from .tables.nodes import NodePlaces, find_typical_ratio

__all__ = [
    "FASTEST_KM_H",
    "LONG_M",
    "SHORT_M",
    "SLOWEST_KM_H",
    "refuse_or_note_lengths",
    "refuse_or_note_speeds",
    "refuse_or_note_times",
]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

SLOWEST_KM_H, FASTEST_KM_H = 2.0, 200.0
_TYPICAL_ON_LINES = (0.8, 1.25)  # length by its line: the median of a network
_TYPICAL_ON_ENDS = (0.9, 1.5)  # by the straight line between the nodes
_TYPICAL_TIMES = (0.7, 1.5)  # stated by computed: junctions cost time; km for miles give 0.62 or 1.61
_SHORTEST = 0.5  # one link by its straight line or its line
_LONGEST = 5.0
SHORT_M, LONG_M = 5.0, 50_000.0  # the median of links of any network of roads
_SLACK_M = 500.0  # connectors and ramps may differ by so much
_CURE = "correct length, its unit or the crs; omit x_coord, y_coord and geometry if they are a drawing"


def refuse_or_note_lengths(
    links: LinkRows,
    metres: Floats | None,
    name: str,
    places: NodePlaces,
    road_m: Floats | None,
    drawn: Bools,
    used: Bools | None,
    notes: list[str],
) -> None:
    """Compare lengths with the lines that the links have on the map; links of length 0 are exempt.

    Parameters
    ----------
    links
        For errors.
    metres : (link,) array of float or None
        Lengths; None if their unit is unknown.
    name
        Name of their column.
    places
        Coordinates of the nodes.
    road_m : (link,) array of float or None
        Lengths of the lines, or between the nodes; None if the CRS is unknown.
    drawn : (link,) array of bool
        Whether it is a line.
    used : (link,) array of bool or None
        Whose length matters; None if no length does.
    notes
        Takes what differs where it does not matter.

    Raises
    ------
    InputError
        If lengths that matter cannot be those of the lines.
    """
    if road_m is None or metres is None:
        if used is not None and metres is not None:
            _refuse_strange_plane(links, metres, name, places, used)
        return
    long = metres > 0.0
    problems: list[tuple[int | None, str]] = []
    for group, what, (least, most) in (
        (drawn, "their lines on the map", _TYPICAL_ON_LINES),
        (~drawn, "the straight lines between their nodes", _TYPICAL_ON_ENDS),
    ):
        chosen = long & group & (np.ones(long.size, dtype=np.bool_) if used is None else used)
        ratio = find_typical_ratio(metres[chosen], road_m[chosen])
        if ratio is not None and not least <= ratio <= most:
            problems.append((None, f"{name} is typically {ratio:.3g} times {what} ({int(chosen.sum()):,} links)"))
    differ = (metres < _SHORTEST * road_m - _SLACK_M) | (metres > _LONGEST * road_m + _SLACK_M)
    differ &= long
    if used is not None:
        differ &= used
    if differ.any() and not problems:
        k = int(np.argmax(differ))
        problems.append((k, f"{name} is {metres[k]:,.0f} m, and the road on the map has {road_m[k]:,.0f} m"))
    if not problems:
        return
    link, problem = problems[0]
    if used is None:
        notes.append(f"{problem}; free-flow times are stated and were used.")
    elif link is None:
        raise InputError(problem, file=links.table.file, way_out=_CURE)
    else:
        raise links.error(link, problem, _CURE)


def _refuse_strange_plane(links: LinkRows, metres: Floats, name: str, places: NodePlaces, used: Bools) -> None:
    """Coordinates without a CRS should be metres of some plane, for feet would hide a wrong unit; without coordinates
    lengths should at least be those of streets.
    """
    if places.x is None or places.y is None:
        typical = float(np.median(metres[used & (metres > 0.0)])) if (used & (metres > 0.0)).any() else SHORT_M
        if not SHORT_M <= typical <= LONG_M:
            raise InputError(
                f"{name} is typically {typical:.3g} m, and links of roads have {SHORT_M:g} m to {LONG_M:,g} m",
                file=links.table.file,
                way_out="correct length or its unit, or state times in vdf_fftt [min]",
            )
        return
    x, y = places.x, places.y
    apart = np.hypot(x[links.head] - x[links.tail], y[links.head] - y[links.tail])
    ratio = find_typical_ratio(metres[used], apart[used])
    if ratio is None or _TYPICAL_ON_ENDS[0] <= ratio <= _TYPICAL_ON_ENDS[1]:
        return
    raise InputError(
        f"{name} is typically {ratio:.3g} m for each unit of x_coord and y_coord, whose CRS nothing states",
        file=links.table.file,
        way_out="state crs in config.csv, such as EPSG:4547 or local; correct the unit of length; or omit x_coord and "
        "y_coord if they are a drawing",
    )


def refuse_or_note_speeds(
    links: LinkRows,
    kmh: Floats,
    metres: Floats | None,
    time: Floats,
    name: str,
    used: Bools | None,
    notes: list[str],
) -> None:
    """Refuse speeds out of 2 to 200 km/h where they are used; note them where times are stated.

    Parameters
    ----------
    links
        For errors.
    kmh : (link,) array of float
        NaN where unknown.
    metres : (link,) array of float or None
        Lengths; with ``time`` [min] they tell speeds where those are not used.
    time : (link,) array of float
    name
        Name of the column of speeds.
    used : (link,) array of bool or None
        Whose speed matters; None if no speed does.
    notes
        Takes what cannot be.

    Raises
    ------
    InputError
        If a speed that matters cannot be.
    """
    if used is not None:
        wrong = used & ~((kmh >= SLOWEST_KM_H) & (kmh <= FASTEST_KM_H))
        if wrong.any():
            k = int(np.argmax(wrong))
            raise links.error(
                k,
                f"{name or 'free_speed'} gives {kmh[k]:.4g} km/h, outside {SLOWEST_KM_H:g} to {FASTEST_KM_H:g} km/h",
                "correct the speed or its unit (speed_unit)",
            )
        return
    if metres is None:
        return
    told = (metres > 0.0) & (time > 0.0)
    implied = 0.06 * metres[told] / time[told]
    wrong_count = int(((implied < SLOWEST_KM_H) | (implied > FASTEST_KM_H)).sum())
    if wrong_count:
        notes.append(
            f"{wrong_count:,} links have a length that their stated time crosses at less than {SLOWEST_KM_H:g} or more "
            f"than {FASTEST_KM_H:g} km/h; the times were used as stated."
        )


def refuse_or_note_times(
    links: LinkRows, metres: Floats | None, kmh: Floats, time: Floats, *, strict: bool, notes: list[str]
) -> None:
    """Compare the times that are stated with length by speed; where other times follow from those, they must agree.

    Parameters
    ----------
    links
        For the error.
    metres, kmh : (link,) arrays of float
        Lengths, or None, and speeds that the file states, NaN where it does not.
    time : (link,) array of float
        Stated times [min], NaN where they are computed.
    strict
        Whether other times are computed.
    notes
        Takes what differs where no time is computed.

    Raises
    ------
    InputError
        If the typical link has another time than the one stated.
    """
    if metres is None:
        return
    told = (metres > 0.0) & (kmh > 0.0) & (time > 0.0)
    ratio = find_typical_ratio(time[told], 0.06 * metres[told] / kmh[told])
    if ratio is None or _TYPICAL_TIMES[0] <= ratio <= _TYPICAL_TIMES[1]:
        return
    problem = f"stated times of {int(told.sum()):,} links are typically {ratio:.3g} times length by speed"
    if strict:
        raise InputError(
            problem,
            file=links.table.file,
            way_out="correct the units of length and free_speed, or state the times of all links in vdf_fftt [min]",
        )
    notes.append(f"{problem[0].upper()}{problem[1:]}; they were used as stated.")
