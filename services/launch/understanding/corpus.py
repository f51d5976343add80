"""The texts the categoriser is trained on and measured with, read from where the data lies and split without leaks."""

import csv
import gzip
import hashlib
import os
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

from services.launch.understanding.labelled import OUR_NAMES

HERE = Path(__file__).parent
FOLDS = 5
HELD_OUT = 0
"""The fold the twin model never sees; gold rows are put there as well."""

TRAINED_SETS = ("written", "cfpb", "cfpb_payday", "cfpb_product", "nhtsa", "banking77", "clinc150")
"""Sets whose licence lets weights trained on them be shipped."""

UNSEEN_SETS = ("fcc_telecom", "hint3", "bitext_synthetic")
"""Sets that are only measured with, never trained on."""


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled text; `fold` is the same for all near-identical texts."""

    source: str
    key: str
    subject: str
    text: str
    category: str
    """The label that came with the text, a consumer's own choice or a set's; empty where there is none."""
    secondary: tuple[str, ...] = ()
    hand: str = ""
    """A careful reader's label; it counts for more."""
    fold: int = -1
    named_once: tuple[str, ...] = ()
    """Further matters that one careful reader named and another did not."""

    @property
    def truth(self) -> str:
        """The careful reader's label where there is one."""
        return self.hand or self.category


def data_folder() -> Path:
    """The folder of `*.csv.gz`; ends the run with a plain sentence when there is none."""
    root = os.environ.get("RECOURSE_SAMPLE_DATA")
    folder = Path(root) if root else HERE.parents[3] / "shared" / "data"
    for candidate in (folder / "complaints", folder):
        if (candidate / "cfpb.csv.gz").exists():
            return candidate
    sys.exit(
        f"The complaint files (cfpb.csv.gz and others) are not in {folder}. "
        "Set RECOURSE_SAMPLE_DATA to the folder that holds them, or to its parent."
    )


def rows(name: str, folder: Path) -> Iterator[dict[str, str]]:
    with gzip.open(folder / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


NO_FLAG = "-"
"""In gold.csv, of a text that was looked through for flags and has none."""


class Gold(NamedTuple):
    """What careful readers of a whole text said it is about."""

    primary: str
    secondary: tuple[str, ...]
    """Named in both passes."""
    named_once: tuple[str, ...]
    """Named in one pass of the two."""
    flags: frozenset[str] | None = None
    """Seen in both passes; None where flags were not looked for."""
    flags_once: frozenset[str] = frozenset()


def gold() -> dict[str, Gold]:
    """The project's own labels of public texts, by `text_key`; the texts themselves are not in the repository."""
    with (HERE / "gold.csv").open(encoding="utf-8", newline="") as lines:
        return {
            row["text_sha256"]: Gold(
                row["primary"],
                tuple(row["secondary"].split()),
                tuple(row["named_once"].split()),
                frozenset(row["flags"].split()) - {NO_FLAG} if row["flags"] else None,
                frozenset(row["flags_once"].split()) - {NO_FLAG},
            )
            for row in csv.DictReader(lines)
        }


def text_key(text: str) -> str:
    """The first 16 digits of the text's SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def examples(names: Iterable[str], folder: Path) -> list[Example]:
    """The labelled texts of the named sets, near-identical ones sharing a fold, with the careful reader's label if any."""
    hand = {(row["source"], row["source_id"]): row["hand_label"] for row in rows("gold_hand", folder)}
    found: list[Example] = []
    for name in names:
        found += written() if name == "written" else _from_file(name, folder, hand)
    read = gold()
    return [_read_carefully(example, read.get(text_key(example.text))) for example in with_folds(found)]


def _read_carefully(example: Example, found: Gold | None) -> Example:
    if found is None or example.source in {"written", "written_bank"}:
        return example
    return replace(example, hand=found.primary, secondary=found.secondary, named_once=found.named_once)


def _from_file(name: str, folder: Path, hand: Mapping[tuple[str, str], str]) -> list[Example]:
    read = gold()
    return [
        Example(
            source=name,
            key=row["source_id"],
            subject="",
            text=row["text"],
            category=product_name(row["mapped_category"]),
            hand=product_name(hand.get((row["source"], row["source_id"]), "") or row.get("hand_label", "")),
        )
        for row in rows(name, folder)
        if row["mapped_category"] or text_key(row["text"]) in read
    ]


def written() -> list[Example]:
    """The project's own texts; those in a bank's or lender's customers' voices are the source `written_bank`."""
    found: list[Example] = []
    for path in sorted((HERE / "written").glob("*.toml")):
        with path.open("rb") as file:
            lists = tomllib.load(file)
        found += _written("written", lists["shop"]) + _written("written_bank", lists.get("bank", {}))
    return found


def _written(source: str, lists: Mapping[str, list[Any]]) -> list[Example]:
    found = []
    for category, entries in lists.items():
        for entry in entries:
            fields = {"text": entry} if isinstance(entry, str) else entry
            text = fields["text"]
            found.append(
                Example(
                    source=source,
                    key=hashlib.sha256(text.encode()).hexdigest()[:12],
                    subject=fields.get("subject", ""),
                    text=text,
                    category=category,
                    secondary=tuple(fields.get("secondary", ())),
                )
            )
    return found


def product_name(category: str) -> str:
    """The product's name for a category the data may name otherwise."""
    return OUR_NAMES.get(category, category)


def with_folds(found: list[Example]) -> list[Example]:
    """The same texts, near-identical ones in one fold; those a careful reader labelled, and their likes, are held out."""
    parent = list(range(len(found)))

    def top(at: int) -> int:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    by_band: dict[tuple[int, ...], int] = {}
    for at, example in enumerate(found):
        for band in _bands(example.text):
            parent[top(at)] = top(by_band.setdefault(band, at))
    groups: dict[int, list[int]] = defaultdict(list)
    for at in range(len(found)):
        groups[top(at)].append(at)
    folded = list(found)
    for members in groups.values():
        name = min(f"{found[at].source}:{found[at].key}" for at in members)
        gold = any(found[at].hand for at in members)
        fold = HELD_OUT if gold else int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) % FOLDS
        for at in members:
            folded[at] = replace(found[at], fold=fold)
    return folded


def _bands(text: str) -> set[tuple[int, ...]]:
    """Pairs of minima of hashed word triples: texts that share most of their triples share a pair, almost surely."""
    words = [word for word in text.lower().split() if "xx" not in word]
    grams = [" ".join(words[at : at + 3]).encode() for at in range(max(1, len(words) - 2))]
    hashes = [crc32(gram) for gram in grams]
    minima = [min((value * odd) & 0xFFFFFFFF for value in hashes) for odd in _ODD]
    return {(at, *minima[at : at + 3]) for at in range(0, len(minima), 3)}


_ODD = tuple(2_654_435_761 + 40_014 * at * 2 for at in range(24))
