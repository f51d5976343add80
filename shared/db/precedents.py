"""Similar decided disputes, found by the words of a case and by its category, each question bounded in the rows it reads."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg

from shared.db.engine import Tx
from shared.domain.conditions import Rates
from shared.domain.dispute import Dispute
from shared.domain.lifecycle import Outcome
from shared.domain.precedents import FOUND_AT_ONCE_MAX, Case, Match, Past, lookups, ranked, worth

CONFIGURED: Final = ("de", "en", "es", "fr", "it", "nl", "pt")
"""Languages with a text search configuration of their own; the others are searched by their words as they stand."""
TEXT_MAX: Final = 20_000
"""Characters of a text that are looked at."""
WEIGHED_MAX: Final = 80
"""Disputes found by words that are compared with the case in full; the newest of its category join them."""
NEWEST_MAX: Final = 20
MATCHES_MAX: Final = 50
"""Matches that are told of and counted, the most alike."""
SAMPLED: Final = "intake.precedents.words"
"""The heartbeat that says of how many precedents the frequencies of words were taken."""


def legible(text: str) -> str:
    """SQL for a text as PostgreSQL's parser can go through it in one walk.

    Where it takes signs without a blank for the beginning of an address, a path or a comment it turns back to where that
    began, which for 20,000 signs such as `a_a_a_` takes seconds.
    """
    return rf"regexp_replace(translate({text}, '!', ' '), '(\S{{100}})', '\1 ', 'g')"


_WORDS: Final = (
    "select word, tsvector_to_array(to_tsvector($1::text::regconfig, word)) as lexemes from (select distinct lower(token) as word "
    f"from ts_parse('default', {legible('$2::text')}) where tokid in (select tokid from ts_token_type('default') "
    "where alias in ('asciiword', 'word')) limit 1000) as w"
)
_FREQUENT: Final = "select word, documents from precedent_word where word = any($1::text[])"
_SAMPLE: Final = "select (detail->>'precedents')::float8 as total, (detail->>'share')::float8 as share from heartbeat where name = $1"
_BY_WORDS: Final = (
    "select f.dispute_id from unnest($1::text[], $2::float8[]) as l(question, worth) cross join lateral "
    f"(select p.dispute_id from precedent p where p.words @@ l.question::tsquery limit {FOUND_AT_ONCE_MAX}) as f "
    f"where f.dispute_id <> $3 group by f.dispute_id order by sum(l.worth) desc, f.dispute_id desc limit {WEIGHED_MAX}"
)
_BY_CATEGORY: Final = (
    "select dispute_id from precedent where category = $1 and dispute_id <> $2 "
    f"order by decided_at desc limit {NEWEST_MAX}"
)
_READ: Final = (
    "select d.id, d.reference, tsvector_to_array(p.words) as words, d.category, d.issue, d.product, d.amount, d.currency, "
    "d.customer_class, d.jurisdiction, d.outcome, d.remedy, d.remedy_amount, d.remedy_currency, d.received_at, "
    "d.resolved_at, d.reopen_count, f.rating, "
    "(d.reopen_count > 0 and exists (select from event e where e.dispute_id = d.id and e.type = 'dispute.resolved' "
    "and e.data->>'outcome' <> d.outcome)) or exists (select from referral r where r.dispute_id = d.id "
    "and r.outcome in ('upheld', 'partly_upheld', 'not_upheld') and r.outcome <> d.outcome) as overturned "
    "from precedent p join dispute d on d.id = p.dispute_id join dispute_private v on v.dispute_id = d.id "
    "left join feedback f on f.dispute_id = d.id and f.occasion = d.reopen_count "
    "where p.dispute_id = any($1::uuid[]) and d.outcome is not null and d.resolved_at is not null and v.erased_at is null "
    "and ($2::uuid is null or d.filed_by = $2) order by d.resolved_at desc, d.id desc"
)


class Asked(NamedTuple):
    """The case with its text, the rates amounts are compared by, and whose filings alone are looked at."""

    dispute: Dispute
    text: str
    rates: Rates
    filed_by: UUID | None = None


class Found(NamedTuple):
    """The matches, at most 50, the most alike first; out of how many that were compared, of how many there are in all.

    Who sees only its own filings is not told how many others there are: those compared are all.
    """

    matches: Sequence[Match]
    compared: int
    precedents: int


async def find(tx: Tx, asked: Asked) -> Found:
    """The decided disputes most like this one. At most a few thousand rows are read, however many there are."""
    dispute = asked.dispute
    spelled = await _spelled(tx, dispute.language, asked.text)
    sample = await tx.raw.fetchrow(_SAMPLE, SAMPLED)
    total, share = (0.0, 1.0) if sample is None else (sample["total"], sample["share"])
    documents = await _documents(tx, spelled, unseen=1 / share)
    chosen = lookups(documents, total)
    # The words of one case are rare and those of the next common: no one plan is right for both.
    questions = [" & ".join(map(_quoted, each.words)) for each in chosen]
    rows = await tx.raw.fetch(_BY_WORDS, questions, [each.worth for each in chosen], dispute.id)
    rows += await tx.raw.fetch(_BY_CATEGORY, dispute.category.name, dispute.id)
    ids = list({row["dispute_id"] for row in rows})
    pasts = [_past(row, asked.rates) for row in await tx.raw.fetch(_READ, ids, asked.filed_by)]
    words = {word: worth(documents[word], total) for word in spelled}
    matches = ranked(_case(asked, words, spelled), pasts)[:MATCHES_MAX]
    # The count is a while old: what came since may be among those compared.
    return Found(matches, len(pasts), max(int(total), len(pasts)) if asked.filed_by is None else len(pasts))


async def _spelled(tx: Tx, language: str, text: str) -> dict[str, str]:
    """The words of a text as the index writes them, each with its shortest spelling."""
    found: dict[str, str] = {}
    for row in await tx.raw.fetch(_WORDS, configuration(language), text[:TEXT_MAX]):
        for lexeme in row["lexemes"]:
            known = found.get(lexeme)
            if known is None or (len(row["word"]), row["word"]) < (len(known), known):
                found[lexeme] = row["word"]
    return found


async def _documents(tx: Tx, words: Mapping[str, str], *, unseen: float) -> dict[str, float]:
    """How many precedents have each word, about; one that is not noted is taken for one that the sample showed once."""
    known = {row["word"]: float(row["documents"]) for row in await tx.raw.fetch(_FREQUENT, list(words))}
    return {word: known.get(word, unseen) for word in words}


def configuration(language: str) -> str:
    """The name of the text search configuration for texts in this language."""
    short = language.partition("-")[0].lower()
    return f"precedent_{short if short in CONFIGURED else 'simple'}"


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def _case(asked: Asked, words: Mapping[str, float], spelled: Mapping[str, str]) -> Case:
    dispute = asked.dispute
    amount = None if dispute.amount is None else _based(asked.rates, dispute.amount.amount, dispute.amount.currency)
    return Case(
        words=words,
        spelled=spelled,
        category=dispute.category.name,
        issue=dispute.category.issue,
        product=dispute.product,
        amount=amount,
        customer_class=dispute.customer_class,
        jurisdiction=dispute.jurisdiction,
    )


def _based(rates: Rates, amount: Decimal | None, currency: str | None) -> float | None:
    based = None if amount is None or currency is None else rates.convert(amount, currency, rates.base)
    return None if based is None else float(based)


def _past(row: asyncpg.Record, rates: Rates) -> Past:
    return Past(
        id=row["id"],
        reference=row["reference"],
        words=row["words"],
        category=row["category"],
        issue=row["issue"],
        product=row["product"],
        amount=_based(rates, row["amount"], row["currency"]),
        customer_class=row["customer_class"],
        jurisdiction=row["jurisdiction"],
        outcome=Outcome(row["outcome"]),
        remedy=row["remedy"],
        share=_share(row),
        days=_days(row["received_at"], row["resolved_at"]),
        reopened=row["reopen_count"] > 0,
        overturned=row["overturned"],
        rating=row["rating"],
    )


def _share(row: Mapping[str, Any]) -> float | None:
    """What was given as a share of what was disputed, when both are told in one currency."""
    if not row["amount"] or row["remedy_amount"] is None or row["currency"] != row["remedy_currency"]:
        return None
    return float(row["remedy_amount"] / row["amount"])


def _days(received_at: datetime, resolved_at: datetime) -> float:
    return max(0.0, (resolved_at - received_at).total_seconds() / 86_400)
