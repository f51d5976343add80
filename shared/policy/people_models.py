"""The people of a house as a person writes them: who they are, what they can, and when they are away."""

from datetime import date, datetime
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, Discriminator, Field, Tag, model_validator

from shared.policy.fields import PEOPLE_MAX, EmailAddress, Fraction, Name, Strict, Term

_LISTED_MAX = 100

Names = Annotated[tuple[Name, ...], Field(max_length=_LISTED_MAX)]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$", examples=["en", "pt-BR"])]


class AbsenceModel(Strict):
    """Away from `from` to `until`; whole days in the matrix's zone when they are dates, both included."""

    since: Annotated[AwareDatetime | date, Field(alias="from")]
    until: AwareDatetime | date

    @model_validator(mode="after")
    def _same_kind(self) -> Self:
        if isinstance(self.since, datetime) is not isinstance(self.until, datetime):
            raise ValueError("from and until are both dates or both instants")
        return self


Absences = Annotated[tuple[AbsenceModel, ...], Field(max_length=200)]


class HolderModel(Strict):
    """Somebody who is described where they stand, or who is named as under `people`."""

    name: Name
    email: EmailAddress | None = None
    absent: Absences = ()


class GroupModel(Strict):
    """Everybody of a team, everybody with a role, or everybody of the team who has the role."""

    team: Name | None = None
    role: Name | None = None

    @model_validator(mode="after")
    def _of_something(self) -> Self:
        if self.team is None and self.role is None:
            raise ValueError("name a person, a team or a role")
        return self


def _kind(holder: Any) -> str:
    named = "name" in holder if isinstance(holder, dict) else isinstance(holder, HolderModel)
    return PERSON if named else GROUP


PERSON, GROUP = "a person", "a group"
"""The two kinds of holder, as the checker names them in the place of a fault."""

HolderEntry = Annotated[Annotated[HolderModel, Tag(PERSON)] | Annotated[GroupModel, Tag(GROUP)], Discriminator(_kind)]
Holders = Annotated[tuple[HolderEntry, ...], Field(max_length=PEOPLE_MAX)]


class TeamModel(Strict):
    """A team; `calendar` is that of its members who have none of their own."""

    title: Name | None = None
    calendar: Name | None = None


class ConflictsModel(Strict):
    """What somebody must not handle: these customers' disputes (by id), these products, or what these people decided."""

    customers: Names = ()
    products: Names = ()
    people: Names = ()


class PersonModel(Strict):
    """Somebody who may hold a tier. `calendar` says when they work; `load_max` is how many open disputes they can have.

    Without languages they answer in every one; without a calendar they work when their team or tier does.
    """

    name: Name
    email: EmailAddress | None = None
    roles: Names = ()
    teams: Names = ()
    languages: Annotated[tuple[Language, ...], Field(max_length=_LISTED_MAX)] = ()
    skills: Names = ()
    calendar: Name | None = None
    absent: Absences = ()
    load_max: Annotated[int, Field(ge=1, le=10_000, strict=True)] | None = None
    conflicts: ConflictsModel = ConflictsModel()


class DeskModel(Strict):
    """An expert desk: who is asked, and how long they have to answer; reminded at `remind_at` of that time."""

    title: Name
    email: EmailAddress | None = None
    skill: Name | None = None
    deadline: Term = "2 business days"
    calendar: Name = "desk"
    remind_at: Fraction | None = 0.5
