"""Where a test run keeps its parts' data: in memory if there is plenty, since a database a test means many small files."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

IN_MEMORY: Final = Path("/dev/shm")
FREE_BYTES_MIN: Final = 2_000_000_000
PREFIX: Final = "rcs-"


def make_scratch() -> Path:
    """A fresh folder, which other accounts may pass through; folders of runs that were killed are swept away."""
    parent = IN_MEMORY if _roomy(IN_MEMORY) else Path(tempfile.gettempdir())
    sweep(parent)
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=parent))
    folder.chmod(0o711)  # PostgreSQL may run as another user
    return folder


def sweep(parent: Path) -> None:
    """Removes what runs of this user left in `parent` whose process is gone."""
    for left in parent.glob(f"{PREFIX}[0-9]*-*"):
        pid = int(left.name.removeprefix(PREFIX).split("-", maxsplit=1)[0])
        if left.stat().st_uid == os.geteuid() and not _runs(pid):
            shutil.rmtree(left, ignore_errors=True)


def _roomy(folder: Path) -> bool:
    return os.access(folder, os.W_OK) and shutil.disk_usage(folder).free >= FREE_BYTES_MIN


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
