"""The demo as a whole: the product, the people and the screen in one process, and an end by itself."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import httpx
from rich.console import Console
from rich.live import Live

from services.launch.demo import product
from services.launch.demo.api import Api
from services.launch.demo.board import Board
from services.launch.demo.desk import Desk
from services.launch.demo.haste import hasty_matrix, told
from services.launch.demo.opening import open_desk
from services.launch.demo.player import Player
from services.launch.demo.scenario import scenario
from services.launch.demo.screen import drawn, feed_line
from services.launch.demo.summary import further, summary
from services.launch.demo.telling import Said
from services.launch.demo.watcher import Watcher
from shared.runtime import logs
from shared.runtime.process import EXIT_CLEAN
from shared.runtime.stop import Stop

LOG: Final = "recourse.log"
MAIL: Final = "mail"
FRAME_SECONDS: Final = 0.25
SETTLING_SECONDS: Final = 25.0
"""How long after the last step of the scenario follow-ups and silence may still take."""
PLAIN_WIDTH: Final = 120


@dataclass
class Show:
    """One run of the demo in `folder`; `speed` divides every second of the scenario."""

    folder: Path
    console: Console
    port: int
    speed: float = 1.0
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    board: Board | None = None
    finished: bool = False

    async def run(self) -> int:
        """Plays everything; returns the exit code, 0 also when it was stopped by hand.

        Raises:
            PostgresUnavailableError: there is none, or another demo runs in this folder.
        """
        address = f"http://{product.HOST}:{self.port}"
        self.console.print(f"Recourse is starting on {address} with an empty database of its own ...", style="dim")
        async with product.database(self.folder) as url:
            key = product.wiped(self.folder)
            with (self.folder / LOG).open("ab") as log:
                logs.configure("info", "json", stream=log)
                beside = partial(self._until_stopped, key)
                code = await product.run(self.folder, url, self.port, admin_key=key, ready=self.ready, beside=beside)
        if self.board is not None and (self.finished or code == EXIT_CLEAN):
            self.console.print(summary(self.board, finished=self.finished))
            self.console.print(further(self.folder, self.port), soft_wrap=True)
        elif code != EXIT_CLEAN:
            self.console.print(f"The demo broke off; {self.folder / LOG} says why.", style="red")
        return code

    async def _until_stopped(self, key: str, stop: Stop) -> None:
        """Plays until the end or the stop, whichever comes first; then everything stops."""
        playing, stopping = asyncio.ensure_future(self._play(key)), asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait({playing, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if playing.done():
                playing.result()
        finally:
            for each in (playing, stopping):
                each.cancel()
            await asyncio.gather(playing, stopping, return_exceptions=True)
            stop.request("the demo is over")

    async def _play(self, key: str) -> None:
        await self.ready.wait()
        limits = httpx.Limits(max_connections=20)
        async with httpx.AsyncClient(base_url=f"http://{product.HOST}:{self.port}", limits=limits, timeout=20) as http:
            api = Api(http, {"admin": key})
            endpoints = await open_desk(api, hasty_matrix(self.speed))
            await self._perform(Desk(api, self.folder / MAIL, endpoints))

    async def _perform(self, desk: Desk) -> None:
        cases = scenario()
        policy = (await desk.get("/v1/policies/escalation", by="admin"))["policy"]
        board = Board(len(cases), tuple(tier["title"] for tier in policy["tiers"]), told(policy))
        self.board = board
        watcher = Watcher(desk, board, self.folder / MAIL)

        def tell(dispute_id: str, text: str) -> None:
            if dispute_id in board.cases:
                board.say(board.cases[dispute_id], Said("✗", "red", text), watcher.elapsed)

        if not self.console.is_terminal:
            self.console.print(f"Deadlines: {board.deadlines}.")
        async with self._shown(board, watcher), self._watched(watcher):
            await Player(desk, tell, speed=self.speed).play(cases)
            await self._settled(board)
        self.finished = True

    async def _settled(self, board: Board) -> None:
        deadline = time.monotonic() + SETTLING_SECONDS
        while not board.over() and time.monotonic() < deadline:  # noqa: ASYNC110 - the board is filled by polling
            await asyncio.sleep(FRAME_SECONDS)

    @contextlib.asynccontextmanager
    async def _watched(self, watcher: Watcher) -> AsyncIterator[None]:
        """Looks as long as the block lasts, and once more at its end; ends the block when looking fails."""
        async with asyncio.TaskGroup() as group:
            looking = group.create_task(watcher.keep_looking())
            yield
            looking.cancel()
        await watcher.look()

    @contextlib.asynccontextmanager
    async def _shown(self, board: Board, watcher: Watcher) -> AsyncIterator[None]:
        """Draws as long as the block lasts; without a terminal, writes the feed line by line."""
        live = Live(console=self.console, screen=True, auto_refresh=False) if self.console.is_terminal else None

        def frame() -> None:
            if live is None:
                self._lines(board)
                return
            size = self.console.size
            seen = drawn(board, elapsed=watcher.elapsed, now=time.monotonic(), width=size.width, height=size.height)
            live.update(seen, refresh=True)

        async def draw() -> None:
            while True:
                frame()
                await asyncio.sleep(FRAME_SECONDS)

        with live if live is not None else contextlib.nullcontext():
            async with asyncio.TaskGroup() as group:
                drawing = group.create_task(draw())
                yield
                drawing.cancel()
            frame()

    def _lines(self, board: Board) -> None:
        lines, board.unread = board.unread, []
        for line in lines:
            self.console.print(feed_line(line, PLAIN_WIDTH), soft_wrap=True)
