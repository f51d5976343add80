"""A desk that does not use every category gets answers in those it uses."""

from pathlib import Path
from typing import Any

import pytest

from services.intake.categorise import Categoriser, read_complaint
from services.intake.categorise.lexicon import Lexicon
from services.intake.categorise.reading import normalised
from services.intake.main import build
from services.intake.settings import IntakeSettings
from shared.domain.taxonomy import Issue, Taxonomy, TaxonomyCategory
from shared.policy.taxonomy import load_taxonomy
from shared.runtime.settings import ConfigurationError


def of(*names: str) -> Categoriser:
    return Categoriser.of(Taxonomy("own", "Own", tuple(TaxonomyCategory(name, name, name) for name in names)))


TEXTS = (
    "The kettle broke on day two and you refuse the warranty.",
    "The kettle is under warranty, the parcel never came, nobody answers and you charged me twice.",
    "Mein Paket ist nicht angekommen, niemand meldet sich und die Garantie wurde abgelehnt.",
)


@pytest.mark.parametrize("text", TEXTS)
def test_what_a_missing_category_would_have_held_is_other(text: str) -> None:
    category, _ = read_complaint(of("billing_error", "other"), "", text)
    assert category.name in {"billing_error", "other"}
    assert set(category.secondary) <= {"billing_error"}
    assert read_complaint(of(*load_taxonomy().names), "", text) == read_complaint(Categoriser.load(), "", text)


def test_one_category_of_the_financial_pack_is_enough_to_have_it() -> None:
    text = "A debt collector keeps calling me about a debt I do not owe."
    assert read_complaint(of("debt_collection", "other"), "", text)[0].name == "debt_collection"
    assert read_complaint(of("data_records", "other"), "", text)[0].name == "other"


@pytest.fixture(scope="module")
def issues() -> Lexicon:
    return Lexicon(load_taxonomy("general").phrases())


@pytest.mark.parametrize(
    ("text", "issue"),
    [
        ("My card was charged 3 times for one night.", "billing_error/charged_twice"),
        ("A foreign transaction fee of 2.75 %.", "billing_error/unexpected_fee"),
        ("You keep taking the payment although I left.", "billing_error/charged_after_cancelling"),
        ("I have already paid this invoice.", "billing_error/payment_not_credited"),
        ("The premium has doubled at renewal.", "billing_error/price_change"),
        ("Two withdrawals at a cash machine, my card was in my wallet.", "unauthorised_charge/card_or_account_fraud"),
        ("Somebody pretending to be your bank rang and I read out the code.", "unauthorised_charge/scam"),
        ("We were switched to you and I never agreed.", "unauthorised_charge/subscription_not_ordered"),
        ("It is the 21st and nothing has turned up.", "service_delivery/not_delivered"),
        ("You sent me size 42 instead of 39.", "service_delivery/wrong_or_incomplete"),
        ("The train was 40 minutes late.", "service_delivery/late"),
        ("Your driver screamed at my mother.", "communication/rude"),
        ("Ten sales texts a week after opting out.", "communication/unwanted_contact"),
        ("The lamp came in three pieces.", "product_quality/damaged"),
        ("The perfume is a fake.", "product_quality/counterfeit"),
        ("The ladder snapped and she broke her wrist.", "product_quality/unsafe"),
        ("My parcel never arrived.", "service_delivery/not_delivered"),
        ("Somebody has taken over my account, my account was taken over.", "unauthorised_charge/account_taken_over"),
        ("Two withdrawals, and the card was in my purse.", "unauthorised_charge/card_or_account_fraud"),
        ("The agent hung up on me.", "communication/rude"),
        ("They never called back.", "communication/no_answer"),
        ("The warranty was refused.", "warranty/warranty_refused"),
        ("You refused the return of the coat.", "warranty/return_refused"),
        ("Your shop won't take it back.", "warranty/return_refused"),
        ("I am struggling to pay.", "other/hardship"),
        ("I am unemployed since May.", "other/hardship"),
    ],
)
def test_the_usual_words_for_an_issue_speak_for_it(issues: Lexicon, text: str, issue: str) -> None:
    assert issue in {hit.label for hit in issues.find(normalised(text))}


def issue_told(text: str, **phrases: tuple[str, ...]) -> str | None:
    issues = tuple(Issue(name, name, lines) for name, lines in phrases.items())
    broken = TaxonomyCategory("product_quality", "Broken", "Broken", issues)
    other = TaxonomyCategory("other", "Other", "Other", (Issue("question", "Question", ("kettle",)),))
    answer = Categoriser.of(Taxonomy("own", "Own", (broken, other))).categorise("", text)
    assert answer.name == "product_quality"
    return answer.issue


BROKEN = "The kettle is defective: the lid broke, the handle broke and the plug sparks."


def test_an_issue_is_told_that_more_phrases_speak_for_than_for_any_other() -> None:
    assert issue_told(BROKEN, sparks=("sparks",), breaks=("broke",)) == "breaks"
    assert issue_told(BROKEN, breaks=("lid broke",), sparks=("sparks", "plug sparks")) == "sparks"


def test_where_as_much_speaks_for_two_issues_none_is_told() -> None:
    assert issue_told(BROKEN, sparks=("sparks",), breaks=("lid broke",)) is None
    assert issue_told(BROKEN, sparks=("sparks",), breaks=("lid broke",), leaks=("leaks",)) is None


def test_where_no_phrase_speaks_for_an_issue_of_the_category_none_is_told() -> None:
    assert issue_told(BROKEN, leaks=("leaks",)) is None


def test_a_taxonomy_whose_phrases_cannot_be_used_stops_the_start(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    issue = '[[category.issue]]\nname = "late"\ntitle = "Late"\nphrases = ["@parcels late"]\n'
    path.write_text(f'name = "own"\ntitle = "Own"\n[[category]]\nname = "other"\ntitle = "O"\nmeaning = "O"\n{issue}')
    settings: dict[str, Any] = {"taxonomy": str(path)}
    unused: Any = None
    with pytest.raises(ConfigurationError, match=r"RECOURSE_TAXONOMY.*@parcels"):
        build(IntakeSettings(**settings), database=unused, broker=unused, metrics=unused, sealer=unused)
