"""Severity: how hard a dispute presses, judged by the matrix's rules, with the reasons."""

from dataclasses import dataclass

from shared.domain.conditions import SEVERITY_ORDER, Facts
from shared.domain.dispute import Severity
from shared.domain.matrix import Matrix


@dataclass(frozen=True, slots=True)
class Assessment:
    """The severity and the reasons of every rule that asked for it; no reason means the policy's default."""

    severity: Severity
    because: tuple[str, ...]


def assess(matrix: Matrix, facts: Facts) -> Assessment:
    """The highest severity any rule asks for, else the default; the facts' own severity is not looked at.

    A rule that asks for less than the default counts only when no rule asks for more.
    """
    asked = [
        (rule.severity, rule.because if holds.note is None else f"{rule.because} ({holds.note})")
        for rule in matrix.severity_rules
        if (holds := rule.when.judge(facts, matrix.rates))
    ]
    if not asked:
        return Assessment(matrix.severity_default, ())
    highest = max((severity for severity, _ in asked), key=SEVERITY_ORDER.__getitem__)
    return Assessment(highest, tuple(because for severity, because in asked if severity is highest))
