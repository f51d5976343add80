"""The escalation matrix from TOML text or a JSON body, checked as a whole before a dispute rests on it."""

import tomllib
from collections.abc import Collection, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

from pydantic import ValidationError

from shared.domain.errors import PolicyFault
from shared.domain.matrix import Absence, Duty, Holder, Matrix, SeverityRule, Threshold, Tier
from shared.policy.condition_models import TABLE, TEXT
from shared.policy.matrix_build import build
from shared.policy.matrix_models import MatrixModel
from shared.policy.people_models import GROUP, PERSON

__all__ = [
    "NAME",
    "Absence",
    "Duty",
    "Holder",
    "Matrix",
    "SeverityRule",
    "Threshold",
    "Tier",
    "default_body",
    "matrix_body",
    "matrix_schema",
    "parse_matrix",
]

NAME = "escalation"
"""The policy's name in the store and in the API."""

_TEXT_MAX = 1_000_000
_BRANCHES = frozenset({"PerSeverity", TABLE, TEXT, PERSON, GROUP})


def parse_matrix(source: str | Mapping[str, Any], *, version: int, calendars: Collection[str] | None = None) -> Matrix:
    """The matrix that a TOML text or a JSON object describes.

    `calendars` are the names of those there are; None leaves the names unchecked.

    Raises:
        PolicyFault: anything that does not hold, with its place such as `tiers.1.deadline.normal`.
    """
    return build(_model(source), version=version, calendars=calendars)


def matrix_body(source: str | Mapping[str, Any]) -> dict[str, Any]:
    """The same matrix as the JSON object that is stored and shown: checked in shape, without what was left out.

    Raises:
        PolicyFault: the shape does not hold.
    """
    return _model(source).model_dump(mode="json", by_alias=True, exclude_unset=True)


def matrix_schema() -> dict[str, Any]:
    """The JSON Schema of the body."""
    return MatrixModel.model_json_schema(by_alias=True)


@lru_cache(maxsize=1)
def default_body() -> Mapping[str, Any]:
    """The matrix the product ships with."""
    return matrix_body(files("shared.policy").joinpath("escalation.toml").read_text(encoding="utf-8"))


def _model(source: str | Mapping[str, Any]) -> MatrixModel:
    try:
        return MatrixModel.model_validate(_table(source) if isinstance(source, str) else source)
    except ValidationError as fault:
        # Of the branches of a choice, the one that was understood furthest is the one that was meant.
        first = max(fault.errors(include_url=False), key=lambda each: len(each["loc"]))
        raise PolicyFault(_place(first["loc"]), first["msg"].removeprefix("Value error, ")) from fault


def _table(text: str) -> dict[str, Any]:
    if len(text) > _TEXT_MAX:
        raise PolicyFault("", f"The text is longer than {_TEXT_MAX:,} characters.")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise PolicyFault("", f"This is not TOML: {fault}.") from fault


def _place(steps: tuple[int | str, ...]) -> str:
    """Where in the document, without the names that the checker gives to the branches of a choice."""
    return ".".join(
        str(step) for step in steps if step not in _BRANCHES and not str(step).startswith(("function-", "constrained-"))
    )
