"""From folded texts to the bytes of a model file: fitted, calibrated on folds the fitted part did not see, packed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.isotonic import IsotonicRegression

from services.intake.categorise.categories import CATEGORIES
from services.intake.categorise.load import model_bytes
from services.intake.categorise.model import WEIGHT_MAX
from services.launch.understanding import recipe
from services.launch.understanding.corpus import Example

TARGET_PRECISION = 0.90
KNOTS = 12
RARITY_STEP = 1 / 128
FAMILIAR = 0.6
"""Known patterns a word below which a text counts as another language: few English texts have less than one a word."""


def fitted_bytes(examples: Sequence[Example]) -> bytes:
    """A model file of these texts; calibrated on those of them whose fold was left out in turn."""
    texts = recipe.featured(examples)
    fitted = recipe.fit(texts)
    patterns, rows, step = _quantised(fitted, texts)
    header = {
        "trained_on": sorted({example.source for example in examples}),
        "texts": len(texts),
        "categories": list(fitted.categories),
        "weight_step": step,
        "rarity_step": RARITY_STEP,
        "familiar": FAMILIAR,
        "domains": list(recipe.DOMAINS),
        "domain_bias": fitted.domain_bias.tolist(),
        "category_bias": fitted.category_bias.tolist(),
        "phrase_weights": {name: weights.tolist() for name, weights in fitted.phrase_weights.items()},
        **_calibrated(texts, sorted({example.fold for example in examples})),
    }
    return model_bytes(header, patterns, rows)


def _quantised(fitted: recipe.Fitted, texts: Sequence[recipe.Featured]) -> tuple[list[str], list[int], float]:
    """The table's rows: a word's own numbers and its stem's, added up, so that the product looks for words only."""
    weights = np.concatenate([fitted.weights, fitted.domain_weights]) * fitted.rarity
    step = 2 * float(np.abs(weights).max()) / WEIGHT_MAX
    rarity = np.rint(fitted.rarity**2 / RARITY_STEP).astype(int)
    numbers = np.vstack([rarity, np.rint(weights / step).astype(int)]).T
    place = {gram: at for at, gram in enumerate(fitted.vocabulary)}
    nothing = np.zeros(numbers.shape[1], dtype=int)

    def row(gram: str) -> np.ndarray:
        return numbers[place[gram]] if gram in place else nothing

    rows = {gram: row(gram) for gram in fitted.vocabulary if " " in gram}
    for word in fitted.forms:
        rows[word] = row(word) + row(recipe.stem(word) + recipe.STEM_MARK)
    documents = Counter(gram for text in texts for gram in text.grams)
    listed = sorted(rows, key=lambda gram: (-documents[gram], gram))
    return [f" {gram} " for gram in listed], np.vstack([rows[gram] for gram in listed]).ravel().tolist(), step


@dataclass(frozen=True, slots=True)
class Unseen:
    """An answer for a text by a model that was fitted without it."""

    raw: float
    right: bool
    source: str
    domains: tuple[float, ...]


def _calibrated(texts: Sequence[recipe.Featured], folds: Sequence[int]) -> dict[str, Any]:
    """Confidence curves and thresholds from predictions for each fold by a model fitted without it."""
    answers: dict[str, list[Unseen]] = {"default": [], "financial": []}
    for fold in folds:
        fitted = recipe.fit([text for text in texts if text.example.fold != fold])
        unseen = [text for text in texts if text.example.fold == fold and text.example.source in recipe.CALIBRATED_ON]
        answers["default"] += _answers(fitted, unseen, financial=False)
        financial = [text for text in unseen if recipe.DOMAIN_OF[text.example.source] == "financial"]
        answers["financial"] += _answers(fitted, financial, financial=True)
    curves = {name: [_curve(part, domain) for domain in recipe.DOMAINS] for name, part in answers.items()}
    thresholds = {name: _threshold(name, part, curves[name]) for name, part in answers.items()}
    return {"calibrations": curves, "thresholds": thresholds}


def _answers(fitted: recipe.Fitted, texts: Sequence[recipe.Featured], *, financial: bool) -> list[Unseen]:
    alone = recipe.DOMAINS.index("financial")
    table = fitted.probabilities(texts, domain=alone if financial else None)
    shares = np.eye(len(recipe.DOMAINS))[[alone] * len(texts)] if financial else fitted.resemblance(texts)
    taxonomy = fitted.categories if financial else CATEGORIES
    return [
        Unseen(*recipe.answer(fitted.categories, row, text.example, taxonomy), text.example.source, tuple(share))
        for text, row, share in zip(texts, table, shares, strict=True)
    ]


def _curve(answers: Sequence[Unseen], domain: str) -> tuple[list[float], list[float]]:
    """Rising points for one domain, from the answers of its own sources (of all, when it has none here)."""
    own = [row for row in answers if recipe.DOMAIN_OF[row.source] == domain] or list(answers)
    raw, right = np.array([row.raw for row in own]), np.array([row.right for row in own], dtype=float)
    curve = IsotonicRegression(y_min=0.02, y_max=0.98, out_of_bounds="clip").fit(raw, right)
    bins = np.array_split(np.argsort(raw), KNOTS)
    knots = [float(raw[part].mean()) for part in bins]
    heights = np.maximum.accumulate([curve.predict(raw[part]).mean() for part in bins])
    # Below the lowest answers seen the line falls to nothing: there is no ground for confidence.
    return [0.0, *np.round(knots, 5).tolist()], [0.0, *np.round(heights, 5).tolist()]


def _threshold(name: str, answers: Sequence[Unseen], curves: Sequence[tuple[list[float], list[float]]]) -> float:
    """The lowest confidence at and above which 90 of 100 answers were right; 0.99 when there is none."""
    sizes = Counter(row.source for row in answers)
    weight = np.array([recipe.CALIBRATED_ON[row.source] / sizes[row.source] for row in answers])
    raw, shares = np.array([row.raw for row in answers]), np.array([row.domains for row in answers])
    confidence = sum(shares[:, at] * np.interp(raw, *curve) for at, curve in enumerate(curves))
    order = np.argsort(-confidence)
    right = np.array([row.right for row in answers])
    precision = np.cumsum((right * weight)[order]) / np.cumsum(weight[order])
    good = np.flatnonzero(precision >= TARGET_PRECISION)
    threshold = float(confidence[order][good.max()]) if len(good) > 0 else 0.99
    return round(threshold, 4)
