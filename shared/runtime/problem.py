"""RFC 9457 problems below the framework, for the few replies that no route can give."""

from collections.abc import Mapping
from typing import Any, Final

import orjson
from starlette.types import Message

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "/problems/"


def problem_messages(
    status: int,
    *,
    slug: str,
    title: str,
    detail: str,
    instance: str,
    extra: Mapping[str, Any] | None = None,
    headers: tuple[tuple[bytes, bytes], ...] = (),
) -> tuple[Message, Message]:
    """The two ASGI messages of a problem whose type is `/problems/` and `slug`."""
    document = {"type": TYPE_PREFIX + slug, "title": title, "status": status, "detail": detail, "instance": instance}
    body = orjson.dumps({**document, **(extra or {})})
    fixed = ((b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode()))
    return (
        {"type": "http.response.start", "status": status, "headers": [*fixed, *headers]},
        {"type": "http.response.body", "body": body},
    )
