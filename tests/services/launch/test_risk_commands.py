"""`risk train|evaluate|list|publish|withdraw|rehearse`: learned from the product's own history, published by hand alone."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner, Result

from services.launch.cli import app
from services.launch.risk.app import rehearsed
from services.launch.risk.learning import Learned
from services.launch.risk.measures import Told, bins, measured
from shared.db import risk, risk_history
from shared.domain.breach_features import NAMES
from shared.domain.breach_history import Backlog, landmarks
from shared.domain.breach_model import document, model_of
from shared.domain.breach_risk import probability
from shared.domain.conditions import Rates
from shared.domain.dispute import Category
from shared.domain.lifecycle import Trigger
from tests.domain.matrices import CALENDARS, clocks
from tests.services.escalation.room import Room

EVER = datetime(1970, 1, 1, tzinfo=UTC)
ROUNDS, EACH = 7, 12


@pytest.fixture(scope="module")
def learned() -> Learned:
    """From a simulated history, as `rehearse` makes it."""
    return rehearsed(1500, 7)


def test_what_is_said_comes_true_about_as_often_as_it_is_said(learned: Learned) -> None:
    assert learned.of_model.ece < 0.05
    assert learned.of_model.ece < learned.of_prior.ece


def test_the_model_tells_more_than_the_base_rate_and_than_the_prior(learned: Learned) -> None:
    for other in (learned.of_prior, learned.of_base_rate):
        assert learned.of_model.brier < other.brier
        assert learned.of_model.log_loss < other.log_loss
    assert (learned.of_model.auc or 0) > (learned.of_prior.auc or 1)


def test_the_same_history_teaches_the_same_model(learned: Learned) -> None:
    assert document(rehearsed(1500, 7).model) == document(learned.model)
    assert model_of(json.loads(json.dumps(document(learned.model)))) == learned.model


def test_the_newest_clocks_are_kept_for_measuring(learned: Learned) -> None:
    assert learned.since == tuple(sorted(learned.since))
    assert learned.model.n == sum(learned.clocks[:2])


def test_measures_of_answers_worked_out_by_hand() -> None:
    told = [Told(0.2, False), Told(0.2, True), Told(0.8, True), Told(0.8, True)]
    found = measured(told)
    assert found.brier == pytest.approx((0.04 + 0.64 + 0.04 + 0.04) / 4)
    assert found.ece == pytest.approx((0.3 * 2 + 0.2 * 2) / 4)
    assert found.auc == pytest.approx((1 + 1 + 0.5) / 3)
    assert [(round(each.mean, 9), each.broken, each.total) for each in bins(told)] == [(0.2, 1, 2), (0.8, 2, 2)]
    assert measured([Told(0.5, True)]).auc is None


@pytest.fixture
def told(database: str, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("RECOURSE_DATABASE_URL", database)
    monkeypatch.setenv("COLUMNS", "200")
    return CliRunner()


def command(told: CliRunner, *words: str) -> Result:
    return told.invoke(app, ["risk", *words])


@pytest.fixture
def lived(database: str) -> str:
    """A database with a month of disputes: those about warranties are broken, most others are kept."""
    asyncio.run(_live(database))
    return database


async def _live(url: str) -> None:
    room = Room(url)
    room.ahead = -timedelta(days=30)
    ten_hours = {"duration": "10 hours", "calendar": "always", "pausable": True, "on_breach": "escalate"}
    await room.put_policy(clocks=clocks(resolution=ten_hours, next_update=None, follow_up=None, silence=None))
    for _ in range(ROUNDS):
        slow = await room.taken_up(EACH // 3, category=Category("warranty", 0.9, needs_person=True))
        quick = await room.taken_up(EACH - len(slow))
        await room.pass_time(hours=5)
        for each in quick[1:]:
            await room.move(each, Trigger.RESOLVE)
        await room.hear(quick)
        await room.pass_time(hours=7)
        for each in (*slow, quick[0]):
            await room.move(each, Trigger.RESOLVE)
        await room.hear((*slow, quick[0]))
    await room.database.dispose()


def ask(url: str, work: Any) -> Any:
    async def asked() -> Any:
        room = Room(url)
        try:
            return await work(room)
        finally:
            await room.database.dispose()

    return asyncio.run(asked())


def test_past_clocks_are_read_as_they_were(lived: str) -> None:
    async def work(room: Room) -> Any:
        until = datetime.now(UTC)  # noqa: TID251 - all of this history lies in the past
        return [page async for page in risk_history.pages(room.database, since=EVER, until=until, limit=1000)]

    (page,) = ask(lived, work)
    assert len(page.clocks) == ROUNDS * EACH
    assert sum(past.broken for past in page.clocks) == ROUNDS * (EACH // 3 + 1)
    broken = next(past for past in page.clocks if past.broken)
    marks = list(landmarks(broken, CALENDARS, Rates("EUR"), Backlog([], [])))
    tier = [mark.features[NAMES.index("tier")] for mark in marks]
    assert tier == [0, 0, 0, 0, 1, 1, 1]  # the sweep that found the front line late came after five of the ten hours


def test_nothing_that_may_still_run_is_learned_from(lived: str) -> None:
    async def work(room: Room) -> Any:
        until = datetime.now(UTC) - timedelta(days=29.6)  # noqa: TID251 - 9.6 hours after the first were filed
        return [page async for page in risk_history.pages(room.database, since=EVER, until=until, limit=1000)]

    (page,) = ask(lived, work)
    assert page.clocks == []


def test_a_model_is_learned_published_and_taken_back_by_hand(told: CliRunner, lived: str, tmp_path: Path) -> None:
    out, svg = tmp_path / "model.json", tmp_path / "reliability.svg"
    done = command(told, "train", "--out", str(out), "--svg", str(svg))
    assert done.exit_code == 0, done.output
    assert "Stored as version 1, a candidate" in done.output
    model = model_of(json.loads(out.read_text()))
    assert model.n == int(ROUNDS * EACH * 0.8)
    assert ET.parse(svg).getroot().tag.endswith("svg")
    assert "candidate" in command(told, "list").output
    assert "The prior answers." in command(told, "list").output

    assert command(told, "publish", "1", "--reason", "better than the prior").exit_code == 0
    assert "answers" in command(told, "list").output
    assert command(told, "train").exit_code == 0
    assert ask(lived, _current) == 1  # a second candidate replaces nothing
    measured_again = command(told, "evaluate", "1", "--svg", str(svg))
    assert measured_again.exit_code == 0, measured_again.output
    assert "base rate" in measured_again.output
    assert command(told, "withdraw", "--reason", "a doubt").exit_code == 0
    assert ask(lived, _current) is None
    ask(lived, _tamper)
    assert command(told, "list").output.count("DAMAGED") == 1
    assert command(told, "publish", "1", "--reason", "again").exit_code == 1


async def _tamper(room: Room) -> None:
    async with room.database.transaction() as tx:
        await tx.raw.execute(
            """update risk_model set body = replace(body::text, '"n":', '"n":1')::json where version = 1"""
        )


async def _current(room: Room) -> Any:
    async with room.database.transaction() as tx:
        return await risk.current_version(tx)


def test_a_few_clocks_teach_something_and_yet_the_prior_answers(told: CliRunner, lived: str, tmp_path: Path) -> None:
    out = tmp_path / "model.json"
    command(told, "train", "--out", str(out))
    model = model_of(json.loads(out.read_text()))
    anything = tuple(0.3 for _ in NAMES)
    assert probability(model, anything) == probability(None, anything)


def test_too_little_history_and_unknown_models_are_said_in_a_line(told: CliRunner, room_url: str) -> None:
    done = command(told, "train")
    assert (done.exit_code, "too few to learn from" in done.output) == (1, True)
    assert command(told, "publish", "9", "--reason", "which").exit_code == 1
    assert command(told, "evaluate", "9").exit_code == 1


@pytest.fixture
def room_url(database: str) -> str:
    async def put(room: Room) -> None:
        await room.put_policy()

    ask(database, put)
    return database


def test_a_rehearsal_says_that_it_is_one(told: CliRunner, tmp_path: Path) -> None:
    svg = tmp_path / "reliability.svg"
    done = command(told, "rehearse", "--disputes", "400", "--svg", str(svg))
    assert (done.exit_code, "SIMULATED" in done.output, "SIMULATED" in svg.read_text()) == (0, True, True)
