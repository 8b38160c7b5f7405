"""What synthetic persons fall ill with: how often, what raises the risk of what, and which comes first."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ACUTE", "BANDS", "CONDITIONS", "PAIRS", "Condition", "RiskPair"]


@dataclass(frozen=True)
class Condition:
    """A chronic condition, and the drug that it is treated with (ATC), if any.

    ``prevalence`` is the share of persons in the middle band of age who get it while they are observed.
    """

    code: str
    name: str
    prevalence: float
    drug: str = ""


@dataclass(frozen=True)
class RiskPair:
    """In each band of age, persons have both ``risk`` times as often as if they were independent.

    Of those who have both on different days, a share of ``first_share`` had ``first`` before ``then``.
    """

    first: str
    then: str
    risk: float
    first_share: float


@dataclass(frozen=True)
class Band:
    """A band of age at the start: years from and to, the share of persons, and a factor of every prevalence."""

    start: int
    stop: int
    share: float
    factor: float


BANDS = (
    Band(0, 20, 0.18, 0.1), Band(20, 40, 0.42, 0.4), Band(40, 60, 0.27, 1.0), Band(60, 80, 0.11, 1.7),
    Band(80, 95, 0.02, 2.0),
)  # fmt: skip
# A condition stands after those that raise its risk.
CONDITIONS = (
    Condition("E11", "Type 2 diabetes", 0.10, "A10BA02"),
    Condition("I10", "Hypertension", 0.22, "C08CA01"),
    Condition("E78", "Dyslipidaemia", 0.18, "C10AA05"),
    Condition("E66", "Obesity", 0.06),
    Condition("K76.0", "Fatty liver", 0.10),
    Condition("B18.1", "Chronic hepatitis B", 0.05, "J05AF10"),
    Condition("K74", "Cirrhosis", 0.01),
    Condition("C22", "Liver cancer", 0.004),
    Condition("I25", "Chronic ischaemic heart disease", 0.06, "B01AC06"),
    Condition("I21", "Myocardial infarction", 0.008),
    Condition("I48", "Atrial fibrillation", 0.015, "B01AF01"),
    Condition("I50", "Heart failure", 0.02, "C03CA01"),
    Condition("I63", "Cerebral infarction", 0.03),
    Condition("N18", "Chronic kidney disease", 0.04),
    Condition("J44", "Chronic obstructive pulmonary disease", 0.04, "R03AC02"),
    Condition("J45", "Asthma", 0.04, "R03BA02"),
    Condition("M10", "Gout", 0.03, "M04AA01"),
    Condition("M81", "Osteoporosis", 0.04),
    Condition("F32", "Depression", 0.05, "N06AB06"),
    Condition("F03", "Dementia", 0.01),
    Condition("G47.3", "Sleep apnoea", 0.03),
    Condition("H26", "Cataract", 0.05),
    Condition("N40", "Hyperplasia of prostate", 0.03),
    Condition("C34", "Lung cancer", 0.004),
)
PAIRS = (
    RiskPair("E11", "I10", 1.9, 0.55),
    RiskPair("E66", "K76.0", 3.0, 0.7),
    RiskPair("B18.1", "K74", 6.0, 0.9),
    RiskPair("K74", "C22", 10.0, 0.85),
    RiskPair("I25", "I21", 4.0, 0.6),
    RiskPair("I48", "I63", 3.0, 0.8),
    RiskPair("E11", "N18", 2.5, 0.75),
    RiskPair("I10", "I50", 2.2, 0.8),
)
# The 176 codes of what passes: the k-th is met 1/k as often as the first.
ACUTE = tuple(f"{letter}{number:02d}" for letter in "JKRLMNST" for number in range(50, 72))
