"""From the checked document of a pack to the regime the domain chooses from; what no single field tells is checked."""

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from shared.domain.clock_record import OnBreach
from shared.domain.clock_spec import ClockSpec
from shared.domain.duration import Term, parse_term
from shared.domain.errors import InvalidValue, PolicyFault
from shared.domain.regime import After, ExtensionRule, Milestone, Nature, PauseRule, Regime, clock_kind, parse_start
from shared.policy.regime_models import ExtensionModel, MilestoneModel, PauseModel, RegimeModel

_WARN_AT: Final = (0.5, 0.75)


def build(model: RegimeModel, calendars: Collection[str] | None) -> Regime:
    """The regime of a checked document.

    Raises:
        PolicyFault: parts that do not fit each other, with the place.
    """
    _check(model, calendars)
    return _regime(model)


def _check(model: RegimeModel, calendars: Collection[str] | None) -> None:
    """What no single field can tell: parts that name each other."""
    _check_sources(model)
    _check_words(model)
    _check_alternatives(model)
    _check_dependence(model)
    for number, each in enumerate(model.milestones):
        if calendars is not None and each.calendar not in calendars:
            known = ", ".join(sorted(calendars))
            detail = f"There is no calendar named {each.calendar!r}; there are {known}."
            raise PolicyFault(f"milestones.{number}.calendar", detail)


def _check_sources(model: RegimeModel) -> None:
    used = {key for each in model.milestones for key in each.source}
    for number, each in enumerate(model.milestones):
        for key in each.source:
            if key not in model.sources:
                raise PolicyFault(f"milestones.{number}.source", f"{key!r} is not among the sources.")
    idle = sorted(set(model.sources) - used)
    if idle:
        raise PolicyFault(f"sources.{idle[0]}", "No milestone rests on this source.")


def _check_words(model: RegimeModel) -> None:
    known = {*model.circumstances, *model.products, *model.categories, *model.customer_classes}
    for number, each in enumerate(model.milestones):
        for word in each.only_if:
            if word not in known:
                raise PolicyFault(
                    f"milestones.{number}.only_if", f"{word!r} is not among the circumstances or products."
                )
    idle = sorted(set(model.circumstances) - {word for each in model.milestones for word in each.only_if})
    if idle:
        raise PolicyFault(f"circumstances.{idle[0]}", "No milestone depends on this circumstance.")


def _check_alternatives(model: RegimeModel) -> None:
    """Of several milestones of one name, one that always applies hides those after it."""
    complete: set[str] = set()
    for number, each in enumerate(model.milestones):
        if each.name in complete:
            detail = f"An earlier {each.name!r} applies to every case, so this one never would."
            raise PolicyFault(f"milestones.{number}.name", detail)
        if each.enabled and not (each.only_if or each.since or each.until):
            complete.add(each.name)


def _check_dependence(model: RegimeModel) -> None:
    names = {each.name for each in model.milestones}
    waits_for: dict[str, str] = {}
    for number, each in enumerate(model.milestones):
        start = parse_start(each.starts_on)
        if not isinstance(start, After):
            continue
        if start.milestone not in names:
            raise PolicyFault(f"milestones.{number}.starts_on", f"There is no milestone named {start.milestone!r}.")
        waits_for[each.name] = start.milestone
        if each.name in _chain(waits_for, start.milestone):
            raise PolicyFault(f"milestones.{number}.starts_on", "The milestones wait for each other.")


def _chain(waits_for: dict[str, str], name: str) -> Iterator[str]:
    seen: set[str] = set()
    following: str | None = name
    while following is not None and following not in seen:
        seen.add(following)
        yield following
        following = waits_for.get(following)


def _regime(model: RegimeModel) -> Regime:
    return Regime(
        id=model.id,
        title=model.title,
        jurisdictions=model.jurisdictions,
        products=model.products,
        categories=model.categories,
        customer_classes=model.customer_classes,
        priority=model.priority,
        enabled=model.enabled,
        note=model.note,
        source=_cited(model, list(model.sources)),
        as_of=model.as_of,
        milestones=tuple(_milestone(model, each, f"milestones.{n}") for n, each in enumerate(model.milestones)),
        rules=model.rules,
        circumstances=tuple(model.circumstances.items()),
        precludes=model.precludes,
    )


def _milestone(model: RegimeModel, each: MilestoneModel, place: str) -> Milestone:
    duty = each.nature is Nature.DUTY
    return Milestone(
        name=each.name,
        title=each.title,
        nature=each.nature,
        starts_on=parse_start(each.starts_on),
        met_by=each.met_by,
        spec=_spec(model, each, place),
        on_breach=each.on_breach or (OnBreach.ESCALATE if duty else OnBreach.TELL),
        source=_cited(model, each.source),
        void_on=each.void_on,
        extension=None if each.extension is None else _extension(each.extension),
        pause=None if each.pause is None else _pause(each.pause),
        must_send=each.must_send,
        letters=each.letters,
        no_letter_within=_term(each.no_letter_within),
        only_if=each.only_if,
        since=each.since,
        until=each.until,
        due_from=each.due_from,
        consequence=each.consequence,
        enabled=each.enabled,
        note=each.note,
    )


def _spec(model: RegimeModel, each: MilestoneModel, place: str) -> ClockSpec:
    latest = each.cap or (each.extension.max_total if each.extension is not None else None)
    default = _WARN_AT if each.nature is Nature.DUTY else ()
    try:
        return ClockSpec(
            kind=clock_kind(model.id, each.name),
            duration=parse_term(each.term),
            calendar=each.calendar,
            pausable=each.pause is not None,
            warn_at=default if each.warn_at is None else tuple(each.warn_at),
            count_receipt_day=each.count_receipt_day,
            cap=_term(latest),
            recurring=each.recurring,
            source=_cited(model, each.source),
            as_of=model.as_of.isoformat(),
        )
    except InvalidValue as fault:
        raise PolicyFault(f"{place}{fault.field.replace('/', '.')}", fault.detail) from fault


def _extension(model: ExtensionModel) -> ExtensionRule:
    return ExtensionRule(
        by=_term(model.by),
        max_total=_term(model.max_total),
        times_max=model.times_max,
        reasons=model.reasons,
        notice=_term(model.notice),
        before_expiry=model.before_expiry,
        must_send=model.must_send,
        letters=model.letters,
        requires=model.requires,
    )


def _pause(model: PauseModel) -> PauseRule:
    return PauseRule(model.begins_on, model.ends_on, _term(model.free), _term(model.least_after))


def _term(text: str | None) -> Term | None:
    return None if text is None else parse_term(text)


def _cited(model: RegimeModel, keys: Sequence[str]) -> str:
    return "; ".join(f"{key} {model.sources[key]}" for key in keys)
