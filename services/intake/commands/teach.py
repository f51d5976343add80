"""What a person says of a category is kept to learn from: a masked copy of the text, apart from the dispute."""

from services.intake.commands.masking import masked
from shared.db import corrections
from shared.db.corrections import Correction
from shared.db.engine import Tx
from shared.db.privates import PrivateSide
from shared.domain.dispute import Dispute


async def teach(tx: Tx, before: Dispute, after: Dispute, private: PrivateSide) -> bool:
    """Keeps what was read and what is right, when a person changed the category or said that it holds.

    It holds when nobody is needed any more and the category is as it was. Both are kept, because errors alone would
    teach a distorted picture. Of an erased dispute, and of a text that is not written in Latin letters, only the
    categories are kept.
    """
    settled = before.category.needs_person and not after.category.needs_person
    if before.category.name == after.category.name and not settled:
        return False
    names = _names(before, private)
    subject = masked(private.subject, names, beside=private.description)
    description = masked(private.description, names, beside=private.subject)
    read = before.category
    await corrections.keep(
        tx,
        Correction(
            before.id,
            subject,
            description,
            read.name,
            read.confidence,
            read.needs_person,
            after.category.name,
        ),
    )
    return True


def _names(dispute: Dispute, private: PrivateSide) -> list[str | None]:
    own = [private.name, private.email, private.customer_reference, dispute.order_reference]
    return own + [value for party in private.parties for value in party.values() if isinstance(value, str)]
