"""Rising themes as they are shown. Every definition stands in docs/themes.md."""

from datetime import date, datetime
from typing import Final
from uuid import UUID

from pydantic import BaseModel, Field

from shared.db.theme_periods import Counted, Found, Span
from shared.domain.themes import FALSE_RATE, SEASONS_MIN

_PLACES: Final = 2


class ThemeSampleOut(BaseModel):
    """A dispute that speaks of the theme."""

    id: UUID
    reference: str = Field(examples=["D-2026-000123"])


class ThemeOut(BaseModel):
    """What more customers speak of than the past explains."""

    kind: str = Field(description="category, issue, product or word; a word may be a pair.", examples=["word"])
    term: str = Field(examples=["gift card"])
    customers: int = Field(description="Who spoke of it in the period, each counted once.")
    expected: float = Field(description="How many the same season of the past lets expect.")
    lift: float = Field(description="customers / expected.")
    chance: float = Field(description="How likely so many or more are where nothing changed, looked at alone.")
    words: str = Field(examples=["31 customers wrote “gift card”; 9.4 were to be expected"])
    samples: list[ThemeSampleOut]

    @classmethod
    def of(cls, found: Found) -> "ThemeOut":
        wrote = f"wrote “{found.term}”" if found.kind == "word" else f"were about the {found.kind} “{found.term}”"
        expected = f"{found.expected:.1f} {'was' if round(found.expected, 1) == 1 else 'were'} to be expected"
        return cls(
            kind=found.kind,
            term=found.term,
            customers=found.customers,
            expected=round(found.expected, _PLACES),
            lift=round(found.lift, _PLACES),
            chance=found.chance,
            words=f"{found.customers} customers {wrote}; {expected}",
            samples=[ThemeSampleOut(id=each.id, reference=each.reference) for each in found.samples],
        )


class ThemesOut(BaseModel):
    """What rose in a finished day or week."""

    period: str = Field(examples=["day"])
    starts: date | None = Field(description="Its first day, in UTC; null before any was counted.")
    ends: date | None = Field(description="Its last day.")
    counted_at: datetime | None = Field(
        description="When it was counted last; null while it is not over, was not reached yet, or is too long ago."
    )
    disputes: int
    customers: int
    sampled: int = Field(description="Customers whose texts were read for words; all, or an even share of very many.")
    history: int = Field(
        description=f"Earlier periods of its season that it is set against, up to 8; below {SEASONS_MIN} nothing is told."
    )
    asked: int = Field(description="Categories, issues, products and words that were asked about.")
    false_alarm_rate: float = Field(
        description="The chance, at most, that a period in which nothing changed shows any theme, and the share of false "
        "ones to be expected among those shown; docs/themes.md says where it does not hold."
    )
    themes: list[ThemeOut] = Field(description="The least likely by chance first, at most 50.")

    @classmethod
    def of(cls, period: str, span: Span | None, counted: Counted | None) -> "ThemesOut":
        return cls(
            period=period,
            starts=None if span is None else span.starts,
            ends=None if span is None else span.ends,
            counted_at=None if counted is None else counted.counted_at,
            disputes=0 if counted is None else counted.disputes,
            customers=0 if counted is None else counted.customers,
            sampled=0 if counted is None else counted.sampled,
            history=0 if counted is None else counted.history,
            asked=0 if counted is None else counted.asked,
            false_alarm_rate=FALSE_RATE,
            themes=[] if counted is None else [ThemeOut.of(each) for each in counted.themes],
        )
