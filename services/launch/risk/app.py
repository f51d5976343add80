"""`python -m services risk …`: breach risk learned from the product's own history, measured, and published."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer

from services.launch.policy.store import AUTHOR, Reason, Store, told, within
from services.launch.risk.diagram import diagram
from services.launch.risk.learning import Learned, answers, learn, seen
from services.launch.risk.measures import Measures, Told, bins, measured
from services.launch.risk.simulated import BEGIN, simulate
from shared.db import risk, risk_history
from shared.db.engine import Tx
from shared.domain.breach_history import Backlog, PastClock, opened_and_ended
from shared.domain.breach_model import DamagedModel, document
from shared.domain.errors import Conflict
from shared.domain.story import Story
from shared.policy.calendars import DEFAULT_CALENDARS, load_calendars
from shared.policy.matrix import default_body, parse_matrix

DISPUTES_MAX: Final = 200_000
_YEARS: Final = range(2023, 2029)
_EVER: Final = "1970-01-01"

app = typer.Typer(no_args_is_help=True, help="Breach risk: learned, measured, published.")

Since = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Only disputes received since this day (UTC).")]
Limit = Annotated[int, typer.Option(min=1, max=DISPUTES_MAX, help="Most disputes read, the newest first.")]
Svg = Annotated[Path | None, typer.Option(help="Where the reliability diagram is written.")]


@app.command()
def train(
    since: Since = _EVER,  # type: ignore[assignment] # typer reads the text by the option's format
    limit: Limit = 50_000,
    out: Annotated[Path | None, typer.Option(help="Also writes the model, as JSON.")] = None,
    svg: Svg = None,
) -> None:
    """Learns a model from finished resolution clocks and stores it as a candidate; `publish` makes it the one that answers."""

    async def work(store: Store) -> tuple[int, Learned, int]:
        clocks, stories, left_out, rates = await _history(store, since, limit)
        learned = learn(seen(clocks, store.calendars(), rates, _backlog(stories)))
        report = learned.report() | {"left_out": left_out, "since": since.date().isoformat(), "limit": limit}
        async with store.database.transaction() as tx:
            return await risk.add(tx, learned.model, report, author=AUTHOR), learned, left_out

    version, learned, left_out = within(work)
    _tell(learned)
    if left_out:
        typer.echo(f"{left_out:,} clocks were left out: no history, or moved by a migration.")
    _write(out, svg, learned, f"Breach risk, model {version}, on clocks it had not seen")
    typer.echo(f"Stored as version {version}, a candidate. `risk publish {version} --reason …` lets it answer.")


@app.command()
def evaluate(
    version: Annotated[int, typer.Argument(min=1, help="A stored model.")],
    since: Since = _EVER,  # type: ignore[assignment] # typer reads the text by the option's format
    limit: Limit = 50_000,
    svg: Svg = None,
) -> None:
    """Measures a stored model on the history, against the prior and the base rate. Name days after it was learned."""

    async def work(store: Store) -> tuple[list[Told], list[Told]]:
        async with store.database.transaction() as tx:
            model = await risk.get(tx, version)
        clocks, stories, _, rates = await _history(store, since, limit)
        marks = [mark for each in seen(clocks, store.calendars(), rates, _backlog(stories)) for mark in each.landmarks]
        if not marks:
            raise Conflict("There is no finished resolution clock to measure on.")
        return answers(model, marks), answers(None, marks)

    said, prior = within(work)
    rate = sum(each.broken for each in said) / len(said)
    typer.echo(f"{len(said):,} landmarks, {rate:.1%} of them of clocks that were broken.")
    _table(measured(said), measured(prior), measured([Told(rate, each.broken) for each in said]))
    if svg is not None:
        svg.write_text(diagram(f"Breach risk, model {version}", bins(said), bins(prior), ()), encoding="utf-8")


@app.command("list")
def list_() -> None:
    """Shows the stored models, and which of them answers."""

    async def work(store: Store) -> tuple[list[risk.Listed], int | None, set[int]]:
        async with store.database.transaction() as tx:
            found = await risk.listed(tx)
            damaged = {each.version for each in found if await _damaged(tx, each.version)}
            return found, await risk.current_version(tx), damaged

    found, current, damaged = within(work)
    for each in found:
        state = "answers" if each.version == current else "candidate" if each.published_at is None else "answered"
        state = "DAMAGED" if each.version in damaged else state
        typer.echo(f"{each.version:4}  {state:9}  {each.created_at:%Y-%m-%d}  n={each.n:,}  {each.digest[:12]}")
    if current is None or current in damaged:
        typer.echo("The prior answers.")


async def _damaged(tx: Tx, version: int) -> bool:
    try:
        await risk.get(tx, version)
    except DamagedModel:
        return True
    return False


@app.command()
def publish(version: Annotated[int, typer.Argument(min=1, help="A stored model.")], reason: Reason) -> None:
    """Makes a stored model the one that answers; publishing an older one is the way back."""
    _publish(version, reason)
    typer.echo(f"Model {version} answers.")


@app.command()
def withdraw(reason: Reason) -> None:
    """Lets the prior answer again."""
    _publish(None, reason)
    typer.echo("The prior answers.")


@app.command()
def rehearse(
    disputes: Annotated[int, typer.Option(min=200, max=20_000, help="How many are invented.")] = 8000,
    seed: Annotated[int, typer.Option(help="The same seed, the same history.")] = 7,
    out: Annotated[Path | None, typer.Option(help="Also writes the model, as JSON.")] = None,
    svg: Svg = None,
) -> None:
    """Learns and measures on a simulated history, with the shipped matrix and calendars. Needs no database, stores nothing."""
    learned = told(lambda: rehearsed(disputes, seed))
    typer.echo(f"SIMULATED: {disputes:,} invented disputes, seed {seed}.")
    _tell(learned)
    _write(out, svg, learned, f"Breach risk on a SIMULATED history ({disputes:,} disputes, seed {seed})")


def rehearsed(disputes: int, seed: int) -> Learned:
    """What is learned from a simulated history of the year and a half from 2024 on."""
    calendars = load_calendars(DEFAULT_CALENDARS, _YEARS)
    matrix = parse_matrix(default_body(), version=1, calendars=calendars)
    made = simulate(matrix, calendars, disputes=disputes, seed=seed)
    over = BEGIN + timedelta(days=650)
    ended = [each for each in made.clocks if each.clock.due_at is not None and each.clock.due_at <= over]
    return learn(seen(ended, calendars, matrix.rates, _backlog(made.stories)))


async def _history(store: Store, since: datetime, limit: int) -> tuple[list[PastClock], list[Story], int, Any]:
    clocks: list[PastClock] = []
    stories: list[Story] = []
    left_out = 0
    async with store.database.transaction() as tx:
        now = tx.now
    day = since.replace(tzinfo=UTC)
    async for page in risk_history.pages(store.database, since=day, until=now, limit=limit):
        clocks += page.clocks
        stories += page.stories
        left_out += page.left_out
    newest = parse_matrix((await store.current()).body, version=0, calendars=store.calendars())
    return clocks, stories, left_out, newest.rates


def _backlog(stories: list[Story]) -> Backlog:
    told = [opened_and_ended(story) for story in stories]
    return Backlog([at for opened, _ in told for at in opened], [at for _, ended in told for at in ended])


def _publish(version: int | None, reason: str) -> None:
    async def work(store: Store) -> None:
        async with store.database.transaction() as tx:
            await risk.publish(tx, version, author=AUTHOR, reason=reason)

    within(work)


def _tell(learned: Learned) -> None:
    taught, calibrated, tested = learned.clocks
    typer.echo(
        f"Learned from {taught:,} finished resolution clocks, calibrated ({learned.model.calibration.kind}) on {calibrated:,}, "
        f"measured on the {tested:,} newest: {learned.landmarks[2]:,} landmarks, {learned.base_rate:.1%} broken in training."
    )
    _table(learned.of_model, learned.of_prior, learned.of_base_rate)


def _table(model: Measures, prior: Measures, base_rate: Measures) -> None:
    typer.echo(f"{'':10} {'Brier':>8} {'log loss':>9} {'ECE':>8} {'AUC':>7}")
    for name, each in (("model", model), ("prior", prior), ("base rate", base_rate)):
        auc = "-" if each.auc is None else f"{each.auc:.3f}"
        typer.echo(f"{name:10} {each.brier:8.4f} {each.log_loss:9.4f} {each.ece:8.4f} {auc:>7}")


def _write(out: Path | None, svg: Path | None, learned: Learned, title: str) -> None:
    if out is not None:
        out.write_bytes(orjson.dumps(document(learned.model), option=orjson.OPT_INDENT_2))
    if svg is not None:
        notes = (
            (
                f"{learned.landmarks[2]:,} landmarks of {learned.clocks[2]:,} clocks; "
                f"model: Brier {learned.of_model.brier:.4f}, ECE {learned.of_model.ece:.4f}"
            ),
            (
                f"prior: Brier {learned.of_prior.brier:.4f}, ECE {learned.of_prior.ece:.4f}; "
                f"base rate: Brier {learned.of_base_rate.brier:.4f}"
            ),
        )
        svg.write_text(diagram(title, learned.bins, learned.prior_bins, notes), encoding="utf-8")
