"""How the portal says things: a phrase for every fact, and dates and money as the customer writes them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, get_timezone_name
from babel.numbers import format_currency

from shared.domain.dispute import Dispute, Remedy
from shared.domain.lifecycle import Outcome, Status

TEAM: Final = "Our team"

STANDING: Final[Mapping[Status, str]] = {
    Status.RECEIVED: "We have your complaint and will look into it next.",
    Status.TRIAGED: "We have read your complaint and will look into it next.",
    Status.FORWARDED: "We have passed your complaint to the people who can settle it.",
    Status.INVESTIGATING: "We are looking into what happened.",
    Status.AWAITING_CUSTOMER: "We are waiting for your answer to our last question.",
    Status.AWAITING_DEPARTMENT: "We asked another team for facts and are waiting for their answer.",
    Status.AWAITING_THIRD_PARTY: "We asked another company for facts and are waiting for their answer.",
    Status.ASSESSED: "We know what happened and are deciding what to do about it.",
    Status.STAGE_2_REVIEW: "A second person, who had no part in the first decision, is looking at it.",
    Status.REFERRED_EXTERNAL: "An outside body is looking at your complaint.",
    Status.EXTERNAL_DECIDED: "An outside body has decided, and we are acting on it.",
    Status.RESOLVED: "We have given you our decision.",
    Status.CONFIRMED: "You told us that our decision settles it.",
    Status.FOLLOW_UP: "We have given you our decision and would like to hear whether it is settled.",
    Status.CLOSED: "Your complaint is closed.",
    Status.WITHDRAWN: "You withdrew your complaint, and we no longer work on it.",
    Status.NOT_A_DISPUTE: "We handle what you wrote as a question and not as a complaint.",
}

OUTCOME: Final[Mapping[Outcome, str]] = {
    Outcome.UPHELD: "We agree with your complaint.",
    Outcome.PARTLY_UPHELD: "We agree with part of your complaint.",
    Outcome.NOT_UPHELD: "We looked into your complaint with care. We do not agree that we did something wrong.",
}

REMEDY: Final[Mapping[str, str]] = {
    "refund": "a refund",
    "partial_refund": "a partial refund",
    "credit": "a credit to your account",
    "replacement": "a replacement",
    "repair": "a repair",
    "discount": "a discount",
    "price_reduction": "a lower price",
    "expedited_service": "faster service",
    "service_adjustment": "a change to your service",
    "apology": "our apology",
    "explanation": "our explanation",
    "provisional_credit": "a provisional credit",
    "goodwill": "a goodwill payment",
    "other": "what we agreed with you",
}
NO_REMEDY: Final = "No payment or replacement comes with this decision."


@dataclass(frozen=True, slots=True)
class Reader:
    """How the customer of a dispute writes dates, times and money; the page itself is in English."""

    locale: Locale
    zone: ZoneInfo

    def moment(self, instant: datetime) -> str:
        """Date, time and the name of the zone they are in."""
        local = instant.astimezone(self.zone)
        time = format_time(local, "short", locale=self.locale)
        zone = get_timezone_name(local, locale=self.locale)
        return f"{format_date(local, 'full', locale=self.locale)} at {time} ({zone})"

    def day(self, instant: datetime) -> str:
        """The date alone."""
        return format_date(instant.astimezone(self.zone), "full", locale=self.locale)

    def remedy(self, remedy: Remedy | None) -> str:
        """What the customer gets."""
        if remedy is None:
            return NO_REMEDY
        name = REMEDY.get(remedy.kind, REMEDY["other"])
        if remedy.amount is None:
            return f"You get {name}."
        return f"You get {name} of {format_currency(remedy.amount.amount, remedy.amount.currency, locale=self.locale)}."


def reader_of(dispute: Dispute) -> Reader:
    """The dispute's customer as a reader: their own English and zone, else their country's English and UTC."""
    language, _, region = dispute.language.replace("_", "-").partition("-")
    region = region if language.lower() == "en" and region else dispute.jurisdiction or ""
    return Reader(_locale(region.upper()), _zone(dispute.time_zone or "UTC"))


@lru_cache(maxsize=512)
def _locale(region: str) -> Locale:
    try:
        return Locale.parse(f"en_{region}")
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en")


@lru_cache(maxsize=512)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
