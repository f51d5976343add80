"""What arrived at the mail server against what the table of deliveries says."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from shared.db.engine import Database
from tests.parts.smtp_sink import Received

_NAME: Final = re.compile(r"^Message-ID:\s*<[0-9a-f]{32}\.([0-9a-f]{32})\.", re.IGNORECASE | re.MULTILINE)


async def faults(database: Database, received: Sequence[Received], *, copies: bool) -> list[str]:
    """Mails that nobody planned, mails that never came, and copies beyond what is allowed."""
    arrived = Counter(_delivery(each) for each in received)
    async with database.transaction() as tx:
        rows = await tx.raw.fetch("select id, state, attempts from delivery where channel = 'email'")
    known = {row["id"]: row for row in rows}
    found = [f"I2: a mail under a name that no delivery has: {name}" for name in arrived if name not in known]
    for delivery_id, row in known.items():
        times = arrived[delivery_id]
        if row["state"] == "sent" and not times:
            found.append(f"I1: a mail was recorded as sent and never arrived: {delivery_id}")
        if times > (row["attempts"] if copies else 1):
            found.append(f"I2: a mail arrived {times} times in {row['attempts']} attempts: {delivery_id}")
    return found


def copies(received: Sequence[Received]) -> int:
    """How many mails were second and later copies of one Message-ID."""
    return len(received) - len({_delivery(each) for each in received})


def _delivery(mail: Received) -> UUID | None:
    found = _NAME.search(mail.raw)
    return UUID(hex=found[1]) if found else None
