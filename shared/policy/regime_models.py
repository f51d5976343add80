"""A regime pack as a person writes it: the one shape behind its TOML file."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from shared.domain.clock_record import OnBreach
from shared.domain.regime import LETTERS, Marker, Nature, parse_start
from shared.policy.fields import CategoryName, CustomerClass, Fraction, Name, Strict, Term

MILESTONES_MAX = 50
LINES_MAX = 30
_NOT_ISO = {"UK": "GB", "EL": "GR"}  # in common use, and never the jurisdiction of a dispute


def _start(text: str) -> str:
    try:
        parse_start(text)
    except ValueError as fault:
        known = ", ".join(Marker)
        raise ValueError(f"{text!r} is no fact a milestone starts on; there are milestone:NAME, {known}") from fault
    return text


def _iso_code(text: str) -> str:
    meant = _NOT_ISO.get(text.partition("-")[0])
    if meant is not None:
        raise ValueError(f"the ISO 3166-1 code is {meant}")
    return text


def _letter(fact: Marker) -> Marker:
    if fact not in LETTERS:
        raise ValueError(f"{fact.value!r} is no letter; there are {', '.join(sorted(LETTERS))}")
    return fact


def _checked_letters(must_send: Sequence[str], letters: Sequence[Marker]) -> None:
    """What has to be sent names the letter that sends it, so that it can be checked, and the other way round."""
    if bool(must_send) is not bool(letters):
        raise ValueError("must_send says what is to be sent and letters which letter sends it: give both or neither")


RegimeId = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}(\.[a-z0-9_]{1,40}){0,4}$", examples=["uk.fca.disp.std"])]
Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,48}$", examples=["payment_service"])]
Jurisdiction = Annotated[
    str, Field(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$", examples=["GB", "US-CA"]), AfterValidator(_iso_code)
]
Line = Annotated[str, Field(min_length=1, max_length=400)]
Lines = Annotated[tuple[Line, ...], Field(max_length=LINES_MAX)]
Words = Annotated[tuple[Word, ...], Field(max_length=LINES_MAX)]
Jurisdictions = Annotated[tuple[Jurisdiction, ...], Field(max_length=300)]
Markers = Annotated[tuple[Marker, ...], Field(max_length=10)]
Letters = Annotated[tuple[Annotated[Marker, AfterValidator(_letter)], ...], Field(max_length=10)]
StartText = Annotated[str, AfterValidator(_start)]
SourceKeys = Annotated[
    tuple[Annotated[str, Field(pattern=r"^S\d{1,3}[a-z]?$")], ...], Field(min_length=1, max_length=10)
]
Breach = Literal[OnBreach.ESCALATE, OnBreach.TELL]


class ExtensionModel(Strict):
    by: Term | None = None
    max_total: Term | None = None
    times_max: Annotated[int, Field(ge=1, le=100, strict=True)] = 1
    reasons: Lines
    notice: Term | None = None
    before_expiry: bool = True
    must_send: Lines = ()
    letters: Letters = ()
    requires: Markers = ()

    @model_validator(mode="after")
    def _sent_by_a_letter(self) -> Self:
        _checked_letters(self.must_send, self.letters)
        return self


class PauseModel(Strict):
    begins_on: Marker
    ends_on: Marker
    free: Term | None = None
    least_after: Term | None = None

    @model_validator(mode="after")
    def _two_facts(self) -> Self:
        if self.begins_on is self.ends_on:
            raise ValueError("a pause begins and ends on different facts")
        return self


class MilestoneModel(Strict):
    name: Word
    title: Name
    nature: Nature = Nature.DUTY
    starts_on: StartText
    met_by: Annotated[tuple[Marker, ...], Field(min_length=1, max_length=10)]
    term: Term
    calendar: Name
    count_receipt_day: bool = False
    cap: Term | None = None
    recurring: bool = False
    warn_at: Annotated[tuple[Fraction, ...], Field(max_length=9)] | None = None
    on_breach: Breach | None = None
    void_on: Markers = ()
    extension: ExtensionModel | None = None
    pause: PauseModel | None = None
    must_send: Lines = ()
    letters: Letters = ()
    no_letter_within: Term | None = None
    only_if: Words = ()
    since: date | None = None
    until: date | None = None
    due_from: Word | None = None
    consequence: Line | None = None
    source: SourceKeys
    enabled: bool = True
    note: Line | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not (self.enabled or self.note):
            raise ValueError("what is not enabled says in a note what is not confirmed")
        if self.nature is not Nature.DUTY and self.on_breach is OnBreach.ESCALATE:
            raise ValueError("only a duty of the business escalates when it runs out")
        if self.starts_on in self.met_by:
            raise ValueError("the fact it starts on cannot meet it")
        _checked_letters(self.must_send, self.letters)
        if self.no_letter_within and not self.letters:
            raise ValueError("a letter that is not owed at first is still a letter; name it in letters")
        if self.since and self.until and self.until < self.since:
            raise ValueError("it ends before it begins")
        return self


class RegimeModel(Strict):
    """A regime pack. `sources` are titles by the key that milestones name them with."""

    id: RegimeId
    title: Name
    jurisdictions: Jurisdictions = ()
    products: Annotated[tuple[Word, ...], Field(min_length=1, max_length=LINES_MAX)]
    categories: tuple[CategoryName, ...] = ()
    customer_classes: tuple[CustomerClass, ...] = ()
    priority: Annotated[int, Field(ge=0, le=100, strict=True)] = 10
    precludes: Annotated[tuple[RegimeId, ...], Field(max_length=LINES_MAX)] = ()
    enabled: bool = True
    note: Line | None = None
    as_of: date
    rules: Lines = ()
    circumstances: Annotated[dict[Word, Line], Field(default_factory=dict, max_length=LINES_MAX)]
    sources: Annotated[dict[str, Line], Field(min_length=1, max_length=LINES_MAX)]
    milestones: Annotated[tuple[MilestoneModel, ...], Field(min_length=1, max_length=MILESTONES_MAX)]

    @model_validator(mode="after")
    def _said_why(self) -> Self:
        if not (self.enabled or self.note):
            raise ValueError("what is not enabled says in a note what is not confirmed")
        return self
