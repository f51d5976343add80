"""A model of breach risk as a document: plain JSON with a digest, written the same every time, refused when damaged."""

from collections.abc import Mapping
from hashlib import sha256
from itertools import pairwise
from math import isfinite
from typing import Any, Final

import msgspec

from shared.domain.breach_features import NAMES
from shared.domain.breach_risk import Calibration, Model, Weight
from shared.domain.errors import RecourseError

FORMAT: Final = 1


class DamagedModel(RecourseError):
    """A document that is no model of this product, or not as it was written; the reason says which."""

    code = "damaged_model"


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: int
    n: int
    intercept: float
    weights: tuple[Weight, ...]
    calibration: Calibration
    digest: str


def document(model: Model) -> dict[str, Any]:
    """The model as JSON values with its digest, the SHA-256 of the rest in sorted order."""
    body = {"format": FORMAT, **msgspec.json.decode(msgspec.json.encode(model))}
    return {**body, "digest": _digest(body)}


def model_of(body: Mapping[str, Any]) -> Model:
    """The model that a document holds.

    Raises:
        DamagedModel: it is no such document, was changed after it was written, or is of other figures.
    """
    try:
        found = msgspec.convert(dict(body), _Document)
    except msgspec.ValidationError as fault:
        raise DamagedModel(f"this is no model: {fault}") from fault
    if found.format != FORMAT:
        raise DamagedModel(f"a model of format {found.format}; this product reads format {FORMAT}")
    if found.digest != _digest({name: part for name, part in body.items() if name != "digest"}):
        raise DamagedModel("its digest does not fit: it was changed after it was written")
    if tuple(each.name for each in found.weights) != NAMES:
        raise DamagedModel("it was learned from other figures than this product looks at")
    _check(found)
    return Model(found.n, found.intercept, found.weights, found.calibration)


def _digest(body: Mapping[str, Any]) -> str:
    return sha256(msgspec.json.encode(body, order="deterministic")).hexdigest()


def _check(found: _Document) -> None:
    """What a whole document may still have wrong, if somebody wrote it by hand and its digest too."""
    xs, ys = found.calibration.x, found.calibration.y
    figures = [found.intercept, *xs, *ys, *(part for each in found.weights for part in (each.mean, each.weight))]
    if found.n < 0 or not all(map(isfinite, figures)):
        raise DamagedModel("a figure in it is no number that can be counted with")
    if any(not isfinite(each.scale) or each.scale <= 0 for each in found.weights):
        raise DamagedModel("a scale in it is not above 0")
    if found.calibration.kind == "platt":
        if len(xs) != 2 or ys:
            raise DamagedModel("Platt's calibration is a slope and an intercept")
    elif not xs or len(xs) != len(ys) or not _rising(xs) or list(ys) != sorted(ys) or not 0 <= ys[0] <= ys[-1] <= 1:
        raise DamagedModel("the knots of its calibration do not rise from 0 to 1")


def _rising(xs: tuple[float, ...]) -> bool:
    return all(first < second for first, second in pairwise(xs))
