"""Where RabbitMQ's programs are: an explicit folder, our own unpacked copy, or the system."""

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
EXPLICIT: Final = "RECOURSE_RABBITMQ"

# The versioned scripts, not the wrappers on PATH, which insist on a system account.
SYSTEM_PATTERNS: Final = (
    "usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin",  # Debian, Ubuntu, Red Hat's family
    "opt/homebrew/opt/rabbitmq/sbin",
    "usr/local/opt/rabbitmq/sbin",
    "usr/lib/rabbitmq/sbin",  # Arch
    "opt/rabbitmq/sbin",  # the official container image
)


class RabbitMQUnavailableError(RuntimeError):
    """RabbitMQ is not to be had on this machine; the message says what would help."""


@dataclass(frozen=True, slots=True)
class Installation:
    """RabbitMQ's scripts, and the folder to search first for `erl` where Erlang is not on PATH."""

    sbin: Path
    erlang_bin: Path | None = None

    def program(self, name: str) -> Path:
        return self.sbin / name

    def epmd(self) -> Path:
        """Erlang's port mapper; Erlang keeps it beside its runtime if not on PATH."""
        found = shutil.which("epmd", path=self.search_path())
        if found:
            return Path(found)
        erl = shutil.which("erl", path=self.search_path())
        if erl:
            beside = sorted(Path(erl).resolve().parents[1].glob("erts-*/bin/epmd"))
            if beside:
                return beside[-1]
        raise RabbitMQUnavailableError("Erlang's `epmd` is not beside `erl`; is Erlang fully installed?")

    def search_path(self) -> str:
        inherited = os.environ.get("PATH", os.defpath)
        brewed = "/opt/homebrew/bin:/usr/local/bin"
        first = f"{self.erlang_bin}:" if self.erlang_bin else ""
        return f"{first}{inherited}:{brewed}:/usr/sbin:/sbin"

    def usable(self) -> bool:
        executable = all(os.access(self.program(name), os.X_OK) for name in ("rabbitmq-server", "rabbitmqctl"))
        return executable and shutil.which("erl", path=self.search_path()) is not None


def parts_folder() -> Path:
    """Where parts are unpacked: var/parts, or the user's cache if RabbitMQ's scripts would trip over a space."""
    inside = ROOT / "var" / "parts"
    return Path.home() / ".cache" / "recourse" / "parts" if re.search(r"\s", str(inside)) else inside


def unpacked(folder: Path) -> Installation | None:
    """The installation below `folder`, laid out as Debian's packages are."""
    for sbin in sorted(folder.glob("usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin"), reverse=True):
        found = Installation(sbin, folder / "usr" / "lib" / "erlang" / "bin")
        if found.usable():
            return found
    return None


def find_rabbitmq() -> Installation:
    """The first usable installation; raises RabbitMQUnavailableError if there is none."""
    for found in _candidates():
        if found.usable():
            return found
    raise RabbitMQUnavailableError(
        "RabbitMQ is not installed. `python -m tests.parts.prepare` gets it on Debian and Ubuntu (no root needed) and "
        f"with Homebrew; elsewhere install rabbitmq-server, or name its sbin folder in {EXPLICIT}."
    )


def _candidates() -> Iterator[Installation]:
    explicit = os.environ.get(EXPLICIT)
    if explicit:
        yield Installation(Path(explicit))
        return
    ours = unpacked(parts_folder() / "rabbitmq")
    if ours:
        yield ours
    for pattern in SYSTEM_PATTERNS:
        yield from (Installation(folder) for folder in sorted(Path("/").glob(pattern), reverse=True))
