"""Redaction: texts that leave a machine keep what happened and lose what opens a door."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

__all__ = ["REDACTED", "is_secret", "redact", "redact_json", "redact_script"]

REDACTED = "[redacted]"
_WORD = (
    r"pass(?:word|wd|phrase)?|pwd?|token|secret|api[_-]?key|credentials?|authorization|cookie|access[_-]?key"
    r"|private[_-]?key"
)
_NAME = (
    rf"(?:(?<![A-Za-z])(?:{_WORD})(?![A-Za-z])|password|passwd|token|secret|apikey)"  # not in compass, not in monkey
)
_SECRET_NAME = re.compile(_NAME, re.I)
# Names whose values tell what a job got and open nothing.
_OPEN = re.compile(
    r"CITYTIDE_(?:JOB|DEADLINE|SCRATCH)|SRUN_CPUS_PER_TASK|PYTHONUNBUFFERED|TMPDIR|SLURM_CONF|LC_ALL|[A-Z]+_NUM_THREADS"
)
_VALUE = r"""(?:"[^"\n]*"|'[^'\n]*'|(?:Bearer|Basic|Digest)\s+[^\s"',;]+|[^\s"',;&]+)"""
_BLOCK = re.compile(r"-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|\Z)", re.S)
_CUT_BLOCK = re.compile(
    r"\A(?:[A-Za-z0-9+/=]{16,}\s+)+-----END [A-Z0-9 ]+-----"
)  # its beginning fell off with the tail
_URL = re.compile(r"(?<=://)[^/\s:@]{0,200}:[^/\s@]{1,500}(?=@)")
_NAMED = re.compile(rf"""(?i)({_NAME}[\w-]{{0,40}}["']?\s{{0,8}}[=:]\s{{0,8}})({_VALUE})""")
_OPTION = re.compile(rf"(?i)(-(?:{_WORD})\s{{1,8}})({_VALUE})")
_EXPORT = re.compile(
    rf"(?m)((?:^|[;&\s])(?:export|setenv|declare\s+-x|typeset\s+-x)\s+)(\w+)([=\s]\s*)({_VALUE}(?:{_VALUE})*)"
)
_ASSIGNED = re.compile(rf"(?m)^([ \t]*)([A-Za-z_]\w*)(=)({_VALUE}(?:{_VALUE})*)")
_TOKEN = re.compile(
    r"\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|hf_[A-Za-z0-9]{20,}|sk-[\w-]{16,}|xox[abprs]-[\w-]{10,}"
    r"|AKIA[0-9A-Z]{16}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)"
)
_RANDOM = re.compile(r"(?<![\w+/=-])(?=[\w+=]*[a-z])(?=[\w+=]*[A-Z])(?=[\w+=]*\d)[A-Za-z0-9+=]{32,}(?![\w/-])")


def redact(text: str, *, environment: Mapping[str, str] = os.environ) -> str:
    """A text without keys, passwords, tokens and the values of environment variables.

    Examples
    --------
    >>> redact("login --password hunter2 at https://ada:lovelace@site/x")
    'login --password [redacted] at https://[redacted]@site/x'
    """
    for name, value in environment.items():
        if len(value) >= 6 and is_secret(name):
            text = text.replace(value, REDACTED)
    text = _CUT_BLOCK.sub(REDACTED, _BLOCK.sub(REDACTED, text))
    text = _URL.sub(REDACTED, text)
    text = _EXPORT.sub(lambda m: m[0] if _OPEN.fullmatch(m[2]) else f"{m[1]}{m[2]}{m[3]}{REDACTED}", text)
    for pattern in (_NAMED, _OPTION):
        text = pattern.sub(lambda m: f"{m[1]}{REDACTED}", text)
    return _RANDOM.sub(REDACTED, _TOKEN.sub(REDACTED, text))


def redact_script(text: str) -> str:
    """A shell script, whose plain assignments are values of the environment too."""
    text = _ASSIGNED.sub(
        lambda m: m[0] if m[2].startswith("citytide_") or _OPEN.fullmatch(m[2]) else f"{m[1]}{m[2]}={REDACTED}", text
    )
    return redact(text)


def redact_json(value: Any, name: str = "") -> Any:
    """The same of a document: a key that names a secret loses its value, every text is redacted."""
    if isinstance(value, dict):
        hides = name.lower() in ("env", "environ", "environment")
        return {
            redact(str(key)): REDACTED if hides or (is_secret(str(key)) and inner) else redact_json(inner, str(key))
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        shell = name.lower() in ("environment", "prologue")
        items = [redact_script(item) if shell and isinstance(item, str) else redact_json(item, name) for item in value]
        return [  # a command line: what follows `--token`
            REDACTED if before is not None and str(before).startswith("-") and is_secret(str(before)) else item
            for before, item in zip([None, *value], items, strict=False)
        ]
    return redact(value) if isinstance(value, str) else value


def is_secret(name: str) -> bool:
    """Whether a variable or key is named after something secret."""
    return _SECRET_NAME.search(name) is not None
