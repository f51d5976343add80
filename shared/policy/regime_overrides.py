"""A business's own figures in the place of a pack's, each with its reason."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated, Any, Final, Self

from pydantic import Field, model_validator

from shared.domain.clock_spec import ClockSpec
from shared.domain.duration import parse_term
from shared.domain.errors import InvalidValue, PolicyFault
from shared.domain.regime import ExtensionRule, Milestone, Regime, by_id
from shared.policy.fields import Fraction, Name, Strict, Term
from shared.policy.regime_models import LINES_MAX, Breach, Line, RegimeId, Word

_OF_A_MILESTONE: Final = ("term", "cap", "warn_at", "on_breach", "extension_by", "extension_max_total")
_OF_EITHER: Final = ("calendar", "enabled")


class OverrideModel(Strict):
    """Other figures for one regime or one of its milestones, and why.

    Without `milestone`, `calendar` goes for all milestones and `enabled` and `products` for the regime itself. Of
    several milestones of one name, `only_if` picks the one for that circumstance; without it, the one for all others.
    """

    regime: RegimeId
    milestone: Word | None = None
    only_if: Word | None = None
    reason: Line
    enabled: bool | None = None
    products: Annotated[tuple[Word, ...], Field(min_length=1, max_length=LINES_MAX)] | None = None
    calendar: Name | None = None
    term: Term | None = None
    cap: Term | None = None
    warn_at: Annotated[tuple[Fraction, ...], Field(max_length=9)] | None = None
    on_breach: Breach | None = None
    extension_by: Term | None = None
    extension_max_total: Term | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        given = set(self.facts())
        if not given:
            raise ValueError("an override changes something")
        if self.milestone is None and (given & set(_OF_A_MILESTONE) or self.only_if):
            raise ValueError("a figure belongs to a milestone; name it")
        if self.milestone is not None and self.products is not None:
            raise ValueError("products belong to the regime, not to a milestone")
        return self

    def facts(self) -> dict[str, Any]:
        """What it changes, by field."""
        every = {name: getattr(self, name) for name in (*_OF_EITHER, *_OF_A_MILESTONE, "products")}
        return {name: value for name, value in every.items() if value is not None}


def overridden(regimes: Iterable[Regime], overrides: Iterable[OverrideModel]) -> tuple[Regime, ...]:
    """The regimes with these figures in place of their own; each change is told in `changes`, with its reason.

    Raises:
        PolicyFault: an override names a regime, a milestone or an extension that there is not.
    """
    found = by_id(regimes)
    for number, each in enumerate(overrides):
        place = f"overrides.{number}"
        if each.regime not in found:
            raise PolicyFault(f"{place}.regime", f"There is no regime {each.regime!r}.")
        found[each.regime] = _changed(found[each.regime], each, place)
    return tuple(found.values())


def _changed(regime: Regime, each: OverrideModel, place: str) -> Regime:
    if each.milestone is None:
        changed = _regime_changed(regime, each)
    else:
        number = _place_of(regime, each, place)
        milestones = list(regime.milestones)
        milestones[number] = _milestone_changed(milestones[number], each, place)
        changed = replace(regime, milestones=tuple(milestones))
    return replace(changed, changes=(*regime.changes, _told(each)))


def _regime_changed(regime: Regime, each: OverrideModel) -> Regime:
    milestones = regime.milestones
    if each.calendar is not None:
        milestones = tuple(replace(m, spec=replace(m.spec, calendar=each.calendar)) for m in milestones)
    return replace(
        regime,
        milestones=milestones,
        enabled=regime.enabled if each.enabled is None else each.enabled,
        products=each.products or regime.products,
    )


def _place_of(regime: Regime, each: OverrideModel, place: str) -> int:
    named = [number for number, m in enumerate(regime.milestones) if m.name == each.milestone]
    if not named:
        raise PolicyFault(f"{place}.milestone", f"{regime.id} has no milestone {each.milestone!r}.")
    if each.only_if is None:
        return named[-1]
    meant = [number for number in named if each.only_if in regime.milestones[number].only_if]
    if not meant:
        raise PolicyFault(f"{place}.only_if", f"{each.milestone} has no case of its own for {each.only_if!r}.")
    return meant[0]


def _milestone_changed(milestone: Milestone, each: OverrideModel, place: str) -> Milestone:
    extension = _extension_changed(milestone.extension, each, place)
    try:
        spec = _spec_changed(milestone.spec, each)
    except InvalidValue as fault:
        raise PolicyFault(f"{place}{fault.field.replace('/', '.')}", fault.detail) from fault
    return replace(
        milestone,
        spec=spec,
        extension=extension,
        enabled=milestone.enabled if each.enabled is None else each.enabled,
        on_breach=each.on_breach or milestone.on_breach,
    )


def _spec_changed(spec: ClockSpec, each: OverrideModel) -> ClockSpec:
    cap = each.cap or each.extension_max_total  # an extension ends where its rule says, so the clock does too
    return replace(
        spec,
        duration=spec.duration if each.term is None else parse_term(each.term),
        calendar=each.calendar or spec.calendar,
        cap=spec.cap if cap is None else parse_term(cap),
        warn_at=spec.warn_at if each.warn_at is None else each.warn_at,
    )


def _extension_changed(rule: ExtensionRule | None, each: OverrideModel, place: str) -> ExtensionRule | None:
    if each.extension_by is None and each.extension_max_total is None:
        return rule
    if rule is None:
        raise PolicyFault(place, f"{each.milestone} cannot be extended.")
    return replace(
        rule,
        by=rule.by if each.extension_by is None else parse_term(each.extension_by),
        max_total=rule.max_total if each.extension_max_total is None else parse_term(each.extension_max_total),
    )


def _told(each: OverrideModel) -> str:
    subject = each.milestone or "all"
    if each.only_if:
        subject = f"{subject} ({each.only_if})"
    facts = ", ".join(f"{name} {_shown(value)}" for name, value in each.facts().items())
    return f"{subject}: {facts}; {each.reason}"


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
