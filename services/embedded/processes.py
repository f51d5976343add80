"""Looking at and ending server processes that need not be our children."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

POLL_SECONDS: Final = 0.01
# To PostgreSQL, SIGINT means roll back and checkpoint, SIGQUIT give up at once and leave the rest to recovery.
STOP_LADDER: Final = ((signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))


async def end(pid: int, running: Callable[[], bool]) -> None:
    """Ask more and more firmly until `running` says that the process is gone; twenty seconds at most."""
    for sign, patience_seconds in STOP_LADDER:
        if not running():
            return
        os.kill(pid, sign)
        os.kill(pid, signal.SIGCONT)  # a frozen process hears nothing
        deadline = time.monotonic() + patience_seconds
        while running() and time.monotonic() < deadline:  # noqa: ASYNC110 - a process that is not our child tells nobody
            await asyncio.sleep(POLL_SECONDS)


def command_of(pid: int) -> str:
    """The command line of a living process; empty for a zombie or no process at all."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return ""
    answer = subprocess.run(  # noqa: S603
        ["ps", "-o", "stat=,command=", "-p", str(pid)],  # noqa: S607 - POSIX, on PATH where there is no /proc
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    return "" if answer.startswith("Z") else answer
