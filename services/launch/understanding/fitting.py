"""From folded texts to the bytes of a model file: fitted, calibrated on folds the fitted part did not see, packed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from services.intake.categorise.categories import FINANCIAL_CATEGORIES
from services.intake.categorise.load import model_bytes
from services.intake.categorise.model import WEIGHT_MAX
from services.launch.understanding.calibrating import calibrated, crossed
from services.launch.understanding.corpus import Example
from services.launch.understanding.features import LABELS, STEM_MARK, Featured, featured, stem
from services.launch.understanding.matters import Matters, matters_of
from services.launch.understanding.recipe import DOMAINS, HEADS, Fitted, fit
from shared.domain.errors import Conflict

RARITY_STEP = 1 / 128
FAMILIAR = 0.4
"""Known patterns a word below which a text counts as another language: of a hundred English complaints one has fewer."""


def fitted_bytes(examples: Sequence[Example], report: Mapping[str, Any] | None = None) -> bytes:
    """A model file of these texts, calibrated on those of them whose fold was left out in turn; it carries the report.

    Raises Conflict where the texts have no words in common.
    """
    texts = featured(examples)
    answers = calibrated(crossed(texts, sorted({example.fold for example in examples})))
    fitted = fit(texts)
    if not fitted.vocabulary:
        raise Conflict("There is no word in enough of the texts to learn from.")
    matters = matters_of(texts, fitted)
    phrase_weights = np.vstack([fitted.phrase_weights, matters.phrase_weights])
    patterns, rows, step = _quantised(fitted, matters, texts)
    header = {
        "trained_on": sorted({example.source for example in examples}),
        "texts": len(texts),
        "categories": list(FINANCIAL_CATEGORIES),
        "weight_step": step,
        "rarity_step": RARITY_STEP,
        "familiar": FAMILIAR,
        "domains": list(DOMAINS),
        "heads": list(HEADS),
        "domain_bias": _rounded(fitted.domain_bias),
        "category_bias": _rounded(fitted.category_bias),
        "phrase_weights": {name: _rounded(phrase_weights[:, at]) for at, name in enumerate(LABELS)},
        "matter_bias": _rounded(matters.bias),
        **answers,
        **({} if report is None else {"report": report}),
    }
    return model_bytes(header, patterns, rows)


def _rounded(values: np.ndarray) -> list[Any]:
    """Short enough that the last digits, in which two runs may differ by how memory lies, are not kept."""
    kept: list[Any] = np.round(values, 4).tolist()
    return kept


def _quantised(fitted: Fitted, matters: Matters, texts: Sequence[Featured]) -> tuple[list[str], list[int], float]:
    """The table's rows: a word's own numbers and its stem's, added up, so that the product looks for words only."""
    weights = np.concatenate([fitted.weights, matters.weights, fitted.domain_weights]) * fitted.rarity
    step = float(f"{2.01 * float(np.abs(weights).max()) / WEIGHT_MAX:.4g}")
    rarity = np.rint(fitted.rarity**2 / RARITY_STEP).astype(int)
    numbers = np.vstack([rarity, np.rint(weights / step).astype(int)]).T
    place = {gram: at for at, gram in enumerate(fitted.vocabulary)}
    nothing = np.zeros(numbers.shape[1], dtype=int)

    def row(gram: str) -> np.ndarray:
        return numbers[place[gram]] if gram in place else nothing

    rows = {gram: row(gram) for gram in fitted.vocabulary if " " in gram}
    for word in fitted.forms:
        rows[word] = row(word) + row(stem(word) + STEM_MARK)
    documents = Counter(gram for text in texts for gram in text.grams)
    listed = sorted(rows, key=lambda gram: (-documents[gram], gram))
    return [f" {gram} " for gram in listed], np.vstack([rows[gram] for gram in listed]).ravel().tolist(), step
