"""Every label a text has, and what each weighs when a model is taught."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from services.launch.understanding.corpus import Example

HAND_WEIGHT = 4.0
MENU_WEIGHT = 0.5
"""Where a careful reader labelled a text, that label weighs this much, and the consumer's own menu choice that much."""

BALANCE = 0.3
"""0: categories weigh as often as they occur; 1: all weigh the same."""


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


def labels_of(examples: Sequence[Example], by_source: Mapping[str, float]) -> Labels:
    """Every label of every text: a careful reader's beside the menu's, where there are both.

    `by_source` is the weight of a text by its source, 1 where it is not named.
    """
    found: list[tuple[int, str, float]] = []
    for at, example in enumerate(examples):
        weight = by_source.get(example.source, 1.0)
        if example.category:
            found.append((at, example.category, weight * (MENU_WEIGHT if example.hand else 1.0)))
        if example.hand:
            found.append((at, example.hand, weight * HAND_WEIGHT))
    rows, names, weights = zip(*found, strict=True)
    return Labels(list(rows), list(names), np.array(weights))
