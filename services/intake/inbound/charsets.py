"""Bytes to text, whatever the sender says about them: never an exception, never a character that cannot be stored."""

import codecs
import re
from collections.abc import Iterator
from typing import Final

_BEYOND: Final = {  # what senders mean where they name the smaller set
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "iso-8859-8-i": "iso8859_8",
    "iso-8859-8-e": "iso8859_8",
    "cp-850": "cp850",
    "utf8mb4": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
}
_NO_CHARSETS: Final = frozenset(
    {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"}
)
"""Codecs of Python that are no character sets; some take time that grows with the square of the input."""
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_LINE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


def decoded(data: bytes, charset: str | None) -> str:
    """The text, by the declared charset if it holds, else by UTF-8, else as Windows would have it (total)."""
    for codec in _candidates(charset):
        try:
            return data.decode(codec)
        except (UnicodeError, LookupError, ValueError):
            continue
    declared = _known(charset)
    if declared not in (None, "ascii") and not data.isascii():
        try:
            lenient = data.decode(declared or "utf-8", "replace")
        except (UnicodeError, LookupError, ValueError):
            lenient = "\ufffd" * len(data)
        if lenient.count("\ufffd") * 10 <= len(lenient):
            return lenient
    return data.decode("cp1252", "replace")


def _candidates(charset: str | None) -> Iterator[str]:
    name = (charset or "").strip().strip("\"'").lower()
    if name in _BEYOND:
        yield _BEYOND[name]
    known = _known(charset)
    if known is not None:
        yield known
    yield "utf-8"


def _known(charset: str | None) -> str | None:
    """Python's name for the charset, None for what is no charset."""
    try:
        name = codecs.lookup((charset or "").strip().strip("\"'")[:64]).name
    except (LookupError, ValueError, UnicodeError):
        return None
    return None if name.replace("-", "_") in _NO_CHARSETS else name


def storable(text: str) -> str:
    """Text of several lines that the database and a page can hold: line ends are newlines, controls are gone."""
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def one_line(text: str, most: int) -> str:
    """Text of one line, at most so many characters."""
    return _LINE.sub(" ", text).strip()[:most].strip()
