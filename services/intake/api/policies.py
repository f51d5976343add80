"""Policies: the escalation matrix and the choice of regimes in versions; read, replaced, rolled back."""

from datetime import datetime
from typing import Annotated, Any, Final, Self

from fastapi import Depends, Header, Path, Query, Response
from pydantic import BaseModel, Field, model_validator

from services.intake.api.deps import (
    InTx,
    Parts,
    etag,
    expected_version,
    problems,
    require,
    require_house,
    secured_router,
)
from services.intake.api.fields import Body, Line300, Whole
from services.intake.calendars import CalendarShelf, calendars_of
from services.intake.commands.put_policy import check_known, put_policy, schema
from services.intake.problems import Problem
from services.intake.security import Caller
from shared.db import policies
from shared.db.policies import Policy
from shared.domain.errors import StaleVersion

router = secured_router("/v1/policies", "policies", codes=("not_found", "invalid_value"))

READING: Final = ("cases:work", "policies:write", "ops:read")
"""Any of these scopes reads policies, which name the people who hold tiers."""

Name = Annotated[str, Path(max_length=50, examples=["escalation"])]
Shelf = Annotated[CalendarShelf, Depends(calendars_of)]
Reader = Annotated[Caller, Depends(require(*READING))]
Editor = Annotated[Caller, Depends(require_house("policies:write"))]


class VersionOut(BaseModel):
    """One version of a policy: who made it, when and why."""

    name: str
    version: int
    author: str = Field(examples=["principal:018f3c1e-7b2a-7c3d-9e4f-5a6b7c8d9e0f"])
    reason: str
    created_at: datetime


class PolicyOut(VersionOut):
    """A version with what it says."""

    policy: dict[str, Any]


class VersionListOut(BaseModel):
    """The versions, newest first, at most 200."""

    items: list[VersionOut]


class PolicyIn(Body):
    """The whole policy as it is to be, or the number of a version to be brought back; and why."""

    policy: dict[str, Any] | None = None
    rollback_to: Annotated[Whole, Field(ge=1, le=2**31 - 1)] | None = None
    reason: Line300

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.policy is None) is (self.rollback_to is None):
            raise ValueError("Give either policy or rollback_to.")
        return self


@router.get("/{name}", operation_id="getPolicy", summary="Read a policy", response_model=PolicyOut)
async def get_policy(
    name: Name,
    caller: Reader,
    tx: InTx,
    response: Response,
    version: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="The newest when left out.")] = None,
) -> PolicyOut:
    """The newest version or the one asked for; its ETag is its version."""
    check_known(name)
    found = await (policies.current(tx, name) if version is None else policies.get(tx, name, version))
    response.headers["etag"] = etag(found.version)
    return _whole(found)


@router.get("/{name}/versions", operation_id="listPolicyVersions", summary="List the versions of a policy")
async def list_versions(name: Name, caller: Reader, tx: InTx) -> VersionListOut:
    """Every version is kept, for running disputes rest on the one that made their promises."""
    check_known(name)
    found = await policies.versions(tx, name)
    return VersionListOut(items=[VersionOut.model_validate(each, from_attributes=True) for each in found])


@router.get("/{name}/schema", operation_id="getPolicySchema", summary="Read a policy's JSON Schema")
async def get_schema(name: Name, caller: Reader) -> dict[str, Any]:
    """What a policy's body may hold; rules between its parts are checked when it is put."""
    return schema(name)


@router.put(
    "/{name}",
    operation_id="putPolicy",
    summary="Put a new version of a policy",
    response_model=PolicyOut,
    responses=problems(
        "malformed_json",
        "policy_fault",
        "stale_version",
        "precondition_required",
        "unsupported_media_type",
        "body_too_large",
    ),
)
async def put(
    name: Name,
    body: PolicyIn,
    caller: Editor,
    tx: InTx,
    parts: Parts,
    shelf: Shelf,
    response: Response,
    if_match: Annotated[
        str | None, Header(description="The ETag of the version that is to be replaced.", examples=['"3"'])
    ] = None,
) -> PolicyOut:
    """Stores a new version; the ones before stay. Deadlines of running disputes do not move.

    A policy that does not hold together is refused with the place of the fault.
    """
    check_known(name)
    expected = expected_version(if_match)
    wanted = body.policy
    if body.rollback_to is not None:
        wanted = dict((await policies.get(tx, name, body.rollback_to)).body)
    assert wanted is not None
    calendars = await shelf.get(tx.now)
    try:
        stored = await put_policy(
            tx, name, wanted, expected=expected, calendars=calendars, author=caller.actor, reason=body.reason
        )
    except StaleVersion as stale:
        detail = f"The policy is at version {stale.present}, not {stale.expected}; read it again and decide anew."
        extra = {"expected": stale.expected, "present": stale.present}
        raise Problem("stale_version", detail, extra=extra) from stale
    parts.matrix.forget()
    response.headers["etag"] = etag(stored.version)
    return _whole(stored)


def _whole(found: Policy) -> PolicyOut:
    return PolicyOut(
        name=found.name,
        version=found.version,
        author=found.author,
        reason=found.reason,
        created_at=found.created_at,
        policy=dict(found.body),
    )
