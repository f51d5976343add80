"""Two matrices held against each other: what was added, taken away and changed, each by its place. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

_NAMED_BY: Final = ("title", "name")
_ABSENT: Final = object()
_SHOWN_MAX: Final = 120


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The lines of the difference, none when they say the same: `~` changed, `+` added, `-` taken away."""
    return list(_differ((), before, after))


def _differ(place: tuple[str, ...], before: Any, after: Any) -> Iterator[str]:
    before, after = _keyed(before), _keyed(after)
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in (*before, *(key for key in after if key not in before)):
            yield from _differ((*place, str(key)), before.get(key, _ABSENT), after.get(key, _ABSENT))
        if [key for key in before if key in after] != [key for key in after if key in before]:
            yield f"~ {_told(place)}: in another order: {', '.join(map(str, after))}"
    elif after is _ABSENT:
        yield f"- {_told(place)}: {_value(before)}"
    elif before is _ABSENT:
        yield f"+ {_told(place)}: {_value(after)}"
    elif before != after:
        yield f"~ {_told(place)}: {_value(before)} -> {_value(after)}"


def _keyed(value: Any) -> Any:
    """A list of things with names as the things by their names: what moved in the list did not change."""
    if not isinstance(value, Sequence) or isinstance(value, str) or not value:
        return value
    for by in _NAMED_BY:
        names = [each.get(by) if isinstance(each, Mapping) else None for each in value]
        if all(isinstance(name, str) for name in names) and len(set(names)) == len(names):
            return {name: {k: v for k, v in each.items() if k != by} for name, each in zip(names, value, strict=True)}
    return value


def _told(place: tuple[str, ...]) -> str:
    return " / ".join(place) or "the matrix"


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else _plain(value)
    return text if len(text) <= _SHOWN_MAX else f"{text[: _SHOWN_MAX - 1]}…"


def _plain(value: Any) -> str:
    value = _keyed(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_plain(each)}" for key, each in value.items()) or "nothing"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(_plain, value)) or "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
