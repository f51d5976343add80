"""The escalation matrix from TOML text or a JSON body, checked as a whole before a dispute rests on it."""

import json
from collections.abc import Collection, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

from pydantic import ValidationError

from shared.domain.errors import PolicyFault
from shared.domain.matrix import Absence, Duty, Holder, Matrix, SeverityRule, Threshold, Tier
from shared.policy.condition_models import TABLE, TEXT
from shared.policy.matrix_build import build, faults_between
from shared.policy.matrix_models import ONE, SEVERAL, MatrixModel
from shared.policy.people_models import GROUP, PERSON
from shared.policy.toml_models import tables
from shared.policy.toml_places import line_of, lines_of

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
    "matrix_faults",
    "matrix_schema",
    "parse_matrix",
    "schema_text",
]

NAME = "escalation"
"""The policy's name in the store and in the API."""

_TEXT_MAX = 1_000_000
_BRANCHES = frozenset({ONE, SEVERAL, TABLE, TEXT, PERSON, GROUP})


def parse_matrix(source: str | Mapping[str, Any], *, version: int, calendars: Collection[str] | None = None) -> Matrix:
    """The matrix that a TOML text or a JSON object describes.

    `calendars` are the names of those there are; None leaves the names unchecked.

    Raises:
        PolicyFault: anything that does not hold, with its place such as `tiers.1.deadline.normal`, and of a TOML text
            with its line.
    """
    model = _model(source)
    try:
        return build(model, version=version, calendars=calendars)
    except PolicyFault as fault:
        raise _with_line(fault, lines_of(source) if isinstance(source, str) else {}) from fault


def matrix_body(source: str | Mapping[str, Any]) -> dict[str, Any]:
    """The same matrix as the JSON object that is stored and shown: checked in shape, without what was left out.

    Raises:
        PolicyFault: the shape does not hold.
    """
    return _model(source).model_dump(mode="json", by_alias=True, exclude_unset=True)


def matrix_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the body; rules between its parts are checked when a matrix is read."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **MatrixModel.model_json_schema(by_alias=True)}


def schema_text() -> str:
    """The JSON Schema as the file in which it is published, `docs/escalation.schema.json`."""
    return json.dumps(matrix_schema(), indent=2, ensure_ascii=False) + "\n"


@lru_cache(maxsize=1)
def default_body() -> Mapping[str, Any]:
    """The matrix the product ships with."""
    return matrix_body(files("shared.policy").joinpath("escalation.toml").read_text(encoding="utf-8"))


def matrix_faults(
    source: str | Mapping[str, Any], *, calendars: Collection[str] | None = None
) -> tuple[PolicyFault, ...]:
    """Everything that does not hold, in the order of the document; of a TOML text with lines.

    Faults between parts are looked for once every part holds by itself.
    """
    try:
        places, table = _outlined(source)
    except PolicyFault as fault:
        return (fault,)
    try:
        model = MatrixModel.model_validate(table)
    except ValidationError as fault:
        found = _shape_faults(fault)
    else:
        found = faults_between(model, calendars)
    return tuple(sorted((_with_line(each, places) for each in found), key=lambda each: each.line or 0))


def _model(source: str | Mapping[str, Any]) -> MatrixModel:
    places, table = _outlined(source)
    try:
        return MatrixModel.model_validate(table)
    except ValidationError as fault:
        raise _with_line(_shape_faults(fault)[0], places) from fault


def _outlined(source: str | Mapping[str, Any]) -> tuple[Mapping[str, int], Mapping[str, Any]]:
    """The document, and on which line each of its places is when it is a text."""
    if not isinstance(source, str):
        return {}, source
    table = _table(source)
    return lines_of(source), table


def _shape_faults(fault: ValidationError) -> list[PolicyFault]:
    """The faults of single parts, one for each place."""
    found: dict[str, PolicyFault] = {}
    for each in fault.errors(include_url=False):
        place = _place(each["loc"])
        error = each.get("ctx", {}).get("error")
        line = getattr(error, "line", None)  # within an expression of several lines
        found.setdefault(place, PolicyFault(place, each["msg"].removeprefix("Value error, "), line))
    return list(found.values())


def _with_line(fault: PolicyFault, places: Mapping[str, int]) -> PolicyFault:
    line = line_of(places, fault.place)
    return PolicyFault(fault.place, fault.detail, line and line + (fault.line or 1) - 1)


def _table(text: str) -> dict[str, Any]:
    if len(text) > _TEXT_MAX:
        raise PolicyFault("", f"The text is longer than {_TEXT_MAX:,} characters.")
    return tables(text)


def _place(steps: tuple[int | str, ...]) -> str:
    """Where in the document, without the names that the checker gives to the branches of a choice."""
    return ".".join(
        str(step) for step in steps if step not in _BRANCHES and not str(step).startswith(("function-", "constrained-"))
    )
