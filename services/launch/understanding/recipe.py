"""How the model is fitted: one head of weights for a bank's or lender's texts, one for all, and what tells domains apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_matrix, hstack  # type: ignore[import-untyped]  # it ships no types
from sklearn.linear_model import LogisticRegression
from sklearn.utils.extmath import randomized_svd

from services.intake.categorise.categories import FINANCIAL_CATEGORIES
from services.launch.understanding.features import Featured, hits_of, matrix_of, vocabulary_of
from services.launch.understanding.taught import HAND_WEIGHT, Labels, labels_of

DOMAINS = ("shop", "financial", "vehicle")
HEADS = (0, 1, 0)
"""Per domain: the general head, or the financial one."""

DOMAIN_OF = {
    "written_bank": "financial",
    "cfpb": "financial",
    "cfpb_payday": "financial",
    "cfpb_product": "financial",
    "nhtsa": "vehicle",
}
"""Any other source counts as a shop's."""

NO_DOMAIN = frozenset({"banking77", "clinc150", "corrections"})
"""Short queries, and what agents corrected: they say nothing about what a domain's complaints look like."""

GENERAL_WEIGHT = {
    "written": 2.5,
    "written_bank": 1.0,
    "cfpb": 0.1,
    "cfpb_payday": 0.1,
    "cfpb_product": 0.1,
    "nhtsa": 0.3,
    "banking77": 0.15,
    "clinc150": 0.08,
    "corrections": HAND_WEIGHT,
}
FINANCIAL_WEIGHT = {"written_bank": 2.0, "corrections": HAND_WEIGHT}
"""Weight of a text by its source, 1 where it is not named. What an agent corrected was read with care."""

GENERAL_C, FINANCIAL_C = 4.0, 4.0
"""Inverse regularisation, chosen by cross-validation as everything here."""
DOMAIN_C = 10.0
GENERAL_PHRASES, FINANCIAL_PHRASES = 3.0, 0.5
"""How freely phrases may weigh: in a lender's long letters they mislead more often than they help."""
FINANCIAL_CAUTION = 2.0
"""Taken from the financial domain's bias: a telephone company's customers write of bills and accounts too, and the
general head answers them better than the financial head does."""
PAIRS_MAX = 3_500
"""A complaint holds as many of the other pairs again, which take time and hardly change an answer."""
DIRECTIONS = 100
TEXTS_PER_DIRECTION = 20
FOREIGN = -30.0
"""The bias of a domain that no training text has."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """Weights as arrays, before they are rounded and packed; categories are FINANCIAL_CATEGORIES."""

    vocabulary: tuple[str, ...]
    """Words, pairs, and stems (which end in STEM_MARK)."""
    forms: tuple[str, ...]
    """Words that are in the vocabulary themselves or by their stem."""
    rarity: np.ndarray
    weights: np.ndarray
    """One row per category and head, the general head first."""
    domain_weights: np.ndarray
    domain_bias: np.ndarray
    category_bias: np.ndarray
    phrase_weights: np.ndarray
    """One row per category and head, one column per label."""

    def views(self, texts: Sequence[Featured]) -> tuple[np.ndarray, np.ndarray]:
        """Per text: how much it resembles each domain; and, by domain, every category's probability."""
        matrix = matrix_of(texts, {gram: at for at, gram in enumerate(self.vocabulary)}, self.rarity)
        scores = matrix @ self.weights.T + hits_of(texts) @ self.phrase_weights.T
        count = len(FINANCIAL_CATEGORIES)
        views = [
            softmax(scores[:, head * count : (head + 1) * count] + bias)
            for head, bias in zip(HEADS, self.category_bias, strict=True)
        ]
        return softmax(matrix @ self.domain_weights.T + self.domain_bias), np.stack(views, axis=1)


def domain_of(source: str) -> str:
    """The domain a source's texts count as."""
    return DOMAIN_OF.get(source, "shop")


def fit(texts: Sequence[Featured]) -> Fitted:
    """Fits categories and domains; deterministic for the same texts.

    It is done twice: once with every pair, and once with those alone that weighed most.
    """
    documents, forms = vocabulary_of(texts)
    taught = _taught(texts)
    whole = _fitted(texts, taught, documents, forms)
    light = light_pairs(whole)
    if not light:
        return whole
    return _fitted(texts, taught, {gram: times for gram, times in documents.items() if gram not in light}, forms)


def light_pairs(fitted: Fitted) -> set[str]:
    """All pairs but the PAIRS_MAX that weigh most for or against any category."""
    heaviest = np.abs(fitted.weights).max(axis=0).round(4)
    pairs = sorted(
        (-weight, gram) for gram, weight in zip(fitted.vocabulary, heaviest.tolist(), strict=True) if " " in gram
    )
    return {gram for _, gram in pairs[PAIRS_MAX:]}


class _Taught(NamedTuple):
    """What the heads are taught."""

    general: Labels
    own: list[int]
    """The places of a bank's or lender's texts."""
    financial: Labels | None
    """Of those; None when they have no two labels to tell apart."""


def _taught(texts: Sequence[Featured]) -> _Taught:
    own = [at for at, text in enumerate(texts) if text.example.source in {*DOMAIN_OF, "corrections"} - {"nhtsa"}]
    part = [texts[at].example for at in own]
    financial = labels_of(part, FINANCIAL_WEIGHT) if len({example.truth for example in part}) > 1 else None
    return _Taught(labels_of([text.example for text in texts], GENERAL_WEIGHT), own, financial)


def _fitted(texts: Sequence[Featured], taught: _Taught, documents: Mapping[str, int], forms: Sequence[str]) -> Fitted:
    """Everything fitted with this vocabulary, of which so many texts hold each pattern."""
    vocabulary = tuple(sorted(documents))
    rarity = rarity_of(documents, vocabulary, len(texts))
    matrix = matrix_of(texts, {gram: at for at, gram in enumerate(vocabulary)}, rarity)
    hits = hits_of(texts)
    company = company_of(texts, matrix)
    general = _head(taught.general, matrix, company, hits * GENERAL_PHRASES, GENERAL_C)
    heads, spoken = [general, general], [GENERAL_PHRASES, GENERAL_PHRASES]
    if taught.financial is not None:
        spoken[1] = FINANCIAL_PHRASES
        own_hits = hits[taught.own] * FINANCIAL_PHRASES
        heads[1] = _head(taught.financial, matrix[taught.own], company, own_hits, FINANCIAL_C)
    size = len(vocabulary)
    domain_weights, domain_bias = _domains(texts, matrix)
    return Fitted(
        vocabulary=vocabulary,
        forms=tuple(forms),
        rarity=rarity,
        weights=np.vstack([head[:, :size] for head in heads]),
        domain_weights=domain_weights,
        domain_bias=domain_bias,
        category_bias=np.vstack([heads[head][:, -1] for head in HEADS]),
        phrase_weights=np.vstack([head[:, size:-1] * scale for head, scale in zip(heads, spoken, strict=True)]),
    )


def rarity_of(documents: Mapping[str, int], vocabulary: Sequence[str], texts: int) -> np.ndarray:
    """Per pattern of the vocabulary, by how many of so many texts hold it."""
    found: np.ndarray = np.log((1 + texts) / (1 + np.array([documents[gram] for gram in vocabulary]))) + 1
    return found


def company_of(texts: Sequence[Featured], matrix: csr_matrix) -> np.ndarray:
    """Per pattern its place in some directions in which complaints differ most: patterns that keep company lie close.

    A head that sees a text's place beside its patterns learns of one what it is told of another. As a place is a sum
    over patterns, both come to one weight a pattern in the end.
    """
    chosen = [at for at, text in enumerate(texts) if text.example.source not in NO_DOMAIN]
    count = min(DIRECTIONS, len(chosen) // TEXTS_PER_DIRECTION, matrix.shape[1] - 1)
    if count < 1:
        return np.zeros((matrix.shape[1], 0))
    _, _, directions = randomized_svd(matrix[chosen], count, n_iter=3, random_state=0)
    found: np.ndarray = directions.T
    return found


def _head(labels: Labels, matrix: csr_matrix, company: np.ndarray, hits: np.ndarray, inverse: float) -> np.ndarray:
    """One row per category: the words' weights, the phrases', the intercept. A category without a text gets none."""
    names, weights = np.array(labels.names), labels.balanced()
    design = csr_matrix(hstack([matrix, csr_matrix(matrix @ company), csr_matrix(hits)]))[labels.rows]
    model = LogisticRegression(C=inverse, max_iter=300, tol=1e-3)
    model.fit(design, names, sample_weight=weights / weights.mean())
    found = np.zeros((len(FINANCIAL_CATEGORIES), matrix.shape[1] + hits.shape[1] + 1))
    found[:, -1] = FOREIGN
    coefficients = np.hstack([model.coef_, model.intercept_[:, None]])
    if len(model.classes_) == 2:  # one row stands for both
        coefficients = np.vstack([-coefficients, coefficients]) / 2
    size, further = company.shape
    words = coefficients[:, :size] + coefficients[:, size : size + further] @ company.T
    coefficients = np.hstack([words, coefficients[:, size + further :]])
    for name, row in zip(model.classes_, coefficients, strict=True):
        found[FINANCIAL_CATEGORIES.index(name)] = row
    return found


def _domains(texts: Sequence[Featured], matrix: csr_matrix) -> tuple[np.ndarray, np.ndarray]:
    chosen = [at for at, text in enumerate(texts) if text.example.source not in NO_DOMAIN]
    names = np.array([domain_of(texts[at].example.source) for at in chosen] or ["shop"])
    weights, bias = np.zeros((len(DOMAINS), matrix.shape[1])), np.full(len(DOMAINS), FOREIGN)
    known, sizes = np.unique(names, return_counts=True)
    if len(known) == 1:
        bias[DOMAINS.index(known[0])] = 0.0
        return weights, bias
    model = LogisticRegression(C=DOMAIN_C, max_iter=300)
    model.fit(matrix[chosen], names, sample_weight=500 / sizes[np.searchsorted(known, names)])
    coefficients, intercepts = model.coef_, model.intercept_
    if len(known) == 2:
        coefficients, intercepts = (
            np.vstack([-coefficients, coefficients]) / 2,
            np.array([-intercepts[0], intercepts[0]]) / 2,
        )
    for at, name in enumerate(known):
        weights[DOMAINS.index(name)], bias[DOMAINS.index(name)] = coefficients[at], intercepts[at]
    bias[DOMAINS.index("financial")] -= FINANCIAL_CAUTION
    return weights, bias


def softmax(scores: np.ndarray) -> np.ndarray:
    """Probabilities, row by row."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return shares
