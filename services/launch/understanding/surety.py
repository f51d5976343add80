"""How sure answers to one domain's texts are, learnt for each category from answers to texts the model had not seen."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import minimize  # type: ignore[import-untyped]  # it ships no types

from services.intake.categorise.confidence import FLOOR

SURETY_TEXTS_MIN = 800
"""With fewer answers a rising line, which learns less and errs less, does better."""
MOST = 0.98
STIFFNESS = 3.0
"""How strongly weights are drawn to 0, in answers."""
_PLACES = 4


class Seen(NamedTuple):
    """Answers to the texts of one domain, one row per text."""

    probabilities: np.ndarray
    """Per category of the taxonomy."""
    said: np.ndarray
    """The place of the category that was answered."""
    right: np.ndarray
    share: np.ndarray
    """How much the text resembles the domain."""
    rest: np.ndarray
    """What the other domains add to the confidence."""


def surety(seen: Seen, categories: Sequence[str]) -> dict[str, Any]:
    """The header's words on a domain's confidence: the weights under which what came out right was likeliest.

    Fitted is the sum over all domains, for a bank's text often resembles a shop's a little.
    """
    signs, count = _signs(seen), len(categories)
    stiff = np.r_[np.full(count, STIFFNESS / 4), STIFFNESS / 4, np.full(count, STIFFNESS)]

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        own = 1.0 / (1.0 + np.exp(-signs @ weights))
        sure = np.clip(seen.share * MOST * own + seen.rest, 1e-6, 1.0 - 1e-6)
        missed = -(seen.right * np.log(sure) + (1.0 - seen.right) * np.log(1.0 - sure)).sum()
        slope = (sure - seen.right) / (sure * (1.0 - sure)) * seen.share * MOST * own * (1.0 - own)
        return missed + (stiff * weights**2).sum() / 2, slope @ signs + stiff * weights

    start = np.r_[np.zeros(count), 1.0, np.zeros(count)]
    found = np.round(minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 500}).x, _PLACES).tolist()
    return {
        "said": dict(zip(categories, found[:count], strict=True)),
        "own": found[count],
        "each": dict(zip(categories, found[count + 1 :], strict=True)),
        "most": MOST,
    }


def sureness(seen: Seen, stored: dict[str, Any]) -> np.ndarray:
    """The confidence of these answers under what `surety` found, all domains added up."""
    weights = np.r_[list(stored["said"].values()), stored["own"], list(stored["each"].values())]
    found: np.ndarray = seen.share * stored["most"] / (1.0 + np.exp(-_signs(seen) @ weights)) + seen.rest
    return found


def _signs(seen: Seen) -> np.ndarray:
    """Per answer: which category it names, its odds, and every category's probability, the last two as logarithms."""
    named = np.eye(seen.probabilities.shape[1])[seen.said]
    raw = seen.probabilities[np.arange(len(seen.said)), seen.said]
    odds = np.log((raw + FLOOR) / (1.0 - raw + FLOOR))
    found: np.ndarray = np.hstack([named, odds[:, None], np.log(seen.probabilities + FLOOR)])
    return found
