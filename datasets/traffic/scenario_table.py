"""Scenarios as a table: which links each scenario changes, and the factors on their capacity and speed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["BASE", "FACTORS", "LARGEST_FACTOR", "SMALLEST_SPEED", "LinkFactors", "ScenarioTable", "base_scenario"]

BASE = "base"
FACTORS = ("capacity_factor", "speed_factor")
SMALLEST_SPEED = 1e-6  # a smaller speed factor makes times infinite, and nobody means it
LARGEST_FACTOR = 5.0  # a larger number is rather a percentage than a road six times as wide

# Arrays of a stored table; older runs call the factors change_capacity and change_speed.
_STORED = {"offset": "change_offset", "link": "change_link"}
_OLD_NAMES = {"capacity_factor": "change_capacity", "speed_factor": "change_speed"}


@dataclass(frozen=True)
class LinkFactors:
    """Factors on the links of a network, scenario by scenario, kept only where they are not 1.

    Attributes
    ----------
    n_links
        Number of links in the network.
    offset : (scenario + 1,) int64
        Scenario ``s`` changes the links ``link[offset[s]:offset[s + 1]]``.
    link : (change,) int32
        Indices of the changed links, ascending within a scenario, each once.
    capacity_factor, speed_factor : (change,) float64
        Multiples [1] of capacity and free-flow speed; 0 in either closes the link.

    Examples
    --------
    >>> storm = LinkFactors(3, np.array([0, 0, 1]), np.array([2]), np.array([0.7]), np.array([1.0]))
    >>> capacity_factor, speed_factor = storm.factors(1)
    >>> capacity_factor.tolist(), speed_factor.tolist()
    ([1.0, 1.0, 0.7], [1.0, 1.0, 1.0])
    """

    n_links: int
    offset: npt.NDArray[np.int64]
    link: npt.NDArray[np.int32]
    capacity_factor: npt.NDArray[np.float64]
    speed_factor: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return self.offset.size - 1

    def factors(self, scenario: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return ``capacity_factor, speed_factor``, each (link,) [1], of one scenario.

        Raises
        ------
        IndexError
            If the table has no such scenario.

        Examples
        --------
        >>> base_scenario(3).factors(0)[0].tolist()
        [1.0, 1.0, 1.0]
        """
        changes = self._changes(scenario)
        capacity_factor, speed_factor = np.ones(self.n_links), np.ones(self.n_links)
        capacity_factor[self.link[changes]] = self.capacity_factor[changes]
        speed_factor[self.link[changes]] = self.speed_factor[changes]
        return capacity_factor, speed_factor

    def changed_links(self, scenario: int) -> npt.NDArray[np.int32]:
        """Return the indices of the links that one scenario changes."""
        return self.link[self._changes(scenario)]

    def _changes(self, scenario: int) -> slice:
        if not 0 <= scenario < len(self):
            raise IndexError(f"scenario must be in 0 to {len(self) - 1}, got {scenario}")
        return slice(int(self.offset[scenario]), int(self.offset[scenario + 1]))

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return the table as arrays from which :meth:`from_arrays` rebuilds the factors.

        Examples
        --------
        >>> sorted(base_scenario(3).to_arrays())
        ['capacity_factor', 'change_link', 'change_offset', 'speed_factor']
        """
        return {_STORED.get(name, name): getattr(self, name) for name in ("offset", "link", *FACTORS)}

    @staticmethod
    def from_arrays(arrays: Mapping[str, npt.NDArray[Any]], n_links: int) -> LinkFactors:
        """Rebuild the factors from :meth:`to_arrays`, also from arrays that an older version stored."""
        factors = (arrays[name] if name in arrays else arrays[_OLD_NAMES[name]] for name in FACTORS)
        return LinkFactors(n_links, *(arrays[name] for name in _STORED.values()), *factors)


@dataclass(frozen=True)
class ScenarioTable(LinkFactors):
    """Named scenarios, ``base`` first, in which nothing happens.

    Attributes
    ----------
    name
        One name for each scenario.
    """

    name: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<ScenarioTable: {len(self)} scenarios, {self.link.size:,} changes on {self.n_links:,} links>"

    @classmethod
    def from_changes(
        cls,
        name: tuple[str, ...],
        n_links: int,
        scenario: npt.NDArray[np.int64],
        link: npt.NDArray[np.integer[Any]],
        capacity_factor: npt.NDArray[np.float64],
        speed_factor: npt.NDArray[np.float64],
    ) -> ScenarioTable:
        """Build the table from one row per change, sorted by (scenario, link).

        Parameters
        ----------
        name
            Names of the scenarios, ``base`` first.
        n_links
            Number of links in the network.
        scenario, link, capacity_factor, speed_factor : (change,) arrays
            Index of the scenario, index of the link, and its factors [1].

        Examples
        --------
        >>> one = np.ones(1)
        >>> ScenarioTable.from_changes(("base", "closure"), 5, np.array([1]), np.array([4]), 0 * one, one)
        <ScenarioTable: 2 scenarios, 1 changes on 5 links>
        """
        offset = np.searchsorted(scenario, np.arange(len(name) + 1)).astype(np.int64)
        return cls(n_links, offset, link.astype(np.int32), capacity_factor, speed_factor, name)

    def position(self, name: str) -> int:
        """Return the index of a scenario by its name."""
        return self.name.index(name)


def base_scenario(n_links: int) -> ScenarioTable:
    """Return the table that holds nothing but ``base``."""
    none = np.zeros(0)
    nowhere = none.astype(np.int64)
    return ScenarioTable.from_changes((BASE,), n_links, nowhere, nowhere, none, none)
