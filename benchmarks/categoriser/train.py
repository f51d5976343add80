"""Trains the shipped model and its twin: `PYTHONPATH=. python -m benchmarks.categoriser.train`.

The twin is the same recipe without the held-out fold; every published figure is measured with the twin.
"""

import sys

from benchmarks.categoriser.evaluate import HERE
from services.intake.categorise.load import SHIPPED
from services.launch.understanding.corpus import HELD_OUT, TRAINED_SETS, data_folder, examples
from services.launch.understanding.fitting import fitted_bytes
from services.launch.understanding.learning import report_on

TWIN = HERE / "twin.bin"


def main() -> None:
    """Writes both model files."""
    texts = examples(TRAINED_SETS, data_folder())
    twin = fitted_bytes([text for text in texts if text.fold != HELD_OUT])
    TWIN.write_bytes(twin)
    if "--twin-only" not in sys.argv:
        SHIPPED.write_bytes(fitted_bytes(texts, report_on(texts, twin)))


if __name__ == "__main__":
    main()
