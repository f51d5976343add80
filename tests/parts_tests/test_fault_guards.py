"""The longer proof of faults is not part of every run; that it still fits the product is."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.guards import REMOVE

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("guard", ["", *REMOVE])
def test_a_process_of_the_fault_scenarios_still_finds_what_it_changes(guard: str) -> None:
    words = "from tests.faults.guards import REMOVE, hasten; hasten()" + (f"; REMOVE[{guard!r}]()" if guard else "")
    done = subprocess.run([sys.executable, "-c", words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
