"""Texts whose matter nobody named: what they are taught as, and what they are kept out of."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

from services.launch.understanding import features, recipe
from services.launch.understanding.corpus import Example
from services.launch.understanding.features import featured, vocabulary_of
from services.launch.understanding.learning import report_on
from services.launch.understanding.teaching import TEACHING_LABELS_MIN, Labels, with_lent

BILL, RECORD = "They took the instalment twice.", "My report shows a wrong balance."


def named(count: int) -> list[Example]:
    """Texts with a label of their own, half of each kind."""
    kinds = ((BILL, "billing_error"), (RECORD, "data_records"))
    return [Example("cfpb", str(at), "", *kinds[at % 2]) for at in range(count)]


def unsaid(text: str) -> Example:
    return Example("cfpb_product", "new", "", text, "debt_collection", of_product=True)


def labels_of(texts: list[Example]) -> Labels:
    return Labels(list(range(len(texts))), [each.category for each in texts], np.ones(len(texts)))


def lent_to_the_last(texts: list[Example]) -> dict[str, float]:
    taught = with_lent(labels_of(texts), texts)
    each = zip(taught.rows, taught.names, taught.weights, strict=True)
    return {name: weight for row, name, weight in each if row == len(texts) - 1}


def test_a_text_whose_matter_nobody_named_is_taught_as_what_it_reads_like() -> None:
    texts = [*named(TEACHING_LABELS_MIN), unsaid(BILL)]
    shares = lent_to_the_last(texts)
    assert shares["billing_error"] > 0.8
    assert "debt_collection" not in shares
    assert sum(shares.values()) == pytest.approx(1.0, abs=0.1)


def test_with_few_labels_the_products_category_stands() -> None:
    assert lent_to_the_last([*named(TEACHING_LABELS_MIN - 2), unsaid(BILL)]) == {"debt_collection": 1.0}


def test_a_careful_readers_label_is_not_overruled() -> None:
    read = Example("cfpb_product", "new", "", BILL, "", hand="warranty", of_product=True)
    texts = [*named(TEACHING_LABELS_MIN), read]
    labels = Labels(list(range(len(texts))), [each.truth for each in texts], np.ones(len(texts)))
    taught = with_lent(labels, texts)
    assert [name for row, name in zip(taught.rows, taught.names, strict=True) if row == len(texts) - 1] == ["warranty"]


def test_texts_without_a_label_are_in_no_figure_of_the_report() -> None:
    texts = [*named(4), Example("cfpb_product", "new", "", BILL, "", of_product=True)]
    assert report_on(texts, None)["categories"] == {"billing_error": 2, "data_records": 2}


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
