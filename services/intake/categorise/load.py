"""Reading and writing the model file: the only part of categorisation that touches a disk."""

import hashlib
import json
import zlib
from array import array
from collections.abc import Mapping
from math import exp
from pathlib import Path
from sys import byteorder
from typing import Any

from services.intake.categorise.common_words import COMMON_WORDS
from services.intake.categorise.model import FIXED_LANES, Calibration, Model

SHIPPED = Path(__file__).with_name("model.bin")
MAGIC = b"RECOURSE-CATEGORISER\n"
FORMAT_VERSION = 1
FILE_LIMIT_BYTES = 5_000_000
TELLING_WORDS = 500
"""How many of a category's strongest words and pairs may explain an answer."""


class ModelFileError(ValueError):
    """The file is not a model of this format version, or it is damaged."""


def load_model(path: Path | None = None) -> Model:
    """The model in `path`, or the shipped one; raises ModelFileError, or OSError when it cannot be read."""
    file = path or SHIPPED
    if file.stat().st_size > FILE_LIMIT_BYTES:
        raise ModelFileError(f"{file.name} is larger than {FILE_LIMIT_BYTES} bytes.")
    header, body = _parts(file.read_bytes(), file.name)
    lanes = FIXED_LANES + len(header["categories"]) + len(header["domain_bias"])
    words, _, numbers = zlib.decompress(body).partition(b"\0")
    vocabulary = words.decode().split("\n")
    rows = _native(numbers)
    return Model(
        categories=tuple(header["categories"]),
        table=dict(zip(vocabulary, _packed(rows, lanes), strict=True)),
        weight_step=header["weight_step"],
        rarity_step=header["rarity_step"],
        domains=tuple(header["domains"]),
        domain_bias=header["domain_bias"],
        category_odds=[[exp(bias) for bias in domain] for domain in header["category_bias"]],
        phrase_weights=header["phrase_weights"],
        calibrations={
            name: tuple(Calibration(*points) for points in curves) for name, curves in header["calibrations"].items()
        },
        thresholds=header["thresholds"],
        telling={
            category: _telling(vocabulary, rows[FIXED_LANES + at :: lanes])
            for at, category in enumerate(header["categories"])
        },
    )


def save_model(path: Path, header: Mapping[str, Any], vocabulary: list[str], lanes: "array[int]") -> None:
    """Writes a model file: magic, one line of JSON with the body's SHA-256, then the compressed table.

    `lanes` holds, per word or pair of `vocabulary`, its 16-bit numbers in a row.
    """
    numbers = array("H", lanes)
    if byteorder == "big":
        numbers.byteswap()
    body = zlib.compress("\n".join(vocabulary).encode() + b"\0" + numbers.tobytes(), 9)
    full = {"format_version": FORMAT_VERSION, "sha256": hashlib.sha256(body).hexdigest(), **header}
    path.write_bytes(MAGIC + json.dumps(full, separators=(",", ":"), sort_keys=True).encode() + b"\n" + body)


def _parts(raw: bytes, name: str) -> tuple[dict[str, Any], bytes]:
    if not raw.startswith(MAGIC):
        raise ModelFileError(f"{name} is not a categoriser model.")
    line, _, body = raw[len(MAGIC) :].partition(b"\n")
    try:
        header: dict[str, Any] = json.loads(line)
    except ValueError as cause:
        raise ModelFileError(f"{name} has a damaged header.") from cause
    if header.get("format_version") != FORMAT_VERSION:
        raise ModelFileError(f"{name} has format {header.get('format_version')}, this code reads {FORMAT_VERSION}.")
    if hashlib.sha256(body).hexdigest() != header["sha256"]:
        raise ModelFileError(f"{name} is damaged: its checksum does not match.")
    return header, body


def _native(numbers: bytes) -> "array[int]":
    rows = array("H", numbers)
    if byteorder == "big":
        rows.byteswap()
    return rows


def _packed(rows: "array[int]", lanes: int) -> list[int]:
    """One whole number per row of 16-bit numbers, each widened to a 32-bit lane."""
    wide = array("I", rows)
    if byteorder == "big":
        wide.byteswap()
    raw, width = wide.tobytes(), lanes * 4
    return [int.from_bytes(raw[at : at + width], "little") for at in range(0, len(raw), width)]


def _telling(vocabulary: list[str], weights: "array[int]") -> dict[str, int]:
    """The words and pairs that speak most strongly for a category, without empty words."""
    least = sorted(weights)[-min(TELLING_WORDS, len(weights))]
    return {
        gram: weight
        for gram, weight in zip(vocabulary, weights, strict=True)
        if weight >= least and gram not in COMMON_WORDS
    }
