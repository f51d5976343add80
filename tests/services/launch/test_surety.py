"""What is learnt about how sure answers are: each category by itself, all domains added up."""

import numpy as np
import pytest

from services.intake.categorise.confidence import surety_of
from services.launch.understanding.surety import MOST, Seen, sureness, surety

NAMES = ("warranty", "other", "billing_error")


def answers(count: int, worth: dict[int, float]) -> Seen:
    """Answers whose share of right ones depends on the category alone."""
    dice = np.random.default_rng(7)
    probabilities = dice.dirichlet(np.ones(len(NAMES)) * 2, count)
    said = probabilities.argmax(axis=1)
    right = (dice.random(count) < np.array([worth[at] for at in range(len(NAMES))])[said]).astype(float)
    return Seen(probabilities, said, right, np.ones(count), np.zeros(count))


def test_each_category_is_as_sure_as_its_answers_were_right() -> None:
    worth = {0: 0.9, 1: 0.3, 2: 0.6}
    seen = answers(4_000, worth)
    confidence = sureness(seen, surety(seen, NAMES))
    for at, share in worth.items():
        assert confidence[seen.said == at].mean() == pytest.approx(share, abs=0.04)


def test_what_other_domains_say_is_taken_into_account() -> None:
    seen = answers(4_000, {0: 0.7, 1: 0.7, 2: 0.7})
    mixed = seen._replace(share=np.full(4_000, 0.5), rest=np.full(4_000, 0.45))
    assert sureness(mixed, surety(mixed, NAMES)).mean() == pytest.approx(seen.right.mean(), abs=0.01)


def test_the_product_reckons_as_the_learning_does() -> None:
    seen = answers(900, {0: 0.9, 1: 0.3, 2: 0.6})
    stored = surety(seen, NAMES)
    read = surety_of(stored)
    assert read is not None
    for at in range(20):
        named = dict(zip(NAMES, seen.probabilities[at].tolist(), strict=True))
        assert read(NAMES[seen.said[at]], named) == pytest.approx(sureness(seen, stored)[at])


def test_no_answer_is_surer_than_the_most() -> None:
    seen = answers(900, {0: 1.0, 1: 1.0, 2: 1.0})
    assert sureness(seen, surety(seen, NAMES)).max() <= MOST
