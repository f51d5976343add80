"""Dry runs and replays told on a screen: sentences, then tables. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final

from shared.db.dry_run import DryRun
from shared.db.replaying import Replay
from shared.domain.comparison import Side
from shared.domain.foresight import Share
from shared.domain.simulation import Effect

_ROWS_MAX: Final = 15
_EXAMPLES_MAX: Final = 10


def of_dry_run(run: DryRun) -> Iterator[str]:
    """The lines about a dry run."""
    seen = run.foresight
    yield from run.sentences()
    bands = [(name, f"{count:,}", f"{seen.later.bands[name]:,}") for name, count in seen.earlier.bands.items()]
    yield from _table("how far deadlines would move", ("", "earlier", "later"), bands)
    for title, shares in (("by clock", seen.by_clock), ("by tier", seen.by_tier), ("by holder", seen.by_holder)):
        yield from _shares(title, shares)
    if seen.failed:
        yield from _table("not decided", ("reason", "disputes"), [(why, f"{n:,}") for why, n in seen.failed.items()])
    if seen.examples:
        yield "examples"
        yield from (f"  {_example(each)}" for each in seen.examples[:_EXAMPLES_MAX])


def of_replay(done: Replay) -> Iterator[str]:
    """The lines about a replay; the same for the same disputes, however fast they were told and by how many processes."""
    told = done.comparison
    yield f"Replayed {told.disputes:,} of {done.over:,} past disputes under both."
    yield (
        f"{told.differ:,} would have gone otherwise: {told.higher:,} to a higher tier, {told.lower:,} to a lower one; "
        f"{told.newly_climbing:,} would climb that did not, {told.no_longer_climbing:,} no longer; "
        f"first climbs of {told.sooner:,} sooner, of {told.later:,} later."
    )
    present, proposed = told.present, told.proposed
    numbers = [(name.replace("_", " "), getattr(present, name), getattr(proposed, name)) for name in _NUMBERS]
    yield from _pairs("in all", numbers)
    for title, name in _NAMED:
        yield from _pairs(title, _both(present, proposed, name))
    if told.failed:
        yield from _table("not told", ("reason", "disputes"), [(why, f"{n:,}") for why, n in told.failed.items()])
    if told.examples:
        yield f"differ most: {', '.join(each.reference for each in told.examples[:_EXAMPLES_MAX])}"
    yield _TAKEN_FOR_GRANTED


_TAKEN_FOR_GRANTED: Final = (
    "Taken for granted: people do the same at the same times; everybody is idle; breach risk is not known, so that "
    "no comparison with it holds; clocks of regimes are no part of a matrix and run on unchanged."
)
_NUMBERS: Final = ("climbed", "climbs", "warnings", "promises_broken")
_NAMED: Final = (
    ("begin with tier", "began"),
    ("highest tier reached", "highest"),
    ("why they climb", "climbs_because"),
    ("clocks that ran out", "breaches_of"),
    ("warnings", "warnings_of"),
)


def _both(present: Side, proposed: Side, name: str) -> list[tuple[str, int, int]]:
    before, after = getattr(present, name), getattr(proposed, name)
    rows = [(each, before.get(each, 0), after.get(each, 0)) for each in {*before, *after}]
    return sorted(rows, key=lambda row: (row[0] if row[0].isdigit() else "", -max(row[1:]), row[0]))[:_ROWS_MAX]


def _pairs(title: str, rows: Iterable[tuple[str, int, int]]) -> Iterator[str]:
    told = [(name, f"{before:,}", f"{after:,}", f"{after - before:+,}") for name, before, after in rows]
    return _table(title, ("", "present", "proposed", "change"), told)


def _shares(title: str, shares: Mapping[str, Share]) -> Iterator[str]:
    ranked = sorted(shares.items(), key=lambda item: (-item[1].moved, -item[1].disputes, item[0]))[:_ROWS_MAX]
    rows = [(name, *(f"{number:,}" for number in share)) for name, share in ranked]
    return _table(title, ("", *Share._fields), rows)


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    if not rows:
        return
    widths = [max(len(cell) for cell in column) for column in zip(head, *rows, strict=True)]
    yield title
    for row in (head, *rows):
        first, *others = (
            cell.rjust(width) if n else cell.ljust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  " + "  ".join([first, *others]).rstrip()


def _example(effect: Effect) -> str:
    parts = [f"{each.kind.value} {_by(each.by)}{', overdue at once' if each.overdue else ''}" for each in effect.moved]
    if effect.escalated:
        parts.append(f"climbs from tier {effect.tier[0]} to {effect.tier[1]} ({'; '.join(effect.because)})")
    if effect.severity[0] != effect.severity[1]:
        parts.append(f"severity {effect.severity[0]} to {effect.severity[1]}")
    if effect.handler[0] != effect.handler[1]:
        parts.append(f"handler {effect.handler[0] or 'nobody'} to {effect.handler[1] or 'nobody'}")
    parts += [f"{each.kind.value} begins" for each in effect.started]
    return f"{effect.reference}: {'; '.join(parts)}"


def _by(by: timedelta | None) -> str:
    if by is None:
        return "withdrawn"
    if not by:
        return "by another rule, at the same time"
    hours = abs(by) / timedelta(hours=1)
    span = f"{hours:.1f} hours" if hours < 48 else f"{hours / 24:.1f} days"
    return f"{span} {'later' if by > timedelta() else 'earlier'}"
