import asyncio
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from rich.console import Console

from services.intake import main as intake
from services.intake.categorise import CATEGORIES
from services.intake.settings import IntakeSettings
from services.launch.demo import screen
from services.launch.demo.board import Board
from services.launch.demo.haste import CLOCKS, hasty_matrix, told
from services.launch.demo.scenario import DOORS, VERBS, scenario
from shared.broker.drivers import broker_for
from shared.db import keys
from shared.db.engine import Database
from shared.policy.matrix import parse_matrix
from shared.runtime.metrics import Metrics
from shared.runtime.sealing import Sealer
from tests.builders import SECRET_KEY

ROOT = Path(__file__).resolve().parents[3]
ADMIN_KEY = "an admin key of the tests"


@pytest.fixture
async def http(db: Database, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    given: dict[str, Any] = {"state_dir": tmp_path, "secret_key": SecretStr(SECRET_KEY), "rate_limit": 0}
    settings = IntakeSettings(**given)
    broker = broker_for("embedded://")
    service = intake.build(settings, database=db, broker=broker, metrics=Metrics(), sealer=Sealer(SECRET_KEY))
    assert service.app is not None
    async with db.transaction() as tx:
        await keys.ensure_admin(tx, ADMIN_KEY)
    headers = {"authorization": f"Bearer {ADMIN_KEY}"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(service.app), base_url="http://test", headers=headers
    ) as client:
        yield client


@pytest.fixture
def state_dir() -> Iterator[Path]:
    """Under the system's temporary folder, since pytest's own is closed to the account that stands in for root."""
    place = Path(tempfile.mkdtemp(prefix="rcs-demo-"))
    place.chmod(0o711)
    yield place
    shutil.rmtree(place)


def test_the_scenario_has_every_category_door_and_action() -> None:
    cases = scenario()
    assert len(cases) >= 30
    assert {case.about for case in cases} == set(CATEGORIES)
    assert {case.door for case in cases} == DOORS
    assert {step.verb for case in cases for step in case.steps} == VERBS
    assert len({case.email for case in cases}) == len(cases), "a letter's link is found by its reader's address"
    assert all(case.email.endswith("@example.org") for case in cases)
    assert [case.at for case in cases] == sorted(case.at for case in cases)


@pytest.mark.parametrize("speed", [0.5, 1.0, 5.0])
def test_the_hasty_matrix_is_the_shipped_one_with_deadlines_of_seconds(speed: float) -> None:
    body = hasty_matrix(speed)
    matrix = parse_matrix(body, version=2, calendars={"always", "desk"})
    assert {kind.value for kind in matrix.clocks} >= set(CLOCKS)
    assert matrix.top == 4
    assert len(told(body)) <= 76


async def test_every_dispute_of_the_scenario_is_accepted_and_every_category_is_found(http: httpx.AsyncClient) -> None:
    found: Counter[str] = Counter()
    for case in scenario():
        reply = await http.post("/v1/disputes", json=case.body())
        assert reply.status_code == 201, f"case {case.number}: {reply.text}"
        found[reply.json()["category"]["name"]] += 1
    assert set(found) == set(CATEGORIES)


async def test_the_screen_fits_any_terminal_from_eighty_columns(http: httpx.AsyncClient) -> None:
    board = Board(2, ("Agent", "Team lead"), "a tier has 6 s")
    for case in scenario()[:2]:
        filed = (await http.post("/v1/disputes", json=case.body())).json()
        document: dict[str, Any] = (await http.get(f"/v1/disputes/{filed['id']}")).json()
        board.add(document)
    for width, height in ((80, 24), (100, 30), (200, 60)):
        console = Console(width=width, height=height, force_terminal=True, color_system=None)
        with console.capture() as seen:
            console.print(screen.drawn(board, elapsed=1.0, now=0.0, width=width, height=height), end="")
        lines = seen.get().splitlines()
        assert len(lines) == height
        assert max(map(len, lines)) <= width
        assert "2 of 2 filed" in seen.get()
        assert "timers late" in seen.get()


async def test_the_whole_demo_ends_by_itself_with_every_dispute_filed(state_dir: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RECOURSE_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services", "demo", "--speed", "2"),
        cwd=ROOT,
        env={**kept, "RECOURSE_STATE_DIR": str(state_dir)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(100):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    text = output.decode()
    assert process.returncode == 0, text[-2000:]
    assert "The day in figures" in text
    assert f"{len(scenario())} │ disputes filed" in text
    for words in (
        "acknowledged by mail",
        "straight to tier 4",
        "tier 1 to 2",
        "authority exceeded",
        "closed by silence",
    ):
        assert words in text
    assert list((state_dir / "demo" / "mail").glob("*.eml"))
