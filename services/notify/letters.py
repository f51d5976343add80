"""What each letter says, by fact: the values its templates may use. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from services.notify.catalog import Notification
from services.notify.channels.ports import Letter
from services.notify.openings import NAME_LENGTH_MAX, greeting, in_one_line, signature, tone
from services.notify.render import write
from services.notify.wording import FALLBACK, Milestone, Reader, language_for, locale_for, verbatim, zone_for
from shared.domain.dispute import Dispute
from shared.messages.links import follow_up_path, portal_path
from shared.runtime.sealing import Sealer

TOPIC_LENGTH_MAX: Final = 120
RATINGS: Final = range(1, 6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that a letter may draw on. `facts` are those of its cause; `inbound` are Message-IDs, the newest first.

    `follows_up` says whether the matrix has customers asked after a decision.
    """

    dispute: Dispute
    facts: Mapping[str, Any]
    name: str | None = None
    topic: str = ""
    resolution: str | None = None
    inbound: tuple[str, ...] = ()
    message: str | None = None
    author: str | None = None
    tier: str | None = None
    due: Mapping[str, datetime] | None = None
    follows_up: bool = True
    milestones: Mapping[str, Milestone] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes letters for one installation."""

    sealer: Sealer
    public_url: str
    signature: str
    time_zone: str
    desk_url: str | None = None

    def letter(self, entry: Notification, case: Case, thread: str) -> Letter:
        """The letter to a customer, or the memo to one of ours; `thread` is the Message-ID all of a dispute's mail hangs on.

        Raises:
            Unwritable: it cannot say what it must.
        """
        reader = self._reader(entry, case.dispute)
        texts = write(entry.template, reader.language, self.facts(entry, case, reader), entry.must_say)
        newest = case.inbound[0] if case.inbound and not entry.internal else None
        earlier = () if entry.internal else tuple(reversed(case.inbound))
        return Letter(
            subject=texts.subject,
            text=texts.text,
            html=texts.html,
            language=reader.language,
            to_name=None if entry.internal else in_one_line(case.name, NAME_LENGTH_MAX) or None,
            in_reply_to=newest,
            references=(thread, *earlier),
            internal=entry.internal,
            automatic=entry.automatic,
            urgent=entry.internal and entry.urgent,
        )

    def facts(self, entry: Notification, case: Case, reader: Reader) -> dict[str, Any]:
        """Everything the templates of this letter may use."""
        words, dispute = reader.words, case.dispute
        common = {
            "language": reader.language,
            "direction": reader.locale.text_direction,
            "greeting": greeting(words, case.name),
            "tone": "" if entry.internal else tone(words, dispute),
            "signature": signature(case.author, self.signature),
            "note": words["automatic_note"] if entry.automatic else "",
            "reference": dispute.reference,
            "topic": in_one_line(case.topic, TOPIC_LENGTH_MAX),
            "handler": dispute.handler or words["nobody" if entry.internal else "team"],
            "severity": words["severity"][dispute.severity.value],
            "tier": case.tier or words["nobody"],
            "desk": self.desk(dispute) if entry.internal else "",
            "because": "; ".join(case.facts.get("because") or ()),
        }
        own = _OWN.get(entry.kind)
        return common | _promises(reader, case) | ({} if own is None else own(self, reader, case))

    def desk(self, dispute: Dispute) -> str:
        """Where people of the house see the dispute; empty where nobody said."""
        place = (self.desk_url or "").replace("{id}", str(dispute.id))
        return place.replace("{reference}", dispute.reference)

    def portal(self, dispute_id: UUID) -> str:
        """Where the customer sees how the dispute stands."""
        return self.public_url.rstrip("/") + portal_path(self.sealer, dispute_id)

    def link(self, dispute_id: UUID, occasion: int, answer: str) -> str:
        """A one-click answer; the page behind it asks before it acts, since mail scanners open links too."""
        return f"{self.public_url.rstrip('/')}{follow_up_path(self.sealer, dispute_id, occasion)}?{answer}"

    def _reader(self, entry: Notification, dispute: Dispute) -> Reader:
        if entry.internal:
            return Reader(FALLBACK, locale_for(FALLBACK, FALLBACK, "GB"), ZoneInfo(self.time_zone))
        language = language_for(entry.template, dispute.language)
        wanted = dispute.language if language != FALLBACK else _english(dispute.language)
        locale = locale_for(language, wanted, dispute.jurisdiction)
        return Reader(language, locale, zone_for(dispute.time_zone, self.time_zone))


def _english(wanted: str) -> str:
    """The wanted kind of English; a language we do not write says nothing about how dates should look in English."""
    return wanted if wanted.lower().startswith("en") else FALLBACK


def _promises(reader: Reader, case: Case) -> dict[str, str]:
    """By when the customer hears, and by when it is to be settled: from the event, else from the clocks that run."""
    promised = {**(case.due or {}), **{kind: instant(text) for kind, text in (case.facts.get("clocks") or {}).items()}}
    if case.facts.get("next_due_at") and "tier" not in case.facts and "to_tier" not in case.facts:
        promised["next_update"] = instant(case.facts["next_due_at"])
    news = [promised[kind] for kind in ("first_response", "next_update") if kind in promised]
    settle = promised.get("resolution")
    return {
        "next_due": reader.moment(min(news)) if news else reader.words["no_date"],
        "resolve_due": reader.moment(settle) if settle else "",
    }


def instant(text: str) -> datetime:
    """An RFC 3339 instant of an event."""
    return datetime.fromisoformat(text)


Own = Callable[[Writer, Reader, Case], dict[str, Any]]


def _acknowledgement(writer: Writer, reader: Reader, case: Case) -> dict[str, Any]:
    return {
        "next_step": reader.words["next_step"]["acknowledgement"],
        "how_to_add_evidence": reader.words["how_to_add_evidence"],
        "portal_link": writer.portal(case.dispute.id),
    }


def _escalated_customer(writer: Writer, reader: Reader, case: Case) -> dict[str, Any]:
    return {"next_step": reader.words["next_step"]["escalated_customer"]}


def _escalated(writer: Writer, reader: Reader, case: Case) -> dict[str, Any]:
    due = case.facts.get("next_due_at")
    return {
        "because": "; ".join(case.facts["because"]) or reader.words["no_reason"],
        "skipped": "; ".join(case.facts["skipped"]),
        "due": reader.moment(instant(due)) if due else "",
    }


def _deadline(writer: Writer, reader: Reader, case: Case) -> dict[str, Any]:
    clock = case.facts["clock"]
    milestone = case.milestones.get(clock) or Milestone(reader.clock_named(clock))
    return {
        "clock": milestone.title,
        "to_send": "; ".join(milestone.sends),
        "due": reader.moment(instant(case.facts["due_at"])),
        "percent": case.facts.get("percent", 100),
    }


def _extended(writer: Writer, reader: Reader, case: Case) -> dict[str, Any]:
    due = case.facts["due_at"]
    return {"because": case.facts["reason"], "due": reader.moment(instant(due)) if due else reader.words["no_date"]}


def _update(writer: Writer, reader: Reader, case: Case) -> dict[str, Any]:
    standing = reader.words["standing"]
    return {
        "no_decision_yet": reader.words["no_decision_yet"],
        "standing": standing.get(case.dispute.status.value, standing["investigating"]),
    }


def _message(writer: Writer, reader: Reader, case: Case) -> dict[str, Any]:
    return {"message": verbatim(case.message)}


def _of_others(writer: Writer, reader: Reader, case: Case) -> dict[str, Any]:
    own = {name: case.facts.get(name) for name in ("desk", "reminder", "late")}
    due = case.facts.get("due_at")
    return {**own, "message": verbatim(case.message), "due": reader.moment(instant(due)) if due else ""}


def _customer_wrote(writer: Writer, reader: Reader, case: Case) -> dict[str, Any]:
    return {"contacts": reader.words["contacts"].format(count=case.dispute.contact_count)}


def _resolution(writer: Writer, reader: Reader, case: Case) -> dict[str, Any]:
    words = reader.words
    return {
        "outcome": words["outcome"][case.facts["outcome"]],
        "remedy": _remedy(reader, case.dispute),
        "resolution": verbatim(case.resolution),
        "follow_up": _what_comes_next(reader, case),
        "how_to_disagree": words["how_to_disagree"],
    }


def _what_comes_next(reader: Reader, case: Case) -> str:
    """When we will ask whether it is settled, as far as it is known; nobody is promised a question that is not asked."""
    due = (case.due or {}).get("follow_up")
    if due is not None:
        return str(reader.words["follow_up_on"].format(date=reader.day(due)))
    return str(reader.words["follow_up_soon" if case.follows_up else "follow_up_none"])


def _remedy(reader: Reader, dispute: Dispute) -> str:
    words, remedy = reader.words["remedy"], dispute.remedy
    if remedy is None:
        return str(words["none"])
    name = words.get(remedy.kind, words["other"])
    if remedy.amount is None:
        return str(words["given"].format(remedy=name))
    return str(words["given_amount"].format(remedy=name, amount=reader.money(remedy.amount)))


def _follow_up(writer: Writer, reader: Reader, case: Case) -> dict[str, Any]:
    occasion = int(case.facts["occasion"])

    def link(answer: str) -> str:
        return writer.link(case.dispute.id, occasion, answer)

    return {
        "solved_link": link("answer=solved"),
        "not_solved_link": link("answer=not_solved"),
        "ratings": [{"value": value, "link": link(f"rating={value}")} for value in RATINGS],
    }


def _reopened(writer: Writer, reader: Reader, case: Case) -> dict[str, Any]:
    due = (case.due or {}).get("next_update")
    return {
        "next_step": reader.words["next_step"]["reopened"],
        "next_due": reader.moment(due) if due else "",
    }


def _withdrawn(writer: Writer, reader: Reader, case: Case) -> dict[str, Any]:
    return {"how_to_return": reader.words["how_to_return"]}


def _closed(writer: Writer, reader: Reader, case: Case) -> dict[str, Any]:
    because = reader.words["closed_because"]
    return {
        "closed_because": because.get(case.facts["because"], because["other"]),
        "how_to_return": reader.words["how_to_return"],
        "because": "",
    }


def _undeliverable(writer: Writer, reader: Reader, case: Case) -> dict[str, Any]:
    words = reader.words
    return {
        "letter": words["kind"].get(case.facts["kind"], case.facts["kind"]),
        "reason": words["reason"].get(case.facts.get("reason") or "other", words["reason"]["other"]),
    }


_OWN: Final[Mapping[str, Own]] = {
    "acknowledgement": _acknowledgement,
    "escalated_customer": _escalated_customer,
    "escalated": _escalated,
    "update_owed": _deadline,
    "deadline_warning": _deadline,
    "deadline_missed": _deadline,
    "deadline_extended": _extended,
    "update": _update,
    "message": _message,
    "customer_wrote": _customer_wrote,
    "resolution": _resolution,
    "follow_up": _follow_up,
    "reopened": _reopened,
    "withdrawn": _withdrawn,
    "closed": _closed,
    **dict.fromkeys(("expert_request", "expert_answer", "expert_overdue"), _of_others),
    "compliance_missed": _of_others,
    "undeliverable": _undeliverable,
}
