"""What customers answered when asked how it went: once for each decision that was given."""

from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from shared.db.engine import Tx
from shared.db.tables import feedback


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """One answer. `rating` is 1 to 5, `effort` 1 to 7; `occasion` is how often the dispute had been reopened before."""

    id: UUID
    dispute_id: UUID
    occasion: int
    rating: int | None
    effort: int | None
    solved: bool | None
    comment: str | None
    given_at: datetime


async def add(tx: Tx, given: Feedback) -> bool:
    """Stores an answer; False when the decision has one already.

    A rating does not say whether it is solved: who says so later adds it to the rating, once. What is said then counts;
    what is not said again stays, and both comments are kept.
    """
    new = insert(feedback).values(**asdict(given))
    old, said = feedback.c, new.excluded
    joined = {
        "rating": func.coalesce(said.rating, old.rating),
        "effort": func.coalesce(said.effort, old.effort),
        "solved": said.solved,
        "comment": func.nullif(func.concat_ws("\n\n", old.comment, said.comment), ""),
        "given_at": said.given_at,
    }
    once = new.on_conflict_do_update(
        index_elements=["dispute_id", "occasion"],
        set_=joined,
        where=old.solved.is_(None) & said.solved.is_not(None),
    )
    return (await tx.conn.execute(once.returning(feedback.c.id))).first() is not None


async def find(tx: Tx, dispute_id: UUID, occasion: int) -> Feedback | None:
    """The answer to the decision of this occasion, if one was given."""
    query = select(feedback).where(feedback.c.dispute_id == dispute_id, feedback.c.occasion == occasion)
    row = (await tx.conn.execute(query)).mappings().first()
    return None if row is None else Feedback(**row)


async def of_dispute(tx: Tx, dispute_id: UUID) -> list[Feedback]:
    """Every answer, the first first; there are at most as many as the dispute has had decisions."""
    query = select(feedback).where(feedback.c.dispute_id == dispute_id).order_by(feedback.c.occasion)
    return [Feedback(**row) for row in (await tx.conn.execute(query)).mappings()]
