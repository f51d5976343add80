"""A dispute as somebody brings it: checked, not yet stored, the same from every channel."""

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

from msgspec import Struct, field

from shared.domain.money import Money
from shared.runtime.sealing import Sealer


class Customer(Struct, frozen=True, kw_only=True, gc=False):
    """Who complains. At least one of `email`, `phone` and `reference` is a way to know them again."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    reference: str | None = None
    language: str | None = None
    """None: that of the text."""
    customer_class: str = "standard"
    jurisdiction: str | None = None
    time_zone: str | None = None


class NewDispute(Struct, frozen=True, kw_only=True, gc=False):
    """What was said and asked for. `email` is lower case, `phone` is E.164; `received_at` is given for imports only."""

    customer: Customer
    subject: str
    description: str
    channel: str = "api"
    amount: Money | None = None
    order_reference: str | None = None
    product: str | None = None
    purchased_on: date | None = None
    remedy_sought: str | None = None
    parties: tuple[Mapping[str, str | None], ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    received_at: datetime | None = None


def customer_id(
    sealer: Sealer, *, email: str | None = None, phone: str | None = None, reference: str | None = None
) -> UUID:
    """The customer's id: the same for the same e-mail address, else telephone number, else reference.

    It stands for them in the history and on the queue, and cannot be turned back without the installation's secret.
    """
    known = next(
        f"{kind}:{value}" for kind, value in (("email", email), ("phone", phone), ("reference", reference)) if value
    )
    return UUID(bytes=sealer.pseudonym("customer", known.encode()))
