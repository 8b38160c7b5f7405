"""Arrays of single persons, sealed. The type stands in ``hpc/store``, since a run hands it out; these are its names."""

from __future__ import annotations

from ..store.sealed import Sealed, running_step, unseal, unseal_array

__all__ = ["Sealed", "running_step", "unseal", "unseal_array"]
