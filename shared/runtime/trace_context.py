"""A place in a trace, and what may be said of the work done there. Whether anybody records it is not known here."""

import random
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Final, Literal, NamedTuple, Protocol

Kind = Literal["server", "client", "producer", "consumer", "internal"]
Attribute = str | bool | int | float

# Ids must be unlikely to meet, not hard to guess; the generator is seeded by the operating system.
random_bits: Final = random.Random().getrandbits  # noqa: S311


class TraceContext(NamedTuple):
    """Where in a trace this work stands (W3C Trace Context, level 1)."""

    trace_id: str
    span_id: str
    flags: str = "00"
    state: str | None = None

    @property
    def traceparent(self) -> str:
        """The header that continues this trace elsewhere."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"

    def child(self) -> "TraceContext":
        """A new place in the same trace."""
        return TraceContext(self.trace_id, f"{random_bits(64):016x}", self.flags, self.state)


class Span(Protocol):
    """What a caller may say about the work it is doing; addresses and texts of customers do not belong here."""

    def set(self, key: str, value: Attribute) -> None: ...

    def rename(self, name: str) -> None: ...

    def fail(self, reason: str) -> None: ...


class Tracer(Protocol):
    """Records spans; `shared.runtime.spans` is the only one that does."""

    def span(
        self,
        parent: TraceContext | None,
        name: str,
        kind: Kind,
        links: Sequence[TraceContext],
        attributes: Mapping[str, Attribute],
    ) -> AbstractContextManager[tuple[TraceContext, Span]]: ...

    def shutdown(self) -> None: ...
