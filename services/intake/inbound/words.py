"""What is written into a dispute about a message: its text within the limits, and notes for the house."""

from collections.abc import Sequence
from typing import Final

from services.intake.inbound.ports import Attachment, Incoming, Person

DESCRIPTION_LENGTH_MAX: Final = 20_000
NO_SUBJECT: Final = "(no subject)"
NO_TEXT: Final = "(no text)"
ATTACHMENTS_LISTED_MAX: Final = 50


def description(text: str) -> tuple[str, bool]:
    """The text within the limit of a description, and whether it was cut."""
    if len(text) <= DESCRIPTION_LENGTH_MAX:
        return text or NO_TEXT, False
    return text[:DESCRIPTION_LENGTH_MAX].rstrip(), True


def says_something(incoming: Incoming) -> bool:
    """Whether there is anything that a person could look at."""
    return bool(incoming.text or incoming.subject or incoming.attachments)


def subject(incoming: Incoming) -> str:
    """The subject, or what stands for a missing one."""
    return incoming.subject or NO_SUBJECT


def remarks(incoming: Incoming, *, cut: bool, others: Sequence[str] = ()) -> str | None:
    """One note about everything that the text itself does not show; None when there is nothing."""
    lines = list(others)
    if cut:
        lines.append(f"The text was cut at {DESCRIPTION_LENGTH_MAX} characters; the whole is kept with the delivery.")
    if incoming.attachments:
        lines.append("Attached, kept with the raw delivery:")
        lines += [f"- {_shown(each)}" for each in incoming.attachments[:ATTACHMENTS_LISTED_MAX]]
        more = len(incoming.attachments) - ATTACHMENTS_LISTED_MAX
        lines += [f"- and {more} more"] if more > 0 else []
    return "\n".join(lines) or None


def bounced(incoming: Incoming) -> str:
    """The note about a message of ours that did not arrive."""
    said = incoming.bounce.summary if incoming.bounce else ""
    return f"A message to the customer was reported by a mail server: {said or subject(incoming)}"


def signature(person: Person, *, participant: bool) -> str | None:
    """Who is shown as the author; somebody not known in the case is shown with their address."""
    if participant:
        return person.name
    address = person.email or person.reference or "unknown"
    return f"{person.name} <{address}>" if person.name else address


def _shown(each: Attachment) -> str:
    seal = f", SHA-256 {each.sha256}" if each.sha256 else ""
    return f"{each.name} ({each.media_type}, {each.size} bytes{seal})"
