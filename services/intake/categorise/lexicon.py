"""Listed phrases as patterns of one automaton; phrases with gaps are looked for around their rarest part."""

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter

from services.intake.categorise.automaton import Automaton, Match
from services.intake.categorise.category_phrases import CATEGORY_PHRASES
from services.intake.categorise.gapped import REACH_CHARACTERS, Gapped, gapped
from services.intake.categorise.phrases import Hit, wordings
from services.intake.categorise.signal_phrases import EMOTION_PHRASES, FLAG_PHRASES, MASKS

_Looks = tuple[tuple[frozenset[str], Gapped], ...]
_Role = tuple[tuple[str, ...], int, _Looks, _Looks]
"""What finding a pattern means: labels of whole phrases; how many words to look at for more; phrases with gaps that may
go on from it, and others, each with words without one of which nearby it need not be looked for."""

_new = tuple.__new__
"""Makes a named tuple in half the time."""


class Lexicon:
    """Phrases of any number of labels; one label may stand in several mappings. Raises PhraseError for a bad line."""

    __slots__ = ("_automaton", "_roles", "labels", "patterns")

    def __init__(self, *phrases: Mapping[str, Iterable[str]]) -> None:
        numbers: dict[str, int] = {}
        whole: dict[int, dict[str, None]] = {}
        around: dict[int, list[Gapped]] = {}
        for label, line in ((label, line) for mapping in phrases for label, lines in mapping.items() for line in lines):
            parts = wordings(line)
            if len(parts) == 1:
                for pattern in parts[0]:
                    whole.setdefault(numbers.setdefault(pattern, len(numbers)), {})[label] = None
            else:
                phrase, patterns = gapped(label, parts)
                for pattern in patterns:
                    around.setdefault(numbers.setdefault(pattern, len(numbers)), []).append(phrase)
        self.labels = frozenset(label for mapping in phrases for label in mapping)
        self.patterns: tuple[str, ...] = tuple(numbers)
        """What is looked for: a pattern's place is its number."""
        self._roles = _cast(len(numbers), whole, around)
        self._automaton: Automaton | None = None

    def find(self, normalised: str) -> list[Hit]:
        """Every phrase of a normalised text, in the order of where they begin; time linear in its length."""
        if self._automaton is None:
            self._automaton = Automaton(self.patterns)
        return self.hits(self._automaton.matches(normalised), normalised)

    def hits(self, matches: Iterable[Match], normalised: str) -> list[Hit]:
        """Every phrase, from this lexicon's patterns as they were found in a normalised text, in order of beginning."""
        hits: list[Hit] = []
        roles = self._roles
        for number, start, end in matches:
            labels, words, continuing, continued = roles[number]
            if labels:
                hits += [_new(Hit, (label, start, end - 2)) for label in labels]
            if continuing:
                near = normalised[end : end + REACH_CHARACTERS].split(None, words)
                hits += _standing(continuing, near, (start, end), normalised)
            if continued:
                near = normalised[max(0, start - REACH_CHARACTERS) : start].rsplit(None, words)
                hits += _standing(continued, near, (start, end), normalised)
        hits.sort(key=itemgetter(1))
        return hits


def _standing(looks: _Looks, near: list[str], place: tuple[int, int], normalised: str) -> list[Hit]:
    """The phrases that stand around a part that was found; a look at the words nearby rules most of them out."""
    likely = [phrase for telling, phrase in looks if not telling.isdisjoint(near)]
    if not likely:
        return []
    spans = [(phrase.label, phrase.around(*place, normalised)) for phrase in likely]
    return [Hit(label, span[0], span[1] - 2) for label, span in spans if span]


def _cast(count: int, whole: Mapping[int, Iterable[str]], around: Mapping[int, Sequence[Gapped]]) -> list[_Role]:
    """Equal roles are one object: there are few of them, and so they stay in the processor's cache."""
    known: dict[tuple[tuple[str, ...], tuple[int, ...]], _Role] = {}
    roles = []
    for number in range(count):
        labels, phrases = tuple(whole.get(number, ())), around.get(number, ())
        continuing, continued = (
            tuple((phrase.telling, phrase) for phrase in phrases if phrase.continuing is wanted)
            for wanted in (True, False)
        )
        role = (labels, max((phrase.words for phrase in phrases), default=0), continuing, continued)
        roles.append(known.setdefault((labels, tuple(map(id, phrases))), role))
    return roles


LEXICON = Lexicon(CATEGORY_PHRASES, EMOTION_PHRASES, FLAG_PHRASES, MASKS)
"""Every phrase that speaks for a category, an emotion or a flag, and every wording that only looks like a signal."""
