"""What a model's answers are worth, seen on texts it was fitted without: confidence curves, thresholds, answer biases."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from sklearn.isotonic import IsotonicRegression

from services.intake.categorise.categories import CATEGORIES, FINANCIAL_CATEGORIES
from services.launch.understanding.features import Featured
from services.launch.understanding.recipe import DOMAINS, NO_DOMAIN, domain_of, fit
from services.launch.understanding.surety import SURETY_TEXTS_MIN, Seen, sureness, surety

TARGET_PRECISION = 0.92
"""More than the 90 in 100 that are promised: what is chosen on some texts does less well on others."""
KNOTS_MAX = 24
KNOT_TEXTS = 40
"""A knot of a curve stands for at least so many answers."""
CURVE_TEXTS_MIN = 60
"""A domain with fewer texts shares the curve of all."""
SETTLING_ROUNDS = 3
THRESHOLD_LEAST = 0.7
"""Whatever a set's labels say: vehicle complaints carry one and the same nearly all, where careful readers see others too."""
BIAS_MAX = 0.9
ACCURACY_SHARE = 0.5
"""What a point of accuracy counts beside a point of macro-F1 when answer biases are chosen."""
_STEPS = np.exp(np.linspace(-BIAS_MAX, BIAS_MAX, 13))
_OTHER = FINANCIAL_CATEGORIES.index("other")
FINANCIAL = DOMAINS.index("financial")


Curve = tuple[list[float], list[float]]


@dataclass(frozen=True, slots=True)
class Crossed:
    """Answers to texts by models fitted without them, one row per text."""

    domains: np.ndarray
    views: np.ndarray
    truth: np.ndarray
    """Places in FINANCIAL_CATEGORIES."""
    own: np.ndarray
    """The place in DOMAINS that the text's source counts as."""


class Said(NamedTuple):
    """Answers in one taxonomy, one row per text."""

    probabilities: np.ndarray
    top: np.ndarray
    """The place of the category that is answered."""
    raw: np.ndarray
    """Its probability."""
    right: np.ndarray


def crossed(texts: Sequence[Featured], folds: Sequence[int]) -> Crossed:
    """Every text of a domain, as a careful reader labelled it where one did, each answered by the recipe fitted on the other folds."""
    found: list[tuple[np.ndarray, np.ndarray]] = []
    asked: list[Featured] = []
    for fold in folds:
        unseen = [text for text in texts if text.example.fold == fold and text.example.source not in NO_DOMAIN]
        if not unseen:
            continue
        found.append(fit([text for text in texts if text.example.fold != fold]).views(unseen))
        asked += unseen
    labels = [text.example.truth for text in asked]
    return Crossed(
        domains=np.vstack([domains for domains, _ in found]),
        views=np.concatenate([views for _, views in found]),
        truth=np.array([FINANCIAL_CATEGORIES.index(label) for label in labels]),
        own=np.array([DOMAINS.index(domain_of(text.example.source)) for text in asked]),
    )


def calibrated(answers: Crossed) -> dict[str, Any]:
    """The header's part on answers: biases, curves, sureties and thresholds."""
    biases = [_answer_bias(answers, at) for at in range(len(DOMAINS))]
    curves: dict[str, list[Curve]] = {}
    sureties: dict[str, list[dict[str, Any] | None]] = {}
    thresholds: dict[str, list[float]] = {}
    for name, taxonomy in (("default", CATEGORIES), ("financial", FINANCIAL_CATEGORIES)):
        said = chosen(answers, biases, len(taxonomy))
        curves[name] = [_curve(said.raw, said.right, part) for part in _parts(answers)]
        _settle(answers, said.raw, said.right, curves[name])
        sureties[name], confidence = _sure(answers, said, curves[name], taxonomy)
        thresholds[name] = _thresholds(answers, confidence, said.right)
    return {"answer_bias": biases, "calibrations": curves, "sureties": sureties, "thresholds": thresholds}


def _sure(
    answers: Crossed, said: Said, curves: Sequence[Curve], taxonomy: Sequence[str]
) -> tuple[list[dict[str, Any] | None], np.ndarray]:
    """Per domain what takes the curve's place, if anything; and every answer's confidence."""
    nothing: list[dict[str, Any] | None] = [None] * len(DOMAINS)
    all_curves = _confidence(answers, said.raw, curves)
    if (answers.own == FINANCIAL).sum() < SURETY_TEXTS_MIN:
        return nothing, all_curves
    rest = all_curves - answers.domains[:, FINANCIAL] * np.interp(said.raw, *curves[FINANCIAL])
    seen = Seen(said.probabilities, said.top, said.right, answers.domains[:, FINANCIAL], rest)
    stored = surety(Seen(*(part[answers.own == FINANCIAL] for part in seen)), taxonomy)
    return [*nothing[:FINANCIAL], stored, *nothing[FINANCIAL + 1 :]], sureness(seen, stored)


def _confidence(answers: Crossed, raw: np.ndarray, curves: Sequence[Curve]) -> np.ndarray:
    found: np.ndarray = sum(answers.domains[:, at] * np.interp(raw, *curve) for at, curve in enumerate(curves))
    return found


def _settle(answers: Crossed, raw: np.ndarray, right: np.ndarray, curves: list[Curve]) -> None:
    """Moves the financial curve to where the mix of all curves is right for a bank's texts.

    Such a text often resembles a shop's a little, and a shop's answers are right more often.
    """
    at = FINANCIAL
    own = answers.own == at
    if own.sum() < CURVE_TEXTS_MIN:
        return
    for _ in range(SETTLING_ROUNDS):
        knots, heights = curves[at]
        missing = right[own] - _confidence(answers, raw, curves)[own]
        nearest = np.abs(raw[own][:, None] - np.array(knots)[None, :]).argmin(axis=1)
        shares = answers.domains[own, at]
        moved = [
            height + missing[nearest == knot].sum() / shares[nearest == knot].sum()
            if (nearest == knot).any()
            else height
            for knot, height in enumerate(heights)
        ]
        rising = np.clip(np.maximum.accumulate(moved), 0.0, 0.98)
        curves[at] = knots, [0.0, *np.round(rising[1:], 4).tolist()]


def chosen(answers: Crossed, biases: Sequence[Sequence[float]], categories: int) -> Said:
    """What is answered among the first so many categories."""
    leaning = np.einsum("nd,ndc,dc->nc", answers.domains, answers.views, np.exp(biases))
    probability = np.einsum("nd,ndc->nc", answers.domains, answers.views)
    leaning, probability = (_folded(table, categories) for table in (leaning, probability))
    top = leaning.argmax(axis=1)
    truth = np.where(answers.truth < categories, answers.truth, _OTHER)
    return Said(probability, top, probability[np.arange(len(top)), top], (top == truth).astype(float))


def _folded(table: np.ndarray, categories: int) -> np.ndarray:
    kept = table[:, :categories].copy()
    kept[:, _OTHER] += table[:, categories:].sum(axis=1)
    return kept


def _answer_bias(answers: Crossed, domain: int) -> list[float]:
    """By steps, category after category, what makes macro-F1 and accuracy of a domain's answers best together."""
    own = answers.own == domain
    worth = np.ones(len(FINANCIAL_CATEGORIES))
    if own.sum() < CURVE_TEXTS_MIN or DOMAINS[domain] != "financial":
        return [0.0] * len(worth)
    view, truth = answers.views[own, domain], answers.truth[own]
    best = _worth(view, truth)
    for _ in range(2):
        for at in range(len(worth)):
            for step in _STEPS:
                tried = worth.copy()
                tried[at] = step
                if (value := _worth(view * tried, truth)) > best:
                    best, worth = value, tried
    return [round(float(each), 4) for each in np.log(worth)]


def _worth(leaning: np.ndarray, truth: np.ndarray) -> float:
    said = leaning.argmax(axis=1)
    count = leaning.shape[1]
    right = np.bincount(truth[said == truth], minlength=count)
    both = np.bincount(said, minlength=count) + np.bincount(truth, minlength=count)
    occur = np.bincount(truth, minlength=count) > 0
    return float((2 * right[occur] / both[occur]).mean() + ACCURACY_SHARE * (said == truth).mean())


def _own_or_all(own: np.ndarray, domain: int) -> np.ndarray:
    """Which texts speak for a domain: its own, or all when it has few."""
    ours: np.ndarray = own == domain
    return ours if ours.sum() >= CURVE_TEXTS_MIN else np.full(len(own), fill_value=True)


def _curve(raw: np.ndarray, right: np.ndarray, own: np.ndarray) -> Curve:
    """Rising points for one domain, from the answers to these texts."""
    raw, right = raw[own], right[own]
    curve = IsotonicRegression(y_min=0.02, y_max=0.98, out_of_bounds="clip").fit(raw, right)
    bins = np.array_split(np.argsort(raw), max(1, min(KNOTS_MAX, len(raw) // KNOT_TEXTS)))
    knots = [float(raw[part].mean()) for part in bins]
    heights = np.maximum.accumulate([curve.predict(raw[part]).mean() for part in bins])
    # Below the lowest answers seen the line falls to nothing: there is no ground for confidence.
    return [0.0, *np.round(knots, 4).tolist()], [0.0, *np.round(heights, 4).tolist()]


def _thresholds(answers: Crossed, confidence: np.ndarray, right: np.ndarray) -> list[float]:
    """One for each domain, chosen by its own texts."""
    return [max(THRESHOLD_LEAST, _threshold(confidence[part], right[part])) for part in _parts(answers)]


def _parts(answers: Crossed) -> list[np.ndarray]:
    return [_own_or_all(answers.own, at) for at in range(len(DOMAINS))]


def _threshold(confidence: np.ndarray, right: np.ndarray) -> float:
    """The lowest confidence at and above which enough answers were right; 0.99 when there is none."""
    order = np.argsort(-confidence)
    precision = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(precision >= TARGET_PRECISION)
    return round(float(confidence[order][good.max()]), 4) if len(good) > 0 else 0.99
