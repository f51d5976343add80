"""What the watcher knows: every case, the feed, and the figures; filled from the API's answers, without any I/O."""

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil
from typing import Any, Final

from services.launch.demo.telling import Said, told

FEED_MAX: Final = 200
ENDED: Final = ("closed", "withdrawn", "not_a_dispute")
SETTLED: Final = ("resolved", "confirmed", "follow_up")
TIMED: Final[Mapping[str, str]] = {
    "dispute.deadline_warned": "warn_at",
    "dispute.deadline_missed": "due_at",
    "dispute.follow_up_due": "due_at",
}
"""Where each event of the engine says for when it was set; `fired_at` minus that is how late it was."""


@dataclass
class Watched:
    """One dispute as the screen knows it."""

    id: str
    number: int
    subject: str
    category: str
    confidence: float
    needs_person: bool
    signals: tuple[str, ...]
    channel: str
    amount: str
    status: str = "received"
    tier: int | None = None
    last: int = 0
    quiet: int = 0
    """Looks in a row in which nothing was new."""
    clocks: Sequence[Mapping[str, Any]] = ()
    clocks_read: float = 0.0

    @property
    def open(self) -> bool:
        """Whether somebody still owes the next step."""
        return self.status not in (*ENDED, *SETTLED)

    def used(self, now: float) -> float | None:
        """How much of this tier's time is gone, 0 to 1; None where no clock of a tier is open. `now` is monotonic."""
        clock = next((each for each in self.clocks if each["kind"] == "tier"), None)
        if clock is None or clock["remaining_seconds"] is None:
            return None
        total = float(clock["term"].split(" ")[0])
        since = 0.0 if clock["state"] == "paused" else now - self.clocks_read
        return min(1.0, max(0.0, 1 - (float(clock["remaining_seconds"]) - since) / total))


News = tuple[Watched, Mapping[str, Any]]
"""A case and an entry of its history."""


@dataclass(frozen=True, slots=True)
class FeedLine:
    """What was said about a case, and how many seconds into the show."""

    at: float
    number: int
    subject: str
    said: Said


@dataclass
class Board:
    """Everything that a screen shows."""

    expected: int
    tiers: tuple[str, ...]
    deadlines: str
    cases: dict[str, Watched] = field(default_factory=dict)
    feed: deque[FeedLine] = field(default_factory=lambda: deque(maxlen=FEED_MAX))
    unread: list[FeedLine] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    lateness: list[float] = field(default_factory=list)
    kept: int = 0
    missed: int = 0
    mails: int = 0
    began: datetime | None = None
    """When the first dispute was filed, by the product's clock."""

    def add(self, document: Mapping[str, Any]) -> Watched:
        """A dispute seen for the first time, as GET /v1/disputes/{id} tells it."""
        category, amount = document["category"], document["amount"]
        case = Watched(
            id=document["id"],
            number=len(self.cases) + 1,
            subject=document["subject"],
            category=category["name"],
            confidence=category["confidence"],
            needs_person=category["needs_person"],
            signals=tuple(each["name"] for each in document["signals"]),
            channel=document["channel"],
            amount="" if amount is None else f"{amount['value']} {amount['currency']}",
        )
        self.cases[case.id] = case
        return case

    def stands(self, item: Mapping[str, Any]) -> None:
        """How a known dispute stands now, as the list tells it."""
        case = self.cases[item["id"]]
        case.status, case.tier = item["status"], item["tier"]

    def happened(self, news: Iterable[News]) -> None:
        """New entries of several histories; they are told in the order in which they happened."""
        for case, entry in sorted(news, key=lambda each: (each[1]["occurred_at"], each[1]["sequence"])):
            at = datetime.fromisoformat(entry["occurred_at"])
            self.began = self.began or at
            case.last = max(case.last, entry["sequence"])
            self._count(entry["type"], entry["data"])
            said = told(entry["type"], entry["data"])
            if said is not None:
                self.say(case, said, (at - self.began).total_seconds())

    def _count(self, kind: str, data: Mapping[str, Any]) -> None:
        self.counts[kind] += 1
        if kind == "dispute.notified" and data["kind"] == "acknowledgement":
            self.counts["acknowledged"] += 1
        if kind in TIMED:
            due, fired = data[TIMED[kind]], data["fired_at"]
            self.lateness.append((datetime.fromisoformat(fired) - datetime.fromisoformat(due)).total_seconds())

    def say(self, case: Watched, said: Said, at: float) -> None:
        """Adds a line to the feed."""
        line = FeedLine(at, case.number, case.subject, said)
        self.feed.append(line)
        self.unread.append(line)

    def read(self, case: Watched, clocks: Sequence[Mapping[str, Any]], now: float) -> None:
        """A case's clocks, every generation of them, the newest first; `now` is monotonic."""
        case.clocks, case.clocks_read = clocks, now
        promises = [each for one in self.cases.values() for each in one.clocks if each["promise"]]
        self.missed = sum(each["missed_at"] is not None for each in promises)
        self.kept = sum(each["met_at"] is not None and each["missed_at"] is None for each in promises)

    def p99(self) -> float | None:
        """The lateness in seconds that 99 of 100 timers kept within; None before the first."""
        if not self.lateness:
            return None
        return sorted(self.lateness)[ceil(len(self.lateness) * 0.99) - 1]

    def over(self) -> bool:
        """Whether every case has come and ended."""
        return len(self.cases) >= self.expected and all(case.status in ENDED for case in self.cases.values())
