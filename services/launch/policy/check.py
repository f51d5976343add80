"""`policy check FILE` and `policy schema`: a matrix looked at before anything rests on it, without a database."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer

from services.launch.policy.summary import summary
from shared.domain.errors import PolicyFault
from shared.policy.calendars import DEFAULT_CALENDARS, CalendarsUnreadable, load_calendars
from shared.policy.matrix import matrix_faults, parse_matrix, schema_text
from shared.policy.matrix_advice import advice
from shared.policy.toml_places import line_of, lines_of

DATA_FAULT: Final = 65
"""EX_DATAERR of sysexits.h: the file does not hold."""
NO_INPUT: Final = 66
"""EX_NOINPUT: the file cannot be read."""
_BYTES_MAX: Final = 4_000_000
_ANY_YEAR: Final = range(2026, 2027)
"""Only the names of the calendars are asked for."""


def check(
    file: Annotated[Path, typer.Argument(help="A matrix as TOML, or as JSON when the name ends in .json.")],
    calendars_dir: Annotated[
        Path | None,
        typer.Option("--calendars", help="Folder of calendars; those the product ships with when left out."),
    ] = None,
) -> None:
    """Checks a matrix and sums it up, or names every fault with its line; ends with 65 when there is one."""
    text = read_text(file)
    names = _calendars(calendars_dir)
    source = source_of(file, text)
    faults = matrix_faults(source, calendars=names)
    for fault in faults:
        typer.echo(_told(file, fault), err=True)
    if faults:
        raise typer.Exit(DATA_FAULT)
    matrix = parse_matrix(source, version=0, calendars=names)
    typer.echo(f"{file}: OK")
    for line in summary(matrix):
        typer.echo(line)
    places = lines_of(text) if isinstance(source, str) else {}
    for each in advice(matrix):
        at = line_of(places, each.place)
        typer.echo(f"{file}{f':{at}' if at else ''}: worth a look: {each.detail} ({each.place})")


def schema() -> None:
    """Prints the JSON Schema of a matrix, for editors."""
    typer.echo(schema_text(), nl=False)


def _told(file: Path, fault: PolicyFault) -> str:
    where = f"{file}:{fault.line}" if fault.line else f"{file}"
    return f"{where}: {fault.place}: {fault.detail}" if fault.place else f"{where}: {fault.detail}"


def read_text(file: Path) -> str:
    """The text of a file; what cannot be read is a line, and exit code 66, or 65 when it is no such text."""
    try:
        if file.stat().st_size > _BYTES_MAX:
            typer.echo(f"{file}: larger than {_BYTES_MAX:,} bytes", err=True)
            raise typer.Exit(DATA_FAULT)
        return file.read_text(encoding="utf-8")
    except OSError as error:
        typer.echo(f"{file}: {error.strerror}", err=True)
        raise typer.Exit(NO_INPUT) from error
    except UnicodeDecodeError as error:
        typer.echo(f"{file}: this is not UTF-8 text", err=True)
        raise typer.Exit(DATA_FAULT) from error


def _calendars(folder: Path | None) -> Collection[str]:
    try:
        return load_calendars(folder or DEFAULT_CALENDARS, _ANY_YEAR).keys()
    except PolicyFault as fault:
        typer.echo(f"calendars: {fault}", err=True)
        raise typer.Exit(exit_code_of(fault)) from fault


def exit_code_of(fault: PolicyFault) -> int:
    """65 for what does not hold, 66 for calendars that cannot be read at all."""
    return NO_INPUT if isinstance(fault, CalendarsUnreadable) else DATA_FAULT


def source_of(file: Path, text: str) -> str | Mapping[str, Any]:
    """The text itself, taken for TOML, or the object when the name ends in .json; exit code 65 when it is none."""
    if file.suffix != ".json":
        return text
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError as fault:
        typer.echo(f"{file}:{fault.lineno}: this is not JSON: {fault.msg}", err=True)
        raise typer.Exit(DATA_FAULT) from fault
    if not isinstance(body, dict):
        typer.echo(f"{file}: a matrix is a JSON object", err=True)
        raise typer.Exit(DATA_FAULT)
    return body
