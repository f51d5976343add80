"""The bodies of the inbound endpoints and their deliveries."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from services.intake.api.fields import Body, Flag, Line100
from services.intake.inbound.senders import SENDERS
from shared.db.inbound import STATES, Endpoint, Shown

_SETTING_WORDS_MAX: Final = 200
_Words = Annotated[
    tuple[Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=320)], ...],
    Field(max_length=_SETTING_WORDS_MAX),
]
Secret = Annotated[str, StringConstraints(strip_whitespace=True, min_length=8, max_length=500)]


class InboundSettingsIn(Body):
    """What an endpoint should know of your side. Each may be left out."""

    addresses: Annotated[
        _Words, Field(description="Mail: your own addresses; mail from them never opens a dispute.")
    ] = ()
    lists: Annotated[
        _Words,
        Field(description="Mail: List-Ids of your own group mailboxes, whose mail counts as written by its author."),
    ] = ()
    channels: Annotated[
        _Words, Field(description="Slack: the ids of the channels to listen to; all when left out.")
    ] = ()

    def told(self) -> dict[str, Any]:
        """Only what was said."""
        return self.model_dump(mode="json", exclude_defaults=True)


class InboundEndpointIn(Body):
    """A new endpoint."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"sender": "mime", "name": "Support mailbox"}]})

    sender: Literal[tuple(SENDERS)]  # type: ignore[valid-type] # the registry's own list
    name: Line100
    secret: Secret | None = Field(
        None,
        description="Your own secret. Must be given for slack (the app's signing secret); otherwise one is made.",
    )
    settings: InboundSettingsIn = InboundSettingsIn()


def _said(value: object) -> object:
    if value is None:
        raise ValueError("Leave the field out, or give it a value.")
    return value


class InboundEndpointChangeIn(Body):
    """What to change of an endpoint; what is left out stays."""

    name: Annotated[Line100 | None, AfterValidator(_said)] = None
    settings: Annotated[InboundSettingsIn | None, AfterValidator(_said)] = None
    active: Annotated[Flag | None, AfterValidator(_said)] = None

    def fields(self) -> dict[str, Any]:
        """The columns to set."""
        told = {name: getattr(self, name) for name in self.model_fields_set}
        return {name: value.told() if isinstance(value, InboundSettingsIn) else value for name, value in told.items()}


class InboundRotationIn(Body):
    """A new secret; must be given for slack, otherwise one is made."""

    secret: Secret | None = None


class InboundEndpointOut(BaseModel):
    """An endpoint, without its secret."""

    id: UUID
    sender: str
    name: str
    path: str = Field(description="Where the sender posts to, below the public address.")
    settings: dict[str, Any]
    active: bool
    previous_secret_valid: bool = Field(description="Whether the secret before the last rotation is still accepted.")
    created_at: datetime

    @classmethod
    def of(cls, endpoint: Endpoint, **more: Any) -> Self:
        """The endpoint as it is shown."""
        return cls(
            id=endpoint.id,
            sender=endpoint.sender,
            name=endpoint.name,
            path=f"/v1/webhooks/{endpoint.sender}/{endpoint.id}",
            settings=dict(endpoint.settings),
            active=endpoint.active,
            previous_secret_valid=endpoint.previous_secret is not None,
            created_at=endpoint.created_at,
            **more,
        )


class InboundEndpointWithSecretOut(InboundEndpointOut):
    """An endpoint with its secret, which is shown this once."""

    secret: str


class InboundEndpointListOut(BaseModel):
    """A page of endpoints."""

    items: list[InboundEndpointOut]
    has_more: bool
    next_cursor: str | None


class InboundDeliveryOut(BaseModel):
    """A delivery that came in, and what became of it."""

    id: UUID
    endpoint_id: UUID
    sender: str
    state: Literal[STATES] = Field(  # type: ignore[valid-type] # the store's own list
        description="`stored` waits to be understood; `filed` became a dispute; `joined` belongs to one; "
        "`ignored` is nothing for a dispute; `quarantined` waits for a person."
    )
    reason: str | None
    dispute_id: UUID | None
    received_at: datetime
    handled_at: datetime | None
    attempts: int
    size: int = Field(description="Bytes of the body.")

    @classmethod
    def of(cls, shown: Shown) -> Self:
        """The delivery as it is shown."""
        return cls.model_validate(shown, from_attributes=True)


class InboundDeliveryListOut(BaseModel):
    """A page of deliveries, the newest first."""

    items: list[InboundDeliveryOut]
    has_more: bool
    next_cursor: str | None


class TakenOut(BaseModel):
    """The delivery is safe."""

    id: UUID
    status: Literal["stored", "duplicate"]
