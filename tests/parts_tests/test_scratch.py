import subprocess
import sys
from pathlib import Path

import pytest

from tests.parts import scratch


@pytest.fixture
def dead() -> int:
    """The number of a process that has ended."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    return gone.pid


def test_what_a_killed_run_left_is_swept_away_and_nothing_else(tmp_path: Path, dead: int) -> None:
    ours = scratch.make_scratch()
    for name in (f"rcs-{dead}-x", "rcs-1-x", "rcs-embedded-x", "other"):
        (tmp_path / name).mkdir()
    scratch.sweep(tmp_path)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["other", "rcs-1-x", "rcs-embedded-x"]
    ours.rmdir()
