"""From a template folder and its facts to subject, text and HTML; a letter that lacks what it must say is not sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from services.notify.wording import TEMPLATES
from shared.domain.errors import RecourseError

SUBJECT_LENGTH_MAX: Final = 150


class Unwritable(RecourseError):
    """The letter cannot be written; sending half a letter would be worse than saying so."""

    code = "unwritable"


@dataclass(frozen=True, slots=True)
class Texts:
    """A letter's three faces."""

    subject: str
    text: str
    html: str


def _lines(text: str) -> Markup:
    """Text with its line breaks, safe in HTML."""
    return Markup("<br>\n").join(escape(text).split("\n"))


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=lambda name: bool(name and name.endswith(".html")),
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters["lines"] = _lines
    return environment


_ENVIRONMENT: Final = _environment()


@lru_cache(maxsize=512)
def _templates(kind: str, language: str) -> tuple[Any, Any, Any]:
    folder = f"{kind}/{language}"
    subject, text, html = (
        _ENVIRONMENT.get_template(f"{folder}/{name}") for name in ("subject.txt", "body.txt", "body.html")
    )
    return subject, text, html


def write(kind: str, language: str, facts: Mapping[str, Any], must_say: Sequence[str]) -> Texts:
    """The letter, whole.

    Raises:
        Unwritable: a template asks for a fact that is not there, or the letter lacks one that it must state.
    """
    try:
        subject_template, text_template, html_template = _templates(kind, language)
        subject = " ".join(subject_template.render(facts).split())[:SUBJECT_LENGTH_MAX]
        texts = Texts(subject, text_template.render(facts), html_template.render(facts, subject=subject))
    except TemplateError as error:
        raise Unwritable(f"{kind}: {type(error).__name__}") from error
    missing = unsaid(texts, facts, must_say)
    if missing:
        raise Unwritable(f"{kind} does not say: {', '.join(missing)}")
    return texts


def unsaid(texts: Texts, facts: Mapping[str, Any], must_say: Sequence[str]) -> list[str]:
    """The elements that the text or the HTML lacks, or that have nothing to say."""
    html = texts.html.replace("<br>\n", "\n")
    return [
        name
        for name in must_say
        if not (said := str(facts.get(name) or "")) or said not in texts.text or str(escape(said)) not in html
    ]
