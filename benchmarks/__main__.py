"""`make bench`: every benchmark, one after the other. Compare figures of one run with each other, not between machines."""

import subprocess
import sys
from typing import Final

SUITE: Final[tuple[tuple[str, list[str]], ...]] = (
    ("benchmarks.filing", []),
    ("benchmarks.timers", ["--open", "1000000", "--due", "0", "10000", "100000", "--sweepers", "2", "--repeat", "1"]),
    ("benchmarks.reading", []),
    ("benchmarks.acknowledging", []),
    ("benchmarks.broker", []),
    ("benchmarks.conditions", []),
    ("benchmarks.precedents", ["--stored", "100000"]),
    ("benchmarks.themes", ["--days", "100"]),
    ("benchmarks.counting", ["--a-day", "200"]),
    ("benchmarks.reading_texts", []),
)
ON_REQUEST: Final[tuple[tuple[str, list[str]], ...]] = (("benchmarks.peers", []), ("benchmarks.likeness", []))
"""Those that take more than a few minutes or need the network."""


def main() -> int:
    """Runs those named on the command line, or the suite; the exit code is the first that is not 0."""
    wanted = sys.argv[1:]
    for module, arguments in (*SUITE, *ON_REQUEST) if wanted else SUITE:
        if wanted and module.rpartition(".")[2] not in wanted:
            continue
        print(f"== {module}", flush=True)
        code = subprocess.run([sys.executable, "-m", module, *arguments], check=False).returncode
        if code:
            return code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
