"""Listed phrases as patterns of one automaton, and phrases with gaps put together from the parts it found."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter

from services.intake.categorise.automaton import Automaton, Match
from services.intake.categorise.category_phrases import CATEGORY_PHRASES
from services.intake.categorise.gapped import Gapped
from services.intake.categorise.phrases import Hit, wordings
from services.intake.categorise.signal_phrases import EMOTION_PHRASES, FLAG_PHRASES

_Role = tuple[tuple[str, ...], int, int, int]
"""What finding a pattern means: labels of whole phrases; the gapped phrases it begins, ends, has a part in, as bits."""


class Lexicon:
    """Phrases of any number of labels; one label may stand in several mappings. Raises PhraseError for a bad line."""

    __slots__ = ("_automaton", "_gapped", "_roles", "labels", "patterns")

    def __init__(self, *phrases: Mapping[str, Iterable[str]]) -> None:
        numbers: dict[str, int] = {}
        whole: dict[int, dict[str, None]] = {}
        self._gapped: list[Gapped] = []
        for label, line in ((label, line) for mapping in phrases for label, lines in mapping.items() for line in lines):
            parts = [[numbers.setdefault(wording, len(numbers)) for wording in part] for part in wordings(line)]
            if len(parts) > 1:
                self._gapped.append(Gapped(label, list(map(frozenset, parts))))
            else:
                for number in parts[0]:
                    whole.setdefault(number, {})[label] = None
        self.labels = frozenset(label for mapping in phrases for label in mapping)
        self.patterns: tuple[str, ...] = tuple(numbers)
        """Every wording of every part; a pattern's place is its number."""
        self._roles = self._cast(whole)
        self._automaton: Automaton | None = None

    def find(self, normalised: str) -> list[Hit]:
        """Every phrase of a normalised text, in the order of where they begin; time linear in its length."""
        if self._automaton is None:
            self._automaton = Automaton(self.patterns)
        return self.hits(self._automaton.matches(normalised), normalised)

    def hits(self, matches: Sequence[Match], normalised: str) -> list[Hit]:
        """Every phrase, from this lexicon's patterns as they were found in a normalised text, in order of beginning."""
        hits: list[Hit] = []
        begun = ended = 0
        roles = self._roles
        for number, start, end in matches:
            labels, begins, ends, _ = roles[number]
            if begins:
                begun |= begins
            if ends:
                ended |= ends
            if labels:
                hits += [Hit(label, start, end - 2) for label in labels]
        if both := begun & ended:
            parts = [match for match in matches if roles[match[0]][3] & both]
            for each in _bits(both):
                hits += self._gapped[each].found(parts, normalised)
        hits.sort(key=itemgetter(1))
        return hits

    def _cast(self, whole: Mapping[int, Mapping[str, None]]) -> list[_Role]:
        """Equal roles are one object: there are few of them, and so they stay in the processor's cache."""
        begins, ends, within = ([0] * len(self.patterns) for _ in range(3))
        for at, gapped in enumerate(self._gapped):
            for bits, numbers in (
                (begins, gapped.parts[0]),
                (ends, gapped.parts[-1]),
                (within, frozenset().union(*gapped.parts)),
            ):
                for number in numbers:
                    bits[number] |= 1 << at
        known: dict[_Role, _Role] = {}
        labels = [tuple(whole.get(at, ())) for at in range(len(self.patterns))]
        return [known.setdefault(role, role) for role in zip(labels, begins, ends, within, strict=True)]


def _bits(number: int) -> Iterator[int]:
    while number:
        lowest = number & -number
        yield lowest.bit_length() - 1
        number ^= lowest


LEXICON = Lexicon(CATEGORY_PHRASES, EMOTION_PHRASES, FLAG_PHRASES)
"""Every phrase that speaks for a category, an emotion or a flag."""
