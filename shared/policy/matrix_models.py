"""The escalation matrix as a person writes it: the one shape behind the TOML file, the API body and the JSON Schema."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from shared.domain.clock_record import OnBreach
from shared.domain.conditions import SIGNALS
from shared.domain.dispute import CATEGORIES, CUSTOMER_CLASSES, Severity
from shared.domain.duration import parse_term
from shared.domain.errors import InvalidValue
from shared.domain.expressions import TEXT_MAX
from shared.domain.money import MINOR_DIGITS

TIERS_MAX = 20
RULES_MAX = 200
PEOPLE_MAX = 500


def _currency(code: str) -> str:
    if code not in MINOR_DIGITS:
        raise ValueError(f"{code!r} is not an ISO 4217 currency in use")
    return code


def _term(text: str) -> str:
    try:
        parse_term(text)
    except InvalidValue as fault:
        raise ValueError(fault.detail) from fault
    return text


def _exact(value: object) -> object:
    if isinstance(value, float):
        raise ValueError('write the amount as text, such as "49.90", or as a whole number')  # noqa: TRY004 - pydantic
    return value


def _one_of(names: tuple[str, ...], kind: str) -> AfterValidator:
    def known(name: str) -> str:
        if name not in names:
            raise ValueError(f"{name!r} is not a {kind}; there are {', '.join(names)}")
        return name

    return AfterValidator(known)


Name = Annotated[str, Field(min_length=1, max_length=100)]
Because = Annotated[str, Field(min_length=1, max_length=200)]
Currency = Annotated[str, AfterValidator(_currency)]
Amount = Annotated[Decimal, BeforeValidator(_exact), Field(ge=0, le=Decimal(10) ** 12, allow_inf_nan=False)]
Rate = Annotated[Decimal, BeforeValidator(_exact), Field(gt=0, le=Decimal(10) ** 9, allow_inf_nan=False)]
Term = Annotated[str, AfterValidator(_term), Field(examples=["16 business hours", "10 business days", "8 weeks"])]
Fraction = Annotated[float, Field(gt=0, lt=1)]
Count = Annotated[int, Field(ge=1, le=1000, strict=True)]
CategoryName = Annotated[str, _one_of(CATEGORIES, "category")]
CustomerClass = Annotated[str, _one_of(CUSTOMER_CLASSES, "customer class")]
SignalName = Annotated[str, _one_of(SIGNALS, "signal")]
Breach = Literal[OnBreach.ESCALATE, OnBreach.TELL, OnBreach.ASK_FOLLOW_UP, OnBreach.CLOSE]


class Strict(BaseModel):
    """A table in which an unknown key is a fault, not a comment."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AbsenceModel(Strict):
    """Away from `from` to `until`; whole days in the matrix's zone when they are dates, both included."""

    since: Annotated[AwareDatetime | date, Field(alias="from")]
    until: AwareDatetime | date

    @model_validator(mode="after")
    def _same_kind(self) -> Self:
        if isinstance(self.since, datetime) is not isinstance(self.until, datetime):
            raise ValueError("from and until are both dates or both instants")
        return self


class HolderModel(Strict):
    name: Name
    email: Annotated[str, Field(pattern=r"^[^@\s]{1,64}@[^@\s]{1,255}$")] | None = None
    absent: Annotated[list[AbsenceModel], Field(max_length=200)] = []


class LimitModel(Strict):
    """The most a tier may promise, in the base currency, with exact limits for currencies that have their own."""

    amount: Amount = Decimal(0)
    amounts: dict[Currency, Amount] = {}
    unlimited: bool = False

    @model_validator(mode="after")
    def _one_answer(self) -> Self:
        if self.unlimited and (self.amount or self.amounts):
            raise ValueError("an unlimited authority has no amount")
        return self


class OverrideModel(LimitModel):
    categories: list[CategoryName] = []
    customer_classes: list[CustomerClass] = []

    @model_validator(mode="after")
    def _for_somebody(self) -> Self:
        if not (self.categories or self.customer_classes):
            raise ValueError("an override names categories, customer classes, or both")
        return self


class AuthorityModel(LimitModel):
    overrides: Annotated[list[OverrideModel], Field(max_length=RULES_MAX)] = []


class PerSeverity(Strict):
    low: Term
    normal: Term
    high: Term
    critical: Term


Terms = Term | PerSeverity


class TierModel(Strict):
    title: Name
    holders: Annotated[list[HolderModel], Field(max_length=PEOPLE_MAX)] = []
    deputies: Annotated[list[HolderModel], Field(max_length=PEOPLE_MAX)] = []
    calendar: Name = "desk"
    authority: AuthorityModel = AuthorityModel()
    deadline: Terms


class ConditionModel(Strict):
    """All that is given must hold; a list holds when one of its members does."""

    amount_over: Amount | None = None
    currency: Currency | None = None
    categories: list[CategoryName] = []
    signals_any: list[SignalName] = []
    customer_classes: list[CustomerClass] = []
    reopen_count_at_least: Count | None = None
    contact_count_at_least: Count | None = None
    prior_disputes_at_least: Count | None = None
    needs_person: bool | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set - {"currency"}:
            raise ValueError("a condition without parts would always hold")
        if self.currency is not None and self.amount_over is None:
            raise ValueError("a currency needs amount_over")
        return self


class ThresholdConditionModel(ConditionModel):
    severity_at_least: Severity | None = None


def _expression(text: str) -> str:
    return _compiled(text, settled=False)


def _settled_expression(text: str) -> str:
    return _compiled(text, settled=True)


def _compiled(text: str, *, settled: bool) -> str:
    """The parser takes a tenth of a second to load, which a matrix that is all tables does not pay."""
    from shared.policy.expressions import compiled

    compiled(text, settled=settled)
    return text


def _written_as(when: Any) -> str:
    return TEXT if isinstance(when, str) else TABLE


TEXT, TABLE = "in words", "as a table"
"""The two ways to write a condition, as the checker names them in the place of a fault."""

_IN_WORDS = Field(
    min_length=1,
    max_length=TEXT_MAX,
    description="A condition in words over the facts of the dispute.",
    examples=['amount > 500 EUR and "legal_threat" in signals', 'age > 5 days and severity >= "high"'],
)
When = Annotated[
    Annotated[ThresholdConditionModel, Tag(TABLE)] | Annotated[str, _IN_WORDS, AfterValidator(_expression), Tag(TEXT)],
    Discriminator(_written_as),
]
SettledWhen = Annotated[
    Annotated[ConditionModel, Tag(TABLE)] | Annotated[str, _IN_WORDS, AfterValidator(_settled_expression), Tag(TEXT)],
    Discriminator(_written_as),
]


class ThresholdModel(Strict):
    name: Name
    when: When
    to_tier: Annotated[int, Field(ge=1, le=TIERS_MAX, strict=True)]
    because: Because


class SeverityRuleModel(Strict):
    name: Name
    when: SettledWhen
    severity: Severity
    because: Because


class SeverityModel(Strict):
    default: Severity = Severity.NORMAL
    rules: Annotated[list[SeverityRuleModel], Field(max_length=RULES_MAX)] = []


class ClockModel(Strict):
    """One clock: how long by severity, counted on which calendar, and what happens when it runs out."""

    duration: Terms
    calendar: Name
    pausable: bool = False
    warn_at: Annotated[list[Fraction], Field(max_length=9)] = [0.5, 0.75]
    on_breach: Breach
    cap: Term | None = None
    count_receipt_day: bool = False
    source: Annotated[str, Field(max_length=300)] | None = None
    as_of: date | None = None


class NextUpdateModel(ClockModel):
    """The customer is owed news at `owe_at` of the time, so that they arrive before it has run out."""

    owe_at: Fraction = 0.95
    warn_at: Annotated[list[Fraction], Field(max_length=9)] = []


class TierClockModel(Strict):
    """What the deadlines of all tiers have in common, and how often the top tier is reminded of its own."""

    pausable: bool = True
    warn_at: Annotated[list[Fraction], Field(max_length=9)] = [0.5, 0.75]
    on_breach: Breach = OnBreach.ESCALATE
    reminders: Annotated[list[Term], Field(max_length=20)] = []
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
    """An escalation matrix."""

    base_currency: Currency
    reference_rates: dict[Currency, Rate] = {}
    zone: Name = "UTC"
    min_gap: Term = "1 hour"
    tiers: Annotated[list[TierModel], Field(min_length=1, max_length=TIERS_MAX)]
    thresholds: Annotated[list[ThresholdModel], Field(max_length=RULES_MAX)] = []
    severity: SeverityModel = SeverityModel()
    clocks: ClocksModel
