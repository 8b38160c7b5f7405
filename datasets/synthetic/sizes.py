"""How large a synthetic city is, and what of each thing it has."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import InputError

__all__ = ["CRS", "SIZES", "CitySize", "check_seed", "get_size"]

CRS = "EPSG:4547"  # CGCS2000 / 3-degree zone of 114 E, where Shenzhen lies
_WEST, _SOUTH = 500_000.0, 2_490_000.0


@dataclass(frozen=True)
class CitySize:
    """A box on the plane and what is in it.

    Parameters
    ----------
    width_m, height_m
        From west to east and from south to north [m].
    n_links
        Directed links wanted; the streets come within a few percent.
    n_zones
        Nodes that trips start and end at.
    n_bridges, n_underpasses
        The number of bridges over the one river, and of underpasses at all crossings.
    n_centres
        Places around which streets and people are dense.
    n_areas, n_people
        Areas that tile the box, and who lives in them.
    load
        Vehicle-kilometres wanted over those that the streets can carry in an hour.
    """

    width_m: float
    height_m: float
    n_links: int
    n_zones: int
    n_bridges: int
    n_underpasses: int
    n_centres: int
    n_areas: int
    n_people: int
    load: float

    @property
    def box(self) -> tuple[float, float, float, float]:
        """West, south, east and north edge [m] in :data:`CRS`."""
        return _WEST, _SOUTH, _WEST + self.width_m, _SOUTH + self.height_m


SIZES: dict[str, CitySize] = {
    "2km": CitySize(2_000.0, 2_000.0, 300, 24, 3, 2, 1, 8, 40_000, 0.35),
    "8km": CitySize(8_000.0, 8_000.0, 3_000, 110, 3, 2, 3, 32, 900_000, 0.28),
    "shenzhen": CitySize(60_000.0, 33_000.0, 100_000, 630, 20, 40, 11, 660, 20_000_000, 0.20),
}


def get_size(size: str) -> CitySize:
    """Return a size by its name.

    Raises
    ------
    InputError
        If there is none of that name; the known ones are listed.

    Examples
    --------
    >>> get_size("2km").box
    (500000.0, 2490000.0, 502000.0, 2492000.0)
    """
    if size not in SIZES:
        raise InputError(f"size of city {size!r} is unknown", way_out=f"choose one of {', '.join(SIZES)}")
    return SIZES[size]


def check_seed(seed: int | str) -> int:
    """Return a seed as a number that counter-based generators take.

    Raises
    ------
    InputError
        If it is not a whole number from 0 to 2**63 - 1.

    Examples
    --------
    >>> check_seed("7")
    7
    """
    try:
        number = int(seed)
    except ValueError:
        raise InputError(f"seed must be a whole number from 0, got {seed!r}") from None
    if not 0 <= number < 2**63:
        raise InputError(f"seed must be a whole number from 0 to 2**63 - 1, got {number}")
    return number
