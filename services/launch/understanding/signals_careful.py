"""Flags on whole complaints of others, against two careful readers: how often a flag is shown rightly, falsely, not at all."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from services.intake.categorise import FLAGS, read_signals
from services.launch.understanding.corpus import HELD_OUT, TRAINED_SETS, UNSEEN_SETS, Example, examples, gold, text_key
from services.launch.understanding.signals_report import Counts

LOOKED_FOR: Final = frozenset(FLAGS) - {"repeat_contact"}
"""Nearly every complaint to an authority tells of an earlier contact; it was not labelled."""
PARTS: Final = ("tuned_on", "kept_back", "telephone")
"""Texts that phrases were widened on; texts of the same sources that were not looked at; another source, not looked at."""


class Careful(NamedTuple):
    """What two readers saw in a text, and what was read from it."""

    flags: frozenset[str]
    doubtful: frozenset[str]
    """Seen by one reader alone: neither right nor wrong."""
    read: frozenset[str]


def careful(folder: Path) -> dict[str, list[Careful]]:
    """The labelled texts of the sample data by part; raises OSError where a file is missing."""
    labels = gold()
    found: dict[str, list[Careful]] = {name: [] for name in PARTS}
    for example in examples([*TRAINED_SETS, *UNSEEN_SETS], folder):
        label = labels.get(text_key(example.text))
        if label is not None and label.flags is not None:
            read = frozenset(signal.name for signal in read_signals(example.subject, example.text))
            found[_part(example)].append(Careful(label.flags, label.flags_once, read))
    return found


def counted(texts: Iterable[Careful]) -> Mapping[str, Counts]:
    """Per flag; a text on which the readers differed counts for nothing there."""
    known = list(texts)
    return {
        flag: _counts([(flag in each.flags, flag in each.read) for each in known if flag not in each.doubtful])
        for flag in FLAGS
        if flag in LOOKED_FOR
    }


def _counts(pairs: list[tuple[bool, bool]]) -> Counts:
    return Counts(pairs.count((True, True)), pairs.count((False, True)), pairs.count((True, False)))


def _part(example: Example) -> str:
    if example.source in UNSEEN_SETS:
        return "telephone"
    return "kept_back" if example.fold == HELD_OUT else "tuned_on"
