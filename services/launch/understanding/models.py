"""`python -m services model …`: stored models of categorisation listed, published, taken back; and drift."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer
from rich.console import Console
from rich.table import Table

from services.intake.categorise import ModelFileError
from services.intake.categorise.load import SHIPPED, read_header
from services.launch.policy.store import Reason, Store, told, within
from services.launch.understanding.drift_shown import show_drift
from services.launch.understanding.learning import loaded
from services.launch.understanding.options import AsJson, By, refused, written
from shared.db import category_drift
from shared.db import category_models as models
from shared.db.category_models import DamagedModel, Listed, Publication, named
from shared.db.engine import Tx
from shared.domain.drift import Drift, document
from shared.domain.errors import Conflict

app = typer.Typer(no_args_is_help=True, help="Models of categorisation: stored, published, taken back, watched.")

SHOWN: Final = 20

Shipped = Annotated[bool, typer.Option("--shipped", help="At once to the model that came with the product.")]
Version = Annotated[int, typer.Argument(min=1, help="A stored model.")]


@app.command("list")
def list_() -> None:
    """Shows the stored models with their figures, which of them answers, and who published what."""

    async def work(store: Store) -> tuple[list[Listed], int | None, set[int], list[Publication]]:
        async with store.database.transaction() as tx:
            found = await models.listed(tx)
            damaged = {each.version for each in found if await _fault(tx, each.version)}
            return found, await models.current_version(tx), damaged, await models.publications(tx, SHOWN)

    found, current, damaged, published = within(work)
    table = Table("model")
    for heading in ("state", "made", "by", "texts", "accuracy", "macro-F1", "ECE"):
        table.add_column(heading, no_wrap=heading != "by", overflow="fold")  # who gives way in a narrow terminal
    for each in found:
        figures = [_figure(each.report, name) for name in ("accuracy", "macro_f1", "ece")]
        state = "DAMAGED" if each.version in damaged else _state(each, current)
        texts = f"{each.report.get('texts', 0):,}"
        table.add_row(str(each.version), state, f"{each.created_at:%Y-%m-%d}", each.author, texts, *figures)
    out = Console()
    out.print(table)
    for line in published:
        verb = "went back to" if line.rollback else "published"
        out.print(f"{line.published_at:%Y-%m-%d %H:%M} {line.author} {verb} {named(line.version)}: {line.reason}")
    typer.echo(f"{named(current).capitalize()} answers.")


@app.command()
def show(version: Annotated[str, typer.Argument(help="The number of a stored model, or `shipped`.")]) -> None:
    """Prints a model's training report as JSON."""
    if version == "shipped":
        header = read_header(SHIPPED.read_bytes())
        report = {name: value for name, value in header.items() if name in ("texts", "trained_on", "report", "sha256")}
    elif version.isdigit():
        report = within(lambda store: _shown(store, int(version)))
    else:
        raise refused(f"{version!r} is neither a number nor `shipped`.", 2)
    typer.echo(orjson.dumps(report, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z).decode())


async def _shown(store: Store, version: int) -> dict[str, Any]:
    async with store.database.transaction() as tx:
        found = await models.shown(tx, version)
    facts = found._asdict() | {"digest": found.digest.hex()}
    return {name: value for name, value in facts.items() if name != "report"} | {"report": found.report}


@app.command()
def add(file: Annotated[Path, typer.Argument(help="A model file, as `train --out` writes it.")], by: By) -> None:
    """Stores a model that was learnt elsewhere as a candidate."""
    raw = told(lambda: sound(_read(file), file.name))
    version = within(lambda store: stored(store, raw, {"added_from": file.name}, by))
    typer.echo(f"Stored as model {version}, a candidate. `model publish {version} --reason …` lets it answer.")


@app.command()
def save(version: Version, file: Annotated[Path, typer.Argument(help="Where the model file is written.")]) -> None:
    """Writes a stored model to a file, for `evaluate --model`."""

    async def work(store: Store) -> bytes:
        async with store.database.transaction() as tx:
            return await models.get(tx, version)

    written(file, within(work))
    typer.echo(f"Written to {file}.")


@app.command()
def publish(version: Version, reason: Reason, by: By) -> None:
    """Makes a stored model the one that answers. Running services take it up within seconds."""

    async def work(store: Store) -> None:
        async with store.database.transaction() as tx:
            sound(await models.get(tx, version), named(version))
            await models.publish(tx, version, author=by, reason=reason)

    within(work)
    typer.echo(f"Model {version} answers.")


@app.command()
def rollback(
    reason: Reason,
    by: By,
    shipped: Shipped = False,  # noqa: FBT002 - a switch of the command line
) -> None:
    """Goes back to the model that answered before this one was published."""

    async def work(store: Store) -> int | None:
        async with store.database.transaction() as tx:
            if not shipped:
                return await models.rollback(tx, author=by, reason=reason)
            await models.publish(tx, None, author=by, reason=reason)
            return None

    typer.echo(f"{named(within(work)).capitalize()} answers.")


@app.command()
def drift(
    month: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m"], help="Such as 2026-10; the present one when left out.")
    ] = None,
    as_json: AsJson = False,  # noqa: FBT002 - a switch of the command line
) -> None:
    """Sets what was answered in a month against the month before, with what chance explains."""

    async def work(store: Store) -> tuple[datetime, Drift]:
        async with store.database.transaction() as tx:
            asked = tx.now if month is None else month.replace(tzinfo=UTC)
            return asked, await category_drift.against_last_month(tx, asked)

    asked, found = within(work)
    if as_json:
        typer.echo(orjson.dumps({"month": f"{asked:%Y-%m}", **document(found)}).decode())
    else:
        show_drift(found, f"{asked:%Y-%m}")


async def stored(store: Store, raw: bytes, report: dict[str, Any], by: str) -> int:
    """The version of a model file that is stored as a candidate now."""
    async with store.database.transaction() as tx:
        return await models.add(tx, raw, report, author=by)


def sound(raw: bytes, name: str) -> bytes:
    """The same file, read and tried on a text; raises DamagedModel."""
    try:
        loaded(raw).categorise("", "You charged me twice.")
    except ModelFileError as fault:
        raise DamagedModel(f"{name} cannot be used: {fault}") from fault
    return raw


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as fault:
        raise Conflict(f"{file} cannot be read: {fault.strerror or fault}") from fault


async def _fault(tx: Tx, version: int) -> str | None:
    try:
        sound(await models.get(tx, version), named(version))
    except DamagedModel as fault:
        return str(fault)
    return None


def _state(each: Listed, current: int | None) -> str:
    return "answers" if each.version == current else "candidate" if each.published_at is None else "answered"


def _figure(report: Any, name: str) -> str:
    """A figure of the held-out texts, in the taxonomy that was learnt for."""
    held_out = report.get("held_out", {})
    value = held_out.get(report.get("taxonomy", "default"), {}).get(name)
    return "-" if value is None else f"{value:.3f}"
