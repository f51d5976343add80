"""The page docs/regimes.md: every pack, milestone, figure and source, written from the packs themselves."""

from collections.abc import Iterable, Iterator
from typing import Final

from shared.domain.clock_spec import ClockSpec
from shared.domain.regime import LETTERS, OF_THE_DISPUTE, ExtensionRule, Milestone, Nature, PauseRule, Regime
from shared.domain.regime_facts import MEANINGS

_TOP: Final = """\
# Regulatory regimes

Not legal advice. A regime pack is a set of deadlines with their sources, read from copies of differing age; whoever is
bound by a rule checks the figures before relying on them. `as of` is the day on which a pack was put together, or the
day for which its source speaks. What could not be confirmed ships switched off and says so.

This page is written by `python -m shared.policy.regimes > docs/regimes.md`.

## No regime applies by itself

A shop is not a bank. As shipped, no pack applies to any dispute: every pack is for product lines, and Recourse assumes
none until the business names its own or a dispute does.

| what | where it is said |
|---|---|
| jurisdiction | the dispute's `jurisdiction`, else `default_jurisdiction` of the policy `regimes`; `US-CA` lies in `US`, a member state in `EU` |
| product line | `metadata.product_line` of the dispute, else `default_product_line` of the policy |
| category, customer class | the dispute's |
| the case's circumstances | `metadata.circumstances`, separated by commas, such as `new_account` |
| the regimes themselves | `metadata.regime`: the ids separated by commas, or `none`. It goes before all of the above |

A pack applies when jurisdiction, product line, category and customer class all fit. Several may apply at once, each with
clocks of its own; the one of higher priority comes first, and may stand in for another. The choice comes with a reason
for every pack, chosen or not, and does not depend on their order. The free text `product` of a dispute decides nothing.

## What a milestone is

It starts on a fact and is met by the first of its facts; `milestone:NAME` is the instant at which another one was met,
in time or late. Facts are read from the dispute or reported by whoever knows them (`POST /v1/disputes/{id}/marks`): until
somebody reports `portal_complaint_sent`, no clock of the portal runs. A fact after `void on` ends it, neither met nor
missed. Where something is **to be sent**, it is met only once one of the letters under "Sent by" was sent as well, and a pack
that says what is to be sent without naming its letter is refused; [clocks](clocks.md) says what counts as sent.

- A **duty** of the business that runs out is a broken promise. An **opportunity** that is lost is none. A **customer
  window** is the customer's time to use a right. **Third party** is time that somebody else owes.
- Nothing pauses but by the milestone's own rule. Waiting for the customer stops no regime's clock.
- An **extension** needs a reason, one of those listed where there is a list, and where it says so facts that came before.
  Where the customer is to be told so long before the time runs out, it is refused when that is no longer possible.
  It ends at its maximum, which the clock itself keeps. Where a source gives no number of extensions, there is one; where
  it gives no maximum, none is kept.
- Of several milestones of one name, the first whose circumstance is there is taken. `received from` and `received to`
  are the days of receipt for which it stands.
- Where a milestone takes a date of its own, that date goes before the figure: the network's or payment provider's due
  instant in `metadata.network_due_at` (ISO 8601, with an offset).
- `8 weeks` end at the same time of day; `end of day` is written where the day of receipt is said not to count. A
  business day ends at 17:00 on the calendar of the jurisdiction (`shared/policy/calendars/regimes.toml`).

## To choose, to change a figure, to add a pack

Put the policy `regimes` (`PUT /v1/policies/regimes` with `If-Match`; every version is kept, running clocks keep their
rule):

```json
{"policy": {"default_jurisdiction": "GB", "default_product_line": "payment_service",
            "enabled": ["uk.fca.disp.payments", "uk.fca.disp.early"],
            "overrides": [{"regime": "uk.fca.disp.payments", "milestone": "final_response",
                           "term": "10 business days", "reason": "our own promise is shorter"}]},
 "reason": "we are a payment institution"}
```

`enabled` lists the only packs to consider; left out, all that are confirmed are considered. `disabled` takes packs
away. An override changes `term`, `cap`, `calendar`, `warn_at`, `on_breach`, `extension_by`, `extension_max_total` or
`enabled` of a milestone (with `only_if` for one of several of a name), or `calendar`, `products` or `enabled` of a whole
pack, and says why; its reason is shown with the pack. A term beyond the milestone's cap still ends at the cap. A pack that
ships switched off is switched on in this way alone, and so are its milestones.

A new pack is one file in `shared/policy/regimes/`, named for its id, and one row in `tests/policy/regime_rows.py` for
each figure; then write this page again. Unknown keys, terms that do not parse, sources that are not there and milestones
that wait for each other are refused with file and place.

`GET /v1/regimes` and `GET /v1/regimes/{id}` show the packs as the newest policy leaves them; `GET
/v1/disputes/{id}/regimes` tells why each pack applies to a dispute or not, and what has to be sent with each milestone.
What has to be sent is told there and in the memos that warn of a milestone or tell that it was missed. That a letter was sent
is checked; that it says what it has to is for whoever writes it.

"""


def page(regimes: Iterable[Regime]) -> str:
    """The whole page as Markdown."""
    every = tuple(regimes)
    return _TOP + "\n".join((*_overview(every), "", *_milestones(every), *_facts(every), *_packs(every)))


def _overview(regimes: tuple[Regime, ...]) -> Iterator[str]:
    yield "## The packs"
    yield ""
    yield "| pack | jurisdiction | product lines | categories | priority | as of | switched on |"
    yield "|---|---|---|---|---|---|---|"
    for each in regimes:
        cells = (
            f"[`{each.id}`](#{_anchor(each.id)}) {each.title}",
            _list(each.jurisdictions) or "any",
            _list(each.products),
            _list(each.categories) or "any",
            str(each.priority),
            each.as_of.isoformat(),
            "yes" if each.enabled else f"no. {each.note}",
        )
        yield _row(cells)


def _milestones(regimes: tuple[Regime, ...]) -> Iterator[str]:
    yield "## Every milestone"
    yield ""
    yield "| pack | milestone | from → to | figure | extension, pause | source | switched on |"
    yield "|---|---|---|---|---|---|---|"
    for regime in regimes:
        for each in regime.milestones:
            on = "yes" if regime.enabled and each.enabled else f"no. {each.note or regime.note}"
            more = "; ".join(part for part in (_extension(each.extension), _pause(each.pause)) if part)
            keys = ", ".join(part.split(" ", 1)[0] for part in each.source.split("; S"))
            source = ", ".join(key if key.startswith("S") else f"S{key}" for key in keys.split(", "))
            met = " or ".join(each.met_by)
            yield _row((f"`{regime.id}`", _name(each), f"{each.starts_on} → {met}", _figure(each), more, source, on))
    yield ""


def _facts(regimes: tuple[Regime, ...]) -> Iterator[str]:
    yield "## The facts"
    yield ""
    yield "| fact | meaning | known from | used by |"
    yield "|---|---|---|---|"
    for fact, meaning in MEANINGS.items():
        known = "the dispute" if fact in OF_THE_DISPUTE else "a letter" if fact in LETTERS else "a report"
        used = {each.id for each in regimes for m in each.milestones if fact in _facts_of(m)}
        yield _row((f"`{fact}`", meaning, known, _list(f"`{name}`" for name in sorted(used))))
    yield ""


def _facts_of(each: Milestone) -> set[object]:
    paused = {each.pause.begins_on, each.pause.ends_on} if each.pause else set()
    extension = each.extension
    more = (*extension.requires, *extension.letters) if extension else ()
    return {each.starts_on, *each.met_by, *each.letters, *each.void_on, *paused, *more}


def _packs(regimes: tuple[Regime, ...]) -> Iterator[str]:
    for regime in regimes:
        yield f"## {regime.id}"
        yield ""
        yield f"{regime.title}. Sources: {regime.source}."
        yield ""
        yield from _lines(regime)
        yield ""


def _lines(regime: Regime) -> Iterator[str]:
    if regime.note:
        yield f"- Note: {regime.note}"
    if regime.precludes:
        yield f"- Stands in for {_list(regime.precludes)}."
    if regime.customer_classes:
        yield f"- For customers of class {_list(regime.customer_classes)}."
    yield from (f"- {rule}" for rule in regime.rules)
    yield from (f"- Circumstance `{word}`: {meaning}." for word, meaning in regime.circumstances)
    for each in regime.milestones:
        yield f"- **{_name(each)}**: {each.title}."
        yield from (f"  - {label}: {told}." for label, told in _details(each) if told)


def _details(each: Milestone) -> Iterator[tuple[str, str]]:
    yield "To be sent", "; ".join(each.must_send)
    free = f", none for what is done within {each.no_letter_within}" if each.no_letter_within else ""
    yield "Sent by", f"{' or '.join(f'`{letter}`' for letter in each.letters)}{free}" if each.letters else ""
    yield "Void on", _list(each.void_on)
    yield "Takes a date of its own from", f"`metadata.{each.due_from}`" if each.due_from else ""
    yield "What follows", (each.consequence or "").rstrip(".")
    yield "Note", (each.note or "").rstrip(".")
    if each.extension is not None:
        yield "Extended for", " or ".join(each.extension.reasons) or "any reason that is given"
        yield "When extended, to be sent", "; ".join(each.extension.must_send)
        yield "Sent by", " or ".join(f"`{letter}`" for letter in each.extension.letters)


def _name(each: Milestone) -> str:
    return f"`{each.name}`" + (f" ({_list(each.only_if)})" if each.only_if else "")


def _figure(each: Milestone) -> str:
    nature = "" if each.nature is Nature.DUTY else f" ({each.nature.replace('_', ' ')})"
    first = f", received from {each.since}" if each.since else ""
    last = f", received to {each.until}" if each.until else ""
    return f"{_term(each.spec)}{nature}{first}{last}"


def _term(spec: ClockSpec) -> str:
    every = "every " if spec.recurring else ""
    return f"{every}{spec.duration}"


def _extension(rule: ExtensionRule | None) -> str:
    if rule is None:
        return ""
    by = f"by {rule.by} at most" if rule.by else ""
    total = f"to {rule.max_total} in all" if rule.max_total else ""
    more = " ".join(part for part in (by, total) if part) or "no maximum given"
    needs = f", after {' and '.join(rule.requires)}" if rule.requires else ""
    told = f", told {rule.notice} before" if rule.notice else ", told before it runs out" if rule.before_expiry else ""
    return f"extended {more}{needs}{told}"


def _pause(rule: PauseRule | None) -> str:
    if rule is None:
        return ""
    free = f", after {rule.free}" if rule.free else ""
    least = f"; then the rest or {rule.least_after}, whichever longer" if rule.least_after else ""
    return f"pauses from {rule.begins_on} to {rule.ends_on}{free}{least}"


def _list(words: Iterable[str]) -> str:
    return ", ".join(words)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _anchor(text: str) -> str:
    return text.replace(".", "")
