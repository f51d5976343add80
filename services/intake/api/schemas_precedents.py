"""Precedents as they are shown. Every definition stands in docs/precedents.md."""

from typing import Final
from uuid import UUID

from pydantic import BaseModel, Field

from services.intake.api.fields import MoneyOut
from shared.domain.precedents import Match
from shared.domain.suggesting import MATCHES_MIN, SUPPORT_MIN, Quartiles, Spread, Suggestion

_PLACES: Final = 4


class QuartilesOut(BaseModel):
    """Of so many figures."""

    n: int
    low: float
    median: float
    high: float

    @classmethod
    def of(cls, told: Quartiles | None) -> "QuartilesOut | None":
        if told is None:
            return None
        low, median, high = (round(each, _PLACES) for each in told[1:])
        return cls(n=told.n, low=low, median=median, high=high)


class PrecedentOut(BaseModel):
    """A decided dispute like this one. Nothing of its text and nobody's name is told."""

    id: UUID
    reference: str = Field(examples=["D-2026-000123"])
    score: float = Field(ge=0, le=1, description="How much it is like this dispute; the best comes first.")
    likeness: float = Field(ge=0, le=1, description="How alike the two texts are.")
    reasons: list[str] = Field(
        description="Why it is here. Words are quoted from this dispute's own text.",
        examples=[["both texts say: samovar, leaks, repair", "same category: product_quality", "similar amount"]],
    )
    category: str
    issue: str | None
    outcome: str = Field(examples=["partly_upheld"])
    remedy: str | None = Field(examples=["partial_refund"])
    share: float | None = Field(
        description="The amount given as a share of the amount disputed, when both are in one currency."
    )
    days: float = Field(description="From receipt to the decision that stands.")
    reopened: bool = Field(description="It was opened again after an earlier decision.")
    overturned: bool = Field(description="A later decision, or that of an outside body, found otherwise.")
    rating: int | None = Field(description="The customer's rating of that decision, 1 to 5.")

    @classmethod
    def of(cls, match: Match) -> "PrecedentOut":
        past = match.past
        return cls(
            id=past.id,
            reference=past.reference,
            score=round(match.score, _PLACES),
            likeness=round(match.likeness, _PLACES),
            reasons=list(match.reasons),
            category=past.category,
            issue=past.issue,
            outcome=past.outcome,
            remedy=past.remedy,
            share=None if past.share is None else round(past.share, _PLACES),
            days=round(past.days, 2),
            reopened=past.reopened,
            overturned=past.overturned,
            rating=past.rating,
        )


class OutcomeSharedOut(BaseModel):
    """How many of the matches ended so."""

    outcome: str
    matches: int


class RemedySharedOut(BaseModel):
    """How many of the matches were given this; null is nothing."""

    remedy: str | None
    matches: int


class PrecedentSpreadOut(BaseModel):
    """What became of the matches."""

    matches: int
    outcomes: list[OutcomeSharedOut]
    remedies: list[RemedySharedOut]
    paid: QuartilesOut | None = Field(
        description="Amounts given as shares of those disputed; null of fewer than three such."
    )
    days: QuartilesOut | None
    reopened: int
    overturned: int

    @classmethod
    def of(cls, told: Spread) -> "PrecedentSpreadOut":
        return cls(
            matches=told.matches,
            outcomes=[OutcomeSharedOut(outcome=name, matches=count) for name, count in told.outcomes],
            remedies=[RemedySharedOut(remedy=name, matches=count) for name, count in told.remedies],
            paid=QuartilesOut.of(told.paid),
            days=QuartilesOut.of(told.days),
            reopened=told.reopened,
            overturned=told.overturned,
        )


class AuthorityOut(BaseModel):
    """Whether the caller may promise what is suggested."""

    within: bool | None = Field(description="Null while no amount is known.")
    tier: int | None = Field(description="The lowest tier that may, when the caller may not.")
    words: str = Field(examples=["above your authority: tier 2 may promise it"])


class SuggestionOut(BaseModel):
    """The outcome and remedy most of the matches had. It tells what was done, not what is right, and is never applied."""

    outcome: str
    remedy: str | None
    amount: MoneyOut | None = Field(description="The median share that was paid, of the amount disputed here.")
    amount_low: MoneyOut | None = Field(description="The same at the lower quartile.")
    amount_high: MoneyOut | None = Field(description="The same at the upper quartile.")
    support: int = Field(description="Matches that had this outcome and remedy.")
    matches: int = Field(description="Of so many matches.")
    share: float
    share_low: float = Field(description="The lower end of the share's 95 % interval (Wilson).")
    share_high: float
    reopened: int = Field(description="Of the supporting ones.")
    overturned: int
    rests_on: list[str] = Field(description="References of the best supporting ones.")
    authority: AuthorityOut

    @classmethod
    def of(
        cls, told: Suggestion, amounts: tuple[MoneyOut | None, ...], authority: AuthorityOut, rests_on: int
    ) -> "SuggestionOut":
        low, median, high = amounts
        return cls(
            outcome=told.outcome,
            remedy=told.remedy,
            amount=median,
            amount_low=low,
            amount_high=high,
            support=told.support,
            matches=told.of,
            share=round(told.share.share, _PLACES),
            share_low=round(told.share.low, _PLACES),
            share_high=round(told.share.high, _PLACES),
            reopened=told.reopened,
            overturned=told.overturned,
            rests_on=[each.past.reference for each in told.rested_on[:rests_on]],
            authority=authority,
        )


class PrecedentsOut(BaseModel):
    """Decided disputes like this one, what became of them, and what that suggests."""

    items: list[PrecedentOut]
    spread: PrecedentSpreadOut = Field(description="Of all matches, at most 50, of which `items` are the first.")
    suggestion: SuggestionOut | None = Field(
        description=f"Only when {MATCHES_MIN} matches or more are there, {SUPPORT_MIN} of them or more had the very "
        "outcome and remedy, and the lower end of their share's interval reaches a third."
    )
    compared: int = Field(description="Decided disputes that were compared in full.")
    precedents: int = Field(
        description="Decided disputes in the index, as of the last count of its words, and never fewer than `compared`; for a key that sees only what it "
        "filed, those compared."
    )
