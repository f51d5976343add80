"""The project's own sentences labelled with an emotion and flags, in a half to tune on and a half that is kept back."""

import hashlib
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

_FILE = Path(__file__).with_name("signals.toml")


class Labels(NamedTuple):
    """One emotion and any number of flags."""

    emotion: str
    flags: frozenset[str]


class SignalText(NamedTuple):
    """A text with its labels, and those of the two passes they were settled from."""

    text: str
    labels: Labels
    first: Labels
    second: Labels

    @property
    def kept_back(self) -> bool:
        """Decided by a hash of the text alone, about one in two; phrases are tuned on the others only."""
        return hashlib.sha256(self.text.encode()).digest()[0] % 2 == 1


def signal_texts() -> list[SignalText]:
    """Every labelled text, in the order of the file."""
    with _FILE.open("rb") as file:
        return [_read(entry) for entry in tomllib.load(file)["texts"]]


def _read(entry: dict[str, Any]) -> SignalText:
    labels = _labels([entry["emotion"], *entry.get("flags", ())])
    # A pass is written down only where it differs from what was settled.
    first, second = (_labels(entry[name].split()) if name in entry else labels for name in ("first", "second"))
    return SignalText(entry["text"], labels, first, second)


def _labels(words: Iterable[str]) -> Labels:
    emotion, *flags = words
    return Labels(emotion, frozenset(flags))
