"""Which line of a TOML text each of its values stands on, for telling an author where a fault is.

The text has been read by `tomllib` before, so it is known to be TOML; this only follows its outline.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

Path = tuple[str | int, ...]

_BLANK: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE: Final = re.compile(r"[ \t]*")
_KEY: Final = re.compile(r"""[ \t]*("(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[A-Za-z0-9_-]+)[ \t]*(\.?)""")
_QUOTED: Final = re.compile(
    r"""\"\"\"(?:[^\\]|\\.)*?\"{3,5}|'''.*?'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""",
    re.DOTALL,
)
_BARE: Final = re.compile(r"[^,\]}\n#]*")


def lines_of(text: str) -> Mapping[str, int]:
    """The line, from 1, of every table and value, by its place such as `tiers.1.deadline.normal`."""
    return {".".join(map(str, path)): line for path, line in _Outline(text).walk()}


def line_of(places: Mapping[str, int], place: str) -> int | None:
    """The line of a place, or of the nearest thing around it that is there; None when nothing of it is."""
    while place:
        if place in places:
            return places[place]
        place = place.rpartition(".")[0]
    return None


class _Outline:
    """A walk through the text; `_at` is how far it is."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._counts: dict[Path, int] = {}

    def walk(self) -> Iterator[tuple[Path, int]]:
        """Every path with its line."""
        table: Path = ()
        self._pass(_BLANK)
        while self._at < len(self._text):
            line = self._line()
            if self._text.startswith("[", self._at):
                table = self._header()
                yield table, line
            else:
                path = (*table, *self._keys())
                self._at += 1  # the equals sign
                yield from self._value(path)
            self._pass(_BLANK)

    def _header(self) -> Path:
        doubled = self._text.startswith("[[", self._at)
        self._at += 1 + doubled
        path = self._resolved(self._keys())
        self._at += 1 + doubled
        if not doubled:
            return path
        bare = path[:-1] if isinstance(path[-1], int) else path
        self._counts[bare] = self._counts.get(bare, -1) + 1
        return (*bare, self._counts[bare])

    def _resolved(self, keys: Path) -> Path:
        """A header's path, with the number of the newest table wherever it goes through a list of tables."""
        path: Path = ()
        for key in keys:
            path = (*path, key)
            if path in self._counts:
                path = (*path, self._counts[path])
        return path

    def _keys(self) -> Path:
        keys: list[str | int] = []
        more = "."
        while more:
            found = self._pass(_KEY)
            keys.append(found[1].strip("\"'"))
            more = found[2]
        return tuple(keys)

    def _value(self, path: Path) -> Iterator[tuple[Path, int]]:
        self._pass(_SPACE)
        opening = self._text[self._at]
        if opening in "\"'":
            yield path, self._line() + self._text.startswith(('"""\n', "'''\n"), self._at)
            self._pass(_QUOTED)
            return
        yield path, self._line()
        if opening == "[":
            yield from self._list(path)
        elif opening == "{":
            yield from self._table(path)
        else:
            self._pass(_BARE)

    def _list(self, path: Path) -> Iterator[tuple[Path, int]]:
        self._at += 1
        number = 0
        while not self._closed("]"):
            yield from self._value((*path, number))
            number += 1

    def _table(self, path: Path) -> Iterator[tuple[Path, int]]:
        self._at += 1
        while not self._closed("}"):
            keys = self._keys()
            self._at += 1  # the equals sign
            yield from self._value((*path, *keys))

    def _closed(self, bracket: str) -> bool:
        """Passes what separates two members; True once the bracket that ends them was passed."""
        self._pass(_BLANK)
        if self._text.startswith(",", self._at):
            self._at += 1
            self._pass(_BLANK)
        if not self._text.startswith(bracket, self._at):
            return False
        self._at += 1
        return True

    def _pass(self, pattern: re.Pattern[str]) -> re.Match[str]:
        found = pattern.match(self._text, self._at)
        assert found is not None
        self._at = found.end()
        return found

    def _line(self) -> int:
        return self._text.count("\n", 0, self._at) + 1
