"""The portal's pages: plain, readable by everybody, without scripts, and closed to everything a page need not do."""

import base64
import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from fastapi import Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

_TEMPLATES: Final = Path(__file__).with_name("templates")
_STYLE: Final = (_TEMPLATES / "style.css").read_text(encoding="utf-8")
_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS: Final = {
    "content-security-policy": f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "x-robots-tag": "noindex, nofollow",
}
_ENVIRONMENT: Final = Environment(
    loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
_ENVIRONMENT.globals["style"] = _STYLE

RATINGS: Final = ((5, "Very good"), (4, "Good"), (3, "Fair"), (2, "Poor"), (1, "Very poor"))
COMMENT_LENGTH_MAX: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What stands in the form, and what is wrong with it."""

    answer: str | None = None
    rating: int | None = None
    comment: str = ""
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page that only says something."""

    status: int
    title: str
    lines: tuple[str, ...]
    headers: dict[str, str] = field(default_factory=dict)


UNKNOWN: Final = Page(
    404,
    "This link does not work",
    ("Please open it again from our letter, in full. If that does not help, answer the letter.",),
)
OUTDATED: Final = Page(
    410,
    "This link is no longer in use",
    ("Your case has moved on since we sent it. Our newest letter tells where it stands; you may answer any of them.",),
)
SOLVED: Final = Page(
    200,
    "Thank you for telling us",
    (
        "We have noted that it is settled. There is nothing more to do.",
        "Should something be wrong after all, answer any of our letters.",
    ),
)
NOT_SOLVED: Final = Page(
    200,
    "We are looking at it again",
    (
        "Thank you for telling us. Your complaint is open again, and somebody will write to you. There is nothing more to do.",
    ),
)
BUSY: Final = Page(
    503, "Please try again in a moment", ("Something keeps us from it just now. Nothing was lost; try again shortly.",)
)
TOO_MANY: Final = Page(429, "Please wait a moment", ("This link was opened too often. Try again in a minute.",))


def say(page: Page, reference: str | None = None) -> Response:
    """A page that only says something."""
    return _html("page.html", page.status, page.headers, title=page.title, lines=page.lines, reference=reference)


def ask(reference: str, filled: Filled) -> Response:
    """The question with its form; 422 when what was filled in is not an answer."""
    return _html(
        "ask.html",
        200 if filled.fault is None else 422,
        {},
        title="Is your complaint settled?",
        reference=reference,
        answer=filled.answer,
        rating=filled.rating,
        comment=filled.comment,
        fault=filled.fault,
        ratings=RATINGS,
        comment_length_max=COMMENT_LENGTH_MAX,
    )


def case(**facts: Any) -> Response:
    """How a case stands; its template names the facts."""
    return _html("case.html", 200, {}, title="Where your complaint stands", reference=None, **facts)


def _html(template: str, status: int, headers: dict[str, str], **facts: Any) -> Response:
    text = _ENVIRONMENT.get_template(template).render(**facts)
    return Response(text, status, {**_HEADERS, **headers}, "text/html; charset=utf-8")
