"""How the model is fitted: features as the product reads them, weights per source, one bias per domain."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.sparse import csr_matrix, hstack  # type: ignore[import-untyped]  # it ships no types
from sklearn.linear_model import LogisticRegression

from services.intake.categorise.category_phrases import CATEGORY_PHRASES
from services.intake.categorise.lexicon import Lexicon
from services.intake.categorise.model import HITS_CAP
from services.intake.categorise.reading import read
from services.launch.understanding.corpus import Example

DOMAINS = ("shop", "financial", "vehicle")
DOMAIN_OF = {
    "written": "shop",
    "cfpb": "financial",
    "cfpb_payday": "financial",
    "cfpb_product": "financial",
    "nhtsa": "vehicle",
}
"""Which domain's bias a source informs. The short chat queries have a bias of their own that is not shipped."""

SOURCE_WEIGHT = {"written": 14.0, "cfpb_product": 0.1, "nhtsa": 0.3, "banking77": 0.1, "clinc150": 0.05}
CALIBRATED_ON = {"written": 0.45, "cfpb": 0.25, "cfpb_payday": 0.25, "nhtsa": 0.05}
"""The share each source has in the confidence curve and the threshold."""

DOCUMENTS_MIN = 5
PAIR_DOCUMENTS_MIN = 12
"""Rarer pairs add little, and a smaller table stays in the processor's cache."""
FORM_MIN = 3
WRITTEN_MIN = 2
"""Fewer will do in the project's own texts, which hold nobody's personal data."""
INVERSE_REGULARISATION = 8.0
DOMAIN_INVERSE_REGULARISATION = 4.0
PHRASE_SCALE = 6.0
DOMAIN_SCALE = 2.0
BALANCE = 0.35
"""0: categories weigh as often as they occur; 1: all weigh the same."""

STEM_MARK = "*"
STEM_LETTERS_MIN = 3
_ENDINGS = (
    "ingly",
    "ments",
    "ment",
    "ness",
    "ings",
    "ing",
    "edly",
    "ied",
    "ies",
    "ed",
    "es",
    "ly",
    "er",
    "e",
    "s",
    "y",
)

_NAMES = """
amazon amex apple bhg bmg bmo bofa boston boxster canada capio carecredit cayennes charles chime comcast ford
france germany google hjr houston indiana lendmark lexisnexis loanmart mexico moneylion netcredit onemain oscar porshe rennlist staples titlemax walmart
"""
NAMES = frozenset(_NAMES.split())
"""Names that people also write in lower case, found by reading the vocabulary; dropped with the other names."""

_LETTERS = re.compile(r"[^\W\d_]+")
_LABELS = tuple(CATEGORY_PHRASES)


@dataclass(frozen=True, slots=True)
class Featured:
    """A text with its words and pairs, and how many phrases of each category it holds."""

    example: Example
    grams: Counter[str]
    hits: Counter[str]
    capitalised: frozenset[str]
    plain: frozenset[str]


@dataclass(frozen=True, slots=True)
class Fitted:
    """Weights as arrays, before they are rounded and packed."""

    categories: tuple[str, ...]
    vocabulary: tuple[str, ...]
    """Words, pairs, and stems (which end in STEM_MARK)."""
    forms: tuple[str, ...]
    """Words that are in the vocabulary themselves or by their stem."""
    rarity: np.ndarray
    weights: np.ndarray
    domain_weights: np.ndarray
    domain_bias: np.ndarray
    category_bias: np.ndarray
    phrase_weights: dict[str, np.ndarray]

    def probabilities(self, texts: Sequence[Featured], domain: int | None = None) -> np.ndarray:
        """One row per text, one column per category; the same sums as the product's model."""
        matrix = _matrix(texts, {gram: at for at, gram in enumerate(self.vocabulary)}, self.rarity)
        hits = _hits(texts)
        phrases = np.vstack([self.phrase_weights[label] for label in _LABELS])
        scores = matrix @ self.weights.T + hits @ phrases
        if domain is not None:
            return _softmax(scores + self.category_bias[domain])
        domains = self.resemblance(texts)
        views = [_softmax(scores + bias) for bias in self.category_bias]
        mixed: np.ndarray = np.sum([domains[:, [at]] * view for at, view in enumerate(views)], axis=0)
        return mixed

    def resemblance(self, texts: Sequence[Featured]) -> np.ndarray:
        """One row per text: how much it resembles each domain."""
        matrix = _matrix(texts, {gram: at for at, gram in enumerate(self.vocabulary)}, self.rarity)
        return _softmax(matrix @ self.domain_weights.T + self.domain_bias)


def featured(examples: Iterable[Example]) -> list[Featured]:
    """Reads every text the way the product does."""
    lexicon = Lexicon(CATEGORY_PHRASES)
    return [_featured(example, lexicon) for example in examples]


def _featured(example: Example, lexicon: Lexicon) -> Featured:
    reading = read(example.subject, example.text)
    # A run of words with single signs between: the model's pairs do not reach across more.
    runs = [run.split() for run in reading.normalised.split("  ")]
    distinct = {word for run in runs for word in run}
    grams = Counter(distinct.union(*(map(" ".join, pairwise(run)) for run in runs)))
    grams.update(stem(word) + STEM_MARK for word in distinct)
    # From the second word on, each word that follows the one before after nothing but a blank.
    spelt = re.findall(r"(?<=\w )[^\W_]+", reading.text)
    return Featured(
        example=example,
        grams=grams,
        hits=Counter(hit.label for hit in lexicon.find(reading.normalised)),
        capitalised=frozenset(word.lower() for word in spelt if word.istitle() and len(word) > 1),
        plain=frozenset(word for word in spelt if word.islower()),
    )


def stem(word: str) -> str:
    """The word without a common English ending, so that "leaks", "leaked" and "leaking" share what is learnt."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= STEM_LETTERS_MIN:
            return word[: -len(ending)]
    return word


def vocabulary_of(texts: Sequence[Featured]) -> tuple[Counter[str], list[str]]:
    """Words, pairs and stems with the number of texts that hold them; and the words to be listed by form.

    Nothing with digits or masks, no name, none of the one- and two-letter words that are not our own, nothing in fewer than five texts. A rarer form of
    a frequent stem is listed when it was written in lower case in at least three texts, as names are not.
    """
    documents = Counter(gram for text in texts for gram in text.grams)
    ours = Counter(gram for text in texts if text.example.source == "written" for gram in text.grams)
    capitalised = Counter(word for text in texts for word in text.capitalised)
    plain = Counter(word for text in texts for word in text.plain)
    names = NAMES | {word for word, times in capitalised.items() if times > 2 * plain[word]}

    def ordinary(gram: str) -> bool:
        words = gram.removesuffix(STEM_MARK).split(" ")
        return all(
            _LETTERS.fullmatch(word) and "xx" not in word and word not in names and (len(word) > 2 or ours[word])
            for word in words
        )

    def frequent(gram: str) -> bool:
        least = PAIR_DOCUMENTS_MIN if " " in gram else DOCUMENTS_MIN
        return documents[gram] >= least or ours[gram] >= WRITTEN_MIN

    chosen = Counter({gram: times for gram, times in documents.items() if frequent(gram) and ordinary(gram)})
    forms = [
        word
        for word in documents
        if " " not in word and not word.endswith(STEM_MARK) and ordinary(word)
        if word in chosen or ((plain[word] >= FORM_MIN or ours[word]) and stem(word) + STEM_MARK in chosen)
    ]
    return chosen, sorted(forms)


def fit(texts: Sequence[Featured]) -> Fitted:
    """Fits categories and domains; deterministic for the same texts."""
    documents, forms = vocabulary_of(texts)
    vocabulary = tuple(sorted(documents))
    rarity = np.log((1 + len(texts)) / (1 + np.array([documents[gram] for gram in vocabulary]))) + 1
    matrix = _matrix(texts, {gram: at for at, gram in enumerate(vocabulary)}, rarity)
    of_domain = np.array([DOMAIN_OF.get(text.example.source, "chat") for text in texts])
    domain_columns = np.column_stack([(of_domain == name) * DOMAIN_SCALE for name in (*DOMAINS, "chat")])
    labels = np.array([text.example.hand or text.example.category for text in texts])
    design = csr_matrix(np.hstack([_hits(texts) * PHRASE_SCALE, domain_columns]))
    weights = _weights(texts, labels)
    main = LogisticRegression(C=INVERSE_REGULARISATION, max_iter=1000)
    main.fit(_beside(matrix, design), labels, sample_weight=weights)
    size, phrases = len(vocabulary), len(_LABELS)
    shift = main.coef_[:, size + phrases :] * DOMAIN_SCALE
    domain = _fit_domain(matrix, of_domain)
    return Fitted(
        categories=tuple(main.classes_),
        vocabulary=vocabulary,
        forms=tuple(forms),
        rarity=rarity,
        weights=main.coef_[:, :size],
        domain_weights=domain.coef_,
        domain_bias=domain.intercept_,
        category_bias=np.vstack([main.intercept_ + shift[:, at] for at in range(len(DOMAINS))]),
        phrase_weights={label: main.coef_[:, size + at] * PHRASE_SCALE for at, label in enumerate(_LABELS)},
    )


def _fit_domain(matrix: csr_matrix, of_domain: np.ndarray) -> LogisticRegression:
    chosen = np.flatnonzero(of_domain != "chat")
    order = np.array([DOMAINS.index(name) for name in of_domain[chosen]])
    sizes = np.bincount(order)
    model = LogisticRegression(C=DOMAIN_INVERSE_REGULARISATION, max_iter=1000)
    return model.fit(matrix[chosen], order, sample_weight=500 / sizes[order])


def _weights(texts: Sequence[Featured], labels: np.ndarray) -> np.ndarray:
    weight = np.array([SOURCE_WEIGHT.get(text.example.source, 1.0) for text in texts])
    sums = {label: weight[labels == label].sum() for label in set(labels)}
    mean = np.mean(list(sums.values()))
    balanced: np.ndarray = weight * np.array([(mean / sums[label]) ** BALANCE for label in labels])
    return balanced


def _matrix(texts: Sequence[Featured], place: dict[str, int], rarity: np.ndarray) -> csr_matrix:
    columns: list[int] = []
    values: list[float] = []
    starts = [0]
    for text in texts:
        here = [place[gram] for gram in text.grams if gram in place]
        times = np.array([text.grams[gram] for gram in text.grams if gram in place], dtype=float)
        row = rarity[here]
        columns += here
        values += (times * row / (np.sqrt((times * row * row).sum()) or 1.0)).tolist()
        starts.append(len(columns))
    return csr_matrix((values, columns, starts), shape=(len(texts), len(rarity)))


def _hits(texts: Sequence[Featured]) -> np.ndarray:
    return np.array([[min(text.hits[label], HITS_CAP) / HITS_CAP for label in _LABELS] for text in texts])


def _beside(left: csr_matrix, right: csr_matrix) -> csr_matrix:
    return csr_matrix(hstack([left, right]))


def _softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return shares


def answer(categories: Sequence[str], row: np.ndarray, example: Example, taxonomy: Sequence[str]) -> tuple[float, bool]:
    """The highest probability in a taxonomy, and whether it stands at the right category."""
    sums = dict.fromkeys(taxonomy, 0.0)
    for category, probability in zip(categories, row, strict=True):
        sums[category if category in sums else "other"] += float(probability)
    top = max(sums, key=sums.__getitem__)
    truth = example.hand or example.category
    return sums[top], top == (truth if truth in sums else "other")
