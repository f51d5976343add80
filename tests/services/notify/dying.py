"""A notify process that is killed in the middle of handing a mail over."""

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[3]
_SENDING: Final = """
import asyncio, json, os, signal, sys
from tests.services.notify.material import a_world

{fatal}

async def main():
    async with a_world(sys.argv[1], **json.loads(sys.argv[2])) as world:
        async with world.sending():
            await asyncio.Event().wait()

asyncio.run(main())
"""


async def killed_while_sending(fatal: str, database: str, **settings: str) -> None:
    """Sends on this database until the lines of `fatal`, which put a kill into the way, have killed the process."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _SENDING.format(fatal=fatal),
        database,
        json.dumps(settings),
        cwd=ROOT,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert await process.wait() == -signal.SIGKILL
