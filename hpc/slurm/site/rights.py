"""Rights: the accounts, qualities of service and limits that accounting grants this user."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..query.notation import Row, parse_minutes, split_list

__all__ = ["Association", "Limit", "Rights", "describe_rights", "read_rights"]

_ASSOCIATION = "Account,Partition,QOS,DefaultQOS,MaxJobs,MaxSubmitJobs,MaxWall,MaxTRES,GrpTRES"
_QOS = "Name,MaxWall,MaxTRES,MaxTRESPU,MaxJobsPU,MaxSubmitPU,GrpTRES"


@dataclass(frozen=True)
class Limit:
    """Limits of an association or a quality of service; None and absent keys are no limit."""

    owner: str
    max_wall_s: int | None = None
    max_jobs: int | None = None
    max_submitted: int | None = None
    per_job: Mapping[str, int] = field(default_factory=dict)  # cpu, mem (bytes), node, gres/gpu
    at_once: Mapping[str, int] = field(default_factory=dict)  # of all that runs at one time


@dataclass(frozen=True)
class Association:
    """An account this user may charge, and how."""

    account: str
    partition: str = ""
    qos: tuple[str, ...] = ()
    default_qos: str = ""
    limit: Limit = Limit("")


@dataclass(frozen=True)
class Rights:
    """What accounting knows of this user."""

    default_account: str | None = None
    associations: tuple[Association, ...] = ()
    qos: Mapping[str, Limit] = field(default_factory=dict)

    @property
    def accounts(self) -> tuple[str, ...]:
        """Accounts this user may charge."""
        return tuple(dict.fromkeys(one.account for one in self.associations))

    def of_account(self, account: str | None, partition: str) -> tuple[Association, ...]:
        """Associations that a job of an account in a partition falls under."""
        return tuple(one for one in self.associations if one.account == account and one.partition in ("", partition))


def read_rights(user: str, *, timeout_s: float = 20.0) -> Rights | str:
    """JobRequest the accounting data base; if it does not answer, a sentence that says so."""
    tables = []
    for words in (
        ["user", user, "format=User,DefaultAccount"],
        ["assoc", "where", f"user={user}", f"format={_ASSOCIATION}"],
        ["qos", f"format={_QOS}"],
    ):
        try:
            asked = subprocess.run(
                ["sacctmgr", "--parsable2", "show", *words],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=timeout_s,
                env={**os.environ, "LC_ALL": "C"},
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"sacctmgr does not answer ({error})"
        if asked.returncode:
            return f"sacctmgr does not answer ({[*asked.stderr.strip().splitlines(), 'it gives no reason'][0]})"
        tables.append(asked.stdout)
    return describe_rights(*tables)


def describe_rights(users: str, associations: str, qos: str) -> Rights:
    """Put together what three tables of `sacctmgr --parsable2` tell."""
    defaults = [row["Def Acct"] for row in _rows(users) if row.get("Def Acct")]
    return Rights(
        default_account=defaults[0] if defaults else None,
        associations=tuple(
            Association(
                account=row["Account"],
                partition=row.get("Partition", ""),
                qos=tuple(split_list(row.get("QOS", ""))),
                default_qos=row.get("Def QOS", ""),
                limit=_limit(f"account {row['Account']!r}", row),
            )
            for row in _rows(associations)
        ),
        qos={row["Name"]: _limit(f"QOS {row['Name']!r}", row) for row in _rows(qos)},
    )


def _rows(table: str) -> list[Row]:
    lines = [line.split("|") for line in table.splitlines() if "|" in line]
    return [dict(zip(lines[0], line, strict=False)) for line in lines[1:]]


def _limit(owner: str, row: Row) -> Limit:
    def count(*keys: str) -> int | None:
        return next((int(row[key]) for key in keys if row.get(key, "").isdigit()), None)

    at_once = _tres(row.get("MaxTRESPU", ""))
    for kind, n in _tres(row.get("GrpTRES", "")).items():  # of the whole group: what is left for one is less
        at_once[kind] = min(n, at_once.get(kind, n))
    return Limit(
        owner=owner,
        max_wall_s=parse_minutes(row.get("MaxWall", "")),
        max_jobs=count("MaxJobsPU", "MaxJobs"),
        max_submitted=count("MaxSubmitPU", "MaxSubmit"),
        per_job=_tres(row.get("MaxTRES", "")),
        at_once=at_once,
    )


def _tres(text: str) -> dict[str, int]:
    """Counts in a text such as ``cpu=128,gres/gpu=8,mem=1000G``; memory in bytes."""
    found = {}
    for entry in split_list(text):
        kind, _, amount = entry.partition("=")
        unit = amount[-1:]
        if amount.isdigit():
            found[kind] = int(amount) * (1024**2 if kind == "mem" else 1)
        elif unit in "KMGTP" and amount[:-1].replace(".", "", 1).isdigit():
            found[kind] = int(float(amount[:-1]) * 1024 ** ("KMGTP".index(unit) + 1))
    return found
