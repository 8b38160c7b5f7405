"""The policy of a store: rules of disclosure control, from a YAML file and in the attributes of the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from ...hpc.store.release_request import Policy
from .errors import EventsError

__all__ = ["pack_policy", "read_policy", "unpack_policy"]

NAMES = tuple(entry.name for entry in fields(Policy))


def read_policy(path: str | None) -> Policy:
    """The policy that a YAML file states; without a file that of default values.

    Raises
    ------
    EventsError
        If it cannot be read, has an unknown key, or a value of another kind.
    """
    if path is None:
        return Policy()
    try:
        told = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise EventsError(f"policy must name a YAML file that can be read, but {path} is not: {error}") from None
    if not isinstance(told, dict):
        raise EventsError(
            f"a policy must be a YAML mapping such as `min_cell: 10`, got {path}: write one line for each key"
        )
    if unknown := [str(key) for key in told if key not in NAMES]:
        raise EventsError(f"a policy has the keys {', '.join(NAMES)}, got {unknown[0]!r} in {path}: correct it")
    try:
        policy = TypeAdapter(Policy).validate_python(told)
    except ValidationError as error:
        first = error.errors()[0]
        raise EventsError(
            f"{'.'.join(map(str, first['loc']))} of a policy cannot be {first['input']!r} ({first['msg'].lower()}), "
            f"got it in {path}: correct it"
        ) from None
    if policy.min_cell < 1:
        raise EventsError(f"min_cell of a policy must be at least 1, got {policy.min_cell} in {path}: correct it")
    return policy


def pack_policy(policy: Policy) -> dict[str, Any]:
    """As plain JSON."""
    return {**asdict(policy), "purposes": list(policy.purposes)}


def unpack_policy(told: Mapping[str, Any]) -> Policy:
    """From plain JSON.

    Examples
    --------
    >>> unpack_policy(pack_policy(Policy(min_cell=5, purposes=("audit",)))).purposes
    ('audit',)
    """
    return Policy(**{**told, "purposes": tuple(told["purposes"])})
