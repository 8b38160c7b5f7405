"""Why a job waits: Slurm's reason code as a sentence, with what would end the wait."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from .answers import Entry

__all__ = ["explain_reason", "is_passing", "never_starts", "say_time"]


@dataclass(frozen=True)
class Meaning:
    """What a code says, what would end the wait, and whether waiting alone never does."""

    says: str
    ends: str
    never: bool = False


_QUEUE_MOVES = "it starts when its turn comes"
_CODES = {
    "None": Meaning("Slurm has not considered it yet", "Slurm considers it within moments"),
    "Resources": Meaning("the nodes it needs are busy", "it starts when enough of them are free"),
    "Priority": Meaning("jobs of higher priority are before it", _QUEUE_MOVES),
    "Prolog": Meaning("its nodes are being made ready", "it starts when they are"),
    "Cleaning": Meaning("its earlier attempt is still being cleaned up", "it starts when that is done"),
    "BeginTime": Meaning("it may not begin yet (also for a short while after a requeue)", "it starts after that time"),
    "Dependency": Meaning("it waits for another job to end", "it starts when that job has ended as asked"),
    "DependencyNeverSatisfied": Meaning(
        "the job it depends on ended in another way than asked", "cancel it and submit again", never=True
    ),
    "PartitionTimeLimit": Meaning(
        "it asks for more time than {partition} allows",
        "lower `walltime` in the profile, or choose another partition",
        never=True,
    ),
    "PartitionNodeLimit": Meaning(
        "it asks for more nodes, or more of a node, than {partition} allows",
        "ask for less in the profile, or choose another partition",
        never=True,
    ),
    "PartitionDown": Meaning("{partition} takes jobs but starts none", "an administrator must set it up again"),
    "PartitionInactive": Meaning("{partition} is closed", "an administrator must open it: choose another partition"),
    "PartitionConfig": Meaning("{partition} does not let this job start", "choose another partition", never=True),
    "ReqNodeNotAvail": Meaning(
        "a node it needs is down, drained, or reserved", "it starts when that node comes back or the reservation ends"
    ),
    "NodeDown": Meaning("a node it needs is down", "it starts when the node comes back"),
    "FrontEndDown": Meaning("no front end node is up", "an administrator must bring one back"),
    "PowerNotAvail": Meaning("there is no power budget for its nodes", "it starts when other jobs end"),
    "PowerReserved": Meaning("the power its nodes need is reserved", "it starts when the reservation ends"),
    "JobHeldUser": Meaning("you hold it", "release it: `scontrol release {id}`", never=True),
    "JobHeldAdmin": Meaning("an administrator holds it", "ask the site to release job {id}", never=True),
    "JobHoldMaxRequeue": Meaning(
        "it was requeued so often that Slurm holds it", "see its log, then `scontrol release {id}`", never=True
    ),
    "launch failed requeued held": Meaning(
        "it could not be launched on its node, and Slurm requeued and holds it",
        "tell the site which node it was, then `scontrol release {id}`, or cancel it",
        never=True,
    ),
    "job requeued in held state": Meaning("it was requeued and is held", "`scontrol release {id}`", never=True),
    "RequeueExitHold": Meaning("it ended in a way that makes Slurm hold it", "`scontrol release {id}`", never=True),
    "BadConstraints": Meaning(
        "no node can ever meet what it asks for", "fix cores, memory, gpus or constraint in the profile", never=True
    ),
    "InvalidAccount": Meaning("its account is not known or not yours", "fix `account` in the profile", never=True),
    "InvalidQOS": Meaning("its QOS is not known or not yours", "fix `qos` in the profile", never=True),
    "AccountNotAllowed": Meaning(
        "its account may not use {partition}", "fix `account` or `partition` in the profile", never=True
    ),
    "QOSNotAllowed": Meaning("its QOS may not use {partition}", "fix `qos` or `partition` in the profile", never=True),
    "QOSUsageThreshold": Meaning("the QOS has used more than its share", "it starts when that usage has decayed"),
    "Licenses": Meaning("all licences it needs are in use", "it starts when one is free"),
    "Reservation": Meaning("its reservation has not begun", "it starts when the reservation begins"),
    "ReservationDeleted": Meaning("its reservation is gone", "submit without it", never=True),
    "RequiresReservation": Meaning("{partition} serves reservations only", "choose another partition", never=True),
    "DeadLine": Meaning("it cannot end before its own deadline", "submit it again without one", never=True),
    "JobArrayTaskLimit": Meaning("its array runs as many tasks as it may", "it starts when one of them ends"),
    "BurstBufferResources": Meaning("the burst buffer is full", "it starts when there is room"),
    "BurstBufferStageIn": Meaning("its data are being staged in", "it starts when they are there"),
    "NodeBoot": Meaning("its nodes are booting", "it starts when they are up"),
    "AssociationJobLimit": Meaning("your account runs as many jobs as it may", "it starts when one of them ends"),
    "AccountingPolicy": Meaning("a limit of your account or QOS holds it back", "see `sacctmgr show assoc`"),
}
_PARAPHRASES = (  # texts that Slurm writes in place of a code
    (r"^Nodes required for job are DOWN", "ReqNodeNotAvail"),
    (r"^(Reserved for maintenance|Node\(s\) .*(reserved|maint))", "ReqNodeNotAvail"),
    (r"requeued (in )?held|^launch failure limit", "launch failed requeued held"),
    (r"^Required node not available", "ReqNodeNotAvail"),
    (r"^Dependency", "Dependency"),
)
# Limits of a QOS, of an account or of a user within it, in the order in which they are told apart.
_LIMITS = (
    (
        r"Max(Wall|\w*Minutes).*PerJob|Max\w+(Per(Job|Node))(Limit)?$",
        Meaning("it asks for more than {owner} lets one job have ({code})", "ask for less in the profile", never=True),
    ),
    (
        r"^QOSMin",
        Meaning("it asks for less than {owner} wants of a job ({code})", "ask for more in the profile", never=True),
    ),
    (
        r"Submit",
        Meaning(
            "as many jobs are in the queue as {owner} allows ({code})",
            "it may enter when one of them has ended; a lower `max_jobs` in the profile avoids this",
        ),
    ),
    (
        r"RunMinutes|Minutes|GrpWall",
        Meaning(
            "the time that {owner} may use is spent or promised to running jobs ({code})",
            "it starts when jobs end or the site renews the budget",
        ),
    ),
    (
        r"Grp",
        Meaning("{owner} uses as much as it may, by all its jobs together ({code})", "it starts when one of them ends"),
    ),
    (
        r"Job",
        Meaning("as many jobs run as {owner} allows you ({code})", "it starts when one of your jobs ends"),
    ),
    (
        r"Per(User|Account)",
        Meaning("you use as much as {owner} allows ({code})", "it starts when one of your jobs ends"),
    ),
    (r"", Meaning("a limit of {owner} holds it back ({code})", "it starts when other jobs end")),
)
_PREFIX = re.compile(r"(QOS|Assoc(?:iation)?|Max\w+PerAccount)")
_NO_CODE = ("", "none", "null")


def explain_reason(entry: Entry, *, now: float) -> str:
    """One sentence: why the job is pending, for how long, what would end it, and when Slurm expects to start it."""
    code, meaning = _find(entry.reason)
    partition = f"partition {entry.partition}" if entry.partition else "its partition"
    owner = "its QOS" if code.startswith("QOS") else "its account"
    if meaning is None:
        says, ends = f"Slurm gives as reason {_quote(entry.reason)}", f"`scontrol show job {entry.id}` tells more"
    else:
        words = {"partition": partition, "owner": owner, "id": entry.id, "code": code}
        says, ends = meaning.says.format(**words), meaning.ends.format(**words)
        if code not in says and code != "None":
            says += f" ({_quote(entry.reason)})"
    again = (
        ""
        if not entry.restarts
        else " (requeued once)"
        if entry.restarts == 1
        else f" (requeued {entry.restarts} times)"
    )
    subject = f"job {entry.id}{again}"
    age = "" if entry.submitted is None else f" for {say_time(now - entry.submitted)}"
    if meaning is not None and meaning.never:
        return f"{subject} is pending{age} and waiting will not start it: {says}; {ends}"
    return f"{subject} is pending{age}: {says}; {ends}{_expect(entry, now)}"


def never_starts(reason: str) -> bool:
    """Whether a code does not end by waiting; Slurm may show one for moments only, so believe it when seen again."""
    _, meaning = _find(reason)
    return meaning is not None and meaning.never


def is_passing(refusal: str) -> bool:
    """Whether a refusal by sbatch ends by waiting: a limit on what is in the queue, not on what one job asks for."""
    words = re.findall(r"\b(?:QOS|Assoc)[A-Z]\w+", refusal)
    if words:
        return not any(never_starts(word) for word in words)
    return "job submit limit" in refusal.lower()


def say_time(seconds: float) -> str:
    """A span as a person says it.

    Examples
    --------
    >>> say_time(42), say_time(600), say_time(5400), say_time(200000)
    ('42 s', '10 min', '1 h 30 min', '2 d 7 h')
    """
    s = max(0, round(seconds))
    if s < 120:
        return f"{s} s"
    if s < 3600:
        return f"{s // 60} min"
    if s < 86400:
        return f"{s // 3600} h {s // 60 % 60} min"
    return f"{s // 86400} d {s // 3600 % 24} h"


def _find(reason: str) -> tuple[str, Meaning | None]:
    """The code meant by a reason, which Slurm may write with blanks or underscores and go on after a comma."""
    text = reason.strip().strip("()").replace("_", " ").strip()
    if text.lower() in _NO_CODE:
        return "None", _CODES["None"]
    for candidate in (text, text.split(",")[0].strip()):
        if candidate in _CODES:
            return candidate, _CODES[candidate]
    for pattern, code in _PARAPHRASES:
        if re.search(pattern, text, re.IGNORECASE):
            return code, _CODES[code]
    word = text.split(",")[0].strip()
    if _PREFIX.match(word) and word.isalnum():
        return word, next(meaning for pattern, meaning in _LIMITS if re.search(pattern, word))
    return text, None


def _expect(entry: Entry, now: float) -> str:
    if entry.start is None:
        return ""
    if entry.start <= now:
        return "; Slurm expects to start it now"
    when = datetime.fromtimestamp(entry.start)
    shown = f"{when:%H:%M}" if entry.start - now < 20 * 3600 else f"{when:%Y-%m-%d %H:%M}"
    return f"; Slurm expects to start it in {say_time(entry.start - now)} ({shown})"


def _quote(reason: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in reason).split())[:200] or "none"
