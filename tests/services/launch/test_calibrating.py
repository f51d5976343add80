"""What answers are worth, and what the recipe looks at, is learnt from texts the fitted part has not seen."""

import numpy as np
import pytest

from services.intake.categorise.categories import CATEGORIES, FINANCIAL_CATEGORIES
from services.launch.understanding.calibrating import FINANCIAL, Crossed, calibrated, chosen
from services.launch.understanding.corpus import Example
from services.launch.understanding.features import featured, vocabulary_of
from services.launch.understanding.recipe import DOMAINS

TEXTS = 400
OFTEN, SELDOM = (FINANCIAL_CATEGORIES.index(name) for name in ("billing_error", "product_quality"))


def of_banks(views: np.ndarray, truth: np.ndarray, own: np.ndarray, share: float) -> Crossed:
    """Answers to texts that resemble a bank's so much, and a shop's for the rest; every domain looks upon them alike."""
    domains = np.zeros((len(truth), len(DOMAINS)))
    domains[:, FINANCIAL], domains[:, DOMAINS.index("shop")] = share, 1.0 - share
    whole = views / views.sum(axis=1, keepdims=True)
    return Crossed(domains, np.repeat(whole[:, None, :], len(DOMAINS), axis=1), truth, own)


def test_a_banks_rare_category_is_chosen_sooner_where_it_always_came_a_close_second() -> None:
    truth = np.where(np.arange(TEXTS) % 10 == 0, SELDOM, OFTEN)
    views = np.full((TEXTS, len(FINANCIAL_CATEGORIES)), 0.01)
    views[:, OFTEN], views[:, SELDOM] = 0.5, np.where(truth == SELDOM, 0.42, 0.2)
    answers = of_banks(views, truth, np.full(TEXTS, FINANCIAL), share=0.9)
    biases = calibrated(answers)["answer_bias"]
    assert chosen(answers, biases, len(FINANCIAL_CATEGORIES)).right.mean() == 1.0
    assert not any(np.any(bias) for at, bias in enumerate(biases) if at != FINANCIAL)


def test_a_banks_texts_that_resemble_a_shops_a_little_are_no_surer_for_it() -> None:
    at = np.arange(TEXTS)
    own = np.repeat([FINANCIAL, DOMAINS.index("shop")], TEXTS)
    truth = np.where(np.concatenate([at % 5 < 3, at % 20 > 0]), OFTEN, SELDOM)
    views = np.full((2 * TEXTS, len(FINANCIAL_CATEGORIES)), 0.01)
    views[:, OFTEN] = np.tile(np.linspace(0.5, 0.7, TEXTS), 2)
    answers = of_banks(views, truth, own, share=0.7)
    found = calibrated(answers)
    said = chosen(answers, found["answer_bias"], len(CATEGORIES))
    curves = found["calibrations"]["default"]
    sure = sum(answers.domains[:, at] * np.interp(said.raw, *curve) for at, curve in enumerate(curves))
    ours = own == FINANCIAL
    assert np.mean(sure[ours]) == pytest.approx(said.right[ours].mean(), abs=0.04)


def test_names_masks_numbers_and_words_that_tell_nothing_are_not_looked_for() -> None:
    text = "the gasket of my kettle from Brevillius, bought by xxxx in 2024, leaks onto the table"
    learnt = featured([Example("house", str(at), "", text, "product_quality") for at in range(20)])
    known, forms = vocabulary_of(learnt)
    assert {"gasket", "kettle", "leaks", "the gasket"} <= known.keys()
    assert {"gasket", "kettle", "leaks"} <= set(forms)
    for listed in (known, forms):
        assert not {"the", "my", "of", "brevillius", "xxxx", "2024", "the*"} & set(listed)
