"""The headers of a mail, read leniently: nothing a stranger writes there can raise."""

import base64
import binascii
import quopri
import re
from collections.abc import Iterable, Iterator
from email.utils import getaddresses
from typing import Final, NamedTuple

from services.intake.inbound.charsets import decoded, one_line

VALUE_LENGTH_MAX: Final = 20_000
ADDRESSES_MAX: Final = 200
IDS_MAX: Final = 100
_WORD: Final = re.compile(r"=\?([^?*\s]{1,64})(?:\*[^?\s]{0,64})?\?([bBqQ])\?([^?]{0,4000})\?=")
_FOLD: Final = re.compile(r"[\r\n]+[ \t]*")
_ID: Final = re.compile(r"<([^<>\s]{1,998})>")
_BARE_ID: Final = re.compile(r"[^<>\s@]{1,400}@[^<>\s@]{1,400}")
_ADDRESS: Final = re.compile(r"[^\s@<>()\",;:\\\[\]]{1,64}@[^\s@<>()\",;:\\]{1,190}")


class Address(NamedTuple):
    """A mailbox in a header; the address is in lower case."""

    name: str | None
    email: str


class Headers:
    """The header lines of a mail or of a part of one."""

    def __init__(self, pairs: Iterable[tuple[str, object]]) -> None:
        self._pairs = [(str(name).strip().lower(), _raw_text(value)[:VALUE_LENGTH_MAX]) for name, value in pairs]

    def __contains__(self, name: str) -> bool:
        return any(each == name for each, _ in self._pairs)

    def raw(self, name: str) -> list[str]:
        """The values as they came, unfolded and not decoded."""
        return [_FOLD.sub(" ", value).strip() for each, value in self._pairs if each == name]

    def text(self, name: str, most: int = 2000) -> str:
        """The first value as people read it; empty when there is none."""
        return next((one_line(words_decoded(value), most) for value in self.raw(name)), "")

    def word(self, name: str) -> str:
        """The first value up to a semicolon or comment, in lower case."""
        return re.split(r"[;(\s]", self.text(name, 200), maxsplit=1)[0].lower()

    def addresses(self, *names: str) -> list[Address]:
        """The mailboxes in these headers, in order."""
        return list(self._addresses(names))

    def message_ids(self, name: str) -> list[str]:
        """The Message-IDs in a header, without their brackets, in order."""
        text = " ".join(self.raw(name))
        found = _ID.findall(text) or _BARE_ID.findall(text)
        return [each for each in found[:IDS_MAX] if each.isprintable()]

    def _addresses(self, names: Iterable[str]) -> Iterator[Address]:
        values = [value for name in names for value in self.raw(name)]
        try:
            pairs = getaddresses(values)
        except (ValueError, TypeError, IndexError, AttributeError, RecursionError):
            pairs = [("", found) for value in values for found in _ADDRESS.findall(value)]
        for name, address in pairs[:ADDRESSES_MAX]:
            bare = _bytes_decoded(address).strip().strip("<>").lower()
            if _ADDRESS.fullmatch(bare) and bare.isprintable():
                yield Address(one_line(words_decoded(name), 200) or None, bare)


def words_decoded(value: str) -> str:
    """The encoded words of RFC 2047 as text, also where a character is split between two of them."""
    value = _bytes_decoded(value)
    out: list[str] = []
    end, run, charset = 0, b"", ""
    for found in _WORD.finditer(value):
        between = value[end : found.start()]
        if run and (between.strip() or found[1].lower() != charset):
            out.append(decoded(run, charset))
            run = b""
        if between.strip() or (not run and not out):
            out.append(between)
        run += _word_bytes(found[2].lower(), found[3])
        end, charset = found.end(), found[1].lower()
    if run:
        out.append(decoded(run, charset))
    return "".join([*out, value[end:]])


def _word_bytes(encoding: str, text: str) -> bytes:
    raw = text.encode("utf-8", "surrogatepass")
    if encoding == "q":
        return quopri.decodestring(raw, header=True)
    try:
        return base64.b64decode(raw + b"=" * (-len(raw) % 4))
    except (binascii.Error, ValueError):
        return raw


def _raw_text(value: object) -> str:
    try:
        return str(value)
    except (ValueError, LookupError, TypeError):  # the standard library's Header, of an unknown charset
        return ""


def _bytes_decoded(value: str) -> str:
    """Text whose bytes above 127 came as surrogates, as what they most likely are."""
    if value.isascii():
        return value
    try:
        return decoded(value.encode("ascii", "surrogateescape"), "utf-8")
    except UnicodeEncodeError:
        return value
