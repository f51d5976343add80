"""The rule of a clock as JSON text and back: what is stored with every clock, so that a later policy moves nothing."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson

from shared.domain.clock_record import OnBreach, Promise
from shared.domain.clock_spec import ClockSpec
from shared.domain.clock_terms import MayExtend, MayPause, Watch
from shared.domain.counting import A_MONTH
from shared.domain.duration import Duration, Term, parse_term


@lru_cache(maxsize=4096)
def spec_text(promise: Promise) -> str:
    """A promise as the JSON text that is stored and shown; what is left out is the ordinary."""
    spec = promise.spec
    return _json(
        kind=spec.kind,
        duration=str(spec.duration),
        calendar=spec.calendar,
        pausable=spec.pausable,
        warn_at=spec.warn_at,
        on_breach=promise.on_breach,
        count_receipt_day=spec.count_receipt_day or None,
        cap=_text(spec.cap),
        recurring=spec.recurring or None,
        billing_cycle=None if spec.billing_cycle == A_MONTH else str(spec.billing_cycle),
        owe_at=promise.owe_at,
        reminder=promise.reminder or None,
        extension=None if promise.extension is None else _extension(promise.extension),
        watch=None if promise.watch is None else _watch(promise.watch),
        source=spec.source,
        as_of=spec.as_of,
    ).decode()


@lru_cache(maxsize=4096)
def promise_of(text: str) -> Promise:
    """The promise that was stored as this text."""
    facts = orjson.loads(text)
    cycle = _term(facts.get("billing_cycle"))
    spec = ClockSpec(
        kind=facts["kind"],
        duration=parse_term(facts["duration"]),
        calendar=facts["calendar"],
        pausable=facts["pausable"],
        warn_at=tuple(facts["warn_at"]),
        count_receipt_day=facts.get("count_receipt_day", False),
        cap=_term(facts.get("cap")),
        recurring=facts.get("recurring", False),
        billing_cycle=cycle if isinstance(cycle, Duration) else A_MONTH,
        source=facts.get("source"),
        as_of=facts.get("as_of"),
    )
    return Promise(
        spec,
        OnBreach(facts["on_breach"]),
        facts.get("owe_at"),
        facts.get("reminder", 0),
        _extension_of(facts["extension"]) if "extension" in facts else None,
        _watch_of(facts["watch"]) if "watch" in facts else None,
    )


def _extension(rule: MayExtend) -> dict[str, Any]:
    facts = {
        "times": rule.times,
        "by": _text(rule.by),
        "latest": _text(rule.latest),
        "reasons": rule.reasons or None,
        "before_expiry": None if rule.before_expiry else False,
        "requires": rule.requires or None,
        "notice": _text(rule.notice),
        "letters": rule.letters or None,
        "sends": rule.sends or None,
    }
    return {name: fact for name, fact in facts.items() if fact is not None}


def _extension_of(facts: Mapping[str, Any]) -> MayExtend:
    return MayExtend(
        times=facts["times"],
        by=_term(facts.get("by")),
        latest=_term(facts.get("latest")),
        reasons=tuple(facts.get("reasons", ())),
        before_expiry=facts.get("before_expiry", True),
        requires=tuple(facts.get("requires", ())),
        notice=_term(facts.get("notice")),
        letters=tuple(facts.get("letters", ())),
        sends=tuple(facts.get("sends", ())),
    )


def _watch(watch: Watch) -> dict[str, Any]:
    pause = watch.pause
    facts = {
        "title": watch.title,
        "duty": watch.duty,
        "met_by": watch.met_by,
        "void_on": watch.void_on or None,
        "due": watch.due,
        "pause": None if pause is None else _pause(pause),
        "sends": watch.sends or None,
        "letters": watch.letters or None,
        "letter_free_until": watch.letter_free_until,
    }
    return {name: fact for name, fact in facts.items() if fact is not None}


def _watch_of(facts: Mapping[str, Any]) -> Watch:
    return Watch(
        title=facts["title"],
        duty=facts["duty"],
        met_by=tuple(facts["met_by"]),
        void_on=tuple(facts.get("void_on", ())),
        pause=_pause_of(facts["pause"]) if "pause" in facts else None,
        due=_instant(facts.get("due")),
        sends=tuple(facts.get("sends", ())),
        letters=tuple(facts.get("letters", ())),
        letter_free_until=_instant(facts.get("letter_free_until")),
    )


def _pause(rule: MayPause) -> dict[str, Any]:
    facts = {
        "begins_on": rule.begins_on,
        "ends_on": rule.ends_on,
        "free": _text(rule.free),
        "least_after": _text(rule.least_after),
    }
    return {name: fact for name, fact in facts.items() if fact is not None}


def _pause_of(facts: Mapping[str, str]) -> MayPause:
    return MayPause(facts["begins_on"], facts["ends_on"], _term(facts.get("free")), _term(facts.get("least_after")))


def _json(**facts: object) -> bytes:
    present = {name: fact for name, fact in facts.items() if fact is not None}
    return orjson.dumps(present, option=orjson.OPT_UTC_Z)


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


def _text(term: Term | None) -> str | None:
    return None if term is None else str(term)


def _term(text: str | None) -> Term | None:
    return None if text is None else parse_term(text)
