"""The policy `regimes`: what a business says of itself, which packs it has, and which of their figures it changed."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Final

from pydantic import Field, ValidationError

from shared.domain.errors import PolicyFault
from shared.domain.regime import Regime, by_id
from shared.domain.regime_choice import RegimeBook
from shared.policy.fields import Strict
from shared.policy.regime_models import Jurisdiction, RegimeId, Word
from shared.policy.regime_overrides import OverrideModel, overridden
from shared.policy.regimes import shipped
from shared.policy.toml_models import tables

NAME: Final = "regimes"
"""The policy's name in the store and in the API."""

_TEXT_MAX: Final = 1_000_000
_OVERRIDES_MAX: Final = 500


class RegimesModel(Strict):
    """Which regulatory regimes the business is under."""

    default_jurisdiction: Jurisdiction | None = None
    default_product_line: Word | None = None
    enabled: Annotated[tuple[RegimeId, ...], Field(max_length=_OVERRIDES_MAX)] | None = None
    disabled: Annotated[tuple[RegimeId, ...], Field(max_length=_OVERRIDES_MAX)] = ()
    overrides: Annotated[tuple[OverrideModel, ...], Field(max_length=_OVERRIDES_MAX)] = ()

    def asked_at(self, regime: str) -> str | None:
        """Where the business names the regime itself, such as `enabled.0`."""
        named = [f"enabled.{number}" for number, each in enumerate(self.enabled or ()) if each == regime]
        named += [f"overrides.{number}.regime" for number, each in enumerate(self.overrides) if each.regime == regime]
        return named[0] if named else None


def parse_regimes(
    source: str | Mapping[str, Any],
    *,
    version: int,
    calendars: Collection[str] | None = None,
    packs: Sequence[Regime] | None = None,
) -> RegimeBook:
    """The regimes that a TOML text or a JSON object makes of the packs; those shipped when none are given.

    `calendars` are the names of those there are; None leaves the names unchecked.

    Raises:
        PolicyFault: anything that does not hold, with its place such as `overrides.2.term`.
    """
    model = _model(source)
    known = shipped() if packs is None else tuple(packs)
    regimes = _dated(_switched(overridden(known, model.overrides), model), model, calendars)
    _check_defaults(model, regimes)
    return RegimeBook(version, regimes, model.default_jurisdiction, model.default_product_line)


def regimes_body(source: str | Mapping[str, Any]) -> dict[str, Any]:
    """The same policy as the JSON object that is stored and shown: checked in shape, without what was left out.

    Raises:
        PolicyFault: the shape does not hold.
    """
    return _model(source).model_dump(mode="json", exclude_unset=True)


def regimes_schema() -> dict[str, Any]:
    """The JSON Schema of the body."""
    return RegimesModel.model_json_schema()


def default_body() -> Mapping[str, Any]:
    """The policy the product ships with: no jurisdiction, no product line, so that no regime applies by accident."""
    return {"default_jurisdiction": None, "default_product_line": None, "disabled": [], "overrides": []}


def _switched(regimes: tuple[Regime, ...], model: RegimesModel) -> tuple[Regime, ...]:
    """Switches off what the business does not have; what ships unconfirmed is switched on by an override alone."""
    found = by_id(regimes)
    for place, ids in (("enabled", model.enabled or ()), ("disabled", model.disabled)):
        for number, each in enumerate(ids):
            if each not in found:
                raise PolicyFault(f"{place}.{number}", f"There is no regime {each!r}.")
            if place == "enabled" and not found[each].enabled:
                detail = f"{each} ships switched off ({found[each].note}) An override with a reason switches it on."
                raise PolicyFault(f"{place}.{number}", detail)
    off = set(model.disabled) | (set() if model.enabled is None else set(found) - set(model.enabled))
    return tuple(
        replace(regime, enabled=False, note="switched off by the business")
        if regime.enabled and regime.id in off
        else regime
        for regime in regimes
    )


def _check_defaults(model: RegimesModel, regimes: Sequence[Regime]) -> None:
    known = {product for regime in regimes for product in regime.products}
    if model.default_product_line is not None and model.default_product_line not in known:
        choice = ", ".join(sorted(known))
        raise PolicyFault(
            "default_product_line", f"No regime is for {model.default_product_line!r}; there are {choice}."
        )


def _dated(regimes: Iterable[Regime], model: RegimesModel, calendars: Collection[str] | None) -> tuple[Regime, ...]:
    """Switches off what counts on a calendar that is not there, unless the business asked for it by name."""
    return tuple(_dated_one(regime, model, calendars) for regime in regimes)


def _dated_one(regime: Regime, model: RegimesModel, calendars: Collection[str] | None) -> Regime:
    named = {milestone.spec.calendar for milestone in regime.milestones}
    missing = sorted(named - set(calendars)) if regime.enabled and calendars is not None else []
    if not missing:
        return regime
    detail = f"{regime.id} counts on the calendar {missing[0]!r}, which is not there."
    place = model.asked_at(regime.id)
    if place is not None:
        raise PolicyFault(place, f"{detail} Name another in an override, or leave the regime out.")
    return replace(regime, enabled=False, note=detail)


def _model(source: str | Mapping[str, Any]) -> RegimesModel:
    try:
        return RegimesModel.model_validate(_table(source) if isinstance(source, str) else source)
    except ValidationError as fault:
        first = fault.errors(include_url=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        raise PolicyFault(place, first["msg"].removeprefix("Value error, ")) from fault


def _table(text: str) -> dict[str, Any]:
    if len(text) > _TEXT_MAX:
        raise PolicyFault("", f"The text is longer than {_TEXT_MAX:,} characters.")
    return tables(text)
