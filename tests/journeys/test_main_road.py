"""From a filed dispute to a confirmed resolution, on both broker drivers, with the clock moved and the mail read."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.journeys.house import House, opened, text_of


@pytest.fixture(params=["embedded", pytest.param("rabbitmq", marks=pytest.mark.rabbitmq)])
async def house(request: pytest.FixtureRequest, database: str, tmp_path: Path) -> AsyncIterator[House]:
    broker_url = "embedded://" if request.param == "embedded" else request.getfixturevalue("rabbit_url")
    async with opened(database, broker_url, tmp_path) as house:
        yield house


async def the_customer_answers(house: House, dispute_id: str) -> None:
    """Follows the link of the follow-up letter and presses the button: it is solved."""
    question = await house.mail(to="ada@example.org", about=r"portal/follow-up/")
    link = re.search(r"https?://[^/\s]+(/portal/follow-up/\S+)", text_of(question))
    assert link is not None
    page = await house.http.get(link[1], headers={"authorization": ""})
    assert page.status_code == 200
    assert (await house.get(dispute_id))["status"] == "follow_up", "a link that is only fetched answers nothing"
    answered = await house.http.post(
        link[1].partition("?")[0], data={"answer": "solved", "rating": "5"}, headers={"authorization": ""}
    )
    assert answered.status_code == 200, answered.text


async def test_a_dispute_is_acknowledged_warned_escalated_resolved_followed_up_and_confirmed(house: House) -> None:
    filed = await house.file()
    acknowledgement = await house.mail(to="ada@example.org", about="We have your complaint")
    assert filed["reference"] in acknowledgement["subject"]
    assert "Complaints desk" in text_of(acknowledgement)
    assert acknowledgement["auto-submitted"] == "auto-generated"

    clocks = await house.clocks(filed["id"], acknowledgement="met")
    assert {"acknowledgement", "first_response", "next_update", "resolution", "tier"} <= set(clocks)

    await house.act(filed["id"], "messages", direction="out", channel="email", body="We are looking into both charges.")
    await house.mail(to="ada@example.org", about="looking into both charges")

    house.clock.advance(hours=8, minutes=10)  # half of the sixteen business hours that the first tier has
    warnings = await house.happened(filed["id"], "dispute.deadline_warned")
    assert [(w["clock"], w["percent"]) for w in warnings if w["clock"] == "tier"] == [("tier", 50)]
    await house.mail(to="complaints.desk@example.org", about="50")
    house.clock.advance(hours=24)  # the next day, an hour before the end
    escalated = (await house.happened(filed["id"], "dispute.escalated"))[0]
    assert (escalated["from_tier"], escalated["to_tier"], escalated["clock"]) == (1, 2, "tier")
    assert escalated["fired_at"] >= escalated["due_at"]
    await house.mail(to="ada@example.org", about=filed["reference"])
    await house.mail(to="team.lead@example.org", about=filed["reference"])

    resolved = await house.act(
        filed["id"],
        "resolve",
        outcome="upheld",
        remedy="refund",
        amount={"value": "49.90", "currency": "EUR"},
        explanation="You were charged twice. We have refunded the second charge.",
    )
    assert (resolved["status"], resolved["outcome"]) == ("resolved", "upheld")
    decision = await house.mail(to="ada@example.org", about="refunded the second charge")
    assert decision["references"].split()[0] == acknowledgement["references"].split()[0], "one thread in the mailbox"

    house.clock.advance(days=8)
    await house.until(filed["id"], lambda seen: seen["status"] == "follow_up")
    await the_customer_answers(house, filed["id"])
    await house.until(filed["id"], lambda seen: seen["status"] in ("confirmed", "closed"))

    history = await house.get(filed["id"], "/history?verify=true")
    assert history["chain"] is not None
    assert len(await house.history(filed["id"], "dispute.escalated")) == 1


async def test_a_customer_who_says_it_is_not_solved_gets_the_case_opened_again(house: House) -> None:
    filed = await house.file()
    await house.act(filed["id"], "resolve", outcome="not_upheld", explanation="The charge was correct.")
    house.clock.advance(days=8)
    await house.until(filed["id"], lambda seen: seen["status"] == "follow_up")
    await house.act(filed["id"], "feedback", rating=1, solved=False, comment="It was not.")
    reopened = await house.until(filed["id"], lambda seen: seen["status"] == "investigating")
    assert reopened["reopen_count"] == 1
    await house.mail(to="ada@example.org", about="(?i)reopened|open again|opened")


async def test_silence_after_the_follow_up_closes_the_case_and_nothing_escalates_any_more(house: House) -> None:
    filed = await house.file()
    await house.act(filed["id"], "resolve", outcome="upheld", explanation="We have put it right.")
    house.clock.advance(days=8)
    await house.until(filed["id"], lambda seen: seen["status"] == "follow_up")
    house.clock.advance(days=8)
    await house.until(filed["id"], lambda seen: seen["status"] == "closed")
    closed = await house.history(filed["id"], "dispute.closed")
    assert closed == [{"because": "silence"}]
    house.clock.advance(days=90)
    other = await house.file(customer={"name": "Bea", "email": "bea@example.org"})
    assert other["id"] != filed["id"]
    assert await house.history(filed["id"], "dispute.escalated") == []


async def test_the_clocks_stand_still_while_the_customer_is_being_waited_for(house: House) -> None:
    waiting, working = await house.file(), await house.file(customer={"name": "Bea", "email": "bea@example.org"})
    for filed in (waiting, working):
        await house.act(filed["id"], "messages", direction="out", channel="email", body="We need your receipt.")
    await house.act(waiting["id"], "wait", **{"for": "customer", "reason": "We need the receipt."})
    await house.clocks(waiting["id"], tier="paused")
    house.clock.advance(days=5)
    await house.happened(working["id"], "dispute.escalated")
    assert await house.history(waiting["id"], "dispute.escalated") == []
    await house.act(waiting["id"], "resume")
    await house.clocks(waiting["id"], tier="running")
    house.clock.advance(days=5)
    await house.happened(waiting["id"], "dispute.escalated")
