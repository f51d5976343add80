"""`make demo`: a day at a complaints desk in a minute, played through the public API on a product of its own."""

import asyncio
from pathlib import Path
from typing import Final

EXIT_INTERRUPTED: Final = 130
EXIT_UNAVAILABLE: Final = 69  # EX_UNAVAILABLE in sysexits.h


def run(folder: Path, port: int | None, *, speed: float = 1.0) -> int:
    """Shows the demo on this terminal, or in plain lines where there is none; returns the exit code."""
    from rich.console import Console

    from services.embedded.binaries import PostgresUnavailableError
    from services.launch.demo.product import free_port
    from services.launch.demo.show import Show
    from shared.runtime.process import run as run_loop

    console = Console(highlight=False)

    async def show() -> int:
        return await Show(folder, console, port or free_port(), speed=speed).run()

    try:
        return run_loop(show())
    except (KeyboardInterrupt, asyncio.CancelledError):  # before or after the time in which the product hears signals
        return EXIT_INTERRUPTED
    except PostgresUnavailableError as error:
        console.print(str(error), style="red", markup=False)
        return EXIT_UNAVAILABLE
