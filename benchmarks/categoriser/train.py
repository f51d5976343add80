"""Trains the shipped model and its twin: `PYTHONPATH=. python -m benchmarks.categoriser.train`.

Needs scikit-learn, numpy and scipy, in an environment of their own: the product never imports them.
The twin is the same recipe without the held-out fold; every published figure is measured with the twin.
"""

import sys
from array import array
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.isotonic import IsotonicRegression

from benchmarks.categoriser import recipe
from benchmarks.categoriser.corpus import FOLDS, HELD_OUT, HERE, TRAINED_SETS, data_folder, examples
from services.intake.categorise.categories import CATEGORIES
from services.intake.categorise.load import SHIPPED, save_model
from services.intake.categorise.model import WEIGHT_BIAS

TWIN = HERE / "twin.bin"
TARGET_PRECISION = 0.90
KNOTS = 12
RARITY_STEP = 1 / 256


def main() -> None:
    """Trains, calibrates on folds the fitted part did not see, and writes both model files."""
    texts = recipe.featured(examples(TRAINED_SETS, data_folder()))
    known = [text for text in texts if text.example.fold != HELD_OUT]
    folds = [fold for fold in range(FOLDS) if fold != HELD_OUT]
    _write(TWIN, known, folds)
    if "--twin-only" not in sys.argv:
        _write(SHIPPED, texts, [*folds, HELD_OUT])


def _write(path: Path, texts: Sequence[recipe.Featured], folds: Sequence[int]) -> None:
    calibrations = _calibrations(texts, folds)
    fitted = recipe.fit(texts)
    vocabulary, lanes, step = _quantised(fitted)
    header = {
        "trained_on": list(TRAINED_SETS),
        "texts": len(texts),
        "categories": list(fitted.categories),
        "weight_step": step,
        "rarity_step": RARITY_STEP,
        "domain_bias": fitted.domain_bias.tolist(),
        "category_bias": fitted.category_bias.tolist(),
        "phrase_weights": {name: weights.tolist() for name, weights in fitted.phrase_weights.items()},
        "calibrations": calibrations,
    }
    save_model(path, header, vocabulary, lanes)
    print(path.name, len(texts), "texts,", len(vocabulary), "words and pairs,", path.stat().st_size, "bytes")


def _quantised(fitted: recipe.Fitted) -> tuple[list[str], "array[int]", float]:
    weights = np.concatenate([fitted.weights, fitted.domain_weights]) * fitted.rarity
    step = float(np.abs(weights).max()) / (WEIGHT_BIAS - 1)
    stored = np.rint(weights / step).astype(int) + WEIGHT_BIAS
    rarity = np.rint(fitted.rarity**2 / RARITY_STEP).astype(int)
    words = np.array([" " not in gram for gram in fitted.vocabulary], dtype=int)
    table = np.vstack([np.ones_like(rarity), words, rarity, stored]).T
    return list(fitted.vocabulary), array("H", table.ravel().tolist()), step


def _calibrations(texts: Sequence[recipe.Featured], folds: Sequence[int]) -> dict[str, dict[str, object]]:
    """Confidence curves and thresholds from predictions for each fold by a model fitted without it."""
    raw: dict[str, list[tuple[float, bool, str]]] = {"default": [], "financial": []}
    for fold in folds:
        fitted = recipe.fit([text for text in texts if text.example.fold != fold])
        unseen = [text for text in texts if text.example.fold == fold and text.example.source in recipe.CALIBRATED_ON]
        for text, row in zip(unseen, fitted.probabilities(unseen), strict=True):
            source = text.example.source
            for taxonomy, answers in raw.items():
                if taxonomy == "financial" and not source.startswith("cfpb"):
                    continue
                top, right = recipe.answer(
                    fitted.categories, row, text.example, CATEGORIES if taxonomy == "default" else fitted.categories
                )
                answers.append((top, right, source))
    return {taxonomy: _calibration(answers, taxonomy) for taxonomy, answers in raw.items()}


def _calibration(answers: Sequence[tuple[float, bool, str]], taxonomy: str) -> dict[str, object]:
    top = np.array([row[0] for row in answers])
    right = np.array([row[1] for row in answers], dtype=float)
    sizes = Counter(row[2] for row in answers)
    shares = recipe.CALIBRATED_ON
    weight = np.array([shares[row[2]] / sizes[row[2]] for row in answers]) * len(answers)
    curve = IsotonicRegression(y_min=0.02, y_max=0.98, out_of_bounds="clip").fit(top, right, sample_weight=weight)
    order = np.argsort(top)
    bins = [part for part in np.array_split(order, KNOTS) if len(part)]
    knots = np.array([np.average(top[part], weights=weight[part]) for part in bins])
    heights = np.maximum.accumulate([np.average(curve.predict(top[part]), weights=weight[part]) for part in bins])
    confidence = np.interp(top, knots, heights)
    threshold = _threshold(confidence, right, weight)
    covered = float(weight[confidence >= threshold].sum() / weight.sum())
    print(taxonomy, "threshold", round(threshold, 3), "coverage of the validation folds", round(covered, 3))
    return {"raw": knots.round(5).tolist(), "confidence": heights.round(5).tolist(), "threshold": round(threshold, 4)}


def _threshold(confidence: np.ndarray, right: np.ndarray, weight: np.ndarray) -> float:
    """The lowest confidence at and above which the answers were right in 90 of 100; 0.99 when there is none."""
    order = np.argsort(-confidence)
    precision = np.cumsum((right * weight)[order]) / np.cumsum(weight[order])
    good = np.flatnonzero(precision >= TARGET_PRECISION)
    return float(confidence[order][good.max()]) if len(good) > 0 else 0.99


if __name__ == "__main__":
    main()
