"""Gets what the tests need and the machine lacks: RabbitMQ. Nothing is installed system-wide and no service is touched.

On Debian and Ubuntu the distribution's signed packages are unpacked below var/parts, as root or not. With Homebrew
they are installed by it. Elsewhere this says what to do and fails; tests are never silently skipped.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.parts.rabbitmq_files import (
    EXPLICIT,
    Installation,
    RabbitMQUnavailableError,
    find_rabbitmq,
    parts_folder,
    unpacked,
)

PACKAGE: Final = "rabbitmq-server"
COMMAND_SECONDS_MAX: Final = 600


class Apt:
    """apt with lists and cache of its own in `state`, so that it needs no root and leaves the system's alone."""

    def __init__(self, state: Path) -> None:
        self._state = state
        for folder in ("lists/partial", "archives/partial"):
            (state / folder).mkdir(parents=True)
        (state / "nothing-installed").touch()

    def update(self) -> None:
        self._run("update", "-qq")

    def wanted(self, package: str) -> list[str]:
        """The packages to unpack: all of Erlang, and whatever else of `package`'s needs the system lacks.

        Erlang is taken whole even where the system has some of it, since the halves would not find each other.
        """
        missing = self._would_install(package, status=Path("/var/lib/dpkg/status"))
        everything = self._would_install(package, status=self._state / "nothing-installed")
        return sorted(missing | {package} | {name for name in everything if name.startswith("erlang-")})

    def unpack(self, packages: list[str], target: Path) -> None:
        debs = self._state / "debs"
        debs.mkdir()
        self._run("download", "-qq", *packages, folder=debs)
        for deb in sorted(debs.glob("*.deb")):
            _run(["dpkg-deb", "-x", str(deb), str(target)])

    def _would_install(self, package: str, status: Path) -> set[str]:
        told = self._run("install", "-s", "--no-install-recommends", package, status=status)
        return {line.split()[1] for line in told.splitlines() if line.startswith("Inst ")}

    def _run(self, *arguments: str, status: Path = Path("/var/lib/dpkg/status"), folder: Path | None = None) -> str:
        options = {
            "Dir::State": self._state,
            "Dir::State::Lists": self._state / "lists",
            "Dir::State::status": status,
            "Dir::Cache": self._state,
            "Debug::NoLocking": "1",
            "APT::Sandbox::User": "",
        }
        flags = [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
        return _run(["apt-get", *flags, *arguments], folder=folder)


def get_with_apt(target: Path) -> Installation:
    """Unpack Debian's RabbitMQ and Erlang at `target`, complete or not at all."""
    _tell(f"RabbitMQ is not here: unpacking the distribution's packages (35 MB or so) in {target} ...")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="apt-", dir=target.parent) as scratch:
        apt = Apt(Path(scratch) / "state")
        apt.update()
        fresh = Path(scratch) / "root"
        fresh.mkdir()
        apt.unpack(apt.wanted(PACKAGE), fresh)
        relocate_erlang(fresh, target)
        shutil.rmtree(target, ignore_errors=True)
        fresh.rename(target)
    found = unpacked(target)
    if found is None:
        raise RabbitMQUnavailableError(f"The packages unpacked in {target} hold no usable RabbitMQ.")
    return found


def relocate_erlang(fresh: Path, target: Path) -> None:
    """Erlang's start scripts name their home in full; make it the place where they will be."""
    for script in (*fresh.glob("usr/lib/erlang/bin/*"), *fresh.glob("usr/lib/erlang/erts-*/bin/*")):
        if script.is_file() and not script.is_symlink() and script.read_bytes()[:2] == b"#!":
            script.write_text(script.read_text().replace("/usr/lib/erlang", str(target / "usr/lib/erlang")))


def get_with_brew() -> Installation:
    _tell("RabbitMQ is not here: running `brew install rabbitmq` ...")
    _run(["brew", "install", "--quiet", "rabbitmq"])
    return find_rabbitmq()


def get_rabbitmq() -> Installation:
    """Whatever is there already, else whatever this machine's package tool can supply.

    Raises RabbitMQUnavailableError if there is no way.
    """
    try:
        return find_rabbitmq()
    except RabbitMQUnavailableError:
        if os.environ.get(EXPLICIT):
            raise
        if shutil.which("apt-get") and shutil.which("dpkg-deb"):
            return get_with_apt(parts_folder() / "rabbitmq")
        if shutil.which("brew"):
            return get_with_brew()
        raise


def _run(command: list[str], folder: Path | None = None) -> str:
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS_MAX,
            check=False,
            env={**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"},
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise RabbitMQUnavailableError(f"{command[0]} did not run: {problem}") from problem
    if done.returncode != 0:
        raise RabbitMQUnavailableError(f"{' '.join(command)} failed:\n{(done.stdout + done.stderr)[-2000:]}")
    return done.stdout


def _tell(what: str) -> None:
    sys.stderr.write(f"{what}\n")


def main() -> int:
    try:
        get_rabbitmq()
    except RabbitMQUnavailableError as problem:
        _tell(f"The tests need a real RabbitMQ.\n{problem}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
