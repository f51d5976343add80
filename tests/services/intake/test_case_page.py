"""The customer's own page: it tells where the case stands in plain words, changes nothing, and opens to nobody else."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from services.intake.commands.feedback import Answer, give
from services.intake.links import portal_url
from services.intake.portal import case_page, door, follow_up
from services.intake.portal.words import OUTCOME, REMEDY, STANDING
from shared.db import decisions, disputes
from shared.db.clocks import Kept
from shared.db.decisions import Decisions
from shared.db.engine import Database
from shared.domain.clock_record import Clock, ClockState, Kind, OnBreach, Promise
from shared.domain.clock_spec import ClockSpec
from shared.domain.dispute import REMEDIES, Dispute, Remedy
from shared.domain.duration import parse_term
from shared.domain.lifecycle import ACTIVE, ENDED, Outcome, Status
from shared.domain.money import Money
from shared.messages.links import FOLLOW_UP, PORTAL, follow_up_path, link_token, portal_path
from shared.runtime.sealing import Sealer
from tests.builders import MONDAY_NINE, SECRET_KEY, a_dispute, a_filing
from tests.services.intake.desk import Desk, a_desk

SEALER = Sealer(SECRET_KEY)
WEDNESDAY = datetime(2026, 5, 6, 16, 0, tzinfo=UTC)
FRIDAY = datetime(2026, 5, 8, 16, 0, tzinfo=UTC)
DECIDED: dict[str, Any] = {"outcome": Outcome.UPHELD, "resolved_at": FRIDAY}


@pytest.fixture
async def desk(db: Database) -> AsyncIterator[Desk]:
    async with a_desk(db, [follow_up.router, case_page.router]) as opened:
        yield opened


async def filed(desk: Desk, *, private: dict[str, Any] | None = None, **fields: Any) -> Dispute:
    async with desk.db.transaction() as tx:
        (stored,) = await disputes.insert_many(tx, [a_filing(a_dispute(**fields), **(private or {}))])
    return stored


async def page_of(desk: Desk, dispute: Dispute) -> str:
    page = await desk.client.get(portal_path(SEALER, dispute.id))
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    return page.text


async def promise(desk: Desk, dispute: Dispute, kind: Kind, due: datetime | None, state: ClockState) -> None:
    spec = ClockSpec(kind.value, parse_term("5 business hours"), "desk", pausable=True, warn_at=(0.5,))
    clock = Clock(
        kind=kind,
        generation=1,
        phase=0,
        state=state,
        tier=None,
        promise=Promise(spec, OnBreach.TELL),
        policy_version=1,
        started_at=MONDAY_NINE,
        opened_at=MONDAY_NINE,
        due_at=due,
    )
    async with desk.db.transaction() as tx:
        await decisions.save(tx, Decisions(clocks=[Kept(dispute.id, clock, new=True)]))


def test_there_is_a_plain_word_for_everything_that_can_be_said() -> None:
    assert set(STANDING) == set(Status)
    assert set(OUTCOME) == set(Outcome)
    assert set(REMEDY) == set(REMEDIES)
    for phrase in (*STANDING.values(), *OUTCOME.values(), *REMEDY.values()):
        assert all(len(each.split()) <= 20 for each in re.split(r"(?<=[.?!])\s+", phrase))
        assert "dispute" not in phrase
        assert "_" not in phrase


@pytest.mark.parametrize("status", Status)
async def test_the_page_tells_where_the_case_stands_and_opening_it_changes_nothing(desk: Desk, status: Status) -> None:
    dispute = await filed(desk, status=status, handler="Maya Lind")
    text = await page_of(desk, dispute)
    assert STANDING[status] in text
    assert dispute.reference in text
    assert "Charged twice" in text
    assert "Monday, 4 May 2026" in text
    assert ("Maya Lind" in text) is (status not in ENDED)
    assert ("To tell us more" in text) is (status in ACTIVE)
    assert "Our decision" not in text
    assert await desk.now(dispute.id) == dispute


async def test_the_address_in_a_reply_is_the_pages(desk: Desk) -> None:
    dispute = await filed(desk)
    assert portal_url(desk.parts, dispute.id) == "http://127.0.0.1:8000" + portal_path(SEALER, dispute.id)


async def test_while_nobody_has_it_by_name_the_team_looks_after_it(desk: Desk) -> None:
    assert "Our team" in await page_of(desk, await filed(desk, handler=None))


async def test_the_next_news_is_promised_in_the_customers_own_time(desk: Desk) -> None:
    dispute = await filed(desk, time_zone="America/Denver", language="en-US")
    await promise(desk, dispute, Kind.NEXT_UPDATE, FRIDAY, ClockState.RUNNING)
    assert "Friday, May 8, 2026 at 10:00" in await page_of(desk, dispute)
    await promise(desk, dispute, Kind.FIRST_RESPONSE, WEDNESDAY, ClockState.RUNNING)
    text = await page_of(desk, dispute)
    assert "Wednesday, May 6, 2026 at 10:00" in text
    assert "(Mountain Daylight Time)" in text
    assert "Friday" not in text


@pytest.mark.parametrize("zone", [None, "", "Not/AZone", "../../etc/passwd"])
async def test_without_a_zone_of_the_customers_the_time_is_utc(desk: Desk, zone: str | None) -> None:
    dispute = await filed(desk, time_zone=zone, language="de", jurisdiction="ZZ")
    await promise(desk, dispute, Kind.NEXT_UPDATE, FRIDAY, ClockState.RUNNING)
    assert "Coordinated Universal Time" in await page_of(desk, dispute)


@pytest.mark.parametrize(
    ("kind", "due", "state", "status"),
    [
        (Kind.FIRST_RESPONSE, WEDNESDAY, ClockState.MET, Status.INVESTIGATING),
        (Kind.NEXT_UPDATE, None, ClockState.PAUSED, Status.AWAITING_CUSTOMER),
        (Kind.TIER, WEDNESDAY, ClockState.RUNNING, Status.INVESTIGATING),
        (Kind.NEXT_UPDATE, WEDNESDAY, ClockState.RUNNING, Status.CLOSED),
    ],
)
async def test_only_a_running_promise_of_news_is_shown(
    desk: Desk, kind: Kind, due: datetime | None, state: ClockState, status: Status
) -> None:
    dispute = await filed(desk, status=status)
    await promise(desk, dispute, kind, due, state)
    assert "News from us by" not in await page_of(desk, dispute)


async def test_the_decision_is_shown_with_its_remedy_and_amount(desk: Desk) -> None:
    given = Remedy("partial_refund", Money.of("1234.50", "EUR"))
    text = await page_of(desk, await filed(desk, status=Status.RESOLVED, remedy=given, **DECIDED))
    assert "We agree with your complaint. You get a partial refund of €1,234.50." in text
    assert "Given on Friday, 8 May 2026" in text
    assert "If it is not settled for you" in text


@pytest.mark.parametrize(
    ("remedy", "words"),
    [
        (None, "No payment or replacement comes with this decision."),
        (Remedy("apology"), "You get our apology."),
    ],
)
async def test_a_decision_without_money_says_what_comes_with_it(desk: Desk, remedy: Remedy | None, words: str) -> None:
    assert words in await page_of(desk, await filed(desk, status=Status.CLOSED, remedy=remedy, **DECIDED))


async def test_the_page_leads_to_the_question_while_we_ask_it_and_no_longer_once_it_is_answered(desk: Desk) -> None:
    dispute = await filed(desk, status=Status.FOLLOW_UP, reopen_count=2, **DECIDED)
    path = follow_up_path(SEALER, dispute.id, 2)
    assert f'href="http://127.0.0.1:8000{path}"' in await page_of(desk, dispute)
    assert (await desk.client.get(path)).status_code == 200
    async with desk.db.transaction() as tx:
        await give(tx, await disputes.lock(tx, dispute.id), Answer(rating=4), channel="api", actor="principal:helpdesk")
    assert path in await page_of(desk, dispute)  # a rating is no answer
    assert (await desk.client.post(path, data={"answer": "not_solved"})).status_code == 200
    text = await page_of(desk, dispute)
    assert "/portal/follow-up/" not in text
    assert STANDING[Status.INVESTIGATING] in text


@pytest.mark.parametrize("status", [each for each in Status if each is not Status.FOLLOW_UP])
async def test_the_question_is_not_offered_before_or_after_its_time(desk: Desk, status: Status) -> None:
    assert "/portal/follow-up/" not in await page_of(desk, await filed(desk, status=status))


async def test_who_cannot_be_mailed_is_told_another_way_to_add_something(desk: Desk) -> None:
    dispute = await filed(desk, private={"email": None, "phone": "+442071838750"})
    text = await page_of(desk, dispute)
    assert "Get in touch as you did before" in text
    assert "e-mail" not in text


async def test_what_the_customer_wrote_is_shown_as_text_and_what_is_private_is_not_shown(desk: Desk) -> None:
    private = {"subject": "<script>alert(1)</script> & \"more\" '{{ 7 * 7777 }}'", "phone": "+442071838750"}
    text = await page_of(desk, await filed(desk, private=private))
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp;" in text
    assert "54439" not in text
    for kept in ("Ada", "ada@example.org", "+442071838750", "You took 49.90 twice."):
        assert kept not in text


async def test_a_link_that_we_did_not_make_leads_nowhere(desk: Desk) -> None:
    dispute = await filed(desk)
    whole = portal_path(SEALER, dispute.id)
    foreign = [
        portal_path(Sealer("another secret that is long enough to be one"), dispute.id),
        f"/portal/{link_token(SEALER, FOLLOW_UP, dispute.id, '1')}",
        f"/portal/{link_token(SEALER, PORTAL, dispute.id, '2')}",
        whole[:-1],
        whole.replace(dispute.id.hex, a_dispute().id.hex),
        portal_path(SEALER, a_dispute().id),
        "/portal/x",
        "/portal/follow-up",
        "/portal/%00",
        "/portal/" + "x" * 2000,
    ]
    for url in foreign:
        page = await desk.client.get(url)
        assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert dispute.reference not in page.text
        assert "Charged twice" not in page.text


async def test_the_page_of_a_customer_who_was_erased_leads_nowhere(desk: Desk) -> None:
    dispute = await filed(desk)
    async with desk.db.transaction() as tx:
        await tx.raw.execute("update dispute_private set erased_at = $2 where dispute_id = $1", dispute.id, tx.now)
    page = await desk.client.get(portal_path(SEALER, dispute.id))
    assert page.status_code == 404
    assert dispute.reference not in page.text


async def test_the_page_is_kept_by_nobody_and_needs_no_script(desk: Desk) -> None:
    page = await desk.client.get(portal_path(SEALER, (await filed(desk)).id))
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["x-robots-tag"] == "noindex, nofollow"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "style=" not in page.text
    assert "<script" not in page.text
    assert page.text.count("<h1") == page.text.count("<main") == 1


async def test_one_link_cannot_be_hammered_and_others_still_open(desk: Desk) -> None:
    dispute, other = await filed(desk), await filed(desk)
    pages = [await desk.client.get(portal_path(SEALER, dispute.id)) for _ in range(door.TAKES_MAX + 1)]
    assert {page.status_code for page in pages[:-1]} == {200}
    assert (pages[-1].status_code, pages[-1].headers["content-type"]) == (429, "text/html; charset=utf-8")
    assert int(pages[-1].headers["retry-after"]) >= 1
    await page_of(desk, other)
