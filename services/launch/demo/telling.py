"""What an entry of a dispute's history says to somebody who watches: one short line, a mark and a colour."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

Data = Mapping[str, Any]


class Said(NamedTuple):
    """One line of the feed. The mark is one column wide; the tone is a style of rich."""

    mark: str
    tone: str
    text: str


CLOCKS: Final[Mapping[str, str]] = {
    "acknowledgement": "acknowledgement",
    "first_response": "first response",
    "next_update": "next update",
    "resolution": "resolution",
    "tier": "this tier's time",
}
LETTERS: Final[Mapping[str, str]] = {
    "acknowledgement": "acknowledged by mail",
    "update": "update sent, as promised",
    "withdrawn": "withdrawal confirmed by mail",
    "reopened": "customer told that the case is open again",
}
WAITS: Final[Mapping[str, str]] = {
    "awaiting_customer": "waits for the customer; the tier's clock stands still",
    "awaiting_department": "waits for another department",
    "awaiting_third_party": "waits for a third party",
}
CLOSINGS: Final[Mapping[str, str]] = {
    "silence": "closed by silence: nobody objected",
    "confirmed": "closed: the customer is content",
    "withdrawn": "withdrawn by the customer",
}


def told(kind: str, data: Data) -> Said | None:
    """The line for an entry of this type, or None where there is nothing new to see."""
    tell = _TELLERS.get(kind)
    return None if tell is None else tell(data)


def _filed(data: Data) -> Said:
    sure = f"{data['category'].replace('_', ' ')}, {data['confidence']:.0%} sure"
    doubt = "; a person should look" if data["needs_person"] else ""
    return Said("+", "bold", f"comes in by {data['channel'].replace('_', ' ')}: {sure}{doubt}")


def _assigned(data: Data) -> Said | None:
    if not data["first"] or data["tier"] == 1:
        return None
    return Said("▲", "magenta", f"straight to tier {data['tier']}: {_reasons(data)}")


def _notified(data: Data) -> Said | None:
    text = LETTERS.get(data["kind"])
    if data["outcome"] != "sent":
        return Said("✗", "red", f"{data['kind']} not sent: {data['reason']}")
    return None if text is None else Said("✉", "cyan", text)


def _message(data: Data) -> Said | None:
    if data["internal"]:
        return None
    customer = data["direction"] == "in"
    return (
        Said("»", "blue", "the customer answers") if customer else Said("«", "blue", "an agent writes to the customer")
    )


def _status(data: Data) -> Said | None:
    if text := WAITS.get(data["after"]):
        return Said("‖", "blue", text)
    if data["trigger"] == "resume":
        return Said("▸", "blue", "taken up again; the clock goes on")
    return None


def _warned(data: Data) -> Said:
    tone = "dim yellow" if data["percent"] < 75 else "yellow"
    return Said("!", tone, f"{data['percent']} % of {CLOCKS.get(data['clock'], data['clock'])} used")


def _missed(data: Data) -> Said | None:
    if data["clock"] == "tier":
        return None  # the climb that follows says it
    return Said("✗", "bold red", f"promise broken, and recorded: {CLOCKS.get(data['clock'], data['clock'])}")


def _escalated(data: Data) -> Said:
    return Said("▲", "magenta", f"tier {data['from_tier'] or '-'} to {data['to_tier']}: {_reasons(data)}")


def _resolved(data: Data) -> Said:
    given = "" if data["remedy"] is None else f", {data['remedy'].replace('_', ' ')}"
    amount = "" if data["amount"] is None else f" of {data['amount']} {data['currency']}"
    return Said("✓", "green", f"decided: {data['outcome'].replace('_', ' ')}{given}{amount}")


def _feedback(data: Data) -> Said | None:
    if data["solved"] is None:
        return None
    rating = "" if data["rating"] is None else f", {data['rating']} of 5"
    return Said("»", "blue", f"the customer says: {'solved' if data['solved'] else 'not solved'}{rating}")


def _always(mark: str, tone: str, text: str) -> Callable[[Data], Said]:
    return lambda data: Said(mark, tone, text)  # noqa: ARG005 - what it says is in its name


def _closed(data: Data) -> Said:
    return Said("■", "dim", CLOSINGS.get(data["because"], f"closed: {data['because']}"))


def _reasons(data: Data) -> str:
    return "; ".join(data["because"])


_TELLERS: Final[Mapping[str, Callable[[Data], Said | None]]] = {
    "dispute.filed": _filed,
    "dispute.assigned": _assigned,
    "dispute.notified": _notified,
    "dispute.message_added": _message,
    "dispute.status_changed": _status,
    "dispute.deadline_warned": _warned,
    "dispute.deadline_missed": _missed,
    "dispute.update_owed": _always("!", "cyan", "no news, yet an update is owed"),
    "dispute.escalated": _escalated,
    "dispute.resolved": _resolved,
    "dispute.follow_up_due": _always("?", "cyan", "follow-up: is it solved?"),
    "dispute.feedback_given": _feedback,
    "dispute.confirmed": _always("✓", "bold green", "the customer confirms"),
    "dispute.reopened": _always("↺", "red", "opened again"),
    "dispute.closed": _closed,
}
