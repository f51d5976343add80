"""How well emotion and flags are read: precision, recall and F1 of each flag, and the emotions' confusion."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from services.intake.categorise import EMOTIONS, FLAGS, Signal, read_signals
from services.launch.understanding.signal_texts import Labels, SignalText, signal_texts

HALVES: Final = ("development", "kept_back")
Reader = Callable[[str, str], Sequence[Signal]]


class Counts(NamedTuple):
    """Of one flag: rightly shown, shown for nothing, missed."""

    right: int
    false: int
    missed: int

    @property
    def precision(self) -> float:
        """Of those shown, so many were right; 1 where none was shown."""
        return self.right / (self.right + self.false) if self.right + self.false else 1.0

    @property
    def recall(self) -> float:
        """Of those there are, so many were shown; 1 where there is none."""
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of both; 1 where there was nothing to show and nothing was shown."""
        total = 2 * self.right + self.false + self.missed
        return 2 * self.right / total if total else 1.0

    def as_dict(self) -> dict[str, Any]:
        """For a report, shares to five places."""
        shares = {"precision": self.precision, "recall": self.recall, "f1": self.f1}
        return {key: round(value, 5) for key, value in shares.items()} | self._asdict()


class Half(NamedTuple):
    """Every figure of one half of the texts."""

    texts: int
    flags: Mapping[str, Counts]
    clean: int
    """Texts that have no flag at all."""
    alarms: int
    """Of these, so many were shown one."""
    confusion: Mapping[tuple[str, str], int]
    """How often an emotion (first) was read as another (second)."""

    @property
    def accuracy(self) -> float:
        """The share of texts whose emotion was read as labelled."""
        return sum(self.confusion.get((name, name), 0) for name in EMOTIONS) / self.texts

    @property
    def macro_f1(self) -> float:
        """The mean F1 of the flags that are labelled or were shown at all."""
        told = [each.f1 for each in self.flags.values() if any(each)]
        return sum(told) / len(told) if told else 1.0

    def of_emotion(self, name: str) -> Counts:
        """One emotion counted as if it were a flag."""
        right = self.confusion.get((name, name), 0)
        said = sum(times for (_, read), times in self.confusion.items() if read == name)
        there = sum(times for (truth, _), times in self.confusion.items() if truth == name)
        return Counts(right, said - right, there - right)

    def as_dict(self) -> dict[str, Any]:
        """For a report, to five places."""
        return {
            "texts": self.texts,
            "flags": {name: each.as_dict() for name, each in self.flags.items()},
            "flags_macro_f1": round(self.macro_f1, 5),
            "texts_without_flag": self.clean,
            "of_these_flagged": self.alarms,
            "emotion_accuracy": round(self.accuracy, 5),
            "emotions": {name: self.of_emotion(name).as_dict() for name in EMOTIONS},
            "confusion": [[self.confusion.get((truth, read), 0) for read in EMOTIONS] for truth in EMOTIONS],
        }


class Report(NamedTuple):
    """Both halves, and how far the two passes of labelling agreed (Cohen's kappa) by flag and for the emotion."""

    halves: Mapping[str, Half]
    kappa: Mapping[str, float]

    def as_dict(self) -> dict[str, Any]:
        """For `--json`; the confusion has a row for each labelled emotion, mildest first."""
        kappa = {name: round(value, 5) for name, value in self.kappa.items()}
        return {name: half.as_dict() for name, half in self.halves.items()} | {"kappa_of_two_passes": kappa}


def report(texts: Sequence[SignalText] | None = None, *, reader: Reader = read_signals) -> Report:
    """The shipped signals (or another reader's) on the project's labelled texts (or on others of that kind)."""
    known = signal_texts() if texts is None else texts
    halves = zip(HALVES, (False, True), strict=True)
    return Report(
        {name: measured([each for each in known if each.kept_back is kept], reader) for name, kept in halves},
        agreement(known),
    )


def measured(texts: Sequence[SignalText], reader: Reader = read_signals) -> Half:
    """The figures on these texts; there must be at least one."""
    pairs = [(each.labels, _read(each.text, reader)) for each in texts]
    clean = [read for truth, read in pairs if not truth.flags]
    return Half(
        texts=len(pairs),
        flags={name: _counts(name, pairs) for name in FLAGS},
        clean=len(clean),
        alarms=sum(bool(read.flags) for read in clean),
        confusion=Counter((truth.emotion, read.emotion) for truth, read in pairs),
    )


def agreement(texts: Sequence[SignalText]) -> dict[str, float]:
    """Cohen's kappa between the two passes, for the emotion and for each flag."""
    of_flags = {name: kappa((name in each.first.flags, name in each.second.flags) for each in texts) for name in FLAGS}
    return {"emotion": kappa((each.first.emotion, each.second.emotion) for each in texts), **of_flags}


def kappa(pairs: Iterable[tuple[object, object]]) -> float:
    """Agreement beyond what chance would give, 1 for perfect; 1 also where both passes know a single answer."""
    both = Counter(pairs)
    total = both.total()
    agreed = sum(times for (one, other), times in both.items() if one == other) / total
    ones, others = Counter[object](), Counter[object]()
    for (one, other), times in both.items():
        ones[one] += times
        others[other] += times
    chance = sum(ones[answer] * others[answer] for answer in ones) / total**2
    return 1.0 if chance == 1 else (agreed - chance) / (1 - chance)


def _read(text: str, reader: Reader) -> Labels:
    emotion, *flags = reader("", text)
    return Labels(emotion.name, frozenset(each.name for each in flags))


def _counts(name: str, pairs: Sequence[tuple[Labels, Labels]]) -> Counts:
    found = Counter((name in truth.flags, name in read.flags) for truth, read in pairs)
    return Counts(found[True, True], found[False, True], found[True, False])
