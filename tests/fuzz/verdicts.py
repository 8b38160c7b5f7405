"""What the product made of a draw: right, refused or wrong."""

from __future__ import annotations

import tempfile
import traceback
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from dresses import FALSE, PLAIN, Dress, Field
from pydantic import ValidationError

from citytide.datasets.errors import InputError

RIGHT, REFUSED, WRONG = "right", "refused", "wrong"


@dataclass(frozen=True)
class Verdict:
    """``kind`` is one of right, refused and wrong; ``text`` says why."""

    kind: str
    level: str
    dress: dict[str, str]
    text: str = ""

    def __str__(self) -> str:
        worn = ", ".join(f"{name}={option}" for name, option in self.dress.items())
        return f"{self.kind}: {self.text}\n    {self.level} dress: {worn}"


def judge(of: Field, dress: Dress, rng: np.random.Generator, folder: Path | None = None) -> Verdict:
    """Write the dress, have the product prepare it, and compare what comes back with the truth."""
    if folder is None:
        with tempfile.TemporaryDirectory() as made:
            return judge(of, dress, rng, Path(made))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of writers about odd files; a warning is no answer of the product
        case = of.write(dress, rng, folder)
        worn = {name: dress[name] for name in of.find_relevant(dress)} | case.said
        kind, text = _judge(of, case.settings, case.measure, case.level)
    return Verdict(kind, case.level, worn, text.replace(str(folder), "."))


def _judge(of: Field, settings: dict, measure, level: str) -> tuple[str, str]:
    try:
        prepared = of.prepare(settings)
    except (InputError, ValidationError) as error:
        text = str(error)
        if isinstance(error, InputError) and ("; " not in text or not text.rpartition("; ")[2].strip()):
            return WRONG, f"refused without a way out: {text}"
        return (WRONG, f"a plain dress is refused: {text}") if level == PLAIN else (REFUSED, text)
    except Exception as error:
        at = traceback.extract_tb(error.__traceback__)[-1]
        return WRONG, f"{type(error).__name__}: {error} ({Path(at.filename).name}, line {at.lineno})"
    problem = measure(prepared)
    if problem is not None:
        return WRONG, problem
    return (WRONG, "it was read, and must be refused") if level == FALSE else (RIGHT, "")
