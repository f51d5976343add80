"""Listed phrases as patterns of one automaton; the longer ones and those with gaps are found by a piece of them."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from operator import itemgetter

from services.intake.categorise.anchored import REACH_CHARACTERS, Anchored, anchored, is_written_out
from services.intake.categorise.automaton import Automaton, Match
from services.intake.categorise.category_phrases import CATEGORY_PHRASES
from services.intake.categorise.phrases import Hit, elements, patterns
from services.intake.categorise.signal_phrases import EMOTION_PHRASES, FLAG_PHRASES, MASKS

_Role = tuple[tuple[str, ...], int, frozenset[str], tuple[Anchored, ...], frozenset[str], tuple[Anchored, ...]]
"""What finding a pattern means: labels of whole phrases; how many words to look at for more; words without one of which
after it none of the phrases stands there that go on from it, and those phrases; the same for before it."""

_new = tuple.__new__
"""Makes a named tuple in half the time."""


class Lexicon:
    """Phrases of any number of labels; one label may stand in several mappings. Raises PhraseError for a bad line."""

    __slots__ = ("_automaton", "_roles", "labels", "patterns")

    def __init__(self, *phrases: Mapping[str, Iterable[str]]) -> None:
        whole: dict[str, tuple[str, ...]] = {}
        around: dict[str, list[Anchored]] = {}
        listed = ((label, line) for mapping in phrases for label, lines in mapping.items() for line in lines)
        for label, line in dict.fromkeys(listed):
            parts = elements(line)
            if is_written_out(parts):
                alone = (label,)
                for pattern in patterns(parts[0]):
                    known = whole.setdefault(pattern, alone)
                    if label not in known:
                        whole[pattern] = (*known, label)
            else:
                phrase, pieces = anchored(label, parts)
                for pattern in pieces:
                    around.setdefault(pattern, []).append(phrase)
        self.labels = frozenset(label for mapping in phrases for label in mapping)
        roles = _cast(whole, around)
        self.patterns: tuple[str, ...] = tuple(roles)
        """What is looked for: a pattern's place is its number."""
        self._roles = tuple(roles.values())
        self._automaton: Automaton | None = None

    def find(self, normalised: str) -> list[Hit]:
        """Every phrase of a normalised text, in the order of where they begin; time linear in its length."""
        if self._automaton is None:
            self._automaton = Automaton(self.patterns)
        return self.hits(self._automaton.matches(normalised), normalised, self._roles)

    def roles(self, numbers: Iterable[int]) -> tuple[_Role, ...]:
        """What finding these of its patterns means, in this order: for `hits`, where an automaton numbers them otherwise."""
        return tuple([self._roles[number] for number in numbers])

    @staticmethod
    def hits(matches: Iterable[Match], normalised: str, roles: Sequence[_Role], first: int = 0) -> list[Hit]:
        """Every phrase, from patterns as they were found in a normalised text, in order of beginning.

        `roles` are those of the patterns numbered from `first` on; no match has a lower number.
        """
        hits: list[Hit] = []
        found = hits.append
        for number, start, end in matches:
            labels, words, after, continuing, before, continued = roles[number - first]
            for label in labels:
                found(_new(Hit, (label, start, end - 2)))
            if continuing:
                near = normalised[end : end + REACH_CHARACTERS].split(None, words)
                if not after.isdisjoint(near):
                    hits += _standing(continuing, near, (start, end), normalised)
            if continued:
                near = normalised[max(0, start - REACH_CHARACTERS) : start].rsplit(None, words)
                if not before.isdisjoint(near):
                    hits += _standing(continued, near, (start, end), normalised)
        hits.sort(key=itemgetter(1))
        return hits


def _standing(phrases: Iterable[Anchored], near: list[str], place: tuple[int, int], normalised: str) -> list[Hit]:
    """The phrases that stand around a piece that was found; a look at the words nearby rules most of them out."""
    start, end = place
    return [
        _new(Hit, (phrase.label, span[0], span[1] - 2))
        for phrase in phrases
        if not phrase.telling.isdisjoint(near) and (span := phrase.around(start, end, normalised))
    ]


def _cast(whole: Mapping[str, tuple[str, ...]], around: Mapping[str, Sequence[Anchored]]) -> dict[str, _Role]:
    """Equal roles are one object: there are few of them, and so they stay in the processor's cache."""
    plain = {labels: _role(labels, ()) for labels in set(whole.values())}
    roles = {pattern: plain[labels] for pattern, labels in whole.items()}
    known: dict[tuple[tuple[str, ...], tuple[int, ...]], _Role] = {}
    for pattern, phrases in around.items():
        labels = whole.get(pattern, ())
        same = (labels, tuple(map(id, phrases)))
        if same not in known:
            known[same] = _role(labels, phrases)
        roles[pattern] = known[same]
    return roles


def _role(labels: tuple[str, ...], phrases: Sequence[Anchored]) -> _Role:
    continuing = tuple(phrase for phrase in phrases if phrase.continuing)
    continued = tuple(phrase for phrase in phrases if not phrase.continuing)
    after, before = (frozenset().union(*(phrase.telling for phrase in each)) for each in (continuing, continued))
    return labels, max((phrase.words for phrase in phrases), default=0), after, continuing, before, continued


@cache
def shipped_lexicon() -> Lexicon:
    """Every phrase that speaks for a category, an emotion or a flag, and every wording that only looks like a signal."""
    return Lexicon(CATEGORY_PHRASES, EMOTION_PHRASES, FLAG_PHRASES, MASKS)
