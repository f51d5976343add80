"""The written pairs of texts, and how well nearness tells them apart; run as a module it prints the table of the docs."""

import tomllib
from collections.abc import Iterator, Sequence
from itertools import combinations, cycle, pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

from shared.domain.likeness import Sketch, copied, held, likeness, near, sketch

FILE: Final = Path(__file__).with_suffix(".toml")


class Pair(NamedTuple):
    """Two texts, of which kind the pair is, and whether they are the same text."""

    kind: str
    one: str
    other: str
    same: bool

    def sketches(self) -> tuple[Sketch, Sketch]:
        """Both, without a subject."""
        return sketch("", self.one), sketch("", self.other)


class Measured(NamedTuple):
    """How often a judgement was right: of those it called near, and of those that are."""

    precision: float
    recall: float


def pairs() -> list[Pair]:
    """Every pair, in a fixed order."""
    given = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return [*_of_matters(given), *_of_templates(given), *_of_customers(given), *_short(given)]


def _of_matters(given: dict[str, Any]) -> Iterator[Pair]:
    matters = given["matter"]
    for matter, wrapper in zip(matters, cycle(given["wrapper"])):
        text = matter["text"]
        light, heavy = _edited(text, matter["light"]), _edited(text, matter["heavy"])
        yield Pair("light edit", text, light, same=True)
        yield Pair("heavy edit", text, heavy, same=True)
        yield Pair("forwarded copy", text, wrapper["before"] + text + wrapper["after"], same=True)
        yield Pair("forwarded edit", text, wrapper["before"] + light + wrapper["after"], same=True)
        yield Pair("told in other words", text, matter["retold"], same=False)
    for one, other in pairwise(matters):
        yield Pair("another matter", one["text"], other["text"], same=False)


def _edited(text: str, edits: Sequence[Sequence[str]]) -> str:
    for old, new in edits:
        assert old in text, f"{old!r} is not in {text!r}"
        text = text.replace(old, new)
    return text


def _of_templates(given: dict[str, Any]) -> Iterator[Pair]:
    letters = [[each["text"].format(**fill) for fill in given["fill"]] for each in given["template"]]
    for of_one in letters:
        for one, other in combinations(of_one, 2):
            yield Pair("template letter", one, other, same=True)
    for first, second in combinations(letters, 2):
        yield Pair("another template, same name", first[0], second[0], same=False)


def _of_customers(given: dict[str, Any]) -> Iterator[Pair]:
    for customer in given["customer"]:
        signed = [f"{text} {customer['signature']}" for text in customer["texts"]]
        for one, other in combinations(signed, 2):
            yield Pair("another matter, same signature", one, other, same=False)


def _short(given: dict[str, Any]) -> Iterator[Pair]:
    for each in given["short"]:
        yield Pair("too short to tell", each["one"], each["other"], same=False)


def measured(found: Sequence[tuple[bool, bool]]) -> Measured:
    """Of (called near, is the same)."""
    right = sum(called and same for called, same in found)
    return Measured(right / max(1, sum(called for called, _ in found)), right / max(1, sum(same for _, same in found)))


def main() -> None:
    """Prints, for each kind, how alike the pairs are and how many are called near; then precision and recall."""
    every = [(each, *each.sketches()) for each in pairs()]
    for kind in dict.fromkeys(each.kind for each, _, _ in every):
        of_kind = [(one, other) for each, one, other in every if each.kind == kind]
        alike = sorted(likeness(*both) for both in of_kind)
        inside = sorted(held(*both) for both in of_kind)
        print(  # noqa: T201 - what it is for
            f"{kind:32} {len(of_kind):4} pairs  alike {alike[0]:.2f}..{alike[len(alike) // 2]:.2f}..{alike[-1]:.2f}  "
            f"held {inside[0]:.2f}..{inside[-1]:.2f}  near {sum(near(*both) for both in of_kind):3}  "
            f"copied {sum(copied(*both) for both in of_kind):3}"
        )
    for name, judge in (("near", near), ("copied", copied)):
        found = measured([(judge(one, other), each.same) for each, one, other in every])
        print(f"{name:8} precision {found.precision:.3f} recall {found.recall:.3f} of {len(every)} pairs")  # noqa: T201
    for share in (0.3, 0.4, 0.5, 0.6, 0.7):
        found = measured([(likeness(one, other) >= share, each.same) for each, one, other in every])
        print(f"alike >= {share}  precision {found.precision:.3f} recall {found.recall:.3f}")  # noqa: T201


if __name__ == "__main__":
    main()
