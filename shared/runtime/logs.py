"""Structured logs on standard output, from our code and from every library, in which nothing identifies a person."""

import io
import logging
import sys
import threading
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, BinaryIO, Final, Literal

import orjson
import structlog
from structlog.contextvars import bind_contextvars, bound_contextvars, merge_contextvars
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import FilteringBoundLogger, Processor

from shared.runtime.redaction import MASK, redact, scrub
from shared.runtime.traces import current_trace_id

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["json", "console"]

_request_id: Final[ContextVar[str | None]] = ContextVar("request_id", default=None)
_FRAMES_MAX: Final = 30
# Below these levels the libraries tell of every statement, frame or connection.
_QUIET: Final = {
    "aio_pika": logging.WARNING,
    "aiormq": logging.WARNING,
    "asyncio": logging.WARNING,
    "httpcore": logging.WARNING,
    "httpx": logging.WARNING,
    "opentelemetry": logging.WARNING,
    "sqlalchemy": logging.WARNING,
    "uvicorn": logging.WARNING,
}


def logger(name: str) -> FilteringBoundLogger:
    """A logger that says `event` and key-value facts: `log.info("timer_fired", kind="update")`."""
    bound: FilteringBoundLogger = structlog.get_logger(module=name)
    return bound


def configure(level: Level = "info", fmt: Format = "json", *, stream: BinaryIO | None = None) -> None:
    """Sends our logs, the standard library's and warnings through one renderer to `stream` (standard output).

    Call once at start; `console` is for people, `json` gives one object a line.
    """
    sink = _Sink(stream if stream is not None else _standard_output())
    chain = _processors(fmt)
    severity = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=chain,
        wrapper_class=structlog.make_filtering_bound_logger(severity),
        logger_factory=lambda *_: sink,
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers[:] = [_Bridge(chain, sink)]
    root.setLevel(severity)
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(max(severity, least))
    logging.captureWarnings(capture=True)


def bind(*, dispute_id: object = None, request_id: str | None = None) -> None:
    """Names the dispute and the request in every later line of this task; the trace names itself."""
    if dispute_id is not None:
        bind_contextvars(dispute_id=str(dispute_id))
    if request_id is not None:
        _request_id.set(request_id)


@contextmanager
def bound(**facts: object) -> Iterator[None]:
    """Names these facts in every line written inside the block."""
    with bound_contextvars(**{key: str(value) for key, value in facts.items() if value is not None}):
        yield


def _processors(fmt: Format) -> list[Processor]:
    shared: list[Processor] = [
        merge_contextvars,
        _add_place,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if fmt == "json":
        transform = ExceptionDictTransformer(show_locals=False, max_frames=_FRAMES_MAX)
        tracebacks = structlog.processors.ExceptionRenderer(transform)
        return [*shared, tracebacks, _scrub_tracebacks, redact, _json]
    console = structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty())
    return [*shared, structlog.processors.format_exc_info, redact, console, _encode]


def _add_place(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Names request and trace here, when a line is written, and not with every request, most of which write none."""
    for key, value in (("request_id", _request_id.get()), ("trace_id", current_trace_id())):
        if value is not None:
            event.setdefault(key, value)
    return event


def _json(_logger: object, _method: str, event: MutableMapping[str, Any]) -> bytes:
    return orjson.dumps(event, default=_stranger, option=orjson.OPT_NON_STR_KEYS)


def _stranger(value: object) -> str:
    """Objects are named by class only: their text may hold anything."""
    return scrub(str(value)) if isinstance(value, BaseException) else f"<{type(value).__name__}>"


def _encode(_logger: object, _method: str, text: Any) -> bytes:
    return str(text).encode("utf-8", "replace")


def _scrub_tracebacks(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    traces = event.pop("exception", None)
    if traces is not None:
        event["traceback"] = [_trace(each) for each in traces]
    return event


def _trace(trace: Mapping[str, Any]) -> dict[str, Any]:
    frames = [f"{each['filename']}:{each['lineno']} in {each['name']}" for each in trace["frames"]]
    told: dict[str, Any] = {"class": trace["exc_type"], "says": scrub(str(trace["exc_value"])), "frames": frames}
    if trace.get("is_group"):
        told["group"] = [[_trace(each) for each in inner] for inner in trace["exceptions"]]
    return told


def _standard_output() -> BinaryIO:
    return getattr(sys.stdout, "buffer", None) or io.BytesIO()


class _Sink:
    """Writes whole lines; the end of structlog's chain and of the standard library's."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def line(self, message: bytes) -> None:
        with self._lock:
            self._stream.write(message + b"\n")
            self._stream.flush()

    msg = debug = info = warning = warn = error = critical = fatal = exception = line


class _Bridge(logging.Handler):
    """Takes a library's log record through our processors."""

    def __init__(self, chain: list[Processor], sink: _Sink) -> None:
        super().__init__()
        self._chain = chain
        self._sink = sink

    def emit(self, record: logging.LogRecord) -> None:
        method = record.levelname.lower()
        event: Any = {"event": _message(record), "module": record.name}
        if record.exc_info:
            event["exc_info"] = record.exc_info
        for processor in self._chain:
            event = processor(None, method, event)
        self._sink.line(event)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):
        return f"{record.msg} {MASK}"
