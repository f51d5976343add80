"""A dispute of which something was said in every place where something can be said, and where a word stands."""

from typing import Any
from uuid import UUID, uuid4

import orjson

from services.intake.commands.converse import add_message, note
from shared.db import corrections, decisions, disputes, experts
from shared.db.clocks import Kept
from shared.db.corrections import Correction
from shared.db.decisions import Decisions
from shared.db.engine import Tx
from shared.db.experts import ExpertRequest
from shared.domain.clock_record import Clock, ClockState, Kind, OnBreach, Promise
from shared.domain.clock_spec import ClockSpec, Extension
from shared.domain.duration import Duration, Unit, parse_term
from shared.runtime.ids import new_id
from tests.services.intake.counter import Counter


async def told_of(tx: Tx, word: str) -> set[str]:
    """The places, `table.column`, in which a word stands, whatever the type of the column."""
    columns = await tx.raw.fetch(
        "select c.table_name, c.column_name, c.data_type from information_schema.columns c "
        "join information_schema.tables t using (table_schema, table_name) "
        "where c.table_schema = current_schema() and t.table_type = 'BASE TABLE'"
    )
    found = set()
    for table, column, kind in columns:
        text = f"encode({column}, 'escape')" if kind == "bytea" else f"{column}::text"
        if await tx.raw.fetchval(f"select exists (select from {table} where {text} ilike $1)", f"%{word}%"):
            found.add(f"{table}.{column}")
    return found


async def a_told_case(counter: Counter, word: str, *, email: str | None = None) -> UUID:
    """A dispute that is over, with the word in every place where somebody can say something about it."""
    body: dict[str, Any] = {
        "customer": {
            "name": f"{word} Jones",
            "email": email or f"{word}@example.org",
            "reference": f"K-{word}",
            "jurisdiction": "GB",
        },
        "subject": f"Charged twice for {word}",
        "description": f"You charged me twice for the {word} and I am furious; my lawyer will hear of the {word}.",
        "order_reference": f"SO-{word}",
        "product": f"a {word}",
        "metadata": {"pet": word},
        "parties": [{"role": "carrier", "name": f"{word} Ltd"}],
    }
    filed = await counter.client.post("/v1/disputes", json=body, headers={"idempotency-key": f"k-{word}"})
    assert filed.status_code == 201, filed.text
    dispute_id = UUID(filed.json()["id"])
    async with counter.db.transaction() as tx:
        await tx.raw.execute("update dispute set tier = 1 where id = $1", dispute_id)

    async def post(verb: str, **said: Any) -> None:
        once = {"idempotency-key": f"{verb}-{len(str(said))}-{word}"}
        reply = await counter.client.post(f"/v1/disputes/{dispute_id}/{verb}", json=said, headers=once)
        assert reply.status_code < 300, (verb, reply.text)

    await post("messages", direction="in", body=f"Where is my {word}?")
    await post("messages", direction="out", body=f"We look for the {word}.")
    await post("letters", letter="delay_notice_sent", channel="post", reason=f"posting number {word}")
    await post("marks", name="finding_made", note=word)
    await post("refer", body=f"The {word} ombudsman", reference=f"F-{word}", reason=f"They asked for {word}.")
    await post("external-decision", outcome="not_upheld", reason=f"No {word} was owed.")
    await post("resolve", outcome="not_upheld", explanation=f"There was no {word}.")
    await post("feedback", rating=2, comment=f"A poor {word}.")
    await post("close")
    async with counter.db.transaction() as tx:
        await _behind_the_door(tx, dispute_id, word)
    return dispute_id


async def _behind_the_door(tx: Tx, dispute_id: UUID, word: str) -> None:
    """What other parts of the product keep: questions to experts, raw mail, sent letters, clocks, and what is learned from."""
    await _mailed(tx, dispute_id, word, await _asked(tx, dispute_id, word))
    await _sent(tx, dispute_id, word)
    await _extended(tx, dispute_id, word)
    await _linked(tx, dispute_id, word)
    await _learned(tx, dispute_id, word)


async def _asked(tx: Tx, dispute_id: UUID, word: str) -> UUID:
    """A question to an expert with its answer; returns the message that asks."""
    dispute = await disputes.lock(tx, dispute_id)
    dispute, question = await add_message(tx, dispute, note(f"Is the {word} real?", "Ann"), "principal:test")
    _, answer = await add_message(tx, dispute, note(f"The {word} is.", "Bo"), "principal:test")
    asked: dict[str, Any] = {"asked_by": "principal:test", "asked_at": tx.now, "due_at": tx.now, "next_at": tx.now}
    request = ExpertRequest(
        id=new_id(),
        dispute_id=dispute_id,
        desk="fraud",
        threshold=None,
        question_id=question,
        answer_id=answer,
        **asked,
    )
    await experts.add(tx, request)
    return question


async def _mailed(tx: Tx, dispute_id: UUID, word: str, message_id: UUID) -> None:
    """A raw mail that the dispute is known by, another that only a message names, and a conversation outside."""
    endpoint, raw, second = (uuid4() for _ in range(3))
    await tx.raw.execute(
        "insert into inbound_endpoint (id, sender, name, settings, active, created_at, secret) "
        "values ($1, 'mime', 'mail', '{}', true, $2, 'x')",
        endpoint,
        tx.now,
    )
    for delivery, of in ((raw, dispute_id), (second, None)):
        await tx.raw.execute(
            "insert into inbound_delivery (id, endpoint_id, dedup_key, headers, body, received_at, state, dispute_id) "
            "values ($1, $2, $3, $4, $5, $6, 'joined', $7)",
            delivery,
            endpoint,
            str(delivery),
            orjson.dumps({"subject": word}).decode(),
            f"My {word}".encode(),
            tx.now,
            of,
        )
    await tx.raw.execute("update message set inbound_delivery_id = $2 where id = $1", message_id, second)
    await tx.raw.execute(
        "insert into thread (kind, key, dispute_id, created_at) values ('mail', $1, $2, $3)", word, dispute_id, tx.now
    )


async def _sent(tx: Tx, dispute_id: UUID, word: str) -> None:
    """A letter that could not be handed over."""
    sent = uuid4()
    await tx.raw.execute(
        "insert into delivery (id, dispute_id, kind, occasion, audience, channel, recipient, facts, state, reason, "
        "created_at) values ($1, $2, 'deadline_extended', '9', 'customer', 'email', 'customer', $3, 'dead', $4, $5)",
        sent,
        dispute_id,
        orjson.dumps({"clock": "resolution", "reason": f"the {word} is ill"}).decode(),
        f"550 no {word} here",
        tx.now,
    )
    await tx.raw.execute(
        "insert into delivery_attempt (delivery_id, number, began_at, detail) values ($1, 1, $2, $3)",
        sent,
        tx.now,
        f"550 no {word} here",
    )


async def _extended(tx: Tx, dispute_id: UUID, word: str) -> None:
    """A clock that was given more time."""
    longer = Clock(
        kind=Kind.RESOLUTION,
        generation=1,
        phase=0,
        state=ClockState.MET,
        tier=None,
        promise=Promise(ClockSpec("resolution", parse_term("1 hour"), "always"), OnBreach.TELL),
        policy_version=1,
        started_at=tx.now,
        opened_at=tx.now,
        due_at=tx.now,
        extensions=(Extension(Duration(1, Unit.HOUR), f"the {word} is ill", "w1"),),
        met_at=tx.now,
    )
    await decisions.save(tx, Decisions((), [Kept(dispute_id, longer, new=True)], (), ()))


async def _linked(tx: Tx, dispute_id: UUID, word: str) -> None:
    """What somebody said of it and another dispute, and took back."""
    await tx.raw.execute(
        "insert into dispute_link (id, dispute_id, other_id, kind, author, reason, created_at, ended_at, ended_by, "
        "end_reason) select $1, id, $2, 'repeat', 'principal:test', $3, $4, $4, 'principal:test', $3 from dispute "
        "where id <> $2 order by id limit 1",
        uuid4(),
        dispute_id,
        f"the same {word}",
        tx.now,
    )


async def _learned(tx: Tx, dispute_id: UUID, word: str) -> None:
    """A correction to learn from, and a place among the precedents."""
    learned = Correction(dispute_id, word, f"my {word}", "other", 0.4, read_needs_person=True, category="warranty")
    await corrections.keep(tx, learned)
    await tx.raw.execute(
        "insert into precedent (dispute_id, category, decided_at, words) values ($1, 'other', $2, to_tsvector($3)) "
        "on conflict do nothing",
        dispute_id,
        tx.now,
        word,
    )
