"""The peers' libraries in an environment of their own; the product's never sees them."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

REQUIREMENTS: Final = Path(__file__).with_name("requirements.txt")
PATIENCE: Final = ("--retries", "1", "--timeout", "15")
HOME: Final = Path(__file__).parents[2] / "var" / "bench-peers"
INSTALL_SECONDS_MAX: Final = 300


def interpreter() -> Path | None:
    """The Python that has the peers' libraries, installed now unless they were before; None, with words, when they cannot be."""
    home = HOME / hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]
    python = home / "bin" / "python"
    if (home / "complete").exists():
        return python
    shutil.rmtree(home, ignore_errors=True)
    home.parent.mkdir(parents=True, exist_ok=True)
    print(f"installing the peers' libraries into {home.relative_to(HOME.parents[1])}", flush=True)
    install = [
        str(python),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        *PATIENCE,
        "-r",
        str(REQUIREMENTS),
    ]
    for command in ([sys.executable, "-m", "venv", str(home)], install):
        fault = _fault(command)
        if fault is not None:
            print(f"the peers' libraries cannot be installed, so Recourse runs alone: {fault}", flush=True)
            return None
    (home / "complete").touch()
    return python


def _fault(command: list[str]) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=INSTALL_SECONDS_MAX)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return (done.stderr or done.stdout).strip().splitlines()[-1] if done.returncode else None
