"""A taxonomy is data: two ship with the product, a business writes its own, and a fault in it is told with its line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from shared.domain.dispute import CATEGORIES
from shared.domain.errors import InvalidValue, PolicyFault
from shared.domain.taxonomy import Issue
from shared.policy.matrix import parse_matrix
from shared.policy.regime_policy import parse_regimes
from shared.policy.taxonomy import ISSUES_MAX, PHRASES_MAX, SHIPPED, load_taxonomy, parse_taxonomy

OWN = """
name = "airline"
title = "Our airline"
extends = "general"

[[category]]
name = "service_delivery"
title = "Flights"
meaning = "A flight was late, cancelled, or left without the passenger."
codes = { stripe = ["product_not_received"] }

[[category.issue]]
name = "missed_connection"
title = "Missed connection"
phrases = ["missed .. connection|connecting flight"]
codes = { visa = ["13.1"] }
"""


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_taxonomy_divides_each_of_its_categories(name: str) -> None:
    taxonomy = load_taxonomy(name)
    assert set(taxonomy.names) <= set(CATEGORIES)
    assert all(category.issues and category.meaning for category in taxonomy.categories)


def test_the_financial_taxonomy_is_the_general_one_with_more_words_and_two_categories_more() -> None:
    general, financial = map(load_taxonomy, SHIPPED)
    assert financial.names == (*general.names, "data_records", "debt_collection")
    for own, added in zip(general.categories, financial.categories, strict=False):
        assert (added.title, added.meaning, added.codes) == (own.title, own.meaning, own.codes)
        assert [issue.name for issue in added.issues] == [issue.name for issue in own.issues]
        assert all(set(issue.phrases) >= set(own.issue(issue.name).phrases) for issue in added.issues)  # type: ignore[union-attr]


def test_the_networks_reason_codes_are_those_of_the_field() -> None:
    """Visa 12.5, 12.6, 13.1 to 13.7 and Mastercard 4834, 4837, 4853, as the networks' guides number them."""
    codes = load_taxonomy("general").codes
    assert codes("billing_error", "charged_twice")["visa"] == ("12.6",)
    assert codes("billing_error", "refund_not_paid")["visa"] == ("13.6",)
    assert codes("service_delivery", "not_delivered")["visa"] == ("13.1",)
    assert codes("product_quality", "counterfeit")["visa"] == ("13.4",)
    assert codes("unauthorised_charge", None)["mastercard"] == ("4837",)


def test_a_case_without_an_issue_is_called_what_its_category_is_called() -> None:
    taxonomy = load_taxonomy("general")
    assert taxonomy.codes("billing_error", None) == taxonomy.category("billing_error").codes  # type: ignore[union-attr]
    assert taxonomy.codes("debt_collection", None) == {}


def test_a_business_replaces_a_category_and_keeps_the_rest() -> None:
    taxonomy = parse_taxonomy(OWN)
    assert taxonomy.names == load_taxonomy("general").names
    flights = taxonomy.category("service_delivery")
    assert flights is not None
    assert [issue.name for issue in flights.issues] == ["missed_connection"]
    assert taxonomy.phrases()["service_delivery/missed_connection"] == ("missed .. connection|connecting flight",)


MORE = """
name = "airline"
title = "Our airline"
extends = "general"

[[category]]
name = "service_delivery"
extends = true
codes = { stripe = ["general"] }

[[category.issue]]
name = "late"
phrases = ["sat .. tarmac"]

[[category.issue]]
name = "missed_connection"
title = "Missed connection"
phrases = ["missed .. connection"]
"""


def test_a_business_adds_words_and_issues_to_a_category_that_stays() -> None:
    general, own = load_taxonomy("general"), parse_taxonomy(MORE)
    before, after = general.category("service_delivery"), own.category("service_delivery")
    assert before is not None
    assert after is not None
    assert (after.title, after.meaning) == (before.title, before.meaning)
    assert [issue.name for issue in after.issues] == [*(issue.name for issue in before.issues), "missed_connection"]
    late = before.issue("late")
    assert late is not None
    assert after.issue("late") == Issue("late", "Late", (*late.phrases, "sat .. tarmac"), late.codes)
    assert after.codes == {**before.codes, "stripe": ("general",)}
    assert [each for each in own.categories if each != after] == [each for each in general.categories if each != before]


@pytest.mark.parametrize(
    ("before", "after", "place", "line"),
    [
        ('extends = "general"\n', "", "category.0.extends", 7),
        ('title = "Missed connection"\n', "", "category.0.issue.1.title", 15),
        ('name = "late"', 'name = "later"', "category.0.issue.0.title", 11),
        ("extends = true", 'title = "Flights"', "category.0.meaning", 6),
        ("extends = true", 'meaning = "A flight was late."', "category.0.title", 6),
    ],
)
def test_what_there_is_nothing_below_for_must_be_said(before: str, after: str, place: str, line: int) -> None:
    with pytest.raises(PolicyFault) as fault:
        parse_taxonomy(MORE.replace(before, after, 1))
    assert (fault.value.place, fault.value.line) == (place, line)


def test_a_category_that_is_added_to_has_no_more_issues_than_any_other() -> None:
    """The limit is one on the category in use, not on what one file adds to it."""
    general = load_taxonomy("general").category("service_delivery")
    assert general is not None
    issues = "".join(f'\n[[category.issue]]\nname = "n{at}"\ntitle = "T"\n' for at in range(ISSUES_MAX))
    begin = MORE[: MORE.index("[[category.issue]]")]
    with pytest.raises(PolicyFault, match=str(ISSUES_MAX)) as fault:
        parse_taxonomy(begin + issues)
    assert (fault.value.place, fault.value.line) == ("category.0.issue", 6)
    fewer = issues.rsplit("[[category.issue]]", len(general.issues))[0]
    extended = parse_taxonomy(begin + fewer).category("service_delivery")
    assert extended is not None
    assert len(extended.issues) == ISSUES_MAX


def test_an_issue_that_is_added_to_has_no_more_phrases_than_any_other() -> None:
    words = ", ".join(f'"word{at}"' for at in range(PHRASES_MAX))
    with pytest.raises(PolicyFault, match=str(PHRASES_MAX)) as fault:
        parse_taxonomy(MORE.replace('"sat .. tarmac"', words))
    assert fault.value.place == "category.0.issue.0.phrases"


def test_where_no_taxonomy_is_extended_there_is_no_category_to_add_to() -> None:
    with pytest.raises(PolicyFault, match="extends no other"):
        parse_taxonomy(MORE.replace('extends = "general"\n', "", 1))


def test_a_file_of_ones_own_is_loaded_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "airline.toml"
    path.write_text(OWN)
    assert load_taxonomy(str(path)).title == "Our airline"


@pytest.mark.parametrize(
    ("before", "after", "place", "line"),
    [
        ('name = "service_delivery"', 'name = "luggage"', "category.0.name", 7),
        ('name = "missed_connection"', 'name = "Missed connection"', "category.0.issue.0.name", 13),
        ("missed .. connection", "missed * connection", "category.0.issue.0.phrases.0", 15),
        ('extends = "general"', 'extends = "special"', "extends", 4),
        ('extends = "general"', "", "category", None),
        ('title = "Flights"', 'titel = "Flights"', "category.0.titel", 8),
        ('name = "airline"', 'name = "airline', "", 2),
    ],
)
def test_a_fault_is_told_with_its_place_and_line(before: str, after: str, place: str, line: int | None) -> None:
    with pytest.raises(PolicyFault) as fault:
        parse_taxonomy(OWN.replace(before, after, 1), file="airline.toml")
    assert fault.value.place == f"airline.toml: {place}".removesuffix(": ")
    assert fault.value.line == line


def test_an_issue_named_twice_is_a_fault() -> None:
    issue = OWN[OWN.index("[[category.issue]]") :]
    with pytest.raises(PolicyFault, match="missed_connection"):
        parse_taxonomy(OWN + issue)


@pytest.mark.parametrize(
    "read",
    [
        parse_taxonomy,
        lambda text: parse_matrix(text, version=1),
        lambda text: parse_regimes(text, version=1),
    ],
    ids=["taxonomy", "matrix", "regimes"],
)
def test_a_text_that_nests_for_ever_is_a_fault_and_no_crash(read: Callable[[str], object]) -> None:
    with pytest.raises(PolicyFault, match="nests too deeply"):
        read("x = " + "[" * 5_000 + "]" * 5_000)


def test_a_file_that_begins_with_a_byte_order_mark_is_read_like_others() -> None:
    assert parse_taxonomy(f"\ufeff{OWN}") == parse_taxonomy(OWN)


@pytest.mark.parametrize("name", ["nowhere.toml", "/", "special"])
def test_a_taxonomy_that_is_not_there_is_a_fault_and_no_crash(name: str) -> None:
    with pytest.raises(PolicyFault):
        load_taxonomy(name)


def test_what_a_person_names_must_be_in_use() -> None:
    taxonomy = load_taxonomy("general")
    taxonomy.check("billing_error", "charged_twice")
    with pytest.raises(InvalidValue) as fault:
        taxonomy.check("debt_collection", None)
    assert fault.value.field == "/category"
    with pytest.raises(InvalidValue) as fault:
        taxonomy.check("billing_error", "not_delivered")
    assert fault.value.field == "/issue"


@pytest.mark.parametrize("phrase", ["..", "lost ..", ".. bag", "lost .. .. bag", "lost_bag", "don't", "lost  bag", ""])
def test_a_phrase_that_could_never_be_found_is_a_fault(phrase: str) -> None:
    with pytest.raises(PolicyFault, match="A phrase is words") as fault:
        parse_taxonomy(OWN.replace("missed .. connection|connecting flight", phrase))
    assert fault.value.line == 15


def test_a_phrase_may_be_written_with_capitals() -> None:
    taxonomy = parse_taxonomy(OWN.replace("missed .. connection", "Missed .. Connection"))
    assert taxonomy.phrases()["service_delivery/missed_connection"] == ("missed .. connection|connecting flight",)
