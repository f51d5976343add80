"""The beginning of a process and of a command: where the database is, and what keeps a start from happening, told in a line."""

import contextlib
import sys
from collections.abc import Iterator
from typing import Final

from services.embedded.binaries import PostgresUnavailableError
from services.embedded.postgres import running
from services.escalation.settings import EscalationSettings
from services.intake.settings import IntakeSettings
from services.notify.settings import NotifySettings
from shared.db.faults import RAISED_BY_DATABASE
from shared.runtime import logs
from shared.runtime.settings import EXIT_CONFIGURATION, CommonSettings, ConfigurationError, load, unknown_variables

DATABASE: Final = "recourse"
"""What the database of the embedded PostgreSQL is called."""
EXIT_UNAVAILABLE: Final = 69  # EX_UNAVAILABLE in sysexits.h
OURS: Final = frozenset({"RECOURSE_SEAT", "RECOURSE_LISTENING_FD", "RECOURSE_SAMPLE_DATA"})
"""Variables that are no settings: what a parent tells its children, and what the tests read."""

log = logs.logger(__name__)


def configure_logs() -> None:
    """Logs as the environment wants them; a variable that nothing reads is most likely misspelt, and is named."""
    settings = load(CommonSettings)
    logs.configure(settings.log_level, settings.log_format)
    unknown = set(unknown_variables((IntakeSettings, EscalationSettings, NotifySettings))) - OURS
    if unknown:
        log.warning("variables_not_known", variables=sorted(unknown))


@contextlib.contextmanager
def told() -> Iterator[None]:
    """What keeps the start from happening is a line on standard error and an exit code, not a traceback.

    Raises:
        SystemExit: with 78 for a setting, 69 for a part that cannot be had.
    """
    try:
        yield
    except ConfigurationError as error:
        if not error.told:
            _say(str(error))
        raise
    except PostgresUnavailableError as error:
        _say(str(error))
        raise SystemExit(EXIT_UNAVAILABLE) from error
    except RAISED_BY_DATABASE as error:
        _say(f"Recourse cannot start: {type(error).__name__}: {error}")
        raise SystemExit(EXIT_UNAVAILABLE) from error


def database_address() -> str:
    """The configured address, else that of the database that `make run` keeps in the state folder at this moment.

    Raises:
        SystemExit: with 78 when there is neither; standard error says so.
    """
    settings = load(CommonSettings)
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    found = running(settings.state_dir / "postgres", DATABASE)
    if found is None:
        _say(f"RECOURSE_DATABASE_URL must be set, or `make run` be running on the state folder {settings.state_dir}.")
        raise SystemExit(EXIT_CONFIGURATION)
    return found


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
