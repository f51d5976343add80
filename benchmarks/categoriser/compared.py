"""The recipe beside plain methods, and on sources it was not taught: `python -m benchmarks.categoriser.compared`.

Fits the recipe anew for every fold and for every source left out; needs scikit-learn and the sample data. The careful
readers' labels are answered by models that saw neither the text nor its likes.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from services.intake.categorise.categories import FINANCIAL_CATEGORIES
from services.launch.understanding.corpus import FOLDS, TRAINED_SETS, UNSEEN_SETS, data_folder, examples
from services.launch.understanding.features import LABELS, Featured, featured, hits_of
from services.launch.understanding.recipe import NO_DOMAIN, fit

RESAMPLES = 2_000
MENU, CAREFUL = "TF-IDF, menu", "TF-IDF, careful"
"""Plain methods by the labels that they are taught."""
LEFT_OUT = ("cfpb", "cfpb_payday", "nhtsa", "written")
_NAMES = np.array(FINANCIAL_CATEGORIES)


def main() -> None:
    """Prints the comparison on the carefully labelled texts, then the recipe on each source left out."""
    texts = featured(examples([*TRAINED_SETS, *UNSEEN_SETS], data_folder()))
    _gold(texts)
    print("source left out          texts  accuracy  macro-F1  majority")
    for source in LEFT_OUT:
        taught = [text for text in texts if text.example.source not in {source, *UNSEEN_SETS}]
        asked = [text for text in texts if text.example.source == source]
        truth = np.array([text.example.truth for text in asked])
        said = _recipe(taught, asked)
        print(
            f"{source:24} {len(asked):5}  {(said == truth).mean():8.3f}  {_f1(said, truth):8.3f}  {_majority(truth):8.3f}"
        )


def _gold(texts: Sequence[Featured]) -> None:
    asked: list[Featured] = []
    said: dict[str, list[np.ndarray]] = {"recipe": [], MENU: [], CAREFUL: [], "phrases": []}
    for fold in range(FOLDS):
        known = [t for t in texts if t.example.fold != fold and t.example.source not in UNSEEN_SETS]
        part = [t for t in texts if t.example.fold == fold and t.example.hand]
        asked += part
        said["recipe"].append(_recipe(known, part))
        said[MENU].append(_plain([t for t in known if t.example.category], part, careful=False))
        said[CAREFUL].append(_plain(known, part, careful=True))
        said["phrases"].append(_phrases(part))
    truth = np.array([text.example.hand for text in asked])
    sources = np.array([text.example.source for text in asked])
    answers = {name: np.concatenate(parts) for name, parts in said.items()}
    groups = {"all": np.full(len(asked), fill_value=True)} | {name: sources == name for name in sorted(set(sources))}
    print("carefully labelled       texts  majority" + "".join(f"  {name:>14}" for name in answers))
    for name, rows in groups.items():
        figures = "".join(
            f"   {(each[rows] == truth[rows]).mean():.3f}, {_f1(each[rows], truth[rows]):.3f}"
            for each in answers.values()
        )
        print(f"{name:24} {rows.sum():5}  {_majority(truth[rows]):8.3f}{figures}")
    for name in (MENU, CAREFUL):
        _gain(answers["recipe"], answers[name], truth, f"gain over {name}")


def _gain(ours: np.ndarray, theirs: np.ndarray, truth: np.ndarray, title: str) -> None:
    """Prints paired bootstrap intervals."""
    dice = np.random.default_rng(20)
    for measure in ("accuracy", "macro-F1"):
        gains = sorted(
            _of(measure, ours[rows], truth[rows]) - _of(measure, theirs[rows], truth[rows])
            for rows in (dice.integers(0, len(truth), len(truth)) for _ in range(RESAMPLES))
        )
        low, high = gains[RESAMPLES // 40], gains[-RESAMPLES // 40]
        print(f"{title}, {measure}: 95 % between {low:+.3f} and {high:+.3f}")


def _recipe(known: Sequence[Featured], asked: Sequence[Featured]) -> np.ndarray:
    domains, views = fit(known).views(asked)
    said: np.ndarray = _NAMES[np.einsum("nd,ndc->nc", domains, views).argmax(axis=1)]
    return said


def _plain(known: Sequence[Featured], asked: Sequence[Featured], *, careful: bool) -> np.ndarray:
    """Words and pairs, TF-IDF, logistic regression, on the same complaints; labelled as they came, or by careful readers."""
    taught = [text.example for text in known if text.example.source not in NO_DOMAIN]
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    model = LogisticRegression(C=4.0, max_iter=300, class_weight="balanced")
    labels = [each.truth if careful else each.category for each in taught]
    model.fit(words.fit_transform([each.text for each in taught]), labels)
    said: np.ndarray = model.predict(words.transform([text.example.text for text in asked]))
    return said


def _phrases(asked: Sequence[Featured]) -> np.ndarray:
    hits = hits_of(asked)
    return np.array([LABELS[row.argmax()] if row.any() else "other" for row in hits])


def _of(measure: str, said: np.ndarray, truth: np.ndarray) -> float:
    return float((said == truth).mean()) if measure == "accuracy" else _f1(said, truth)


def _f1(said: np.ndarray, truth: np.ndarray) -> float:
    """The mean F1 of the categories that occur."""
    return float(
        np.mean(
            [
                2 * ((said == name) & (truth == name)).sum() / ((said == name).sum() + (truth == name).sum())
                for name in set(truth)
            ]
        )
    )


def _majority(truth: np.ndarray) -> float:
    return Counter(truth.tolist()).most_common(1)[0][1] / len(truth)


if __name__ == "__main__":
    main()
