"""How long from a filed dispute to its acknowledgement in the mail folder: `python -m benchmarks.acknowledging`.

Files at a steady rate through the whole product on the embedded default, and reads the product's own records: the time
of filing and the time at which the acknowledgement was handed over, both by the database's clock.
"""

import argparse
import asyncio
import time
from typing import Final

import asyncpg

from benchmarks.filing import filing, settled
from benchmarks.stage import Client, Stage, product
from shared.runtime.process import run

SENDERS: Final = 16
_SECONDS: Final = """
select extract(epoch from v.sent_at - d.received_at)::float8 as seconds
from delivery v join dispute d on d.id = v.dispute_id
where v.kind = 'acknowledgement' and v.state = 'sent' order by 1
"""


async def main() -> int:
    """Prints p50, p99 and the longest at each rate; returns 0."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    arguments.add_argument("--rates", type=int, nargs="+", default=[20, 50, 100])
    arguments.add_argument("--seconds", type=float, default=15)
    given = arguments.parse_args()
    print("filed to acknowledged, whole product in one process, mail to a folder")
    for rate in given.rates:
        async with product() as stage:
            await _paced(stage, rate, 2)  # the first requests compile templates and statements
            await settled(stage)
            await _forget(stage)
            await _paced(stage, rate, given.seconds)
            await settled(stage)
            await _tell(stage, rate)
    return 0


async def _paced(stage: Stage, rate: int, seconds: float) -> None:
    """Files so many a second from a few connections, evenly."""
    began = time.monotonic()

    async def sender(number: int) -> None:
        client = await Client.connect(stage.port)
        for turn in range(number, int(rate * seconds), SENDERS):
            await asyncio.sleep(max(0.0, began + turn / rate - time.monotonic()))
            await client.send("POST", "/v1/disputes", filing(turn))
        client.close()

    await asyncio.gather(*(sender(number) for number in range(SENDERS)))


async def _forget(stage: Stage) -> None:
    connection = await asyncpg.connect(stage.database)
    await connection.execute("delete from delivery_attempt; delete from delivery")
    await connection.close()


async def _tell(stage: Stage, rate: int) -> None:
    connection = await asyncpg.connect(stage.database)
    took = [row["seconds"] * 1000 for row in await connection.fetch(_SECONDS)]
    await connection.close()
    middle, late = took[len(took) // 2], took[int(len(took) * 0.99)]
    print(f"  {rate:4}/s: {len(took)} acknowledged, p50 {middle:.0f} ms, p99 {late:.0f} ms, longest {took[-1]:.0f} ms")


if __name__ == "__main__":
    raise SystemExit(run(main()))
