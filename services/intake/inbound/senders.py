"""Every sender that is understood. To add one: a module with its class, and its line here."""

from collections.abc import Mapping
from typing import Final

from services.intake.inbound.generic import Generic
from services.intake.inbound.mime import Mime
from services.intake.inbound.ports import Sender
from services.intake.inbound.postmark import Postmark
from services.intake.inbound.slack import Slack

SENDERS: Final[Mapping[str, Sender]] = {each.name: each for each in (Slack(), Postmark(), Mime(), Generic())}

WEBHOOK_BODY_BYTES_MAX: Final = {f"/v1/webhooks/{name}/": sender.body_bytes_max for name, sender in SENDERS.items()}
"""For the limit at the edge."""
