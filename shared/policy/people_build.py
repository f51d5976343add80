"""From people, teams and roles as written to the persons who hold a tier."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from shared.domain.errors import PolicyFault
from shared.domain.people import Absence, Conflicts, Person
from shared.policy.people_models import AbsenceModel, GroupModel, HolderModel, PersonModel, TeamModel


@dataclass(frozen=True, slots=True)
class Roster:
    """The people described under `people`, by name, and the teams there are."""

    people: Mapping[str, Person]
    teams: Collection[str]
    zone: ZoneInfo

    def holders(self, entries: Sequence[HolderModel | GroupModel], place: str) -> tuple[Person, ...]:
        """Those the entries name, each once, in their order; a group in the order of `people`.

        Raises:
            PolicyFault: a group is empty, or somebody described under `people` is described once more.
        """
        found: dict[str, Person] = {}
        for number, entry in enumerate(entries):
            for person in self._meant(entry, f"{place}.{number}"):
                found.setdefault(person.name, person)
        return tuple(found.values())

    def _meant(self, entry: HolderModel | GroupModel, place: str) -> Sequence[Person]:
        if isinstance(entry, GroupModel):
            return self._group(entry, place)
        known = self.people.get(entry.name)
        if known is None:
            return (Person(entry.name, entry.email, _absences(entry.absent, self.zone, place)),)
        if entry.email is not None or entry.absent:
            raise PolicyFault(place, f"{entry.name!r} is described under people; give only the name here.")
        return (known,)

    def _group(self, entry: GroupModel, place: str) -> Sequence[Person]:
        if entry.team is not None and entry.team not in self.teams:
            raise PolicyFault(f"{place}.team", f"There is no team {entry.team!r} under teams.")
        found = [
            each
            for each in self.people.values()
            if (entry.team is None or entry.team in each.teams) and (entry.role is None or entry.role in each.roles)
        ]
        if not found:
            wanted = " and ".join(
                f"{kind} {name!r}" for kind, name in (("team", entry.team), ("role", entry.role)) if name
            )
            raise PolicyFault(place, f"Nobody under people has {wanted}.")
        return found


def roster(
    people: Sequence[PersonModel], teams: Mapping[str, TeamModel], zone: ZoneInfo, calendars: Collection[str] | None
) -> Roster:
    """The people and teams as described.

    Raises:
        PolicyFault: two people of one name, or a team, a calendar or a colleague that there is not.
    """
    for name, team in teams.items():
        _check_calendar(team.calendar, calendars, f"teams.{name}")
    names = [each.name for each in people]
    found: dict[str, Person] = {}
    for number, each in enumerate(people):
        place = f"people.{number}"
        if each.name in found:
            raise PolicyFault(f"{place}.name", f"{each.name!r} is there {names.count(each.name)} times.")
        _check_calendar(each.calendar, calendars, place)
        for strange in [team for team in each.teams if team not in teams]:
            raise PolicyFault(f"{place}.teams", f"There is no team {strange!r} under teams.")
        for stranger in [name for name in each.conflicts.people if name not in names]:
            raise PolicyFault(f"{place}.conflicts.people", f"There is nobody named {stranger!r} under people.")
        found[each.name] = _person(each, teams, zone, place)
    return Roster(found, frozenset(teams), zone)


def _check_calendar(name: str | None, calendars: Collection[str] | None, place: str) -> None:
    if name is not None and calendars is not None and name not in calendars:
        known = ", ".join(sorted(calendars))
        raise PolicyFault(f"{place}.calendar", f"There is no calendar named {name!r}; there are {known}.")


def _person(model: PersonModel, teams: Mapping[str, TeamModel], zone: ZoneInfo, place: str) -> Person:
    of_team = (calendar for team in model.teams if (calendar := teams[team].calendar) is not None)
    return Person(
        name=model.name,
        email=model.email,
        absent=_absences(model.absent, zone, place),
        roles=frozenset(model.roles),
        teams=frozenset(model.teams),
        languages=frozenset(model.languages),
        skills=frozenset(model.skills),
        calendar=model.calendar or next(of_team, None),
        load_max=model.load_max,
        conflicts=Conflicts(
            frozenset(model.conflicts.customers),
            frozenset(model.conflicts.products),
            frozenset(model.conflicts.people),
        ),
    )


def _absences(absent: Sequence[AbsenceModel], zone: ZoneInfo, place: str) -> tuple[Absence, ...]:
    def each() -> Iterator[Absence]:
        for number, model in enumerate(absent):
            yield _absence(model, zone, f"{place}.absent.{number}")

    return tuple(sorted(each()))


def _absence(model: AbsenceModel, zone: ZoneInfo, place: str) -> Absence:
    since = _instant(model.since, zone)
    until = _instant(model.until, zone, days=1)
    if until <= since:
        raise PolicyFault(place, f"The absence ends ({model.until}) before it begins ({model.since}).")
    return Absence(since, until)


def _instant(moment: datetime | date, zone: ZoneInfo, *, days: int = 0) -> datetime:
    """The instant, or the local midnight that begins the day (so many days on, for a last day that is included)."""
    if isinstance(moment, datetime):
        return moment.astimezone(UTC)
    return datetime.combine(moment + timedelta(days=days), time.min, tzinfo=zone).astimezone(UTC)
