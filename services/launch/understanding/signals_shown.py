"""`recourse evaluate-signals`: how well emotion and flags are read, as tables or as one JSON object."""

from collections.abc import Mapping
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

from services.intake.categorise import EMOTIONS
from services.launch.understanding.corpus import data_folder
from services.launch.understanding.signals_outside import Outside, outside
from services.launch.understanding.signals_report import Counts, Half, Report, report


def evaluate_signals(
    others: Annotated[bool, typer.Option("--outside", help="Also on the sample data: texts of others.")] = False,  # noqa: FBT002 - a switch of the command line
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of tables.")] = False,  # noqa: FBT002 - a switch of the command line
) -> None:
    """Measures emotion and flags on the project's own labelled texts, in two halves, one of them not tuned on."""
    found = report()
    beyond = outside(data_folder()) if others else None
    if as_json:
        told = found.as_dict() | ({"outside": beyond.as_dict()} if beyond else {})
        typer.echo(orjson.dumps(told).decode())
        return
    show(found, beyond, Console())


def show(found: Report, beyond: Outside | None, out: Console) -> None:
    """Every figure as tables."""
    halves = dict(found.halves) | (
        {f"excerpts, {name}": half for name, half in beyond.excerpts.items()} if beyond else {}
    )
    for name, half in halves.items():
        out.print(_flags(name, half), _emotions(name, half))
    out.print(_agreement(found))
    if beyond:
        for part, flags in beyond.careful.items():
            out.print(_careful(part, flags))
        out.print(_rated(beyond))


def _careful(part: str, flags: Mapping[str, Counts]) -> Table:
    return _counted(f"Flags in whole complaints, {part.replace('_', ' ')}", flags)


def _flags(name: str, half: Half) -> Table:
    table = _counted(f"Flags, {name}: {half.texts:,} texts, mean F1 {half.macro_f1:.3f}", half.flags)
    table.caption = f"Of {half.clean:,} texts without any flag, {half.alarms:,} were shown one."
    return table


def _counted(title: str, flags: Mapping[str, Counts]) -> Table:
    table = Table("flag", title=title)
    for heading in ("precision", "recall", "F1", "right", "false", "missed"):
        table.add_column(heading, justify="right")
    for flag, counts in flags.items():
        shares = (counts.precision, counts.recall, counts.f1)
        table.add_row(flag, *(f"{share:.3f}" for share in shares), *(f"{count:,}" for count in counts))
    return table


def _emotions(name: str, half: Half) -> Table:
    table = Table(
        "labelled", title=f"Emotion, {name}: accuracy {half.accuracy:.3f}", caption="Columns: as it was read."
    )
    for emotion in (*EMOTIONS, "F1"):
        table.add_column(emotion, justify="right")
    for truth in EMOTIONS:
        counts = (half.confusion.get((truth, read), 0) for read in EMOTIONS)
        table.add_row(truth, *(f"{count:,}" for count in counts), f"{half.of_emotion(truth).f1:.3f}")
    return table


def _agreement(found: Report) -> Table:
    table = Table("", title="Agreement of the two passes of labelling", caption="1 is perfect, 0 is chance.")
    table.add_column("kappa", justify="right")
    for name, value in found.kappa.items():
        table.add_row(name, f"{value:.3f}")
    return table


def _rated(beyond: Outside) -> Table:
    table = Table("sentences rated by others", title="An emotion was read in")
    for heading in ("sentences", "of unpleasant", "of others", "angry in angry", "correlation"):
        table.add_column(heading, justify="right")
    for name, each in beyond.rated.items():
        shares = (each.unpleasant, each.other, each.angry, each.correlation)
        table.add_row(name, f"{each.sentences:,}", *("" if share is None else f"{share:.3f}" for share in shares))
    return table
