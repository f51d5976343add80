"""What tells that a text raises a matter at all, whatever else it raises: one yes or no for each category."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_matrix, hstack  # type: ignore[import-untyped]  # it ships no types
from sklearn.linear_model import LogisticRegression

from services.intake.categorise.categories import FINANCIAL_CATEGORIES
from services.launch.understanding.corpus import Example
from services.launch.understanding.features import Featured, hits_of, matrix_of
from services.launch.understanding.recipe import FOREIGN, Fitted, company_of

MATTER_TEXTS_MIN = 500
"""With fewer texts of which all matters are known nothing is learnt of them."""
EXAMPLES_MIN = 10
"""A category that fewer texts raise is never named as a further one."""
OWN_WEIGHT = 3.0
"""Of the project's own texts, of which there are fewer than of banks'."""
INVERSE = 4.0


class Matters(NamedTuple):
    """One row per category; no rows where there was too little to learn from."""

    weights: np.ndarray
    """One column per pattern of the vocabulary."""
    phrase_weights: np.ndarray
    """One column per label."""
    bias: np.ndarray


def matters_of(texts: Sequence[Featured], fitted: Fitted) -> Matters:
    """Learnt from those texts whose further matters somebody named; deterministic for the same texts.

    A matter that one careful reader named and another did not is left open: the text teaches nothing of it.
    """
    known = [text for text in texts if _is_known(text.example)]
    size, labels = len(fitted.vocabulary), fitted.phrase_weights.shape[1]
    if len(known) < MATTER_TEXTS_MIN:
        return Matters(np.zeros((0, size)), np.zeros((0, labels)), np.zeros(0))
    matrix = matrix_of(known, {gram: at for at, gram in enumerate(fitted.vocabulary)}, fitted.rarity)
    company = company_of(known, matrix)
    design = csr_matrix(hstack([matrix, csr_matrix(matrix @ company), csr_matrix(hits_of(known))]))
    rows = np.vstack([_row(name, known, design) for name in FINANCIAL_CATEGORIES])
    middle = size + company.shape[1]
    return Matters(rows[:, :size] + rows[:, size:middle] @ company.T, rows[:, middle:-1], rows[:, -1])


def _is_known(example: Example) -> bool:
    return bool(example.hand) or example.source.startswith("written")


def _row(name: str, texts: Sequence[Featured], design: csr_matrix) -> np.ndarray:
    """The weights of one category, the intercept last."""
    raised = np.array([name in (text.example.truth, *text.example.secondary) for text in texts])
    found = np.zeros(design.shape[1] + 1)
    found[-1] = FOREIGN
    if EXAMPLES_MIN <= raised.sum() < len(texts):
        model = LogisticRegression(C=INVERSE, max_iter=300, tol=1e-3)
        model.fit(design, raised, sample_weight=[_weight(name, text.example) for text in texts])
        found[:-1], found[-1] = model.coef_[0], model.intercept_[0]
    return found


def _weight(name: str, example: Example) -> float:
    if name in example.named_once:
        return 0.0
    return OWN_WEIGHT if example.source.startswith("written") else 1.0
