"""What notify reads from its environment."""

from datetime import timedelta
from email.headerregistry import Address
from email.utils import parseaddr
from typing import Final, Self
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import available_timezones

from pydantic import Field, SecretStr, model_validator

from services.notify.plan import Limits
from shared.runtime.settings import PREFIX, CommonSettings, has_usable_port

SMTP_SCHEMES: Final = ("smtp", "smtps")


class NotifySettings(CommonSettings):
    """How letters and webhooks leave the house."""

    port: int = Field(8002, ge=0, le=65535, description="HTTP port for health and metrics; 0 picks a free one.")
    smtp_url: SecretStr | None = Field(
        None,
        description="Mail server, `smtp://user:password@host:587?starttls=required` or `smtps://…:465`. `starttls` is "
        "`auto` (the default), `required` or `never`; `verify=false` accepts any certificate. "
        "When left out, mail is written as files to the folder `mail` in the state folder.",
    )
    smtp_connections: int = Field(8, ge=1, le=100, description="Most connections to the mail server at once.")
    smtp_timeout_seconds: float = Field(
        20.0, gt=0, le=120, description="Most seconds for one reply of the mail server."
    )
    desk_url: str | None = Field(
        None,
        description="Where people of the house see a dispute, with `{id}` or `{reference}` in its place, such as "
        "`https://desk.example.com/cases/{reference}`; memos lead there. When left out, only digests have links, to the API.",
    )
    mail_from: str = Field(
        "Customer Relations <disputes@recourse.localhost>", description="Sender that customers see, with its name."
    )
    mail_domain: str | None = Field(
        None, description="Domain of Message-IDs and reply addresses; that of the sender when left out."
    )
    mail_reply_mailbox: str = Field(
        "reply", min_length=1, max_length=12, pattern=r"^[a-z0-9-]+$", description="Mailbox that answers go to."
    )
    mail_reply_separator: str = Field(
        "+", pattern=r"^[+=]$", description="What parts the mailbox from the signed name: `+` or `=`."
    )
    mail_envelope_sender: str | None = Field(
        None,
        description="Address that bounces go to, `<>` for none. When left out, the signed reply address, so that a "
        "bounce finds its dispute.",
    )
    time_zone: str = Field("UTC", description="Zone for the dates in letters to people whose own zone is unknown.")
    acknowledgements_per_address_max: int = Field(
        10, ge=1, le=10_000, description="Most acknowledgements of mail to one address in 24 hours: ends mail loops."
    )
    digest_above: int = Field(
        20,
        ge=0,
        le=10_000,
        description="Most notices of assignments, escalations and deadlines that one person gets one by one within the window; more "
        "become one digest.",
    )
    digest_window_seconds: float = Field(
        60.0, gt=0, le=3600, description="Seconds within which notices to one person are counted and gathered."
    )
    webhook_timeout_seconds: float = Field(15.0, gt=0, le=30, description="Most seconds for one webhook request.")
    webhook_endpoint_concurrency: int = Field(4, ge=1, le=64, description="Most requests at once to one endpoint.")
    webhook_allow_private: bool = Field(
        False, description="Allow webhooks to private addresses and without TLS. For development alone."
    )

    @property
    def sender(self) -> Address:
        """The sender that customers see."""
        name, address = parseaddr(self.mail_from)
        return Address(name, addr_spec=address)

    @property
    def domain(self) -> str:
        """The domain of Message-IDs and reply addresses."""
        return self.mail_domain or self.sender.domain

    @property
    def limits(self) -> Limits:
        """What planning keeps to."""
        window = timedelta(seconds=self.digest_window_seconds)
        return Limits(self.domain, self.acknowledgements_per_address_max, self.digest_above, window)

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if not _is_address(parseaddr(self.mail_from)[1]):
            raise ValueError(f"{PREFIX}MAIL_FROM must be `Name <mailbox@domain>` in ASCII")
        if self.desk_url is not None and not _is_place(self.desk_url):
            raise ValueError(f"{PREFIX}DESK_URL must be an https or http address with {{id}} or {{reference}} in it")
        if self.mail_envelope_sender not in (None, "<>") and not _is_address(str(self.mail_envelope_sender)):
            raise ValueError(f"{PREFIX}MAIL_ENVELOPE_SENDER must be an address or `<>`")
        url = self.smtp_url and urlsplit(self.smtp_url.get_secret_value())
        if url and (url.scheme not in SMTP_SCHEMES or not url.hostname):
            raise ValueError(f"{PREFIX}SMTP_URL must begin with smtp:// or smtps:// and name a host")
        if self.smtp_url and not has_usable_port(self.smtp_url.get_secret_value()):
            raise ValueError(f"{PREFIX}SMTP_URL must name a port from 0 to 65535")
        if url and not _understood(url.query):
            raise ValueError(f"{PREFIX}SMTP_URL takes starttls=auto|required|never and verify=true|false")
        if self.time_zone not in available_timezones():
            raise ValueError(f"{PREFIX}TIME_ZONE must be a name of the IANA time zone database")
        return self


def _understood(query: str) -> bool:
    said = dict(parse_qsl(query))
    known = {"starttls": ("auto", "required", "never"), "verify": ("true", "false")}
    return all(value in known.get(name, ()) for name, value in said.items())


def _is_place(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("https", "http") and bool(parts.hostname) and ("{id}" in url or "{reference}" in url)


def _is_address(text: str) -> bool:
    mailbox, at, domain = text.rpartition("@")
    return bool(at and mailbox and domain) and text.isascii() and text.isprintable() and " " not in text
