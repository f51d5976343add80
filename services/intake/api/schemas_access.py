"""The bodies of principals and keys."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from services.intake.api.fields import Body, Flag, Instant, Line100, Whole
from shared.db.keys import SCOPES
from shared.db.principals import ROLES

Role = Literal[ROLES]  # type: ignore[valid-type] # the store's own list
Scope = Literal[SCOPES]  # type: ignore[valid-type] # the store's own list
Tier = Annotated[Whole, Field(ge=1, le=99)]


class PrincipalIn(Body):
    """Somebody or something that may call."""

    name: Line100
    role: Role
    tier: Tier | None = None


class PrincipalChangeIn(Body):
    """What to change of a principal; what is left out stays."""

    role: Role | None = None
    tier: Tier | None = None
    active: Flag | None = None

    @model_validator(mode="after")
    def _something_changes(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("Give at least one of role, tier and active.")
        for name in ("role", "active"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null.")
        return self


class PrincipalOut(BaseModel):
    """A principal."""

    id: UUID
    name: str
    role: str
    tier: int | None
    active: bool
    created_at: datetime


class PrincipalPageOut(BaseModel):
    """Principals in the order they were made."""

    items: list[PrincipalOut]
    has_more: bool
    next_after: UUID | None


class KeyIn(Body):
    """A key to be made."""

    principal_id: UUID
    name: Line100
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(SCOPES))]
    expires_at: Instant | None = None


class RotationIn(Body):
    """How long the old key stays valid beside the new one."""

    overlap_seconds: Annotated[Whole, Field(ge=0, le=30 * 86_400)] = 86_400


class KeyOut(BaseModel):
    """A key, as it may be shown: never its text."""

    id: UUID
    principal_id: UUID
    name: str
    prefix: str = Field(description="The part of the key that tells it from others.")
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None = Field(description="Within about a minute.")
    successor_id: UUID | None = Field(description="The key that replaced it by rotation.")


class MadeKeyOut(KeyOut):
    """A key just made, with its text. The text is shown this once and kept nowhere."""

    key: str = Field(examples=["rk_a1B2c3D4_0000000000000000000000000000000000000000000"])


class KeyPageOut(BaseModel):
    """Keys in the order they were made."""

    items: list[KeyOut]
    has_more: bool
    next_after: UUID | None
