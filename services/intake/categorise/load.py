"""Reading and writing the model file: the only part of categorisation that touches a disk."""

import hashlib
import json
import re
import zlib
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import exp
from pathlib import Path
from sys import byteorder
from typing import Any

from services.intake.categorise.categories import FINANCIAL_CATEGORIES
from services.intake.categorise.common_words import explains_nothing
from services.intake.categorise.confidence import Surety, surety_of
from services.intake.categorise.lexicon import Lexicon, shipped_lexicon
from services.intake.categorise.model import (
    BIAS,
    FIXED_LANES,
    LANE_BYTES,
    PATTERNS_MAX,
    Calibration,
    Model,
    Telling,
    blocks,
)
from services.intake.categorise.search import Search

SHIPPED = Path(__file__).with_name("model.bin")
MAGIC = b"RECOURSE-CATEGORISER\n"
FORMAT_VERSION = 3
FILE_LIMIT_BYTES = 5_000_000
BODY_LIMIT_BYTES = 16_000_000
"""What the compressed part of a file may unfold to."""
TAXONOMIES = ("default", "financial")
NUMBER_MAX = 1e5
"""No number of a header is greater, with or without its sign."""
BIAS_MAX = 500.0
"""No bias of a category is greater, with or without its sign: as odds it would be nothing, or beyond all numbers."""
TELLING_PATTERNS = 300
"""How many of a category's strongest patterns may explain an answer."""


class ModelFileError(ValueError):
    """The file is not a model of this format version, or it is damaged."""


def load_model(path: Path | None = None, lexicon: Lexicon | None = None) -> Model:
    """The model in `path`, or the shipped one; raises ModelFileError, or OSError when it cannot be read."""
    file = path or SHIPPED
    if file.stat().st_size > FILE_LIMIT_BYTES:
        raise ModelFileError(f"{file.name} is larger than {FILE_LIMIT_BYTES} bytes.")
    return model_of(file.read_bytes(), lexicon, name=file.name)


def model_of(raw: bytes, lexicon: Lexicon | None = None, *, name: str = "model") -> Model:
    """The model in the bytes of a file; `lexicon` holds the phrases that are looked for beside it.

    Raises ModelFileError; `name` is used in its message.
    """
    header, body = _parts(raw, name)
    try:
        return _model(header, body, lexicon)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, zlib.error) as cause:
        raise ModelFileError(f"{name} is incomplete or contradicts itself.") from cause


def _model(header: Mapping[str, Any], body: bytes, lexicon: Lexicon | None) -> Model:
    heads = _heads(header)
    matters, count = _matters(header), len(header["categories"])
    lanes = FIXED_LANES + blocks(heads, matters) * count + len(header["domains"])
    patterns, numbers = _unfolded(body)
    if len(numbers) != len(patterns) * lanes:
        raise ValueError("The table does not hold a row for every pattern.")
    _check(header, numbers, lanes)
    search = Search(shipped_lexicon() if lexicon is None else lexicon, patterns)
    rows = dict(zip(patterns, _packed(numbers, lanes), strict=True))
    places = dict(zip(search.patterns, range(len(patterns)), strict=True))
    telling = {
        category: _telling(
            patterns,
            places,
            [numbers[lane::lanes] for lane in range(FIXED_LANES + at, FIXED_LANES + blocks(heads, ()) * count, count)],
        )
        for at, category in enumerate(header["categories"])
    }
    return Model(
        categories=tuple(header["categories"]),
        search=search,
        rows=[rows[pattern] for pattern in search.patterns],
        weight_step=header["weight_step"],
        rarity_step=header["rarity_step"],
        domains=tuple(header["domains"]),
        domain_bias=header["domain_bias"],
        category_odds=_odds(header["category_bias"]),
        answer_odds=_odds(header.get("answer_bias") or [[0.0] * len(header["categories"])] * len(heads)),
        heads=heads,
        phrase_weights=header["phrase_weights"],
        calibrations={
            name: tuple(Calibration(*points) for points in curves) for name, curves in header["calibrations"].items()
        },
        sureties={name: _sureties(header, name) for name in TAXONOMIES},
        thresholds={name: _thresholds(header, name) for name in TAXONOMIES},
        telling=telling,
        matter_bias=matters,
        familiar=header["familiar"],
    )


def _sureties(header: Mapping[str, Any], taxonomy: str) -> list[Surety | None]:
    """Per domain; none in a file that has none. Raises ValueError for too many or too few."""
    stored = header.get("sureties", {}).get(taxonomy) or [None] * len(header["domains"])
    if len(stored) != len(header["domains"]):
        raise ValueError("A domain has no word on its confidence.")
    return [surety_of(each) for each in stored]


def _thresholds(header: Mapping[str, Any], taxonomy: str) -> list[float]:
    """Per domain; a file may name one for all. Raises TypeError or ValueError for what is no share."""
    stored = header["thresholds"][taxonomy]
    found = list(stored) if isinstance(stored, list) else [stored] * len(header["domains"])
    if len(found) != len(header["domains"]) or not all(0.0 <= each <= 1.0 for each in found):
        raise ValueError("A threshold is no share, or a domain has none.")
    return found


def _heads(header: Mapping[str, Any]) -> list[int]:
    """Per domain; raises ValueError for one that is no whole number from 0 on."""
    heads = header.get("heads") or [0] * len(header["domains"])
    if not all(isinstance(head, int) and head >= 0 for head in heads):
        raise ValueError("A head is no number of a block.")
    return list(heads)


def _matters(header: Mapping[str, Any]) -> list[float]:
    """Per category, or nothing in a file that knows no matters."""
    return list(header.get("matter_bias") or ())


def _odds(biases: Sequence[Sequence[float]]) -> list[list[float]]:
    """Raises ValueError for a bias beyond BIAS_MAX."""
    if any(abs(bias) > BIAS_MAX for domain in biases for bias in domain):
        raise ValueError("A bias is beyond what odds can say.")
    return [[exp(bias) for bias in domain] for domain in biases]


def model_bytes(header: Mapping[str, Any], patterns: Sequence[str], rows: Iterable[int]) -> bytes:
    """A model file: magic, a line with the SHA-256 of all that follows, one line of JSON, then the compressed table.

    `rows` holds, per pattern, its numbers one after the other: squared rarity, a weight for each category, a weight for
    each domain; the weights for the categories once per head, and once more where the header has a `matter_bias`; each
    within WEIGHT_MAX of 0, or OverflowError is raised. The commonest patterns should come first, so that their rows share
    the processor's cache.
    """
    numbers = array("H", [number + BIAS for number in rows])
    if byteorder == "big":
        numbers.byteswap()
    body = zlib.compress("\n".join(patterns).encode() + b"\0" + numbers.tobytes(), 9)
    full = {name: value for name, value in header.items() if name != "sha256"} | {"format_version": FORMAT_VERSION}
    sealed = json.dumps(full, separators=(",", ":"), sort_keys=True).encode() + b"\n" + body
    return MAGIC + hashlib.sha256(sealed).hexdigest().encode() + b"\n" + sealed


def read_header(raw: bytes, name: str = "model") -> dict[str, Any]:
    """What a file says of itself (what it was trained on, its report, its `sha256`); raises ModelFileError."""
    return _parts(raw, name)[0]


def _parts(raw: bytes, name: str) -> tuple[dict[str, Any], bytes]:
    if not raw.startswith(MAGIC):
        raise ModelFileError(f"{name} is not a categoriser model.")
    seal, _, sealed = raw[len(MAGIC) :].partition(b"\n")
    if seal.startswith(b"{"):  # until format 2 the header stood here
        raise ModelFileError(f"{name} has an older format, this code reads {FORMAT_VERSION}.")
    if hashlib.sha256(sealed).hexdigest().encode() != seal:
        raise ModelFileError(f"{name} is damaged: its checksum does not match.")
    line, _, body = sealed.partition(b"\n")
    try:
        header: dict[str, Any] = json.loads(line)
    except (ValueError, RecursionError) as cause:
        raise ModelFileError(f"{name} has a damaged header.") from cause
    if not isinstance(header, dict) or header.get("format_version") != FORMAT_VERSION:
        version = header.get("format_version") if isinstance(header, dict) else None
        raise ModelFileError(f"{name} has format {version}, this code reads {FORMAT_VERSION}.")
    return header | {"sha256": seal.decode()}, body


def _unfolded(body: bytes) -> tuple[list[str], "array[int]"]:
    unfolding = zlib.decompressobj()
    words, _, numbers = unfolding.decompress(body, BODY_LIMIT_BYTES).partition(b"\0")
    patterns = words.decode().split("\n")
    too_much = bool(unfolding.unconsumed_tail) or len(patterns) > PATTERNS_MAX
    whole = all(pattern[:1] == pattern[-1:] == " " and pattern.strip() for pattern in patterns)
    if too_much or len(set(patterns)) != len(patterns) or not whole:
        raise ValueError("Too large, or a pattern is named twice or is no whole words between blanks.")
    rows = array("H", numbers)
    if byteorder == "big":
        rows.byteswap()
    return patterns, rows


def _check(header: Mapping[str, Any], numbers: Sequence[int], lanes: int) -> None:
    """Raises ValueError for a header whose parts do not fit together, so that no text can fail on it later."""
    categories, domains = len(header["categories"]), len(header["domains"])
    heads, matters = _heads(header), _matters(header)
    sound = (
        all(_is_number(each) for row in _rows(header, matters) for each in row)
        and {len(weights) for weights in header["phrase_weights"].values()} <= {categories * blocks(heads, matters)}
        and len(matters) in (0, categories)
        and {len(biases) for biases in header.get("answer_bias") or [range(categories)]} == {categories}
        and len(header.get("answer_bias") or heads) == len(heads) == domains
        and {len(biases) for biases in header["category_bias"]} == {categories}
        and len(header["category_bias"]) == len(header["domain_bias"]) == domains
        and all(len(header["calibrations"][name]) == domains for name in TAXONOMIES)
        and all(
            len(raw) == len(sure) > 0 and raw == sorted(raw) and 0.0 <= min(sure) <= max(sure) <= 1.0
            for curves in header["calibrations"].values()
            for raw, sure in curves
        )
        and all(_thresholds(header, name) for name in TAXONOMIES)
        and {"other"} <= set(header["categories"]) <= set(FINANCIAL_CATEGORIES)
        and len(set(header["categories"])) == categories
        and min(header["familiar"], header["rarity_step"], header["weight_step"]) > 0.0
        and min(numbers[::lanes], default=BIAS) >= BIAS
    )
    if not sound:
        raise ValueError("The parts of the header do not fit together.")


def _rows(header: Mapping[str, Any], matters: Sequence[float]) -> Iterator[Sequence[Any]]:
    """Every list of numbers that a text is scored with; raises TypeError or AttributeError where there is none."""
    yield from ([header[part] for part in ("familiar", "rarity_step", "weight_step")], header["domain_bias"], matters)
    yield from (*header["category_bias"], *(header.get("answer_bias") or ()), *header["phrase_weights"].values())
    for curves in header["calibrations"].values():
        yield from (points for curve in curves for points in curve)


def _is_number(value: Any) -> bool:
    """Neither a truth value nor anything so great that sums of it would run over."""
    return type(value) in (int, float) and -NUMBER_MAX <= value <= NUMBER_MAX


def _packed(rows: "array[int]", lanes: int) -> list[int]:
    """One whole number per row of 16-bit numbers, each widened to a lane of its own."""
    narrow, wide = rows.tobytes(), bytearray(len(rows) * LANE_BYTES)
    low = byteorder == "big"
    wide[0::LANE_BYTES], wide[1::LANE_BYTES] = narrow[low::2], narrow[not low :: 2]
    width = lanes * LANE_BYTES
    return [int.from_bytes(wide[at : at + width], "little") for at in range(0, len(wide), width)]


def _telling(patterns: Sequence[str], numbers: Mapping[str, int], columns: "Sequence[array[int]]") -> Telling:
    """The patterns that speak most strongly for a category in any head, without empty words."""
    places = sorted(_with_great_numbers(columns))
    weights = map(max, zip(*(map(column.__getitem__, places) for column in columns), strict=True))
    # The pattern itself settles a tie, so that the order is the same in every process.
    strong = sorted(
        [(-weight, patterns[place]) for weight, place in zip(weights, places, strict=True) if weight > BIAS]
    )
    told = [numbers[pattern] for _, pattern in strong if not explains_nothing(pattern)][:TELLING_PATTERNS]
    return Telling(frozenset(told), {number: rank for rank, number in enumerate(told)})


def _with_great_numbers(columns: "Sequence[array[int]]") -> set[int]:
    """Where a column's greatest numbers stand, more of them than are told; by their high bytes, which takes no time."""
    low_first = byteorder == "little"
    high = b"".join([column.tobytes()[low_first::2] for column in columns])
    possible = range(BIAS >> 8, 256)
    enough = bisect_right(possible, -3 * TELLING_PATTERNS, key=lambda least: -_count_from(least, high))
    great = re.compile(rb"[\x%02x-\xff]" % possible[max(0, enough - 1)], re.DOTALL)
    return {number.start() % len(columns[0]) for number in great.finditer(high)}


def _count_from(least: int, signs: bytes) -> int:
    return len(signs) - len(signs.translate(None, bytes(range(least, 256))))
