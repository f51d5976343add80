"""The escalation matrix as a person writes it: the one shape behind the TOML file, the API body and the JSON Schema."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from shared.domain.clock_record import OnBreach
from shared.domain.dispute import Severity
from shared.domain.experts import DESKS_MAX
from shared.domain.matrix import WhenFull
from shared.policy.condition_models import SettledWhen, When
from shared.policy.fields import (
    PEOPLE_MAX,
    RULES_MAX,
    TIERS_MAX,
    Amount,
    Because,
    CategoryName,
    Currency,
    CustomerClass,
    Fraction,
    Name,
    Rate,
    RemedyName,
    Strict,
    Term,
)
from shared.policy.people_models import DeskModel, Holders, Names, PersonModel, TeamModel

Breach = Literal[OnBreach.ESCALATE, OnBreach.TELL, OnBreach.ASK_FOLLOW_UP, OnBreach.CLOSE]


def _of_a_tier(on_breach: object) -> object:
    if not isinstance(on_breach, str) or on_breach not in {OnBreach.ESCALATE, OnBreach.REMIND, OnBreach.TELL}:
        raise ValueError("a tier clock that runs out can only escalate, remind or tell")
    return on_breach


TierBreach = Annotated[
    Literal[OnBreach.ESCALATE, OnBreach.TELL, OnBreach.REMIND],
    BeforeValidator(_of_a_tier),
]


class LimitModel(Strict):
    """The most a tier may promise, in the base currency, with exact limits for currencies that have their own."""

    amount: Amount = Decimal(0)
    amounts: dict[Currency, Amount] = Field(default_factory=dict)
    unlimited: bool = False

    @model_validator(mode="after")
    def _one_answer(self) -> Self:
        if self.unlimited and (self.amount or self.amounts):
            raise ValueError("an unlimited authority has no amount")
        return self


class OverrideModel(LimitModel):
    """Another limit, where all that is given applies; the first override that applies wins."""

    categories: tuple[CategoryName, ...] = ()
    customer_classes: tuple[CustomerClass, ...] = ()
    remedies: tuple[RemedyName, ...] = ()
    first_time_only: bool = False

    @model_validator(mode="after")
    def _for_somebody(self) -> Self:
        if not (self.categories or self.customer_classes or self.remedies or self.first_time_only):
            raise ValueError("an override names categories, customer classes, remedies, or first_time_only")
        return self


class AuthorityModel(LimitModel):
    overrides: Annotated[tuple[OverrideModel, ...], Field(max_length=RULES_MAX)] = ()


class PerSeverity(Strict):
    low: Term
    normal: Term
    high: Term
    critical: Term


def _how_many(terms: object) -> str:
    return ONE if isinstance(terms, str) else SEVERAL


ONE, SEVERAL = "one term", "by severity"
"""The two ways to write a duration, as the checker names them in the place of a fault."""

Terms = Annotated[Annotated[Term, Tag(ONE)] | Annotated[PerSeverity, Tag(SEVERAL)], Discriminator(_how_many)]


class TierModel(Strict):
    """One step of authority; `calendar` counts its deadline, and `on_breach` is that of `clocks.tier` when left out.

    `when_full` says where a dispute goes while everybody who might take it has as many as they can have: `up` to the next
    tier, or in a `queue` at this one.
    """

    title: Name
    holders: Holders = ()
    deputies: Holders = ()
    calendar: Name = "desk"
    authority: AuthorityModel = AuthorityModel()
    deadline: Terms
    on_breach: TierBreach | None = None
    when_full: WhenFull = WhenFull.UP


class ThresholdModel(Strict):
    """What belongs to a higher tier from the moment it is known.

    It leaves a dispute that came to its present tier less than `cool_down` ago where it is. `call_expert` has a desk of
    `experts` asked, beside or instead of `to_tier`.
    """

    name: Name
    when: When
    to_tier: Annotated[int, Field(ge=1, le=TIERS_MAX, strict=True)] | None = None
    call_expert: Name | None = None
    because: Because
    cool_down: Term | None = None

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if self.to_tier is None and self.call_expert is None:
            raise ValueError("give to_tier, call_expert, or both")
        return self


class SeverityRuleModel(Strict):
    name: Name
    when: SettledWhen
    severity: Severity
    because: Because


class SeverityModel(Strict):
    default: Severity = Severity.NORMAL
    rules: Annotated[tuple[SeverityRuleModel, ...], Field(max_length=RULES_MAX)] = ()


class ExtensionModel(Strict):
    """More time by hand: at most `max` at once, so many `times`."""

    max: Term
    times: Annotated[int, Field(ge=1, le=100, strict=True)] = 1


class ClockModel(Strict):
    """One clock: how long by severity, counted on which calendar, and what happens when it runs out."""

    duration: Terms
    calendar: Name
    pausable: bool = False
    warn_at: Annotated[tuple[Fraction, ...], Field(max_length=9)] = (0.5, 0.75)
    on_breach: Breach
    cap: Term | None = None
    count_receipt_day: bool = False
    extension: ExtensionModel | None = None
    source: Annotated[str, Field(max_length=300)] | None = None
    as_of: date | None = None


class NextUpdateModel(ClockModel):
    """The customer is owed news at `owe_at` of the time, so that they arrive before it has run out."""

    owe_at: Fraction = 0.95
    warn_at: Annotated[tuple[Fraction, ...], Field(max_length=9)] = ()


class TierClockModel(Strict):
    """What the deadlines of all tiers have in common, and how often a tier is reminded of its own.

    The top tier is reminded and then left; one whose `on_breach` is `remind` is reminded before it escalates.
    """

    pausable: bool = True
    warn_at: Annotated[tuple[Fraction, ...], Field(max_length=9)] = (0.5, 0.75)
    on_breach: TierBreach = OnBreach.ESCALATE
    reminders: Annotated[tuple[Term, ...], Field(max_length=20)] = ()
    extension: ExtensionModel | None = None
    source: Annotated[str, Field(max_length=300)] | None = None


class ClocksModel(Strict):
    """A clock that is left out is not promised."""

    acknowledgement: ClockModel | None = None
    first_response: ClockModel | None = None
    next_update: NextUpdateModel | None = None
    resolution: ClockModel | None = None
    follow_up: ClockModel | None = None
    silence: ClockModel | None = None
    tier: TierClockModel = TierClockModel()


class MatrixModel(Strict):
    """An escalation matrix. `skills` are those that serve a category, beside a skill of the category's own name."""

    base_currency: Currency
    reference_rates: dict[Currency, Rate] = Field(default_factory=dict)
    zone: Name = "UTC"
    min_gap: Term = "1 hour"
    teams: dict[Name, TeamModel] = Field(default_factory=dict)
    people: Annotated[tuple[PersonModel, ...], Field(max_length=PEOPLE_MAX)] = ()
    skills: dict[CategoryName, Names] = Field(default_factory=dict)
    experts: Annotated[dict[Name, DeskModel], Field(max_length=DESKS_MAX)] = Field(default_factory=dict)
    tiers: Annotated[list[TierModel], Field(min_length=1, max_length=TIERS_MAX)]
    thresholds: Annotated[tuple[ThresholdModel, ...], Field(max_length=RULES_MAX)] = ()
    severity: SeverityModel = SeverityModel()
    clocks: ClocksModel
