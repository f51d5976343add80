"""How a letter begins and ends: whom it greets, what it says to the emotion, and who signs it. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from shared.domain.dispute import Dispute
from shared.domain.lifecycle import Outcome

NAME_LENGTH_MAX: Final = 80
TONES: Final = ("distressed", "angry", "frustrated", "worried")
"""Emotions that get a sentence of their own, the one that weighs most first."""


def greeting(words: Mapping[str, Any], name: str | None) -> str:
    """The first line, with the name where one is known."""
    short = in_one_line(name, NAME_LENGTH_MAX)
    return words["greeting"].format(name=short) if short else str(words["greeting_nameless"])


def tone(words: Mapping[str, Any], dispute: Dispute) -> str:
    """What answers the emotion; to somebody whom we tell that we did nothing wrong we do not say that we did."""
    felt = next((each for each in TONES if each in dispute.signals), None)
    if felt is None:
        return ""
    refused = words["tone_when_refused"] if dispute.outcome is Outcome.NOT_UPHELD else {}
    return str(refused.get(felt, words["tone"][felt]))


def signature(author: str | None, house: str) -> str:
    """The last line: who wrote it, and for whom."""
    return f"{author}, {house}" if author else house


def in_one_line(text: str | None, length_max: int) -> str:
    """One line of at most this length."""
    line = " ".join((text or "").split())
    return line if len(line) <= length_max else line[: length_max - 1].rstrip() + "…"
