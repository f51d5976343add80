"""Writes docs/configuration.md from the settings classes, so that the page cannot drift from the code."""

import importlib
import inspect
import sys
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Any, Final, Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from shared.runtime.settings import CommonSettings, is_secret, variable

_HEAD: Final = """\
# Configuration

Every service reads its settings from the environment once, at start, and ends with code 78 and one line per fault when
they cannot be used. An empty variable counts as left out. A variable marked *secret* is never printed, and can be given
as a file instead: `{name}_FILE` holds the path of a file whose content is the value.

This page is written by `python -m shared.runtime.describe MODULE... > docs/configuration.md`, where each MODULE holds
settings classes; change the classes, not the page.
"""
_COLUMNS: Final = "| variable | values | default | meaning |\n|---|---|---|---|\n"
_PLAIN: Final = {bool: "true, false", int: "whole number", float: "number", str: "text"}


def markdown(settings_classes: Iterable[type[BaseSettings]]) -> str:
    """The configuration page: the shared variables once, then each service's own and those it starts differently."""
    classes = sorted(set(settings_classes) - {CommonSettings}, key=lambda each: (each.__module__, each.__name__))
    sections = [_section("All services", CommonSettings, without={})]
    sections += [_section(_title(each), each, without=CommonSettings.model_fields) for each in classes]
    return "\n".join([_HEAD.format(name=variable("x")[:-1] + "…"), *sections])


def classes_in(modules: Sequence[str]) -> tuple[type[BaseSettings], ...]:
    """The settings classes that these modules define themselves."""
    found = [
        member
        for module in modules
        for _, member in inspect.getmembers(importlib.import_module(module), inspect.isclass)
        if issubclass(member, BaseSettings) and member.__module__ == module
    ]
    return tuple(found)


def _title(settings_class: type[BaseSettings]) -> str:
    parts = settings_class.__module__.split(".")
    return parts[-2].capitalize() if len(parts) > 1 else settings_class.__name__


def _section(title: str, settings_class: type[BaseSettings], *, without: Mapping[str, FieldInfo]) -> str:
    told = {name: _row(name, field) for name, field in without.items()}
    rows = [row for name, field in settings_class.model_fields.items() if (row := _row(name, field)) != told.get(name)]
    body = _COLUMNS + "".join(rows) if rows else "Nothing beyond the variables above.\n"
    return f"## {title}\n\n{body}"


def _row(name: str, field: FieldInfo) -> str:
    if not field.description:
        raise ValueError(f"the setting {name} has no description")
    meaning = field.description.replace("|", "\\|")
    return f"| `{variable(name)}` | {_values(field)} | {_default(field)} | {meaning} |\n"


def _values(field: FieldInfo) -> str:
    if is_secret(field):
        return "text, *secret*"
    kind = next((each for each in get_args(field.annotation) if each is not type(None)), field.annotation)
    if get_origin(field.annotation) is Literal:
        return ", ".join(f"`{each}`" for each in get_args(field.annotation))
    if get_origin(field.annotation) in (list, tuple, set, frozenset, dict):
        return "JSON"
    return _PLAIN.get(kind, _named(kind)) + _bounds(field) if isinstance(kind, type) else "text"


def _named(kind: type) -> str:
    if issubclass(kind, Enum):
        return ", ".join(f"`{member.value}`" for member in kind)
    name = kind.__name__
    return "path" if name == "Path" else "URL" if name.endswith("Url") else "text"


def _bounds(field: FieldInfo) -> str:
    words = {"gt": "above", "ge": "from", "lt": "below", "le": "to"}
    limits = [
        f"{word} {getattr(rule, key)}"
        for key, word in words.items()
        for rule in field.metadata
        if getattr(rule, key, None) is not None
    ]
    return f", {' '.join(limits)}" if limits else ""


def _default(field: FieldInfo) -> str:
    value: Any = field.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined:
        return "must be set"
    if isinstance(value, SecretStr):
        value = value.get_secret_value()  # a default is in the source; only a configured value is secret
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return "none" if value in (None, "", (), []) else f"`{value}`"


if __name__ == "__main__":
    sys.stdout.write(markdown(classes_in(sys.argv[1:])))
