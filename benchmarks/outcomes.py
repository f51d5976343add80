"""Whether similar complaints ended alike: the outcome suggested from older complaints, against the one that was given.

Complaints with the company's response are read from CSV files. The older seven tenths become precedents, the newest are asked
about, as the product would be. Relief in money is taken for `upheld`, other relief for `partly_upheld`, an explanation for
`not_upheld`. Nothing of the product was chosen by these figures.
"""

import csv
import gzip
import statistics
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.timers import server
from services.launch.risk.measures import Told as Scored
from services.launch.risk.measures import measured
from services.launch.understanding.corpus import product_name
from shared.db import disputes, precedents
from shared.db.disputes import Filing
from shared.db.engine import Database, Tx, make_engine
from shared.db.precedent_index import keep_up, sample_words
from shared.db.precedents import Asked
from shared.domain.conditions import Rates
from shared.domain.dispute import Category
from shared.domain.lifecycle import Outcome, Status
from shared.domain.suggesting import Suggestion, suggested, wilson
from tests.builders import a_dispute, a_filing

OUTCOMES: Final = {
    "Closed with monetary relief": Outcome.UPHELD,
    "Closed with non-monetary relief": Outcome.PARTLY_UPHELD,
    "Closed with explanation": Outcome.NOT_UPHELD,
}
OLDER: Final = 0.7
SLICE: Final = 200


class Told(NamedTuple):
    """A complaint with how it ended."""

    day: str
    text: str
    category: str
    outcome: Outcome


class Answer(NamedTuple):
    """What was said of a complaint: the suggestion, and the share of its matches that were given any relief."""

    told: Told
    suggestion: Suggestion | None
    relief: float | None


async def judged(files: Sequence[Path]) -> None:
    """Prints the figures of each file."""
    for file in files:
        rows = sorted(_read(file))
        if not rows:
            print(f"{file.name}: no resolutions")
            continue
        older, newer = rows[: int(len(rows) * OLDER)], rows[int(len(rows) * OLDER) :]
        _print(file.name, older, await _answers(older, newer))


def _read(file: Path) -> Iterator[Told]:
    csv.field_size_limit(sys.maxsize)
    with gzip.open(file, "rt", newline="") if file.suffix == ".gz" else file.open(newline="") as lines:
        for row in csv.DictReader(lines):
            outcome = OUTCOMES.get(row.get("resolution", ""))
            if outcome is not None:
                yield Told(row["date"], row["text"], product_name(row["mapped_category"]) or "other", outcome)


async def _answers(older: Sequence[Told], newer: Sequence[Told]) -> list[Answer]:
    async with server(None) as url:
        database = Database(make_engine(url, pool_size=2))
        try:
            return await _asked(database, older, newer)
        finally:
            await database.dispose()


async def _asked(database: Database, older: Sequence[Told], newer: Sequence[Told]) -> list[Answer]:
    for first in range(0, len(older), SLICE):
        async with database.transaction() as tx:
            filings = [_filing(each, tx.now, decided=True) for each in older[first : first + SLICE]]
            await disputes.insert_many(tx, filings)
            ids = [each.dispute.id for each in filings]
            await tx.raw.execute("insert into precedent_due (dispute_id) select unnest($1::uuid[])", ids)
            await keep_up(tx, SLICE)
    async with database.transaction() as tx:
        await sample_words(tx)
        return [await _answer(tx, each) for each in newer]


async def _answer(tx: Tx, told: Told) -> Answer:
    dispute = _filing(told, tx.now, decided=False).dispute
    found = await precedents.find(tx, Asked(dispute, told.text, Rates("USD")))
    relief = [each.past.outcome is not Outcome.NOT_UPHELD for each in found.matches]
    return Answer(told, suggested(found.matches), statistics.fmean(relief) if relief else None)


def _filing(told: Told, now: datetime, *, decided: bool) -> Filing:
    received = datetime.fromisoformat(told.day[:10]).replace(tzinfo=UTC)
    at = received + timedelta(days=15)
    dispute = a_dispute(
        status=Status.CLOSED if decided else Status.RECEIVED,
        outcome=told.outcome if decided else None,
        category=Category(told.category, 1.0, needs_person=False),
        signals=(),
        amount=None,
        jurisdiction="US",
        received_at=received,
        updated_at=now,
        resolved_at=at if decided else None,
        closed_at=at if decided else None,
    )
    return a_filing(dispute, subject="A complaint", description=told.text)


def _print(name: str, older: Sequence[Told], answers: Sequence[Answer]) -> None:
    usual: dict[str, Counter[Outcome]] = defaultdict(Counter)
    for each in older:
        usual[each.category][each.outcome] += 1
    everywhere = Counter(each.outcome for each in older)
    majority = {category: counts.most_common(1)[0][0] for category, counts in usual.items()}
    default = everywhere.most_common(1)[0][0]
    made = [each for each in answers if each.suggestion is not None]
    agreed = sum(each.suggestion is not None and each.suggestion.outcome is each.told.outcome for each in made)
    named = sum(majority.get(each.told.category, default) is each.told.outcome for each in made)
    differs = [
        each
        for each in made
        if each.suggestion and each.suggestion.outcome is not majority.get(each.told.category, default)
    ]
    right = sum(each.suggestion is not None and each.suggestion.outcome is each.told.outcome for each in differs)
    print(
        f"{name}: {len(older)} precedents, {len(answers)} asked about; {dict(Counter(a.told.outcome.value for a in answers))}"
    )
    print(f"  suggested {len(made)} ({len(made) / len(answers):.2f}); of these")
    print(f"    the suggestion was given    {_share(agreed, len(made))}")
    print(f"    the category's usual outcome {_share(named, len(made))}")
    print(f"    other than usual {len(differs)} times, right {right} times")
    base = [(_relief(usual.get(a.told.category, everywhere)), a) for a in answers if a.relief is not None]
    ranked = [(a.relief or 0.0, a) for a in answers if a.relief is not None]
    print(f"  relief told from none (AUC): by the matches {_auc(ranked)}, by the category alone {_auc(base)}")


def _share(part: int, whole: int) -> str:
    told = wilson(part, whole)
    return f"{told.share:.3f} [{told.low:.3f}-{told.high:.3f}]"


def _relief(counts: Counter[Outcome]) -> float:
    return 1 - counts[Outcome.NOT_UPHELD] / counts.total()


def _auc(scored: Sequence[tuple[float, Answer]]) -> str:
    """How often one with relief has the higher score of two; ties count half."""
    given = [Scored(score, a.told.outcome is not Outcome.NOT_UPHELD) for score, a in scored]
    found = measured(given).auc if given else None
    return "unknown" if found is None else f"{found:.3f}"
