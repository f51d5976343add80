"""What the commands on stored policies share: the database, matrices by file or version, calendars."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import typer

from services.escalation.settings import EscalationSettings
from services.launch import start
from services.launch.policy.check import exit_code_of, read_text, source_of
from shared.db import policies
from shared.db.engine import Database, make_engine
from shared.domain.calendar import Calendar
from shared.domain.errors import PolicyFault, RecourseError
from shared.domain.matrix import Matrix
from shared.policy.calendars import DEFAULT_CALENDARS, load_calendars
from shared.policy.matrix import NAME, matrix_body, parse_matrix
from shared.runtime.process import run
from shared.runtime.settings import load

AUTHOR: Final = "operator:command-line"
YEARS_BACK: Final = 2
YEARS_AHEAD: Final = 10


def _told_why(reason: str) -> str:
    if not reason.strip():
        raise typer.BadParameter("say why; it is kept with the change.")
    return reason.strip()


Reason = Annotated[str, typer.Option("--reason", help="Why; it is kept with the change.", callback=_told_why)]
Source = Annotated[
    str, typer.Argument(help="A file (TOML, or JSON when it ends in .json), or the number of a version.")
]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Store:
    """An open database and what policies are counted on."""

    url: str
    database: Database
    calendars_dir: Path
    years: range

    def calendars(self) -> Mapping[str, Calendar]:
        """The calendars, read now."""
        return load_calendars(self.calendars_dir, self.years)

    async def current(self) -> policies.Policy:
        """The newest version; raises NotFound."""
        async with self.database.transaction() as tx:
            return await policies.current(tx)

    async def document(self, source: str) -> Mapping[str, Any]:
        """The document of a file, or of a stored version; raises NotFound, PolicyFault."""
        if not source.isdigit():
            return body_of(Path(source))
        async with self.database.transaction() as tx:
            return (await policies.get(tx, NAME, int(source))).body

    async def proposed(self, source: str) -> Matrix:
        """The matrix of a file or version, as the next version would be; raises NotFound, PolicyFault."""
        newest = await self.current()
        return parse_matrix(await self.document(source), version=newest.version + 1, calendars=self.calendars())


def body_of(file: Path) -> dict[str, Any]:
    """The document of a file, checked in shape; raises PolicyFault."""
    return matrix_body(source_of(file, read_text(file)))


def within(work: Callable[[Store], Awaitable[T]]) -> T:
    """Does the work on the database; a broken rule is a line and exit code 1 (65 for a policy's, 66 for calendars unread), no address 78, none there 69."""
    url = start.database_address()

    async def opened() -> T:
        database = Database(make_engine(url, pool_size=2, application="recourse-policy"))
        try:
            async with database.transaction() as tx:
                year = tx.now.year
            folder = load(EscalationSettings).calendars_dir or DEFAULT_CALENDARS
            return await work(Store(url, database, folder, range(year - YEARS_BACK, year + YEARS_AHEAD)))
        finally:
            await database.dispose()

    with start.told():
        return told(lambda: run(opened()))


def told(work: Callable[[], T]) -> T:
    """Does the work; a broken rule is a line and an exit code."""
    try:
        return work()
    except PolicyFault as fault:
        typer.echo(str(fault), err=True)
        raise typer.Exit(exit_code_of(fault)) from fault
    except RecourseError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
