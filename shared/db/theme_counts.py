"""Counts a finished period for themes and finds what rose, in one transaction, each part bounded."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Final, NamedTuple
from uuid import UUID

import asyncpg
import orjson

from shared.db.engine import Tx
from shared.db.theme_periods import SAMPLES_MAX, Span
from shared.domain.theme_words import name_words, named, terms
from shared.domain.themes import SHOWN_MIN, Period, Series, Theme, enough, rising

FLOOR: Final = 3
"""Customers below whom nothing is kept."""
KEPT_MAX: Final = 6_000
"""Words and pairs kept of a period; of more, those that the most customers wrote."""
SAMPLED_MAX: Final = 8_000
"""Customers of a period whose texts are read, about; of more, an even share."""
READ_OF_ONE_MAX: Final = 20
"""Disputes of one customer whose texts are read, the newest."""
FACTS_MAX: Final = 500_000
"""Customers of a period whose facts are counted, about; of more, an even share."""
THEMES_MAX: Final = 50
WORD: Final = "word"
PAGE: Final = 200

_LOCK: Final = 7_265_636_704
_WHOLE: Final = 1 << 20
_DRAWN: Final = f"(uuid_hash(customer_id) & {_WHOLE - 1}) < $3"
_SIZE: Final = (
    "select count(*) as disputes, count(distinct customer_id) as customers from dispute "
    "where received_at >= $1 and received_at < $2"
)
_FACTS: Final = (
    "select f.kind, f.term, count(distinct d.customer_id) as customers from (select customer_id, category, issue, "
    f"left(lower(product), 60) as product from dispute where received_at >= $1 and received_at < $2 and {_DRAWN}) as d "
    "cross join lateral (values ('category', d.category), ('issue', d.issue), ('product', d.product)) as f (kind, term) "
    f"where f.term is not null group by f.kind, f.term having count(distinct d.customer_id) >= {FLOOR} "
    f"order by customers desc limit {KEPT_MAX}"
)
# The period is gone through once, by its index; only then are texts read, a page at a time.
_READ: Final = (
    "select id from (select id, customer_id, row_number() over (partition by customer_id order by received_at desc, id) "
    f"as place from dispute where received_at >= $1 and received_at < $2 and {_DRAWN}) as d "
    "where place <= $4 order by customer_id, id"
)
_TEXTS: Final = (
    "select d.customer_id, d.id, d.language, p.name, p.parties::text as parties, p.subject, p.description "
    "from dispute d join dispute_private p on p.dispute_id = d.id where d.id = any($1::uuid[]) and p.erased_at is null "
    "order by d.customer_id, d.id"
)
_FORGET: Final = tuple(
    f"delete from {table} where period = $1 and starts = $2" for table in ("theme_period", "theme_count", "theme")
)
_KEEP: Final = (
    "insert into theme_count (period, starts, kind, term, customers) select $1, $2, k.kind, k.term, k.customers "
    "from unnest($3::text[], $4::text[], $5::int[]) as k (kind, term, customers)"
)
_NOTE: Final = (
    "insert into theme_period (period, starts, disputes, customers, sampled, floor, history, asked, counted_at) "
    "values ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
)
_FOUND: Final = (
    "insert into theme (period, starts, kind, term, customers, expected, lift, chance, samples) "
    "values ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
)
_PAST: Final = (
    "select starts, customers, sampled, floor from theme_period where period = $1 and starts >= $2 and starts < $3 "
    "order by starts"
)
# One pass over the past: a join of a day with it is planned by the frequencies of yesterday, and can take minutes.
_SERIES: Final = (
    "select kind, term, max(customers) filter (where starts = $2) as customers, "
    "array_agg(starts) as starts, array_agg(customers) as past from theme_count "
    "where period = $1 and starts >= $3 and starts <= $2 group by kind, term "
    f"having max(customers) filter (where starts = $2) >= {SHOWN_MIN}"
)
_ASKED: Final = (
    f"select count(*) filter (where kind <> '{WORD}') as facts, count(*) filter (where kind = '{WORD}') as words "
    "from (select distinct kind, term from theme_count where period = $1 and starts >= $2 and starts <= $3) as known"
)
_SAMPLES: Final = (
    "select id from dispute where received_at >= $1 and received_at < $2 and "
    "case $3 when 'category' then category when 'issue' then issue else left(lower(product), 60) end = $4 "
    f"order by received_at desc, id limit {SAMPLES_MAX}"
)


class Size(NamedTuple):
    """What a period holds."""

    disputes: int
    customers: int


class Words(NamedTuple):
    """Words and pairs with the customers who wrote them, of so many customers, none below the floor."""

    counts: Mapping[str, int]
    sampled: int
    floor: int


async def alone(tx: Tx) -> bool:
    """Whether this process is the one that counts, until the transaction ends."""
    return bool(await tx.raw.fetchval("select pg_try_advisory_xact_lock($1)", _LOCK))


async def count(tx: Tx, span: Span) -> list[Theme]:
    """Counts the period, anew when it was counted before, and says what rose."""
    for statement in _FORGET:
        await tx.raw.execute(statement, *span)
    size = Size(*await tx.raw.fetchrow(_SIZE, *span.bounds))
    facts = await tx.raw.fetch(_FACTS, *span.bounds, _share(size.customers, FACTS_MAX))
    drawn = await _drawn(tx, span, size)
    words = await _words(tx, drawn)
    kept = [(row["kind"], row["term"], row["customers"]) for row in facts if _may_be_kept(row["kind"], row["term"])]
    kept += [(WORD, word, customers) for word, customers in words.counts.items()]
    await tx.raw.execute(_KEEP, *span, *([each[n] for each in kept] for n in range(3)))
    themes, history, asked = await _rising(tx, span, size, words)
    await tx.raw.execute(_NOTE, *span, *size, words.sampled, words.floor, history, asked, tx.now)
    samples = await _samples(tx, span, drawn, themes)
    for each in themes:
        await tx.raw.execute(_FOUND, *span, *each, samples[each.kind, each.term])
    return themes


def _may_be_kept(kind: str, term: str) -> bool:
    return kind != "product" or named(term) is not None


async def _words(tx: Tx, drawn: Sequence[UUID]) -> Words:
    counts: Counter[str] = Counter()
    sampled, last, current = 0, None, set[str]()
    async for page in _pages(tx, drawn):
        for customer, of_page in await asyncio.to_thread(_read, page):
            if customer != last:
                counts.update(current)
                last, current, sampled = customer, set(), sampled + 1
            current |= of_page
    counts.update(current)
    floor = FLOOR
    kept = {word: n for word, n in counts.items() if n >= floor}
    while len(kept) > KEPT_MAX:
        floor += 1
        kept = {word: n for word, n in kept.items() if n >= floor}
    return Words(kept, sampled, floor)


def _share(customers: int, most: int) -> int:
    """Of `_WHOLE`, how much of the customers is looked at: all, or so much that about `most` are."""
    return min(_WHOLE, most * _WHOLE // max(1, customers))


async def _drawn(tx: Tx, span: Span, size: Size) -> Sequence[UUID]:
    """The disputes whose texts are read, customer by customer, the same ones each time."""
    share = _share(size.customers, SAMPLED_MAX)
    return [row["id"] for row in await tx.raw.fetch(_READ, *span.bounds, share, READ_OF_ONE_MAX)]


async def _pages(tx: Tx, drawn: Sequence[UUID]) -> AsyncIterator[Sequence[asyncpg.Record]]:
    """Their texts, customer by customer, without those that were erased."""
    for first in range(0, len(drawn), PAGE):
        yield await tx.raw.fetch(_TEXTS, drawn[first : first + PAGE])


def _read(page: Iterable[asyncpg.Record]) -> list[tuple[UUID, set[str]]]:
    return [(row["customer_id"], _terms(row)) for row in page]


def _terms(row: asyncpg.Record) -> set[str]:
    parties = orjson.loads(row["parties"])
    own = name_words([row["name"], *(str(each.get("name") or "") for each in parties if isinstance(each, dict))])
    return terms(f"{row['subject']}\n{row['description']}", row["language"], own)


async def _rising(tx: Tx, span: Span, size: Size, words: Words) -> tuple[list[Theme], int, int]:
    """What rose, how many periods of the season the past has, and how many terms were asked about."""
    past = await tx.raw.fetch(_PAST, span.period, span.back, span.starts)
    places = {row["starts"]: place for place, row in enumerate(past)}
    seasons = [Span(span.period, row["starts"]).season for row in past]
    of_facts = [_of_facts(row["customers"], season) for row, season in zip(past, seasons, strict=True)]
    of_words = [Period(row["sampled"], row["floor"], season) for row, season in zip(past, seasons, strict=True)]
    facts_now, words_now = _of_facts(size.customers, span.season), Period(words.sampled, words.floor, span.season)
    history = sum(each.season == span.season and each.customers > 0 for each in of_facts)
    if not enough(facts_now, of_facts):
        return [], history, 0
    asked = await tx.raw.fetchrow(_ASKED, span.period, span.back, span.starts)
    series = [_series(row, places) for row in await tx.raw.fetch(_SERIES, *span, span.back)]
    facts = [each for each in series if each.kind != WORD]
    spoken = [each for each in series if each.kind == WORD]
    found = rising(facts_now, of_facts, facts, asked=asked["facts"])
    found += await asyncio.to_thread(rising, words_now, of_words, spoken, asked=asked["words"])
    found.sort(key=lambda each: each.chance)
    return found[:THEMES_MAX], history, asked["facts"] + asked["words"]


def _of_facts(customers: int, season: int) -> Period:
    """Of how many customers the facts were counted follows from how many there were, give or take the draw."""
    return Period(min(customers, FACTS_MAX), FLOOR, season)


def _series(row: asyncpg.Record, places: Mapping[object, int]) -> Series:
    past = {places[starts]: n for starts, n in zip(row["starts"], row["past"], strict=True) if starts in places}
    return Series(row["kind"], row["term"], row["customers"], past)


async def _samples(
    tx: Tx, span: Span, drawn: Sequence[UUID], themes: Sequence[Theme]
) -> dict[tuple[str, str], list[UUID]]:
    """Some disputes that speak of each theme: the newest of a fact; of a word, of as many customers."""
    found: dict[tuple[str, str], list[UUID]] = {(each.kind, each.term): [] for each in themes}
    for kind, term in found:
        if kind != WORD:
            rows = await tx.raw.fetch(_SAMPLES, *span.bounds, kind, term)
            found[kind, term] = [row["id"] for row in rows]
    wanted = {term for kind, term in found if kind == WORD}
    if not wanted:
        return found
    last = None
    async for page in _pages(tx, drawn):
        for row, (customer, of_row) in zip(page, await asyncio.to_thread(_read, page), strict=True):
            for term in wanted & of_row if customer != last else ():
                found[WORD, term].append(row["id"])
            last = customer
        wanted = {term for term in wanted if len(found[WORD, term]) < SAMPLES_MAX}
        if not wanted:
            break
    return {key: ids[:SAMPLES_MAX] for key, ids in found.items()}
