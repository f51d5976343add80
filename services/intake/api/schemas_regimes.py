"""The bodies of regimes: packs, milestones, and what a dispute is owed under them."""

from datetime import date
from typing import Final, Self

from pydantic import BaseModel, Field

from shared.domain.regime import ExtensionRule, Milestone, PauseRule, Regime
from shared.domain.regime_choice import Owed

NOT_ADVICE: Final = "Not legal advice: check every figure against its source before relying on it."


class ExtensionOut(BaseModel):
    """When more time may be taken."""

    by: str | None = Field(description="The most one extension adds.")
    max_total: str | None = Field(description="The latest end, counted from the start.")
    times_max: int
    reasons: list[str] = Field(description="One of these has to be given; any reason where there are none.")
    notice: str | None = Field(description="How long before the time runs out the customer is told.")
    before_expiry: bool = Field(description="Whether the customer is told before the time runs out.")
    must_send: list[str]
    letters: list[str] = Field(description="Letters of which one tells the customer.")
    requires: list[str] = Field(description="Facts that come first.")

    @classmethod
    def of(cls, rule: ExtensionRule) -> Self:
        """The rule as it is shown."""
        return cls(
            by=_text(rule.by),
            max_total=_text(rule.max_total),
            times_max=rule.times_max,
            reasons=list(rule.reasons),
            notice=_text(rule.notice),
            before_expiry=rule.before_expiry,
            must_send=list(rule.must_send),
            letters=list(rule.letters),
            requires=list(rule.requires),
        )


class PauseOut(BaseModel):
    """The only thing that stops the clock."""

    begins_on: str
    ends_on: str
    free: str | None = Field(description="How long after its beginning the clock goes on.")
    least_after: str | None = Field(description="What remains at least once the clock runs again.")

    @classmethod
    def of(cls, rule: PauseRule) -> Self:
        """The rule as it is shown."""
        return cls(
            begins_on=rule.begins_on, ends_on=rule.ends_on, free=_text(rule.free), least_after=_text(rule.least_after)
        )


class MilestoneOut(BaseModel):
    """One dated step of a regime."""

    name: str = Field(examples=["final_response"])
    title: str
    nature: str = Field(description="duty, opportunity, customer_window or third_party.")
    clock: str = Field(description="The kind of its clock.", examples=["regime:uk.fca.disp.payments/final_response"])
    starts_on: str = Field(description="A fact, or milestone:NAME for the instant at which another one was met.")
    met_by: list[str]
    void_on: list[str] = Field(description="Facts after which it is no longer owed.")
    term: str = Field(examples=["15 business days"])
    cap: str | None
    calendar: str
    recurring: bool
    warn_at: list[float]
    on_breach: str
    consequence: str | None
    only_if: list[str] = Field(description="Circumstances of which one has to be there; none for all other cases.")
    received_from: date | None
    received_to: date | None
    due_from: str | None = Field(description="The key of the metadata that holds a due instant of its own.")
    extension: ExtensionOut | None
    pause: PauseOut | None
    must_send: list[str]
    letters: list[str] = Field(description="Letters of which one has to be sent before it is met.")
    no_letter_within: str | None = Field(description="What is done within so long of the start needs no letter.")
    source: str
    enabled: bool
    note: str | None

    @classmethod
    def of(cls, each: Milestone) -> Self:
        """The milestone as it is shown."""
        return cls(
            name=each.name,
            title=each.title,
            nature=each.nature,
            clock=each.spec.kind,
            starts_on=str(each.starts_on),
            met_by=list(each.met_by),
            void_on=list(each.void_on),
            term=str(each.spec.duration),
            cap=_text(each.spec.cap),
            calendar=each.spec.calendar,
            recurring=each.spec.recurring,
            warn_at=list(each.spec.warn_at),
            on_breach=each.on_breach,
            consequence=each.consequence,
            only_if=list(each.only_if),
            received_from=each.since,
            received_to=each.until,
            due_from=each.due_from,
            extension=None if each.extension is None else ExtensionOut.of(each.extension),
            pause=None if each.pause is None else PauseOut.of(each.pause),
            must_send=list(each.must_send),
            letters=list(each.letters),
            no_letter_within=_text(each.no_letter_within),
            source=each.source,
            enabled=each.enabled,
            note=each.note,
        )


class RegimeOut(BaseModel):
    """For whom a regime is meant; an empty list of jurisdictions, categories or customer classes means any."""

    id: str
    title: str
    jurisdictions: list[str]
    products: list[str] = Field(description="The product lines it is for.")
    categories: list[str]
    customer_classes: list[str]
    priority: int
    precludes: list[str] = Field(description="Regimes it stands in for.")
    enabled: bool
    note: str | None = Field(description="Why it is switched off, or what to know of it.")
    as_of: date
    source: str
    changes: list[str] = Field(description="What the business changed, each with its reason.")

    @classmethod
    def of(cls, regime: Regime, **more: object) -> Self:
        """The regime as it is shown."""
        return cls.model_validate({name: getattr(regime, name) for name in RegimeOut.model_fields} | more)


class WholeRegimeOut(RegimeOut):
    """A regime with its milestones."""

    rules: list[str] = Field(description="What it asks for without a clock.")
    circumstances: dict[str, str]
    milestones: list[MilestoneOut]
    policy_version: int
    notice: str = NOT_ADVICE


class RegimeListOut(BaseModel):
    """Every regime as the newest policy leaves it."""

    items: list[RegimeOut]
    policy_version: int
    default_jurisdiction: str | None
    default_product_line: str | None
    notice: str = NOT_ADVICE


class VerdictOut(BaseModel):
    """Whether a regime was chosen for a dispute, and why."""

    regime: str
    chosen: bool
    because: str


class OwedOut(BaseModel):
    """A milestone that a dispute is owed once its fact is there, and what has to be sent with it."""

    regime: str
    milestone: str
    title: str
    nature: str
    clock: str
    starts_on: str
    met_by: list[str]
    term: str
    must_send: list[str]
    letters: list[str]
    consequence: str | None
    source: str

    @classmethod
    def of(cls, owed: Owed) -> Self:
        """The milestone as it is shown."""
        regime, each = owed
        return cls(
            regime=regime.id,
            milestone=each.name,
            title=each.title,
            nature=each.nature,
            clock=each.spec.kind,
            starts_on=str(each.starts_on),
            met_by=list(each.met_by),
            term=str(each.spec.duration),
            must_send=list(each.must_send),
            letters=list(each.letters),
            consequence=each.consequence,
            source=each.source,
        )


class ChoiceOut(BaseModel):
    """The regimes of a dispute by the newest policy; clocks that run keep the rule they were started with."""

    jurisdiction: str | None
    product_line: str | None
    category: str
    customer_class: str
    circumstances: list[str]
    verdicts: list[VerdictOut]
    owed: list[OwedOut]
    policy_version: int
    notice: str = NOT_ADVICE


def _text(term: object) -> str | None:
    return None if term is None else str(term)
