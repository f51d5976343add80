"""What a model is taught of a text, and which words and pairs of it are looked for."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

from services.intake.categorise import FINANCIAL_CATEGORIES
from services.launch.understanding import features, recipe, taught
from services.launch.understanding.corpus import Example
from services.launch.understanding.features import featured, vocabulary_of
from services.launch.understanding.matters import MATTER_TEXTS_MIN, matters_of
from services.launch.understanding.taught import labels_of

BILL = "They took the instalment twice."


def test_a_careful_readers_label_weighs_more_than_the_menus_and_both_are_taught() -> None:
    read = Example("cfpb", "read", "", BILL, "service_delivery", hand="billing_error")
    chosen = Example("cfpb", "chosen", "", BILL, "service_delivery")
    found = labels_of([read, chosen], {"cfpb": 2.0})
    assert (found.rows, found.names) == ([0, 0, 1], ["service_delivery", "billing_error", "service_delivery"])
    menu, hand, alone = found.weights
    assert (menu, hand, alone) == (2.0 * taught.MENU_WEIGHT, 2.0 * taught.HAND_WEIGHT, 2.0)
    assert menu < alone < hand


def test_rare_categories_weigh_more_but_still_less_than_common_ones() -> None:
    common = [Example("house", str(at), "", BILL, "billing_error") for at in range(9)]
    found = labels_of([*common, Example("house", "rare", "", BILL, "warranty")], {}).balanced()
    assert found[0] == 1.0 < found[-1] < sum(found[:-1])
    assert np.all(found[:-1] == 1.0)


def raising(at: int, *, left_open: bool = False) -> Example:
    """Every second text tells of silence beside its first matter; `left_open`: one reader saw that, another did not."""
    first, hand = [("The parcel never came.", "service_delivery"), ("The kettle broke.", "product_quality")][
        at % 3 == 0
    ]
    silent = at % 2 == 0
    text = f"{first} {'Nobody answers the telephone.' if silent else ''}"
    named = ("communication",) if silent else ()
    secondary, once = ((), named) if left_open else (named, ())
    return Example("cfpb", str(at), "", text, "", secondary, hand=hand, named_once=once)


def test_a_further_matter_is_learnt_from_texts_that_raise_it_beside_another() -> None:
    texts = featured([raising(at) for at in range(MATTER_TEXTS_MIN)])
    fitted = recipe.fit(texts)
    found = matters_of(texts, fitted)
    told = found.weights[:, fitted.vocabulary.index("telephone")]
    assert FINANCIAL_CATEGORIES[int(told.argmax())] == "communication"
    never = found.bias[FINANCIAL_CATEGORIES.index("warranty")]
    assert never == recipe.FOREIGN


def test_a_matter_that_one_reader_named_and_another_did_not_teaches_nothing() -> None:
    texts = featured([raising(at, left_open=at % 4 == 0) for at in range(MATTER_TEXTS_MIN)])
    fitted = recipe.fit(texts)
    told = matters_of(texts, fitted).weights[:, fitted.vocabulary.index("telephone")]
    assert FINANCIAL_CATEGORIES[int(told.argmax())] == "communication"


def test_with_few_texts_of_which_all_matters_are_known_none_are_learnt() -> None:
    texts = featured([raising(at) for at in range(MATTER_TEXTS_MIN - 1)])
    assert len(matters_of(texts, recipe.fit(texts)).bias) == 0


def test_laws_and_bureaus_are_looked_for_and_pairs_that_tell_nothing_are_not() -> None:
    learnt = featured(
        [
            Example("house", str(at), "", "wrote to Experian, under the Fair Act they were wrong", "other")
            for at in range(9)
        ]
    )
    known, _ = vocabulary_of(learnt)
    assert {"experian", "fair", "act", "under the", "were wrong"} <= known.keys()
    assert "they were" not in known


def test_of_more_pairs_than_a_model_may_have_the_rarest_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    learnt = featured(
        [Example("house", str(at), "", "broken kettle" + " rusty gasket" * (at < 6), "other") for at in range(9)]
    )
    known, forms = vocabulary_of(learnt)
    assert {"broken kettle", "kettle rusty", "rusty gasket"} <= known.keys()
    monkeypatch.setattr(features, "ROWS_MAX", len(forms) + 1)
    fewer, same = vocabulary_of(learnt)
    assert [gram for gram in fewer if " " in gram] == ["broken kettle"]
    assert same == forms


def test_of_the_pairs_those_alone_are_looked_for_that_weigh_most(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [
        Example("house", f"{at}", "", f"{said} near home {'blue' if at % 3 else 'red'} door", category)
        for at in range(30)
        for said, category in (("charged again", "billing_error"), ("charged never", "service_delivery"))
    ]
    learnt = featured(texts)
    whole = recipe.fit(learnt)
    monkeypatch.setattr(recipe, "PAIRS_MAX", 2)
    fewer = recipe.fit(learnt)
    assert "near home" in whole.vocabulary
    assert {gram for gram in fewer.vocabulary if " " in gram} == {
        gram for gram in whole.vocabulary if " " in gram
    } - recipe.light_pairs(whole)
    assert {gram for gram in fewer.vocabulary if " " in gram} <= {
        "charged again",
        "charged never",
        "again near",
        "never near",
    }
    assert [gram for gram in fewer.vocabulary if " " not in gram] == [
        gram for gram in whole.vocabulary if " " not in gram
    ]
