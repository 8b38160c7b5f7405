"""What a release must keep to. The types stand in ``hpc/store``, since a plan declares them; these are their names."""

from __future__ import annotations

from ..store.release_request import CountedTable, Policy, ReleaseRequest

__all__ = ["CountedTable", "Policy", "ReleaseRequest"]
