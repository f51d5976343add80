"""What a digest says: each notice with its dispute, what it is about, by when, and where to look. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from services.notify.catalog import BY_KIND
from services.notify.channels.ports import Letter
from services.notify.digests import DIGEST
from services.notify.letters import Writer, instant
from services.notify.render import write
from services.notify.wording import FALLBACK, Reader, locale_for
from shared.domain.dispute import Dispute

MUST_SAY: Final = ("count", "reference", "due", "link")
"""How many notices there are, and the first of them whole."""
MUST_SAY_OF_NONE: Final = ("count", "all")
"""When all that are listed were outrun and others stand: how many, and where they are."""
_NONE: Final = {"reference": ""}

Notice = Mapping[str, Any]


def still_told(notices: Sequence[Notice], disputes: Mapping[UUID, Dispute]) -> list[Notice]:
    """Those whose dispute is still there and has not outrun them."""
    return [each for each in notices if _stands(each, disputes.get(UUID(each["dispute_id"])))]


def unlisted(facts: Mapping[str, Any]) -> int:
    """How many notices the digest counts and does not name."""
    return int(facts["count"]) - len(facts["notices"])


def _stands(notice: Notice, dispute: Dispute | None) -> bool:
    entry = BY_KIND.get(notice["kind"])
    return dispute is not None and entry is not None and not entry.overtaken(dispute, notice)


def digest(
    writer: Writer, facts: Mapping[str, Any], notices: Sequence[Notice], disputes: Mapping[UUID, Dispute]
) -> Letter:
    """The digest of these notices; those beyond the list are counted.

    Raises:
        Unwritable: it cannot say what it must.
    """
    reader = Reader(FALLBACK, locale_for(FALLBACK, FALLBACK, "GB"), ZoneInfo(writer.time_zone))
    lines = [_line(writer, reader, each, disputes[UUID(each["dispute_id"])]) for each in notices]
    values = {
        "language": reader.language,
        "direction": reader.locale.text_direction,
        "count": unlisted(facts) + len(notices),
        "notices": lines,
        "more": unlisted(facts),
        "all": _all(writer),
        **(lines[0] if lines else _NONE),
    }
    texts = write(DIGEST, reader.language, values, MUST_SAY if lines else MUST_SAY_OF_NONE)
    return Letter(
        subject=texts.subject,
        text=texts.text,
        html=texts.html,
        language=reader.language,
        internal=True,
        urgent=any(BY_KIND[each["kind"]].urgent for each in notices),
    )


def _all(writer: Writer) -> str:
    return writer.public_url.rstrip("/") + "/v1/disputes"


def _line(writer: Writer, reader: Reader, notice: Notice, dispute: Dispute) -> dict[str, str]:
    words = reader.words
    clock = notice["clock"]
    return {
        "reference": dispute.reference,
        "what": words["digest"][notice["kind"]].format(clock=reader.clock_named(clock) if clock else ""),
        "due": reader.moment(instant(notice["due_at"])) if notice["due_at"] else words["date_unknown"],
        "severity": words["severity"][dispute.severity.value],
        "link": writer.desk(dispute) or f"{_all(writer)}/{dispute.id}",
    }
