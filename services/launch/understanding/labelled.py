"""Labelled texts in a CSV file, plain or gzipped, read a row at a time; whatever is wrong with it is said in a sentence."""

import csv
import gzip
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import Final, NamedTuple

from services.intake.categorise.categories import FINANCIAL_CATEGORIES
from shared.domain.errors import RecourseError

OUR_NAMES: Final = {
    "fraud_or_unauthorised": "unauthorised_charge",
    "unauthorised": "unauthorised_charge",
    "warranty_returns": "warranty",
}
"""Names that public data sets and the business use, where they differ from the product's."""

FIELD_CHARACTERS_MAX: Final = 2**31 - 1
"""What the reader of Python takes on every system; only the first 20,000 characters of a text are read for an answer."""

_BETWEEN_WORDS: Final = re.compile(r"[ _/&-]+")
_GZIP_MAGIC: Final = b"\x1f\x8b"


class UnusableData(RecourseError):
    """A file of labelled texts that cannot be read; the message says what is wrong and where."""

    code = "unusable_data"


class Columns(NamedTuple):
    """Where a row holds its text, its label, and its subject and its issue if it has them."""

    text: str
    label: str
    subject: str | None = None
    issue: str | None = None


class Labelled(NamedTuple):
    """A text with the category that somebody gave it, by the product's name, and the issue if they gave one."""

    subject: str
    text: str
    label: str
    issue: str = ""


class Skipped(NamedTuple):
    """A row that is not scored, and why: `no_label`, `no_text` or `short_row`."""

    why: str


def labelled(file: Path, columns: Columns) -> Iterator[Labelled | Skipped]:
    """Every row in order; a name of `OUR_NAMES`, and our own however spelt, becomes ours, any other stays as written.

    Raises:
        UnusableData: no such file, a column is missing, or it is not CSV in UTF-8.
    """
    try:
        with _opened(file) as lines:
            yield from _rows(lines, columns, file)
    except UnicodeDecodeError as fault:
        raise UnusableData(f"{file} is not UTF-8: {fault.reason}. Convert it, for example with iconv.") from fault
    except (EOFError, zlib.error, gzip.BadGzipFile) as fault:
        raise UnusableData(f"{file} is gzipped, and damaged: {fault}") from fault
    except OSError as fault:
        raise UnusableData(f"{file} cannot be read: {fault.strerror or fault}") from fault


def label_counts(file: Path, columns: Columns) -> Counter[str]:
    """How often each label occurs among the rows that are scored; raises UnusableData."""
    return Counter(row.label for row in labelled(file, columns) if isinstance(row, Labelled))


def _opened(file: Path) -> TextIOWrapper:
    with file.open("rb") as raw:
        zipped = raw.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
    stream = gzip.open(file, "rb") if zipped else file.open("rb")  # noqa: SIM115 - the wrapper closes it
    return TextIOWrapper(stream, encoding="utf-8-sig", newline="")


def _rows(lines: TextIOWrapper, columns: Columns, file: Path) -> Iterator[Labelled | Skipped]:
    csv.field_size_limit(FIELD_CHARACTERS_MAX)
    reader = csv.reader(lines, strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        places = _places(header, columns, file)
        for row in reader:
            if row:
                yield _row(row, *places)
    except csv.Error as fault:
        raise UnusableData(f"{file} is not CSV: line {reader.line_num}: {fault}.") from fault


def _places(header: list[str], columns: Columns, file: Path) -> tuple[int, int, int | None, int | None]:
    if not any(header):
        raise UnusableData(f"{file} is empty; its first line must name the columns.")
    for name in columns:
        if name is not None and name not in header:
            raise UnusableData(f"{file} has no column {name!r}. {_has(header)}")
    subject, issue = (None if name is None else header.index(name) for name in (columns.subject, columns.issue))
    return header.index(columns.text), header.index(columns.label), subject, issue


def _has(header: list[str]) -> str:
    named = ", ".join(filter(None, header))[:500]
    if len(header) == 1:
        for sign, called in ((";", "';'"), ("\t", "tabs"), ("|", "'|'")):
            if sign in header[0]:
                return f"It parts its columns with {called}, not with commas: save it with commas. It has: {named}."
    return f"It has: {named}."


def _row(row: list[str], text: int, label: int, subject: int | None, issue: int | None) -> Labelled | Skipped:
    if len(row) <= max(text, label, subject or 0, issue or 0):
        return Skipped("short_row")
    name = row[label].strip()
    if not name:
        return Skipped("no_label")
    if not row[text].strip():
        return Skipped("no_text")
    ours = _ours(name)
    named = "" if issue is None else _issue(row[issue], ours)
    return Labelled("" if subject is None else row[subject], row[text], ours, named)


def _issue(name: str, label: str) -> str:
    """An issue as taxonomies spell it; a category before it stays there alone where it is not the text's.

    `other` may stand before any: many a label counts as that.
    """
    category, _, issue = name.rpartition("/")
    plain = _BETWEEN_WORDS.sub("_", issue.strip().lower())
    said = _ours(category.strip())
    return plain if said in {"", label, "other"} else f"{said}/{plain}"


def _ours(name: str) -> str:
    """Our name for it, whatever its capitals and the signs between its words; any other name as it is written."""
    plain = _BETWEEN_WORDS.sub("_", name.lower())
    known = OUR_NAMES.get(plain, plain)
    return known if known in FINANCIAL_CATEGORIES else name
