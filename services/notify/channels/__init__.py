"""The channels: each is one file and one line here."""

from collections.abc import Callable, Mapping
from typing import Final

from services.notify.channels.email import EmailChannel
from services.notify.channels.folder import FolderChannel
from services.notify.channels.mime import House
from services.notify.channels.ports import Channel
from services.notify.channels.webhook import WebhookChannel
from services.notify.settings import NotifySettings
from shared.runtime.sealing import Sealer

Make = Callable[[NotifySettings, Sealer], Channel]


def house(settings: NotifySettings, sealer: Sealer) -> House:
    """How this installation signs its mail."""
    return House(
        sealer=sealer,
        sender=settings.sender,
        domain=settings.domain,
        mailbox=settings.mail_reply_mailbox,
        separator=settings.mail_reply_separator,
        envelope_sender=settings.mail_envelope_sender,
    )


def _mail(settings: NotifySettings, sealer: Sealer) -> Channel:
    """The mail server, or the folder where none is named."""
    if settings.smtp_url is None:
        return FolderChannel(settings.state_dir / "mail", house(settings, sealer))
    return EmailChannel(
        settings.smtp_url.get_secret_value(),
        house(settings, sealer),
        connections=settings.smtp_connections,
        reply_seconds_max=settings.smtp_timeout_seconds,
    )


def _webhook(settings: NotifySettings, sealer: Sealer) -> Channel:
    return WebhookChannel(
        seconds_max=settings.webhook_timeout_seconds,
        per_endpoint=settings.webhook_endpoint_concurrency,
        allow_private=settings.webhook_allow_private,
    )


REGISTRY: Final[Mapping[str, Make]] = {"email": _mail, "webhook": _webhook}


def open_channels(settings: NotifySettings, sealer: Sealer) -> dict[str, Channel]:
    """Every channel by name."""
    return {name: make(settings, sealer) for name, make in REGISTRY.items()}
