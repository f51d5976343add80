"""The words of a HTML mail, as plain text; quotations become lines that begin with `>`."""

import re
from html import unescape
from html.parser import HTMLParser
from typing import Final

CHARACTERS_MAX: Final = 500_000
_HIDDEN: Final = frozenset({"script", "style", "title", "template", "svg", "noscript"})
_BLOCKS: Final = frozenset({
    "address", "article", "blockquote", "br", "dd", "div", "dl", "dt", "footer", "form", "h1", "h2", "h3", "h4", "h5",
    "h6", "header", "hr", "li", "ol", "p", "pre", "section", "table", "tr", "ul",
})  # fmt: skip
_PARAGRAPHS: Final = frozenset({"p", "h1", "h2", "h3", "blockquote", "table", "ul", "ol"})
_TAG: Final = re.compile(r"<[^<>]{0,2000}>")
_BLANKS: Final = re.compile(r"[ \t\xa0\u200b\u200c\u200d\ufeff\r\n\f\v]+")


def text_of(html: str) -> str:
    """The visible text (total); of more than half a million characters the beginning."""
    html = html[:CHARACTERS_MAX]
    words = _Words()
    try:
        words.feed(html)
        words.close()
    except (AssertionError, ValueError, RecursionError):  # the standard library's parser asserts on some declarations
        return _BLANKS.sub(" ", unescape(_TAG.sub(" ", html))).strip()
    return words.text()


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[str] = []
        self._line: list[str] = []
        self._hidden = 0
        self._quoted = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _HIDDEN:
            self._hidden += 1
        if tag in _BLOCKS:
            self._end_line(blank=tag in _PARAGRAPHS)
        if tag == "blockquote":
            self._quoted += 1
        elif tag == "li":
            self._line.append("- ")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS:
            self._end_line()

    def handle_endtag(self, tag: str) -> None:
        if tag in _HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        if tag in _BLOCKS:
            self._end_line(blank=tag in _PARAGRAPHS)
        if tag == "blockquote":
            self._quoted = max(0, self._quoted - 1)
        elif tag in ("td", "th"):
            self._line.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self._line.append(data)

    def text(self) -> str:
        self._end_line()
        return "\n".join(self._lines).strip()

    def _end_line(self, *, blank: bool = False) -> None:
        line = _BLANKS.sub(" ", "".join(self._line)).strip()
        self._line.clear()
        if line:
            self._lines.append("> " * min(self._quoted, 5) + line)
        if blank and self._lines and self._lines[-1]:
            self._lines.append("")
