"""The words of a HTML mail, as plain text; quotations become lines that begin with `>`.

Read by a scanner of our own: the standard library's takes minutes over half a megabyte of unclosed comments. This one looks
at every character a bounded number of times.
"""

import re
from html import unescape
from typing import Final

CHARACTERS_MAX: Final = 500_000
QUOTED_DEPTH_MAX: Final = 5
_RAW: Final = {name: re.compile(f"</{name}[^<>]*>", re.IGNORECASE) for name in ("script", "style")}
_HIDDEN: Final = frozenset({"title", "template", "svg", "noscript"})
_BLOCKS: Final = frozenset({
    "address", "article", "blockquote", "br", "dd", "div", "dl", "dt", "footer", "form", "h1", "h2", "h3", "h4", "h5",
    "h6", "header", "hr", "li", "ol", "p", "pre", "section", "table", "tr", "ul",
})  # fmt: skip
_PARAGRAPHS: Final = frozenset({"p", "h1", "h2", "h3", "blockquote", "table", "ul", "ol"})
_MARKUP: Final = re.compile(r"<(?:(!--)|(/?)([a-zA-Z][a-zA-Z0-9:]{0,30})([^<>]*)>|[!?][^<>]*>)")
_BLANKS: Final = re.compile(r"[ \t\xa0\u200b\u200c\u200d\ufeff\r\n\f\v]+")


def text_of(html: str) -> str:
    """The visible text (total); of more than half a million characters the beginning."""
    html = html[:CHARACTERS_MAX]
    words = _Words()
    at = 0
    while (found := _MARKUP.search(html, at)) is not None:
        words.say(html[at : found.start()])
        at = found.end()
        if found[1]:
            at = _after(html.find("-->", at), len("-->"), html)
        elif found[3] and found[2]:
            words.end(found[3].lower())
        elif found[3]:
            words.begin(found[3].lower())
            at = _past_raw(found[3].lower(), html, at)
    words.say(html[at:])
    return words.text()


def _after(place: int, length: int, html: str) -> int:
    return len(html) if place < 0 else place + length


def _past_raw(tag: str, html: str, at: int) -> int:
    """The place behind a script or style sheet that begins here; elsewhere where it was."""
    if tag not in _RAW:
        return at
    end = _RAW[tag].search(html, at)
    return len(html) if end is None else end.end()


class _Words:
    """Gathers the lines."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []
        self._hidden = 0
        self._quoted = 0

    def begin(self, tag: str) -> None:
        if tag in _HIDDEN:
            self._hidden += 1
        if tag in _BLOCKS:
            self._end_line(blank=tag in _PARAGRAPHS)
        if tag == "blockquote":
            self._quoted += 1
        elif tag == "li":
            self._line.append("- ")

    def end(self, tag: str) -> None:
        if tag in _HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        if tag in _BLOCKS:
            self._end_line(blank=tag in _PARAGRAPHS)
        if tag == "blockquote":
            self._quoted = max(0, self._quoted - 1)
        elif tag in ("td", "th"):
            self._line.append(" ")

    def say(self, text: str) -> None:
        if text and not self._hidden:
            self._line.append(text)

    def text(self) -> str:
        self._end_line()
        return "\n".join(self._lines).strip()

    def _end_line(self, *, blank: bool = False) -> None:
        line = _BLANKS.sub(" ", unescape("".join(self._line))).strip()
        self._line.clear()
        if line:
            self._lines.append("> " * min(self._quoted, QUOTED_DEPTH_MAX) + line)
        if blank and self._lines and self._lines[-1]:
            self._lines.append("")
