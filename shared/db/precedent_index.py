"""Keeps the index of decided disputes in step with them, behind the product and in slices."""

from typing import Final

import orjson

from shared.db.engine import Tx
from shared.db.precedents import CONFIGURED, SAMPLED, TEXT_MAX, legible
from shared.domain.lifecycle import SETTLED, Status

SAMPLE: Final = 20_000
"""Precedents whose words are counted, about, however many there are."""
WORD_MIN: Final = 3
"""Precedents of the sample that must have a word for it to be noted."""

_LOCK: Final = 7_265_636_702
_LOCK_OF_WORDS: Final = 7_265_636_703
_DECIDED: Final = ", ".join(f"'{status.value}'" for status in sorted(SETTLED | {Status.CLOSED}))
_ALONE: Final = "select pg_try_advisory_xact_lock($1)"
_TAKE: Final = (
    "delete from precedent_due where id in (select id from precedent_due order by id limit $1) returning dispute_id"
)
_LANGUAGE: Final = "lower(split_part(d.language, '-', 1))"
_CONFIGURED: Final = ", ".join(f"'{each}'" for each in CONFIGURED)
_TEXT: Final = f"left(p.subject || ' ' || p.description, {TEXT_MAX})"
_KEEP: Final = (
    "with stands as materialized (select d.id, d.category, d.issue, d.resolved_at, strip(to_tsvector(('precedent_' || "
    f"case when {_LANGUAGE} in ({_CONFIGURED}) then {_LANGUAGE} else 'simple' end)::regconfig, "
    f"{legible(_TEXT)})) as words "
    "from dispute d join dispute_private p on p.dispute_id = d.id where d.id = any($1::uuid[]) "
    f"and d.status in ({_DECIDED}) and d.outcome is not null and d.resolved_at is not null and p.erased_at is null), "
    "gone as (delete from precedent where dispute_id = any($1::uuid[]) and dispute_id not in (select id from stands)) "
    "insert into precedent (dispute_id, category, issue, decided_at, words) "
    "select id, category, issue, resolved_at, words from stands on conflict (dispute_id) do update set "
    "category = excluded.category, issue = excluded.issue, decided_at = excluded.decided_at, words = excluded.words"
)
_FEW: Final = "select count(*) from (select from precedent limit $1) as few"
_MANY: Final = "select reltuples::float8 from pg_class where oid = 'precedent'::regclass"
_COUNTED: Final = (
    "insert into precedent_word (word, documents) select word, (ndoc * $2::float8)::int "
    "from ts_stat('select words from precedent tablesample system (' || $1::float8 || ')') where ndoc >= $3"
)
_SEEN: Final = (
    "insert into heartbeat (name, beat_at, detail) values ($1, $2, $3) "
    "on conflict (name) do update set beat_at = excluded.beat_at, detail = excluded.detail"
)


async def keep_up(tx: Tx, limit: int) -> int:
    """Looks again at the disputes that waited longest, at most `limit`; how many there were.

    One process at a time: another finds none. Each is indexed as it stands now, or taken out when it was opened again or
    erased, so that it does not matter how often or in which order it was noted.
    """
    if not await tx.raw.fetchval(_ALONE, _LOCK):
        return 0
    due = [row["dispute_id"] for row in await tx.raw.fetch(_TAKE, limit)]
    if due:
        await tx.raw.execute(_KEEP, list(set(due)))
    return len(due)


async def sample_words(tx: Tx) -> int | None:
    """Estimates anew how many precedents have each word; how many there are, about, or None when another process is at it.

    Up to 20,000 precedents are counted whole; of more, the rows of as many pages as hold about so many.
    """
    if not await tx.raw.fetchval(_ALONE, _LOCK_OF_WORDS):
        return None
    total = float(await tx.raw.fetchval(_FEW, SAMPLE))
    if total >= SAMPLE:
        total = max(total, float(await tx.raw.fetchval(_MANY)))
    share = min(1.0, SAMPLE / total) if total else 1.0
    await tx.raw.execute("delete from precedent_word")
    await tx.raw.execute(_COUNTED, 100 * share, 1 / share, WORD_MIN)
    told = orjson.dumps({"precedents": round(total), "share": share}).decode()
    await tx.raw.execute(_SEEN, SAMPLED, tx.now, told)
    return round(total)
