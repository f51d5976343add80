"""`python -m services evaluate` and `train`: a model of categorisation measured on labelled texts, and learnt from them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer

from services.intake.categorise import Categoriser, ModelFileError
from services.intake.categorise.phrases import PhraseError
from services.launch.policy.check import DATA_FAULT, NO_INPUT
from services.launch.policy.store import Store, told, within
from services.launch.understanding.evaluation import AUTO, Evaluation, plan
from services.launch.understanding.evaluation import evaluate as evaluated
from services.launch.understanding.labelled import Columns, UnusableData
from services.launch.understanding.learning import Learned, loaded
from services.launch.understanding.options import (
    AsJson,
    By,
    Corrections,
    IssueColumn,
    LabelColumn,
    ModelFile,
    Stored,
    SubjectColumn,
    TextColumn,
    Written,
    refused,
    writable,
    written,
)
from services.launch.understanding.shown import show, show_learned
from services.launch.understanding.training import Material, from_corrections, from_file, gathered, trained
from shared.db import category_models as models
from shared.domain.errors import PolicyFault
from shared.domain.taxonomy import Taxonomy

_USAGE: Final = 64
"""EX_USAGE of sysexits.h."""

DataFile = Annotated[Path, typer.Option("--data", help="CSV in UTF-8 with a line of column names; may be gzipped.")]
DataFiles = Annotated[
    list[Path],
    typer.Option(
        "--data", help="As for `evaluate`; may be given several times.", default_factory=list, show_default=False
    ),
]


def evaluate(
    data: DataFile,
    text_column: TextColumn = "text",
    label_column: LabelColumn = "mapped_category",
    subject_column: SubjectColumn = None,
    issue_column: IssueColumn = None,
    taxonomy: Annotated[
        str,
        typer.Option(
            help="general, financial, a TOML file of your own; auto: financial when a label is data_records or "
            "debt_collection."
        ),
    ] = AUTO,
    model: ModelFile = None,
    as_json: AsJson = False,  # noqa: FBT002 - a switch of the command line
) -> None:
    """Measures a model on labelled texts. Macro-F1 is the mean over the classes that occur among the labels."""
    try:
        planned = plan(data, Columns(text_column, label_column, subject_column, issue_column), taxonomy)
        found = evaluated(_loaded(model, planned.taxonomy), planned)
    except UnusableData as fault:
        raise _unusable(data, fault) from fault
    except PolicyFault as fault:
        at = f", line {fault.line}" if fault.line else ""
        raise refused(f"{fault.place}{at}: {fault.detail}", DATA_FAULT) from fault
    _warn(found)
    if as_json:
        typer.echo(orjson.dumps(found.as_dict()).decode())
    else:
        show(found, model.name if model is not None else "the shipped model")


def train(  # noqa: PLR0913, PLR0917 - the options of a command
    data: DataFiles,
    by: By,
    text_column: TextColumn = "text",
    label_column: LabelColumn = "mapped_category",
    subject_column: SubjectColumn = None,
    corrections: Corrections = False,  # noqa: FBT002 - a switch of the command line
    own: Written = True,  # noqa: FBT002 - another
    out: Annotated[Path | None, typer.Option(help="Writes the model file.")] = None,
    store: Stored = False,  # noqa: FBT002 - another
    as_json: AsJson = False,  # noqa: FBT002 - another
) -> None:
    """Learns a model and reports on it; it replaces none. The same texts give the same file, byte by byte."""
    if out is None and not store:
        raise refused("Say where the model goes: --out FILE, --store, or both.", _USAGE)
    if out is not None:
        writable(out)
    columns = Columns(text_column, label_column, subject_column)
    parts = [_part(file, columns) for file in data]
    learned, version = _learned(parts, by, with_written=own, corrections=corrections, store=store)
    if out is not None:
        written(out, learned.model)
    if as_json:
        typer.echo(orjson.dumps({"candidate": version, **learned.report}).decode())
    else:
        show_learned(learned.report)
        _tell(version, out)


Part = tuple[list[Any], dict[str, Any]]


def _part(file: Path, columns: Columns) -> Part:
    try:
        examples, facts = from_file(file, columns)
    except UnusableData as fault:
        raise _unusable(file, fault) from fault
    if facts["unknown_labels"]:
        typer.echo(f"{file.name}: {_named(facts['unknown_labels'])}", err=True)
    return examples, facts


def _unusable(file: Path, fault: UnusableData) -> typer.Exit:
    return refused(str(fault), DATA_FAULT if file.exists() else NO_INPUT)


def _learned(
    parts: list[Part], by: str, *, with_written: bool, corrections: bool, store: bool
) -> tuple[Learned, int | None]:
    """The model, and its version where it is stored."""
    if not corrections and not store:
        material = gathered(parts, with_written=with_written)
        return told(lambda: trained(material, Categoriser.load(financial=material.financial), None)), None

    async def before(store: Store) -> tuple[list[Part], int | None, bytes | None]:
        more = [await from_corrections(store.database)] if corrections else []
        async with store.database.transaction() as tx:
            version = await models.current_version(tx)
            return more, version, None if version is None else await models.get(tx, version)

    more, version, raw = within(before)
    material = gathered([*parts, *more], with_written=with_written)
    learned = told(lambda: trained(material, _in_use(raw, material), version))
    if not store:
        return learned, None

    async def keep(store: Store) -> int:
        async with store.database.transaction() as tx:
            return await models.add(tx, learned.model, learned.report, author=by)

    return learned, within(keep)


def _in_use(raw: bytes | None, material: Material) -> Categoriser:
    financial = material.financial
    return Categoriser.load(financial=financial) if raw is None else loaded(raw, financial=financial)


def _tell(version: int | None, out: Path | None) -> None:
    if out is not None:
        typer.echo(f"Written to {out}.")
    if version is not None:
        typer.echo(f"Stored as model {version}, a candidate. `model publish {version} --reason …` lets it answer.")


def _loaded(model: Path | None, taxonomy: Taxonomy) -> Categoriser:
    """The model in a file, or the shipped one; a file that is none ends the command with a line."""
    try:
        return Categoriser.of(taxonomy, model)
    except PhraseError as fault:
        raise refused(f"{taxonomy.name}: {fault}", DATA_FAULT) from fault
    except ModelFileError as fault:
        raise refused(f"{model or 'The shipped model'}: {fault}", DATA_FAULT) from fault
    except OSError as fault:
        raise refused(f"{model} cannot be read: {fault.strerror or fault}", NO_INPUT) from fault


def _named(unknown: Mapping[str, int]) -> str:
    named = ", ".join(f"{name} ({times:,})" for name, times in list(unknown.items())[:20])
    return f"no categories of ours, counted as `other`: {named}."


def _warn(found: Evaluation) -> None:
    if found.plan.unknown:
        typer.echo(f"{found.plan.file.name}: {_named(found.plan.unknown)}", err=True)
    if found.plan.beyond:
        typer.echo(f"Not in this taxonomy, counted as `other` here: {', '.join(found.plan.beyond)}.", err=True)
    if found.issues is not None and found.issues.unknown:
        named = ", ".join(f"{name} ({times:,})" for name, times in list(found.issues.unknown.items())[:20])
        typer.echo(f"No issues of their text's category, not scored: {named}.", err=True)
