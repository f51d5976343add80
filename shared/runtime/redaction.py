"""Keeps out of the logs what could name a person or open a door: by key, and by pattern inside longer text."""

import re
from collections.abc import Mapping, MutableMapping, Sequence
from functools import lru_cache
from typing import Any, Final

MASK: Final = "[redacted]"
_DEPTH_MAX: Final = 4
_TEXT_LENGTH_MAX: Final = 4_000

_PRIVATE_WORDS: Final = frozenset(
    [
        "email",
        "mail",
        "phone",
        "mobile",
        "subject",
        "description",
        "body",
        "text",
        "content",
        "message",
        "comment",
        "note",
        "address",
        "street",
        "postcode",
        "city",
        "birthday",
        "iban",
        "card",
        "account",
        "token",
        "authorization",
        "cookie",
        "secret",
        "password",
        "passwd",
        "credential",
        "credentials",
        "signature",
        "customer",
        "recipient",
        "sender",
        "query",
        "params",
        "parameters",
        "payload",
    ]
)
# A measure of something private, or a reference to it, is not private.
_MEASURES: Final = frozenset(
    ["bytes", "count", "length", "id", "ids", "seconds", "hash", "total", "kind", "type", "status", "outcome", "max"]
)
_NAMES_OF_THINGS: Final = frozenset(
    [
        "service",
        "task",
        "check",
        "queue",
        "exchange",
        "consumer",
        "channel",
        "template",
        "policy",
        "logger",
        "thread",
        "process",
        "file",
        "module",
        "func",
        "function",
        "field",
        "route",
        "host",
        "server",
        "table",
        "index",
        "tier",
        "category",
        "event",
        "step",
        "application",
    ]
)
_URL_WORDS: Final = frozenset(["url", "uri", "path", "href", "target", "referer", "location"])

# One pass that clears most texts, so that the patterns run only where one of them could match.
_SUSPECT: Final = re.compile(
    r"[@?#]|\+\d|DETAIL:|\[parameters:|\[SQL:|input_value=|\d{4}[ -]\d{4}[ -]|[Bb]earer|[Bb]asic|BEARER|BASIC"
)
_PATTERNS: Final = (
    # Drivers quote rows and arguments in their errors.
    (re.compile(r"(DETAIL:|\[parameters:|\[SQL:|input_value=).*", re.DOTALL), rf"\1 {MASK}"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{6,}"), rf"\1 {MASK}"),
    (re.compile(r"(\w+://)[^\s/@]+@"), rf"\1{MASK}@"),
    (re.compile(r"(https?://[^\s?#]+)[?#][^\s\"']*"), rf"\1?{MASK}"),
    (re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+"), MASK),
    (re.compile(r"\+\d[\d ()./-]{7,}\d"), MASK),
    (re.compile(r"\b(?:\d{4}[ -]){3}\d{1,7}\b"), MASK),
)


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: masks private keys at any depth and private patterns in every remaining text."""
    for key, value in event.items():
        if type(value) is int or value is None or key == "traceback":  # scrubbed where it is built
            continue
        event[key] = scrub(value) if key in ("event", "exception") and type(value) is str else _clean(key, value, 0)
    return event


def scrub(text: str) -> str:
    """The text without addresses, telephone and card numbers, credentials, URL queries and quoted database rows."""
    if _SUSPECT.search(text):
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
    return text if len(text) <= _TEXT_LENGTH_MAX else text[:_TEXT_LENGTH_MAX] + "…"


@lru_cache(maxsize=4096)
def is_private(key: str) -> bool:
    """Whether a value under this key could identify a person or open a door."""
    words = key.lower().replace("-", "_").split("_")
    if words[-1] in _MEASURES:
        return False
    if words[-1] == "name" or words[0] == "name":
        return len(words) == 1 or words[-2] not in _NAMES_OF_THINGS
    return not _PRIVATE_WORDS.isdisjoint(words)


def _clean(key: str, value: Any, depth: int) -> Any:
    if isinstance(value, bool | float) or value is None:
        return value
    if is_private(key):
        return MASK
    if isinstance(value, str):
        return _without_query(key, value)
    if isinstance(value, Mapping):
        return _clean_mapping(value, depth)
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, bytes | bytearray):
        return [_clean(key, each, depth + 1) for each in value] if depth < _DEPTH_MAX else MASK
    return MASK if isinstance(value, bytes | bytearray | memoryview) else value


def _clean_mapping(value: Mapping[Any, Any], depth: int) -> Any:
    if depth >= _DEPTH_MAX:
        return MASK
    return {str(key): _clean(str(key), each, depth + 1) for key, each in value.items()}


@lru_cache(maxsize=4096)
def _is_url(key: str) -> bool:
    return not _URL_WORDS.isdisjoint(key.lower().split("_"))


def _without_query(key: str, value: str) -> str:
    if _is_url(key):
        value = value.partition("?")[0].partition("#")[0]
    return scrub(value)
