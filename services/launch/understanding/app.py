"""`python -m services evaluate`: a model of categorisation measured on labelled texts, without a database."""

from pathlib import Path
from typing import Annotated

import orjson
import typer

from services.intake.categorise import Categoriser, ModelFileError
from services.launch.policy.check import DATA_FAULT, NO_INPUT
from services.launch.understanding.evaluation import Evaluation, Taxonomy, plan
from services.launch.understanding.evaluation import evaluate as evaluated
from services.launch.understanding.labelled import Columns, UnusableData
from services.launch.understanding.shown import show

DataFile = Annotated[Path, typer.Option("--data", help="CSV in UTF-8 with a line of column names; may be gzipped.")]
TextColumn = Annotated[str, typer.Option(help="The column of the texts.")]
LabelColumn = Annotated[str, typer.Option(help="The column of the categories; an empty one is not scored.")]
SubjectColumn = Annotated[str | None, typer.Option(help="The column of the subjects, if there is one.")]
ModelFile = Annotated[Path | None, typer.Option(help="A model file; the shipped one when left out.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object instead of tables.")]


def evaluate(
    data: DataFile,
    text_column: TextColumn = "text",
    label_column: LabelColumn = "mapped_category",
    subject_column: SubjectColumn = None,
    taxonomy: Annotated[
        Taxonomy, typer.Option(help="auto: financial when a label is data_records or debt_collection.")
    ] = "auto",
    model: ModelFile = None,
    as_json: AsJson = False,  # noqa: FBT002 - a switch of the command line
) -> None:
    """Measures a model on labelled texts. Macro-F1 is the mean over the classes that occur among the labels."""
    try:
        planned = plan(data, Columns(text_column, label_column, subject_column), taxonomy)
        found = evaluated(loaded(model, financial=planned.financial), planned)
    except UnusableData as fault:
        raise refused(str(fault), DATA_FAULT if data.exists() else NO_INPUT) from fault
    _warn(found)
    if as_json:
        typer.echo(orjson.dumps(found.as_dict()).decode())
    else:
        show(found, model.name if model is not None else "the shipped model")


def loaded(model: Path | None, *, financial: bool) -> Categoriser:
    """The model in a file, or the shipped one; a file that is none ends the command with a line."""
    try:
        return Categoriser.load(model, financial=financial)
    except ModelFileError as fault:
        raise refused(f"{model or 'The shipped model'}: {fault}", DATA_FAULT) from fault
    except OSError as fault:
        raise refused(f"{model} cannot be read: {fault.strerror or fault}", NO_INPUT) from fault


def refused(sentence: str, code: int) -> typer.Exit:
    """Says why nothing was done, and how the command ends."""
    typer.echo(sentence, err=True)
    return typer.Exit(code)


def _warn(found: Evaluation) -> None:
    if found.plan.unknown:
        named = ", ".join(f"{name} ({times:,})" for name, times in list(found.plan.unknown.items())[:20])
        typer.echo(f"No categories of ours, counted as `other`: {named}.", err=True)
    if found.plan.beyond:
        typer.echo(f"Of the financial pack, counted as `other` here: {', '.join(found.plan.beyond)}.", err=True)
