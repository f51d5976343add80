"""Decided disputes are found by what is like them, and the index keeps up with them whatever happens to them."""

import asyncio
from typing import Any

import pytest

from shared.db import disputes, precedents
from shared.db.disputes import Change
from shared.db.engine import Database
from shared.db.precedent_index import keep_up, sample_words
from shared.db.precedents import Asked, Found
from shared.domain.conditions import Rates
from shared.domain.dispute import Category, Dispute, Remedy
from shared.domain.frozen import altered
from shared.domain.lifecycle import Outcome, Trigger
from shared.domain.money import Money
from shared.messages.events import DisputeResolved
from tests.builders import a_dispute, a_filing

RATES = Rates("EUR")


async def filed(db: Database, text: str, **fields: Any) -> Dispute:
    async with db.transaction() as tx:
        filing = a_filing(a_dispute(**{"received_at": tx.now, **fields}), subject="A complaint", description=text)
        return (await disputes.insert_many(tx, [filing]))[0]


async def moved(db: Database, dispute: Dispute, trigger: Trigger, **fields: Any) -> Dispute:
    async with db.transaction() as tx:
        before = await disputes.lock(tx, dispute.id)
        after = altered(before.after(trigger, tx.now), **fields)
        told: tuple[DisputeResolved, ...] = ()
        if trigger is Trigger.RESOLVE:
            facts = {"remedy": None, "amount": None, "currency": None}
            told = (DisputeResolved(outcome=fields["outcome"].value, occasion=before.reopen_count, **facts),)
        return await disputes.save(tx, Change(before, after, told, "principal:test"))


async def decided(db: Database, text: str, *, outcome: Outcome = Outcome.UPHELD, **fields: Any) -> Dispute:
    remedy = fields.pop("remedy", Remedy("refund", Money.of("49.90", "EUR")))
    return await moved(db, await filed(db, text, **fields), Trigger.RESOLVE, outcome=outcome, remedy=remedy)


async def indexed(db: Database) -> set[Any]:
    """What the index holds once nothing is waiting."""
    async with db.transaction() as tx:
        while await keep_up(tx, 3):
            pass
        await sample_words(tx)
        return {row["dispute_id"] for row in await tx.raw.fetch("select dispute_id from precedent")}


async def found(db: Database, dispute: Dispute, text: str, **asked: Any) -> Found:
    async with db.transaction() as tx:
        return await precedents.find(tx, Asked(dispute, text, RATES, **asked))


async def test_only_decided_disputes_are_indexed_and_filing_leaves_nothing_to_do(db: Database) -> None:
    open_one = await filed(db, "The kettle leaks.")
    async with db.transaction() as tx:
        assert await tx.raw.fetchval("select count(*) from precedent_due") == 0
    done = await decided(db, "The kettle leaks.")
    assert await indexed(db) == {done.id}
    assert open_one.id != done.id


async def test_the_most_alike_comes_first_and_says_why(db: Database) -> None:
    same = await decided(db, "The samovar leaks hot water over my table since the repair.", product="Samovar")
    other = await decided(db, "The samovar came late.", category=Category("service_delivery", 0.9, needs_person=False))
    for n in range(8):
        await decided(db, f"The courier number {n} was rude to my neighbour.")
    await indexed(db)
    text = "My samovar leaks water after it came back from the repair"
    case = await filed(db, text, product="samovar", amount=Money.of("60.00", "EUR"))
    told = await found(db, case, text)
    assert told.matches[0].past.id == same.id
    assert other.id not in {each.past.id for each in told.matches[:1]}
    reasons = told.matches[0].reasons
    assert reasons[0].startswith("both texts say: ")
    assert "samovar" in reasons[0]
    assert {"same category: billing_error", "same product: samovar", "similar amount"} <= set(reasons)
    assert told.precedents == 10


async def test_there_are_never_fewer_precedents_than_were_compared(db: Database) -> None:
    text = "The samovar leaks hot water over my table."
    await decided(db, text)
    await indexed(db)
    for _ in range(3):
        await decided(db, text)
    async with db.transaction() as tx:
        await keep_up(tx, 10)  # they are in the index before the words are counted anew
    told = await found(db, await filed(db, text), text)
    assert (told.compared, told.precedents) == (4, 4)


async def test_the_outcome_the_remedy_and_what_became_of_it_are_told(db: Database) -> None:
    text = "A duplicate debit for the gramophone"
    done = await decided(db, text, remedy=Remedy("partial_refund", Money.of("24.95", "EUR")))
    opened = await moved(db, done, Trigger.REOPEN)
    await moved(db, opened, Trigger.RESOLVE, outcome=Outcome.NOT_UPHELD, remedy=None)
    paid = await decided(db, text, remedy=Remedy("partial_refund", Money.of("24.95", "EUR")))
    async with db.transaction() as tx:
        await tx.raw.execute(
            "insert into feedback (id, dispute_id, occasion, rating, given_at) values (gen_random_uuid(), $1, 0, 5, now())",
            paid.id,
        )
    await indexed(db)
    case = await filed(db, text)
    pasts = {each.past.id: each.past for each in (await found(db, case, text)).matches}
    again, once = pasts[done.id], pasts[paid.id]
    assert (again.outcome, again.remedy, again.reopened, again.overturned) == (Outcome.NOT_UPHELD, None, True, True)
    assert (once.share, once.reopened, once.overturned, once.rating) == (0.5, False, False, 5)


async def test_what_is_corrected_is_indexed_anew_and_what_is_opened_again_is_taken_out(db: Database) -> None:
    done = await decided(db, "The zither has no strings.")
    await indexed(db)
    async with db.transaction() as tx:
        before = await disputes.lock(tx, done.id)
        wrong = altered(before, category=Category("warranty", 1.0, needs_person=False), version=before.version + 1)
        await disputes.save(tx, Change(before, wrong, (), "principal:test"))
    await indexed(db)
    async with db.transaction() as tx:
        assert await tx.raw.fetchval("select category from precedent where dispute_id = $1", done.id) == "warranty"
    await moved(db, done, Trigger.REOPEN)
    assert await indexed(db) == set()


async def test_nothing_is_left_of_what_is_erased_or_deleted(db: Database) -> None:
    text = "The bassoon was scratched."
    erased, deleted = await decided(db, text), await decided(db, text)
    case = await filed(db, text)
    await indexed(db)
    async with db.transaction() as tx:
        await tx.raw.execute(
            "update dispute_private set subject = '', description = '', erased_at = now() where dispute_id = $1",
            erased.id,
        )
        await tx.raw.execute("delete from event where dispute_id = $1", deleted.id)
        await tx.raw.execute("delete from dispute where id = $1", deleted.id)
    assert [each.past.id for each in (await found(db, case, text)).matches] == []
    assert await indexed(db) == set()


async def test_a_change_committed_late_is_not_missed(db: Database) -> None:
    """The transaction that began first commits last: what it notes has the lower number and comes after the others."""
    late, early = await filed(db, "late"), await filed(db, "early")
    async with db.transaction() as tx:
        before = await disputes.lock(tx, late.id)
        after = altered(before.after(Trigger.RESOLVE, tx.now), outcome=Outcome.UPHELD)
        await disputes.save(tx, Change(before, after, (), "principal:test"))
        await moved(db, early, Trigger.RESOLVE, outcome=Outcome.UPHELD)
        assert await indexed(db) == {early.id}
    assert await indexed(db) == {early.id, late.id}


async def test_two_processes_do_not_look_at_the_same_dispute(db: Database) -> None:
    for n in range(4):
        await decided(db, f"Case {n}")
    async with db.transaction() as tx:
        assert await keep_up(tx, 2) == 2
        async with db.transaction() as other:
            assert await keep_up(other, 2) == 0
        assert await sample_words(tx)
        async with db.transaction() as other:
            assert not await sample_words(other)
    assert len(await indexed(db)) == 4


async def test_several_workers_at_once_leave_the_index_as_it_should_be(db: Database) -> None:
    done = [await decided(db, f"The oboe squeaks in case {n}") for n in range(6)]

    async def work() -> None:
        for _ in range(6):
            async with db.transaction() as tx:
                await keep_up(tx, 2)

    await asyncio.gather(work(), work(), *(moved(db, each, Trigger.REOPEN) for each in done[:3]))
    assert await indexed(db) == {each.id for each in done[3:]}


async def test_a_caller_who_sees_only_what_it_filed_finds_only_that(db: Database) -> None:
    text = "The harmonium wheezes."
    await decided(db, text)
    case = await filed(db, text)
    await indexed(db)
    assert len((await found(db, case, text)).matches) == 1
    assert (await found(db, case, text, filed_by=case.id)).matches == []


async def test_numbers_and_addresses_are_not_in_the_index(db: Database) -> None:
    await decided(db, "Card 4111111111111111, ada@example.org, see https://example.org/a, flat 12b, the viola.")
    await indexed(db)
    async with db.transaction() as tx:
        words = await tx.raw.fetchval("select tsvector_to_array(words) from precedent")
    assert set(words) == {"complaint", "card", "see", "flat", "viola"}


@pytest.mark.parametrize(
    ("language", "text", "question"),
    [
        ("de", "Der Wasserkocher wurde zweimal abgebucht", "abgebuchte Wasserkochern"),
        ("fr-CA", "La bouilloire a été facturée deux fois", "bouilloires facturées"),
        ("ja", "samovar broken", "samovar"),
    ],
)
async def test_other_languages_are_searched_by_their_own_forms(
    db: Database, language: str, text: str, question: str
) -> None:
    done = await decided(db, text, language=language)
    case = await filed(db, question, language=language)
    await indexed(db)
    assert [each.past.id for each in (await found(db, case, question)).matches] == [done.id]


@pytest.mark.parametrize(
    "text", ["", "'", "\\", "' | 'a", "a & b | !c <-> :*", "🫖" * 500, "x" * 30_000, "\u202ekettle"]
)
async def test_no_text_breaks_the_question(db: Database, text: str) -> None:
    await decided(db, text or "nothing")
    await indexed(db)
    case = await filed(db, "something")
    assert (await found(db, case, text)).precedents == 1


@pytest.mark.parametrize("sign", ["a_", "a-1.", "./", "<!--", "\U0001f600", "a@"])
async def test_no_text_keeps_the_worker_or_a_question_for_long(db: Database, sign: str) -> None:
    hostile = (sign * precedents.TEXT_MAX)[: precedents.TEXT_MAX]
    await decided(db, hostile)
    case = await filed(db, hostile)
    async with db.transaction() as tx:
        await tx.raw.execute("set local statement_timeout = '1500ms'")
        assert await keep_up(tx, 10) == 1
        await precedents.find(tx, Asked(case, hostile, RATES))
