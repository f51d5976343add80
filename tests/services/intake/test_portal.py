"""The follow-up page: opening it changes nothing, the button answers, once, and no link tells of another's dispute."""

import asyncio
import base64
import hashlib
import re
from collections.abc import AsyncIterator, Mapping
from html.parser import HTMLParser

import httpx
import pytest

from services.intake.commands.feedback import Answer, give
from services.intake.portal import door, follow_up
from shared.db import disputes, feedback, messages
from shared.db.engine import Database
from shared.domain.dispute import Dispute
from shared.domain.lifecycle import SETTLED, Status
from shared.messages.events import DisputeClosed, DisputeConfirmed, DisputeReopened, FeedbackGiven
from shared.messages.links import link_token
from shared.runtime.sealing import Sealer
from tests.builders import SECRET_KEY, a_dispute, a_filing
from tests.services.intake.desk import Desk, a_desk


@pytest.fixture
async def desk(db: Database) -> AsyncIterator[Desk]:
    async with a_desk(db, [follow_up.router]) as opened:
        yield opened


def link(dispute: Dispute, occasion: str = "0", purpose: str = "follow-up", secret: str = SECRET_KEY) -> str:
    return f"/portal/follow-up/{link_token(Sealer(secret), purpose, dispute.id, occasion)}"


async def press(desk: Desk, url: str, form: Mapping[str, str]) -> httpx.Response:
    return await desk.client.post(url, data=dict(form))


class Form(HTMLParser):
    """The fields of a page's form, those checked, and every label's field."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.checked: dict[str, str] = {}
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        fields = dict(attrs)
        self.tags.append((tag, fields))
        if tag == "input" and "checked" in fields:
            self.checked[str(fields["name"])] = str(fields["value"])


async def test_opening_the_link_asks_and_changes_nothing(desk: Desk) -> None:
    dispute = await desk.dispute(status=Status.FOLLOW_UP)
    for _ in range(3):
        page = await desk.client.get(link(dispute) + "?answer=not_solved&rating=2")
        assert page.status_code == 200
        assert dispute.reference in page.text
    form = Form(page.text)
    assert form.checked == {"answer": "not_solved", "rating": "2"}
    assert await desk.now(dispute.id) == dispute
    assert await desk.told(dispute.id) == []


async def test_solved_confirms_and_closes(desk: Desk) -> None:
    dispute = await desk.dispute(status=Status.FOLLOW_UP)
    page = await press(desk, link(dispute), {"answer": "solved", "rating": "5"})
    assert page.status_code == 200
    assert "Thank you" in page.text
    assert (await desk.now(dispute.id)).status is Status.CLOSED
    assert await desk.told(dispute.id) == [
        FeedbackGiven(rating=5, effort=None, solved=True),
        DisputeConfirmed(by="customer"),
        DisputeClosed(because="confirmed"),
    ]


async def test_not_solved_opens_the_dispute_again_with_what_the_customer_said(desk: Desk) -> None:
    dispute = await desk.dispute(status=Status.FOLLOW_UP)
    page = await press(desk, link(dispute), {"answer": "unsolved", "comment": "Nothing\r\ncame.\x00"})
    assert page.status_code == 200
    assert (await desk.now(dispute.id)).status is Status.INVESTIGATING
    assert DisputeReopened(because="not_solved", occasion=1) in await desk.told(dispute.id)
    async with desk.db.transaction() as tx:
        (said,) = await messages.page(tx, dispute.id)
        entry = await tx.raw.fetchval("select actor from event where dispute_id = $1 and sequence = 2", dispute.id)
    assert (said.body, said.channel, said.author) == ("Nothing\ncame.", "portal", "customer")
    assert entry == f"customer:{dispute.customer_id}"


@pytest.mark.parametrize("answer", ["solved", "not_solved"])
async def test_pressing_twice_answers_once_and_says_the_same(desk: Desk, answer: str) -> None:
    dispute = await desk.dispute(status=Status.FOLLOW_UP)
    first, second = await asyncio.gather(*(press(desk, link(dispute), {"answer": answer}) for _ in range(2)))
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.text == second.text
    opened_again = await desk.client.get(link(dispute))
    assert (opened_again.status_code, opened_again.text) == (200, first.text)
    given = [event for event in await desk.told(dispute.id) if isinstance(event, FeedbackGiven)]
    assert len(given) == 1


async def test_a_second_and_different_answer_does_not_undo_the_first(desk: Desk) -> None:
    dispute = await desk.dispute(status=Status.FOLLOW_UP)
    await press(desk, link(dispute), {"answer": "solved"})
    page = await press(desk, link(dispute), {"answer": "not_solved"})
    assert "it is settled" in page.text
    assert "Should something be wrong after all, answer any of our letters." in page.text
    assert (await desk.now(dispute.id)).status is Status.CLOSED


@pytest.mark.parametrize(("answer", "then"), [("solved", Status.CLOSED), ("not_solved", Status.INVESTIGATING)])
async def test_a_rating_given_elsewhere_does_not_answer_the_question(desk: Desk, answer: str, then: Status) -> None:
    dispute = await desk.dispute(status=Status.FOLLOW_UP)
    async with desk.db.transaction() as tx:
        await give(tx, await disputes.lock(tx, dispute.id), Answer(rating=4), channel="api", actor="principal:helpdesk")
    asked = await desk.client.get(link(dispute))
    assert (asked.status_code, Form(asked.text).checked) == (200, {})
    first, second = [await press(desk, link(dispute), {"answer": answer}) for _ in range(2)]
    assert (first.status_code, second.text) == (200, first.text)
    assert (await desk.now(dispute.id)).status is then
    async with desk.db.transaction() as tx:
        (given,) = await feedback.of_dispute(tx, dispute.id)
    assert (given.rating, given.solved) == (4, answer == "solved")


@pytest.mark.parametrize("status", sorted(SETTLED | {Status.CLOSED}))
async def test_a_decision_may_be_answered_as_long_as_it_stands(desk: Desk, status: Status) -> None:
    dispute = await desk.dispute(status=status)
    assert (await desk.client.get(link(dispute))).status_code == 200
    assert (await press(desk, link(dispute), {"answer": "not_solved"})).status_code == 200
    assert (await desk.now(dispute.id)).status is Status.INVESTIGATING


async def test_a_link_from_before_a_reopening_is_out_of_use(desk: Desk) -> None:
    dispute = await desk.dispute(status=Status.FOLLOW_UP, reopen_count=1)
    for page in (await desk.client.get(link(dispute)), await press(desk, link(dispute), {"answer": "solved"})):
        assert page.status_code == 410
        assert "no longer in use" in page.text
    assert await desk.now(dispute.id) == dispute
    assert (await desk.client.get(link(dispute, "1"))).status_code == 200


@pytest.mark.parametrize("status", [Status.INVESTIGATING, Status.WITHDRAWN, Status.REFERRED_EXTERNAL])
async def test_a_link_to_a_dispute_without_decision_is_out_of_use(desk: Desk, status: Status) -> None:
    dispute = await desk.dispute(status=status)
    assert (await press(desk, link(dispute), {"answer": "solved"})).status_code == 410
    assert await desk.now(dispute.id) == dispute


async def test_a_link_that_we_did_not_make_leads_nowhere(desk: Desk) -> None:
    dispute = await desk.dispute(status=Status.FOLLOW_UP)
    whole = link(dispute)
    foreign = [
        link(dispute, secret="another secret that is long enough to be one"),
        link(dispute, purpose="portal"),
        link(dispute, "x"),
        whole[:-1],
        whole.replace(".0.", ".1."),
        whole.replace(dispute.id.hex, a_dispute().id.hex),
        "/portal/follow-up/x",
        link(a_dispute()),
    ]
    for url in foreign:
        for page in (await desk.client.get(url), await press(desk, url, {"answer": "solved"})):
            assert page.status_code == 404
            assert page.headers["content-type"].startswith("text/html")
            assert dispute.reference not in page.text
    assert await desk.now(dispute.id) == dispute


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"answer": "maybe"},
        {"rating": "5"},
        {"answer": "solved", "comment": "x" * 2001},
        {f"f{n}": "x" for n in range(11)},
    ],
)
async def test_an_incomplete_answer_is_asked_for_again_with_what_was_filled_in(
    desk: Desk, form: dict[str, str]
) -> None:
    dispute = await desk.dispute(status=Status.FOLLOW_UP)
    page = await press(desk, link(dispute), form)
    assert page.status_code == 422
    assert 'role="alert"' in page.text
    assert Form(page.text).checked.get("rating") == form.get("rating")
    assert await desk.now(dispute.id) == dispute


@pytest.mark.parametrize("body", [b"\xff\xfe", b"answer=%ff", b"{}", b"answer", b"&&&===", b""])
async def test_any_body_is_answered_with_a_page(desk: Desk, body: bytes) -> None:
    dispute = await desk.dispute(status=Status.FOLLOW_UP)
    page = await desk.client.post(link(dispute), content=body, headers={"content-type": "text/plain"})
    assert (page.status_code, page.headers["content-type"]) == (422, "text/html; charset=utf-8")


async def test_what_a_customer_writes_is_shown_as_text(desk: Desk) -> None:
    dispute = await desk.dispute(status=Status.FOLLOW_UP)
    page = await press(desk, link(dispute), {"comment": "</textarea><script>alert(1)</script>"})
    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text


async def test_the_page_tells_nothing_of_the_dispute_but_its_reference(desk: Desk) -> None:
    async with desk.db.transaction() as tx:
        (dispute,) = await disputes.insert_many(tx, [a_filing(a_dispute(status=Status.FOLLOW_UP), name="Ada Jones")])
    page = await desk.client.get(link(dispute))
    for private in ("Ada", "ada@example.org", "Charged twice", "49.90"):
        assert private not in page.text


async def test_the_page_needs_no_script_and_the_browser_is_told_so(desk: Desk) -> None:
    dispute = await desk.dispute(status=Status.FOLLOW_UP)
    page = await desk.client.get(link(dispute))
    policy = page.headers["content-security-policy"]
    style = re.search(r"<style>(.*?)</style>", page.text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-robots-tag"] == "noindex, nofollow"
    assert "style=" not in page.text


async def test_everybody_can_use_the_page(desk: Desk) -> None:
    dispute = await desk.dispute(status=Status.FOLLOW_UP)
    page = (await desk.client.get(link(dispute))).text
    form = Form(page)
    names = [tag for tag, _ in form.tags]
    assert form.tags[0] == ("html", {"lang": "en"})
    assert names.count("h1") == names.count("main") == 1
    assert names.count("legend") == names.count("fieldset") == 2
    assert names.count("label") == names.count("input") + names.count("textarea")
    targets = {fields["for"] for tag, fields in form.tags if tag == "label" and "for" in fields}
    assert targets == {fields["id"] for _, fields in form.tags if "id" in fields}
    ids = [fields["id"] for _, fields in form.tags if "id" in fields]
    assert len(ids) == len(set(ids))


async def test_one_link_cannot_be_hammered_and_others_still_open(desk: Desk) -> None:
    dispute, other = await desk.dispute(status=Status.FOLLOW_UP), await desk.dispute(status=Status.FOLLOW_UP)
    pages = [await desk.client.get(link(dispute)) for _ in range(door.TAKES_MAX + 1)]
    assert {page.status_code for page in pages[:-1]} == {200}
    assert (pages[-1].status_code, pages[-1].headers["content-type"]) == (429, "text/html; charset=utf-8")
    assert int(pages[-1].headers["retry-after"]) >= 1
    assert (await desk.client.get(link(other))).status_code == 200


async def test_when_the_answer_cannot_be_kept_the_customer_is_told_kindly(desk: Desk) -> None:
    dispute = await desk.dispute(status=Status.FOLLOW_UP)
    async with desk.db.transaction() as tx:
        await disputes.lock(tx, dispute.id)  # somebody works on the dispute for longer than anybody waits
        page = await press(desk, link(dispute), {"answer": "solved"})
    assert (page.status_code, page.headers["content-type"]) == (503, "text/html; charset=utf-8")
    assert "Please try again" in page.text
    assert int(page.headers["retry-after"]) >= 1
    assert (await press(desk, link(dispute), {"answer": "solved"})).status_code == 200
    async with desk.db.transaction() as tx:
        assert len(await feedback.of_dispute(tx, dispute.id)) == 1
