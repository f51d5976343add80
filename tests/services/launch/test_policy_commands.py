"""`policy diff|dry-run|replay|publish|rollback|migrate`: a change is told, tried, made, carried out and taken back."""

import asyncio
import copy
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner, Result

from services.escalation.migrator import Migrator
from services.launch.cli import app
from services.launch.policy.difference import difference
from services.launch.policy.picture import picture
from shared.db import policies, stories
from shared.domain.comparison import Scales
from shared.domain.lifecycle import Trigger
from shared.policy.matrix import default_body
from tests.domain.matrices import CALENDARS, a_body
from tests.services.escalation.room import Room


@pytest.fixture
def told(database: str, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("RECOURSE_DATABASE_URL", database)
    monkeypatch.setenv("COLUMNS", "200")
    return CliRunner()


@pytest.fixture
def room(database: str) -> Room:
    """Its pool is emptied after each use, because each is on a loop of its own."""
    made = Room(database)
    asyncio.run(_with(made, made.put_policy()))
    return made


async def _with(room: Room, work: Any) -> Any:
    try:
        return await work
    finally:
        await room.database.dispose()


def lives(room: Room, work: Any) -> Any:
    """Something happens in the room, on a loop of its own."""
    return asyncio.run(_with(room, work))


def policy(told: CliRunner, *words: str) -> Result:
    return told.invoke(app, ["policy", *words])


async def _version(room: Room) -> int:
    async with room.database.transaction() as tx:
        return await policies.current_version(tx)


def test_nothing_is_published_while_a_calendar_is_damaged(
    told: CliRunner, room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calendars = tmp_path / "calendars"
    calendars.mkdir()
    monkeypatch.setenv("RECOURSE_CALENDARS_DIR", str(calendars))
    matrix = tmp_path / "matrix.json"
    matrix.write_text(json.dumps(default_body()))
    before = lives(room, _version(room))
    for damage, code, says in (
        (b'[own]\nzone = "UTC"\nexceptions = [{ date = 2026-02-30 }]\n', 65, "own.toml, line 3: This is not TOML"),
        (None, 66, "own.toml: The file cannot be read"),
    ):
        file = calendars / "own.toml"
        file.unlink(missing_ok=True)
        file.mkdir() if damage is None else file.write_bytes(damage)
        result = policy(told, "publish", str(matrix), "--reason", "another")
        assert (result.exit_code, says in result.output) == (code, True), result.output
    assert lives(room, _version(room)) == before


def quick() -> dict[str, Any]:
    body = a_body()
    body["tiers"][0]["deadline"] = "1 hour"
    return body


def write(folder: Path, body: dict[str, Any], name: str = "matrix.json") -> str:
    file = folder / name
    file.write_text(json.dumps(body), encoding="utf-8")
    return str(file)


def test_the_difference_names_what_changed_by_its_place() -> None:
    before = dict(default_body())
    after = copy.deepcopy(before)
    after["tiers"][0]["deadline"]["normal"] = "12 business hours"
    after["thresholds"][0]["when"]["amount_over"] = "100"
    after["thresholds"].append({"name": "new", "when": {"needs_person": True}, "to_tier": 2, "because": "x"})
    del after["severity"]["rules"][0]
    assert difference(before, after) == [
        "~ tiers / Agent / deadline / normal: 16 business hours -> 12 business hours",
        "~ thresholds / amount above the agent's authority / when / amount_over: 150 -> 100",
        "+ thresholds / new: when: needs_person: yes, to_tier: 2, because: x",
        "- severity / rules / danger: when: signals_any: safety, severity: critical, because: somebody may be in danger",
    ]


def test_the_order_of_tiers_is_a_difference_and_no_difference_is_said_so() -> None:
    before = a_body()
    after = copy.deepcopy(before)
    after["tiers"].reverse()
    assert difference(before, after) == ["~ tiers: in another order: Executive, Manager, Lead, Agent"]
    assert difference(before, copy.deepcopy(before)) == []


def test_diff_compares_files_and_versions_and_ends_like_diff(told: CliRunner, room: Room, tmp_path: Path) -> None:
    file = write(tmp_path, quick())
    changed = policy(told, "diff", "1", file)
    assert (changed.exit_code, changed.output) == (1, "~ tiers / Agent / deadline: 4 hours -> 1 hour\n")
    assert policy(told, "diff", file, file).output == "They say the same.\n"
    assert policy(told, "diff", "1", "7").exit_code == 1


def test_a_dry_run_tells_and_changes_nothing(told: CliRunner, room: Room, tmp_path: Path) -> None:
    (dispute_id,) = lives(room, room.taken_up())
    before = lives(room, room.clocks(dispute_id))
    result = policy(told, "dry-run", write(tmp_path, quick()))
    assert result.exit_code == 0, result.output
    assert "Looked at 1 of 1 open disputes." in result.output
    assert "1 deadlines would move: 1 earlier, 0 later" in result.output
    assert "tier 3.0 hours earlier" in result.output
    assert lives(room, room.clocks(dispute_id)) == before


def test_a_replay_tells_the_difference_and_draws_it(told: CliRunner, room: Room, tmp_path: Path) -> None:
    async def a_past() -> None:
        (dispute_id,) = await room.taken_up()
        await room.pass_time(hours=1.5)
        await room.move(dispute_id, Trigger.WITHDRAW)

    lives(room, a_past())
    drawn = tmp_path / "out.svg"
    result = policy(told, "replay", write(tmp_path, quick()), "--picture", str(drawn), "--processes", "1")
    assert result.exit_code == 0, result.output
    assert "Replayed 1 of 1 past disputes" in result.output
    tree = ET.fromstring(drawn.read_text(encoding="utf-8"))
    assert tree.tag.endswith("svg")
    assert "matrix.json" in "".join(tree.itertext())
    nowhere = policy(told, "replay", "1", "--picture", str(tmp_path / "no" / "out.svg"), "--processes", "1")
    assert (nowhere.exit_code, "Traceback" in nowhere.output) == (73, False)


def test_a_replay_is_told_the_same_by_one_process_and_by_two(
    told: CliRunner, room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def a_past() -> None:
        made = await room.taken_up(6)
        for number, dispute_id in enumerate(made):
            await room.pass_time(hours=number / 2)
            await room.move(dispute_id, Trigger.WITHDRAW)

    lives(room, a_past())
    monkeypatch.setattr(stories, "PAGE", 1)
    proposed, answers = write(tmp_path, quick()), []
    for processes in ("1", "2"):
        drawn = tmp_path / "out.svg"
        result = policy(told, "replay", proposed, "--picture", str(drawn), "--processes", processes)
        assert "Replayed 6 of 6 past disputes" in result.stdout
        answers.append((result.stdout, drawn.read_bytes()))
    assert answers[0] == answers[1]


def test_a_picture_of_nothing_is_a_picture_too_and_names_are_escaped() -> None:
    drawn = picture(Scales().comparison(), "a <b> & c", "d")
    assert "a <b> & c" in "".join(ET.fromstring(drawn).itertext())


def test_published_migrated_and_rolled_back(told: CliRunner, room: Room, tmp_path: Path) -> None:
    (dispute_id,) = lives(room, room.taken_up())
    due_at = lives(room, room.clocks(dispute_id))["tier"].due_at
    published = policy(told, "publish", write(tmp_path, quick()), "--reason", "faster")
    assert "version 2 is the policy now" in published.output, published.output
    assert lives(room, room.clocks(dispute_id))["tier"].due_at == due_at

    async def carry_out() -> None:
        while await Migrator(room.database, room.matrices, CALENDARS, room.figures).round():
            pass

    asked = policy(told, "migrate", "2", "--reason", "all of them", "--tier", "1")
    assert "is queued" in asked.output, asked.output
    lives(room, carry_out())
    assert lives(room, room.read(dispute_id)).policy_version == 2
    assert "version 3" in policy(told, "rollback", "1", "--reason", "too fast").output
    assert policy(told, "diff", "1", "3").exit_code == 0
    policy(told, "migrate", "3", "--reason", "back")
    lives(room, carry_out())
    assert lives(room, room.clocks(dispute_id))["tier"].due_at == due_at


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("publish", "missing.toml", "--reason", "x"), 66),
        (("rollback", "9", "--reason", "x"), 1),
        (("migrate", "9", "--reason", "x"), 1),
        (("migrate", "1"), 2),
    ],
)
def test_what_cannot_be_done_is_a_line_and_an_exit_code(
    told: CliRunner, room: Room, words: tuple[str, ...], code: int
) -> None:
    result = policy(told, *words)
    assert (result.exit_code, "Traceback" in result.output) == (code, False), result.output


def test_a_matrix_that_does_not_hold_is_not_published(told: CliRunner, room: Room, tmp_path: Path) -> None:
    body = quick()
    body["thresholds"][0]["to_tier"] = 19
    result = policy(told, "publish", write(tmp_path, body), "--reason", "x")
    assert result.exit_code == 65
    assert "thresholds.0.to_tier" in result.output


def test_without_a_database_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("RECOURSE_DATABASE_URL", raising=False)
    result = CliRunner().invoke(app, ["policy", "rollback", "1", "--reason", "x"])
    assert (result.exit_code, "RECOURSE_DATABASE_URL" in result.output) == (78, True)
