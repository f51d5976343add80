"""How well the recipe's words tell five products apart: `python -m benchmarks.categoriser.products`.

The categories know no products, so a model is taught them for this measurement alone: the recipe's vocabulary and its
places of texts among words that keep company, and one logistic regression over them. Needs scikit-learn and the sample data.
"""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix, hstack  # type: ignore[import-untyped]  # it ships no types
from sklearn.linear_model import LogisticRegression

from services.launch.understanding.corpus import FOLDS, Example, data_folder, rows, with_folds
from services.launch.understanding.features import Featured, featured, matrix_of, vocabulary_of
from services.launch.understanding.recipe import company_of, rarity_of

PRODUCTS = ("credit_reporting", "debt_collection", "mortgage", "credit_card", "bank_account")
ASKED_OF_EACH = 100
"""Of the scarcest product there are 107 texts in collections that hold all five."""
INVERSE = 4.0
SEED = 20
RESAMPLES = 2_000


def main() -> None:
    """Prints the accuracy on a balanced sample; each text is answered by a model taught without it and its likes."""
    texts = featured(_texts())
    sample = _balanced(texts)
    said = np.empty(len(texts), dtype=object)
    for fold in range(FOLDS):
        asked = [at for at in sample if texts[at].example.fold == fold]
        said[asked] = _answers([text for text in texts if text.example.fold != fold], [texts[at] for at in asked])
    truth = np.array([texts[at].example.category for at in sample])
    right = said[sample] == truth
    dice = np.random.default_rng(SEED)
    drawn = np.sort([right[dice.integers(0, len(right), len(right))].mean() for _ in range(RESAMPLES)])
    low, high = drawn[RESAMPLES // 40], drawn[-RESAMPLES // 40]
    print(f"{len(sample)} texts, accuracy {right.mean():.3f} (95 % {low:.3f} to {high:.3f})")
    for name in PRODUCTS:
        print(f"  {name:18} recall {right[truth == name].mean():.3f}")


def _texts() -> list[Example]:
    found = [
        Example(row["repo"], row["source_id"], "", row["text"], row["product"])
        for name in ("cfpb", "cfpb_product")
        for row in rows(name, data_folder())
        if row["product"] in PRODUCTS
    ]
    return with_folds(found)


def _balanced(texts: Sequence[Featured]) -> list[int]:
    """So many texts of each product, drawn by chance from collections that hold all five: no collection tells a product."""
    dice = np.random.default_rng(SEED)
    kinds = {(text.example.source, text.example.category) for text in texts}
    whole = {source for source, _ in kinds if all((source, name) in kinds for name in PRODUCTS)}
    drawn: list[int] = []
    for name in PRODUCTS:
        labels = ((at, text.example) for at, text in enumerate(texts))
        own = [at for at, example in labels if example.category == name and example.source in whole]
        drawn += sorted(dice.choice(own, ASKED_OF_EACH, replace=False).tolist())
    return drawn


def _answers(taught: Sequence[Featured], asked: Sequence[Featured]) -> list[str]:
    documents, _ = vocabulary_of(taught)
    vocabulary = sorted(documents)
    place, rarity = {gram: at for at, gram in enumerate(vocabulary)}, rarity_of(documents, vocabulary, len(taught))
    known = matrix_of(taught, place, rarity)
    company = company_of(taught, known)

    def design(matrix: csr_matrix) -> csr_matrix:
        return csr_matrix(hstack([matrix, csr_matrix(matrix @ company)]))

    model = LogisticRegression(C=INVERSE, max_iter=300, tol=1e-3, class_weight="balanced")
    model.fit(design(known), [text.example.category for text in taught])
    said: list[str] = model.predict(design(matrix_of(asked, place, rarity))).tolist()
    return said


if __name__ == "__main__":
    main()
