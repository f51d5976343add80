"""What a larger, slower model says of texts whose matter nobody named; the recipe learns from its shares as from labels.

The teacher counts words, pairs and pieces of words, however rare and names among them. Nothing of it is kept but its answers.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_matrix, hstack  # type: ignore[import-untyped]  # it ships no types
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from services.intake.categorise.categories import FINANCIAL_CATEGORIES
from services.intake.categorise.reading import read
from services.launch.understanding.corpus import Example

BALANCE = 0.3
"""0: categories weigh as often as they occur; 1: all weigh the same."""

LENT_WEIGHT = 1.0
"""Weight of a text whose matter nobody named, shared out among the categories as a teacher shares it."""
SHARE_MIN = 0.03
TEACHING_LABELS_MIN = 500
"""With fewer labels of its own there is no teacher, and the product's category stands."""

TEACHER_C = 3.0
PIECE_LETTERS = (3, 5)
PIECE_TEXTS_MIN = 5
PLACES = 3
"""Of a share. The digits beyond, in which two runs may differ, are not kept."""


class Labels(NamedTuple):
    """Labels of texts; a text may have several."""

    rows: list[int]
    """The places of the texts."""
    names: list[str]
    weights: np.ndarray

    def balanced(self) -> np.ndarray:
        """The weights, those of rare categories raised."""
        places = {name: at for at, name in enumerate(sorted(set(self.names)))}
        each = [places[name] for name in self.names]
        sums = np.bincount(each, weights=self.weights)
        raised: np.ndarray = self.weights * ((sums.max() / sums) ** BALANCE)[each]
        return raised


def with_lent(labels: Labels, texts: Sequence[Example]) -> Labels:
    """The labels of those texts whose matter somebody named; what a teacher taught by them says of the others."""
    unsaid = [at for at, example in enumerate(texts) if example.of_product and not example.hand]
    said = np.flatnonzero(~np.isin(labels.rows, unsaid))
    own = Labels([labels.rows[at] for at in said], [labels.names[at] for at in said], labels.weights[said])
    if not unsaid or len(own.rows) < TEACHING_LABELS_MIN:
        return labels
    shares = _lent(own, texts, [texts[at] for at in unsaid])
    rows, columns = np.nonzero(shares >= SHARE_MIN)
    return Labels(
        own.rows + [unsaid[at] for at in rows],
        own.names + [FINANCIAL_CATEGORIES[at] for at in columns],
        np.concatenate([own.weights, LENT_WEIGHT * shares[rows, columns]]),
    )


def _lent(own: Labels, texts: Sequence[Example], asked: Sequence[Example]) -> np.ndarray:
    """Per text asked about, every category's share."""
    count = len(own.rows)
    words = [_letters(example) for example in (*(texts[at] for at in own.rows), *asked)]
    whole = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    pieces = TfidfVectorizer(analyzer="char_wb", ngram_range=PIECE_LETTERS, min_df=PIECE_TEXTS_MIN, sublinear_tf=True)
    known = csr_matrix(hstack([each.fit_transform(words[:count]) for each in (whole, pieces)]))
    unknown = csr_matrix(hstack([each.transform(words[count:]) for each in (whole, pieces)]))
    weights = own.balanced()
    model = LogisticRegression(C=TEACHER_C, max_iter=300, tol=1e-3)
    model.fit(known, np.array(own.names), sample_weight=weights / weights.mean())
    shares = np.zeros((len(asked), len(FINANCIAL_CATEGORIES)))
    shares[:, [FINANCIAL_CATEGORIES.index(name) for name in model.classes_]] = model.predict_proba(unknown)
    return shares.round(PLACES)


def _letters(example: Example) -> str:
    """The words without digits and without what was masked."""
    words = read(example.subject, example.text).normalised.split()
    return " ".join(word for word in words if word.isalpha() and "xx" not in word)
