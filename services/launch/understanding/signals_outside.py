"""Emotion and flags on texts the project did not write: excerpts of real complaints labelled by hand, and rated sentences.

The texts stay where the sample data lies; the repository keeps a hash, the place of the excerpt and the labels.
"""

import csv
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from statistics import correlation
from typing import Any, Final, NamedTuple

from services.intake.categorise import EMOTIONS, read_signals
from services.launch.understanding.corpus import rows, text_key
from services.launch.understanding.signal_texts import Labels, SignalText
from services.launch.understanding.signals_careful import careful, counted
from services.launch.understanding.signals_report import Counts, Half, measured

SAMPLES: Final = {"1": "seen", "2": "unseen"}
"""The phrases were widened on account of the first sample's errors, and not of the second's."""

_FILE: Final = Path(__file__).with_name("signal_excerpts.csv")
_UNPLEASANT: Final = frozenset({"negative", "angry"})


class Rated(NamedTuple):
    """Sentences of reviews and comments that others rated, and the emotion read from them."""

    sentences: int
    correlation: float | None
    """Pearson's, of the emotion's grade (0 calm to 4) with how unpleasant the raters found it; None without figures."""
    unpleasant: float
    """Of the sentences rated negative or angry, the share in which an emotion was read."""
    other: float
    """Of those rated neutral or positive, the share in which an emotion was read."""
    angry: float | None
    """Of those rated angry, the share read as angry or distressed; None where raters had no such choice."""

    def as_dict(self) -> dict[str, Any]:
        """For a report, to five places."""
        return {name: round(value, 5) for name, value in self._asdict().items() if value is not None}


class Outside(NamedTuple):
    """All figures on texts of others."""

    excerpts: Mapping[str, Half]
    """Of real complaints, by sample."""
    rated: Mapping[str, Rated]
    careful: Mapping[str, Mapping[str, Counts]]
    """Flags in whole complaints against two careful readers, by part."""

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        excerpts = {name: half.as_dict() for name, half in self.excerpts.items()}
        return {
            "excerpts": excerpts,
            "rated": {name: each.as_dict() for name, each in self.rated.items()},
            "careful": {
                part: {flag: counts.as_dict() for flag, counts in flags.items()} for part, flags in self.careful.items()
            },
        }


def outside(folder: Path) -> Outside:
    """The shipped signals on the sample data in this folder; raises OSError where a file is missing."""
    found = excerpts(folder)
    return Outside(
        {name: measured(texts) for name, texts in found.items() if texts},
        {"amazon": _amazon(folder), "goemotions": _goemotions(folder)},
        {part: counted(texts) for part, texts in careful(folder).items()},
    )


def excerpts(folder: Path) -> dict[str, list[SignalText]]:
    """The labelled excerpts by sample; one whose complaint is not in the data is left out."""
    with _FILE.open(encoding="utf-8", newline="") as lines:
        places = list(csv.DictReader(lines))
    texts = {text_key(row["text"]): row["text"] for source in _sources(places) for row in rows(source, folder)}
    found: dict[str, list[SignalText]] = {name: [] for name in SAMPLES.values()}
    for place in places:
        if text := texts.get(place["text"]):
            labels = Labels(place["emotion"], frozenset(place["flags"].split()))
            excerpt = text[int(place["start"]) : int(place["end"])]
            found[SAMPLES[place["sample"]]].append(SignalText(excerpt, labels, labels, labels))
    return found


def _sources(places: list[dict[str, str]]) -> list[str]:
    return sorted({place["source"] for place in places})


def _amazon(folder: Path) -> Rated:
    """Review sentences with the mean of twenty ratings from -4 to 4; the middle of the scale is neither."""
    told = [(_grade(row["text"]), -float(row["score"])) for row in rows("sentiment_amazon", folder)]
    unpleasant = [bool(grade) for grade, rating in told if rating >= 1]
    other = [bool(grade) for grade, rating in told if rating <= 0]
    return Rated(len(told), correlation(*zip(*told, strict=True)), _share(unpleasant), _share(other), None)


def _goemotions(folder: Path) -> Rated:
    """Comments of a forum, sorted by readers into negative, angry, neutral and positive; not complaints."""
    told = Counter((row["mapped_sentiment"], _grade(row["text"])) for row in rows("sentiment_goemotions", folder))
    every = list(told.elements())
    return Rated(
        len(every),
        None,
        _share([bool(grade) for rating, grade in every if rating in _UNPLEASANT]),
        _share([bool(grade) for rating, grade in every if rating not in _UNPLEASANT]),
        _share([grade >= EMOTIONS.index("angry") for rating, grade in every if rating == "angry"]),
    )


def _grade(text: str) -> int:
    return EMOTIONS.index(read_signals("", text)[0].name)


def _share(which: list[bool]) -> float:
    return sum(which) / len(which) if which else 0.0
