"""The facts an expression may look at: what each is called, what it may be compared with, and how it is read."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import StrEnum
from operator import attrgetter
from typing import Final, NamedTuple

from shared.domain.conditions import SEVERITY_ORDER, SIGNALS, Facts
from shared.domain.dispute import CATEGORIES, CUSTOMER_CLASSES, REMEDIES, Severity
from shared.domain.lifecycle import Stage, Status
from shared.domain.money import MINOR_DIGITS

EMOTIONS: Final = SIGNALS[:5]
"""Mildest first; of several the strongest is the customer's emotion."""

NOBODY: Final = "nobody"
_WAITS: Final[Mapping[Status, str]] = {
    Status.AWAITING_CUSTOMER: "customer",
    Status.AWAITING_DEPARTMENT: "department",
    Status.AWAITING_THIRD_PARTY: "third_party",
}


class Sort(StrEnum):
    """What kind of thing a fact is, which decides how it may be compared."""

    MONEY = "an amount"
    COUNT = "a whole number"
    SHARE = "a number from 0 to 1"
    AGE = "a time"
    FLAG = "yes or no"
    WORD = "a word"
    GRADE = "a grade"
    SET = "a set of words"


Value = str | int | float | bool | timedelta | frozenset[str]


class Fact(NamedTuple):
    """One fact. `read` answers None while it is not known; a grade is read as its place among `choices`.

    `moves` says that it changes while nobody corrects anything, so that severity cannot rest on it.
    """

    name: str
    sort: Sort
    read: Callable[[Facts], Value | None]
    choices: tuple[str, ...] = ()
    moves: bool = False

    @property
    def ordered(self) -> bool:
        """Whether more and less mean something."""
        return self.sort in _ORDERED


_ORDERED: Final = frozenset({Sort.MONEY, Sort.COUNT, Sort.SHARE, Sort.AGE, Sort.GRADE})
_EMOTIONS_DOWN: Final = tuple(reversed(list(enumerate(EMOTIONS))))
_STAGES: Final = {stage: place for place, stage in enumerate(Stage)}


def _currency(facts: Facts) -> str | None:
    return None if facts.amount is None else facts.amount.currency


def _emotion(facts: Facts) -> int | None:
    return next((place for place, name in _EMOTIONS_DOWN if name in facts.signals), None)


def _vulnerable(facts: Facts) -> bool:
    return facts.customer_class == "vulnerable" or "vulnerable" in facts.signals


def _age(facts: Facts) -> timedelta | None:
    now, since = facts.now, facts.rest.received_at
    return None if now is None or since is None else now - since


def metadata(key: str) -> Fact:
    """What the caller stored under this key, a word."""
    return Fact(f"metadata.{key}", Sort.WORD, lambda facts: facts.rest.metadata.get(key))


FACTS: Final[Mapping[str, Fact]] = {
    fact.name: fact
    for fact in (
        Fact("amount", Sort.MONEY, _currency),
        Fact("currency", Sort.WORD, _currency, tuple(sorted(MINOR_DIGITS))),
        Fact("category", Sort.WORD, attrgetter("category"), CATEGORIES),
        Fact("issue", Sort.WORD, attrgetter("issue")),
        Fact(
            "severity",
            Sort.GRADE,
            lambda facts: SEVERITY_ORDER[facts.severity],
            tuple(each.value for each in Severity),
            moves=True,
        ),
        Fact("signals", Sort.SET, attrgetter("signals"), SIGNALS),
        Fact("emotion", Sort.GRADE, _emotion, EMOTIONS),
        Fact("vulnerable", Sort.FLAG, _vulnerable),
        Fact("needs_person", Sort.FLAG, attrgetter("needs_person")),
        Fact("customer_class", Sort.WORD, attrgetter("customer_class"), CUSTOMER_CLASSES),
        Fact("prior_disputes", Sort.COUNT, attrgetter("prior_disputes")),
        Fact("contact_count", Sort.COUNT, attrgetter("contact_count")),
        Fact("reopen_count", Sort.COUNT, attrgetter("reopen_count")),
        Fact("jurisdiction", Sort.WORD, attrgetter("rest.jurisdiction")),
        Fact("language", Sort.WORD, attrgetter("rest.language")),
        Fact("channel", Sort.WORD, attrgetter("rest.channel")),
        Fact("product", Sort.WORD, attrgetter("rest.product")),
        Fact("remedy_sought", Sort.WORD, attrgetter("rest.remedy_sought"), REMEDIES),
        Fact("age", Sort.AGE, _age, moves=True),
        Fact("tier", Sort.COUNT, lambda facts: facts.rest.tier or 0, moves=True),
        Fact(
            "stage",
            Sort.GRADE,
            lambda facts: _STAGES[facts.rest.stage],
            tuple(each.value for each in Stage),
            moves=True,
        ),
        Fact(
            "waiting",
            Sort.WORD,
            lambda facts: _WAITS.get(facts.rest.status, NOBODY),
            (NOBODY, *_WAITS.values()),
            moves=True,
        ),
        Fact("breach_risk", Sort.SHARE, attrgetter("breach_risk"), moves=True),
    )
}
