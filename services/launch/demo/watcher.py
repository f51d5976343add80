"""Reads the product's progress from its API, again and again: the list, the histories, the clocks."""

import asyncio
import time
from pathlib import Path
from typing import Final

from services.launch.demo.board import ENDED, Board, News, Watched
from services.launch.demo.desk import Desk

LOOK_SECONDS: Final = 0.4
AT_ONCE: Final = 6
QUIET_LOOKS: Final = 6
"""An ended case in which nothing new was seen so often is followed no more."""
PAGE: Final = 100
HISTORY_PAGE: Final = 200


class Watcher:
    """Fills the board; what it sees is at most about one look old."""

    def __init__(self, desk: Desk, board: Board, mail: Path) -> None:
        self._desk = desk
        self._board = board
        self._mail = mail
        self._begun = time.monotonic()
        self._lanes = asyncio.Semaphore(AT_ONCE)

    @property
    def elapsed(self) -> float:
        """Seconds of the show so far."""
        return time.monotonic() - self._begun

    async def look(self) -> None:
        """One look at everything; raises httpx.HTTPError."""
        listed = (await self._desk.get("/v1/disputes", limit=PAGE))["items"]
        for item in reversed(listed):  # the oldest first
            if item["id"] not in self._board.cases:
                self._board.add(await self._desk.get(f"/v1/disputes/{item['id']}"))
            self._board.stands(item)
        async with asyncio.TaskGroup() as group:
            followed = [
                group.create_task(self._follow(case))
                for case in self._board.cases.values()
                if case.status not in ENDED or case.quiet < QUIET_LOOKS
            ]
        self._board.happened([new for each in followed for new in each.result()])
        self._board.mails = await asyncio.to_thread(lambda: sum(1 for _ in self._mail.glob("*.eml")))

    async def keep_looking(self) -> None:
        """Looks until it is cancelled; rests at least as long as a look took, so that the product has room."""
        while True:
            began = self.elapsed
            await self.look()
            await asyncio.sleep(max(LOOK_SECONDS, self.elapsed - began))

    async def _follow(self, case: Watched) -> list[News]:
        """What is new in a case's history; its clocks are read when something is."""
        async with self._lanes:
            found = await self._desk.get(f"/v1/disputes/{case.id}/history", after=case.last, limit=HISTORY_PAGE)
            news = [(case, entry) for entry in found["items"]]
            case.quiet = 0 if news else case.quiet + 1
            if news:
                clocks = await self._desk.get(f"/v1/disputes/{case.id}/clocks", generations="all")
                self._board.read(case, clocks["items"], time.monotonic())
            return news
