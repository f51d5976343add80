"""What the commands on models of categorisation share: options, and how a command that cannot go on ends."""

import getpass
import os
from pathlib import Path
from typing import Annotated, Final

import typer

CANNOT_CREATE: Final = 73
"""EX_CANTCREAT of sysexits.h."""

TextColumn = Annotated[str, typer.Option(help="The column of the texts.")]
LabelColumn = Annotated[str, typer.Option(help="The column of the categories; a row without one is passed over.")]
SubjectColumn = Annotated[str | None, typer.Option(help="The column of the subjects, if there is one.")]
IssueColumn = Annotated[
    str | None,
    typer.Option(help="The column of the issues, to measure them as well; `none` where no issue of the category fits."),
]
ModelFile = Annotated[Path | None, typer.Option(help="A model file; the shipped one when left out.")]
Corrections = Annotated[bool, typer.Option("--corrections", help="Learns from what agents corrected.")]
Written = Annotated[
    bool, typer.Option("--written/--no-written", help="Learns from the texts that came with the product.")
]
Stored = Annotated[bool, typer.Option("--store", help="Stores the model as a candidate in the database.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object instead of tables.")]


def operator() -> str:
    """Who gives the command, as the record names them: the account of the operating system."""
    try:
        return f"operator:{getpass.getuser()}"
    except (KeyError, OSError):  # a container may run under a number that has no name
        return "operator:command-line"


By = Annotated[str, typer.Option("--by", help="Who decides; it is kept with the change.", default_factory=operator)]


def written(file: Path, raw: bytes) -> None:
    """Writes a model file; where that cannot be, the command ends with a line."""
    try:
        file.write_bytes(raw)
    except OSError as fault:
        raise refused(f"{file} cannot be written: {fault.strerror or fault}", CANNOT_CREATE) from fault


def writable(file: Path) -> None:
    """Ends the command with a line where no file can be written, before anything is done that takes long."""
    if file.is_dir() or not file.parent.is_dir() or not os.access(file if file.exists() else file.parent, os.W_OK):
        raise refused(f"{file} cannot be written: it is a folder, or its folder takes no file.", CANNOT_CREATE)


def refused(sentence: str, code: int) -> typer.Exit:
    """Says why nothing was done, and how the command ends."""
    typer.echo(sentence, err=True)
    return typer.Exit(code)
