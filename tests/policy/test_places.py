"""A fault says where it is: on which line of the text, at which pointer of the body; and one hides no other."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from shared.domain.errors import PolicyFault
from shared.policy.matrix import matrix_faults, parse_matrix, schema_text
from shared.policy.toml_places import line_of, lines_of
from tests.domain.matrices import a_body

SHIPPED = files("shared.policy").joinpath("escalation.toml").read_text(encoding="utf-8")
DOCS = Path(__file__).parents[2] / "docs"

ODD = '''# a comment with [brackets] = and "quotes"
"quoted key" = "a # b"
dotted.key . "with space" = 1
list = [ # a comment, with ] in it
  "one", 'two',

  { inner = [1, 2], more = "}" },
]
text = """
first
"quoted" second"""
raw = \'\'\'x ] } # y\'\'\'
when = 1979-05-27T07:32:00Z

[a.b]
c = true
[[a.list]]
name = "zero"
  [a.list.sub]
  d = 1
[[a.list]]
name = "one"
[[a.list.deep]]
e = 2
[[a.list.deep]]
e = [[1], [2, 3]]
'''


def places(value: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    if path:
        yield ".".join(path)
    members: Any = ()
    if isinstance(value, Mapping):
        members = value.items()
    elif isinstance(value, Sequence) and not isinstance(value, str):
        members = enumerate(value)
    for key, member in members:
        yield from places(member, (*path, str(key)))


@pytest.mark.parametrize("text", [SHIPPED, ODD])
def test_every_value_of_a_text_has_a_line(text: str) -> None:
    lines = lines_of(text)
    implied = {
        "dotted",
        "dotted.key",
        "a",
        "a.list",
        "a.list.1.deep",
        "tiers",
        "thresholds",
        "severity.rules",
        "clocks",
    }
    implied |= {f"tiers.{number}.authority.overrides" for number in range(4)}
    assert set(places(tomllib.loads(text))) - set(lines) <= implied
    assert set(lines) <= set(places(tomllib.loads(text)))


@pytest.mark.parametrize(
    ("place", "starts"),
    [
        ("quoted key", '"quoted key"'),
        ("dotted.key.with space", "dotted"),
        ("list.1", '  "one", '),
        ("list.2.inner.1", "  { inner"),
        ("list.2.more", "  { inner"),
        ("text", "first"),
        ("raw", "raw"),
        ("a.b.c", "c = true"),
        ("a.list.0.sub.d", "  d = 1"),
        ("a.list.1.name", 'name = "one"'),
        ("a.list.1.deep.1.e.1.0", "e = [[1]"),
    ],
)
def test_the_line_is_the_one_the_value_stands_on(place: str, starts: str) -> None:
    assert ODD.split("\n")[lines_of(ODD)[place] - 1].startswith(starts)


def test_what_is_missing_is_looked_for_around_its_place() -> None:
    assert line_of(lines_of(ODD), "a.list.1.missing.deeper") == lines_of(ODD)["a.list.1"]
    assert line_of(lines_of(ODD), "nowhere") is None


@pytest.mark.parametrize(
    ("wrong", "right", "line_starts", "detail"),
    [
        ('calendar = "desk"', 'calendar = "dusk"', 'calendar = "dusk"', "no calendar named 'dusk'"),
        ("to_tier = 4", "to_tier = 9", "to_tier = 9", "no tier 9"),
        ('categories = ["unauthorised_charge"]', 'categories = ["x"]', 'categories = ["x"]', "'x' is not a category"),
        ('zone = "Europe/London"', 'zone = "Europe/X"', 'zone = "Europe/X"', "no time zone"),
        ('title = "Team lead"\n', "", "[[tiers]]", "required"),
        ("{ contact_count_at_least = 3 }", "'amont > 5'", "when = 'amont > 5'", "at character 1: there is no fact"),
        (
            "{ contact_count_at_least = 3 }",
            '"""\nvulnerable and\n  amont > 5"""',
            "  amont > 5",
            "at line 2, character 3",
        ),
        ("[clocks.silence]", "[clocks.silence", "[clocks.silence", "not TOML"),
    ],
)
def test_a_fault_in_a_text_names_its_line(wrong: str, right: str, line_starts: str, detail: str) -> None:
    text = SHIPPED.replace(wrong, right, 1)
    assert text != SHIPPED
    with pytest.raises(PolicyFault) as fault:
        parse_matrix(text, version=1, calendars=["desk", "always"])
    assert detail in fault.value.detail
    assert fault.value.line is not None
    assert text.split("\n")[fault.value.line - 1].startswith(line_starts)
    assert f"line {fault.value.line}" in str(fault.value)


def test_a_fault_in_a_body_names_its_json_pointer() -> None:
    body = a_body()
    body["tiers"][1]["deadline"] = {"low": "1 hour"}
    with pytest.raises(PolicyFault) as fault:
        parse_matrix(body, version=1)
    assert (fault.value.pointer, fault.value.line) == ("/tiers/1/deadline/normal", None)
    assert PolicyFault("reference_rates.a/b~c", "x").pointer == "/reference_rates/a~1b~0c"


def test_every_fault_of_single_parts_is_found_in_one_look() -> None:
    text = SHIPPED.replace('to_tier = 2\nbecause = "the dispute is critical"', 'to_tier = "two"')
    text = text.replace('["safety"]', '["danger"]').replace('amount = "500"', "amount = 1.5")
    found = matrix_faults(text)
    assert [each.place for each in found] == [
        "tiers.1.authority.amount",
        "thresholds.9.because",
        "thresholds.9.to_tier",
        "severity.rules.0.when.signals_any.0",
    ]
    assert [each.line for each in found] == sorted(each.line or 0 for each in found)


def test_every_fault_between_parts_is_found_in_one_look() -> None:
    text = SHIPPED.replace('calendar = "desk"', 'calendar = "dusk"').replace("to_tier = 4", "to_tier = 9")
    found = [each.place for each in matrix_faults(text, calendars=["always"])]
    assert found.count("thresholds.2.to_tier") == found.count("thresholds.5.to_tier") == 1
    assert {"tiers.0.calendar", "tiers.3.calendar", "clocks.first_response.calendar"} <= set(found)


def test_a_matrix_that_holds_has_no_fault() -> None:
    assert matrix_faults(SHIPPED) == matrix_faults(a_body()) == ()


def test_the_published_schema_is_that_of_the_code() -> None:
    published = (DOCS / "escalation.schema.json").read_text(encoding="utf-8")
    assert published == schema_text(), "run: python -m services policy schema > docs/escalation.schema.json"
