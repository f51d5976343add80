"""Who holds a tier: described on the spot, or by name, team and role from the people of the house."""

from typing import Any

import pytest

from shared.domain.errors import PolicyFault
from shared.domain.matrix import Matrix
from shared.policy.matrix import matrix_body
from tests.domain.matrices import NINE, a_body, a_matrix, a_tier

PEOPLE: list[dict[str, Any]] = [
    {"name": "Ann", "email": "ann@house.example", "teams": ["cards"], "roles": ["agent"], "languages": ["en", "pt"]},
    {"name": "Bob", "teams": ["cards", "loans"], "roles": ["agent", "team_lead"], "skills": ["fraud"], "load_max": 20},
    {"name": "Cleo", "teams": ["loans"], "roles": ["agent"], "absent": [{"from": "2026-05-04", "until": "2026-05-08"}]},
    {"name": "Dan", "conflicts": {"people": ["Ann"], "products": ["router"]}, "calendar": "always"},
]
TEAMS = {"cards": {"title": "Card disputes", "calendar": "always"}, "loans": {}}


def staffed(holders: list[dict[str, Any]], deputies: list[dict[str, Any]] | None = None, **parts: Any) -> Matrix:
    tiers = [a_tier("Agent", "4 hours", holders=holders, deputies=deputies or [])]
    return a_matrix(**({"people": PEOPLE, "teams": TEAMS, "tiers": tiers, "thresholds": []} | parts))


@pytest.mark.parametrize(
    ("holders", "names"),
    [
        ([{"team": "cards"}], ["Ann", "Bob"]),
        ([{"role": "agent"}], ["Ann", "Bob", "Cleo"]),
        ([{"team": "loans", "role": "team_lead"}], ["Bob"]),
        ([{"name": "Dan"}, {"team": "cards"}, {"role": "team_lead"}], ["Dan", "Ann", "Bob"]),
        ([{"name": "Somebody else", "email": "else@house.example"}, {"name": "Ann"}], ["Somebody else", "Ann"]),
    ],
)
def test_a_tier_is_held_by_whoever_its_entries_name_each_once(holders: list[dict[str, Any]], names: list[str]) -> None:
    assert [each.name for each in staffed(holders).tier(1).holders] == names


def test_what_is_known_of_a_person_goes_with_them() -> None:
    matrix = staffed([{"role": "agent"}])
    ann, bob, cleo = matrix.tier(1).holders
    assert (ann.email, ann.calendar, ann.load_max) == ("ann@house.example", "always", None)
    assert ann.speaks("pt-BR")
    assert not ann.speaks("de")
    assert bob.speaks("de")
    assert (bob.skills, bob.load_max) == (frozenset({"fraud"}), 20)
    assert not cleo.present(NINE)
    dan = matrix.person("Dan")
    assert dan is not None
    assert (dan.conflicts.people, dan.conflicts.products) == (frozenset({"Ann"}), frozenset({"router"}))


def test_whoever_holds_a_tier_does_not_deputise_for_it() -> None:
    tier = staffed([{"name": "Ann"}], [{"team": "cards"}]).tier(1)
    assert [each.name for each in tier.deputies] == ["Bob"]


def test_another_version_brings_its_people_to_a_running_case() -> None:
    later = staffed([{"team": "loans"}], people=[PEOPLE[1]])
    mixed = a_matrix(7).staffed_by(later)
    assert [each.name for each in mixed.tier(1).holders] == ["Bob"]
    assert [each.name for each in mixed.people] == ["Bob"]


@pytest.mark.parametrize(
    ("parts", "place", "detail"),
    [
        ({"holders": [{"team": "card"}]}, "tiers.0.holders.0.team", "no team 'card'"),
        ({"holders": [{"role": "judge"}]}, "tiers.0.holders.0", "Nobody under people has role 'judge'"),
        ({"holders": [{"team": "cards", "role": "x"}]}, "tiers.0.holders.0", "team 'cards' and role 'x'"),
        ({"holders": [{}]}, "tiers.0.holders.0", "name a person, a team or a role"),
        ({"holders": [{"squad": "x"}]}, "tiers.0.holders.0.squad", "not permitted"),
        ({"holders": [{"name": "Ann", "email": "a@b.example"}]}, "tiers.0.holders.0", "described under people"),
        ({"people": [PEOPLE[0], PEOPLE[0]]}, "people.1.name", "'Ann' is there 2 times"),
        ({"people": [{"name": "Ann", "teams": ["x"]}]}, "people.0.teams", "no team 'x'"),
        ({"people": [{"name": "Ann", "conflicts": {"people": ["Eve"]}}]}, "people.0.conflicts.people", "nobody named"),
        ({"people": [{"name": "Ann", "calendar": "moon"}]}, "people.0.calendar", "no calendar named 'moon'"),
        ({"teams": {"cards": {"calendar": "moon"}}}, "teams.cards.calendar", "no calendar named 'moon'"),
        ({"people": [{"name": "Ann", "languages": ["English"]}]}, "people.0.languages.0", "pattern"),
        ({"people": [{"name": "Ann", "load_max": 0}]}, "people.0.load_max", "greater than or equal to 1"),
    ],
)
def test_people_who_do_not_fit_together_are_refused_with_the_place(
    parts: dict[str, Any], place: str, detail: str
) -> None:
    holders = parts.pop("holders", [{"name": "Zoe"}])
    with pytest.raises(PolicyFault) as fault:
        staffed(holders, **parts)
    assert fault.value.place == place
    assert detail in fault.value.detail


def test_people_and_teams_are_kept_in_the_stored_body() -> None:
    body = a_body(people=PEOPLE, teams=TEAMS)
    stored = matrix_body(body)
    assert stored["teams"] == TEAMS
    assert [each["name"] for each in stored["people"]] == ["Ann", "Bob", "Cleo", "Dan"]
    assert matrix_body(stored) == stored
