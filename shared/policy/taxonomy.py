"""A taxonomy from TOML: one of the two the product ships with, or a file of one's own, checked as a whole."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, Field, StringConstraints

from shared.domain.errors import PolicyFault
from shared.domain.taxonomy import Issue, Taxonomy, TaxonomyCategory
from shared.policy.fields import CategoryName, Name, Strict
from shared.policy.toml_models import read_toml
from shared.policy.toml_places import line_of, lines_of

SHIPPED: Final = ("general", "financial")
"""The taxonomies the product ships with."""

FOLDER: Final = Path(__file__).with_name("taxonomies")
ISSUES_MAX: Final = 100
PHRASES_MAX: Final = 100
FILE_BYTES_MAX: Final = 500_000
_CODES_MAX: Final = 50
_OTHER: Final = "other"

IssueName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$", examples=["charged_twice"])]
# Words, alternatives, gaps between them, and named lists: anything else would never be found in a text.
_ONE_OF: Final = r"(?:@[a-z]+|[^\W_]+)(?:\|(?:@[a-z]+|[^\W_]+))*"
_PHRASE: Final = re.compile(rf"{_ONE_OF}(?: (?:\.\. )?{_ONE_OF})*")


def _phrase(text: str) -> str:
    if _PHRASE.fullmatch(text) is None:
        raise ValueError("A phrase is words, `|` between alternatives, `..` between two words, lists such as `@not`.")
    return text


Phrase = Annotated[str, StringConstraints(max_length=400, to_lower=True), AfterValidator(_phrase)]
Codes = Annotated[
    dict[
        Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,29}$")],
        Annotated[tuple[Annotated[str, Field(min_length=1, max_length=120)], ...], Field(max_length=_CODES_MAX)],
    ],
    Field(max_length=20, default_factory=dict),
]


class IssueModel(Strict):
    name: IssueName
    title: Name | None = None
    phrases: Annotated[tuple[Phrase, ...], Field(max_length=PHRASES_MAX)] = ()
    codes: Codes


class CategoryModel(Strict):
    name: CategoryName
    extends: bool = False
    """Whether this adds to the category of the taxonomy extended, instead of taking its place."""
    title: Name | None = None
    meaning: Annotated[str | None, Field(min_length=1, max_length=400)] = None
    issue: Annotated[tuple[IssueModel, ...], Field(max_length=ISSUES_MAX)] = ()
    codes: Codes


class TaxonomyModel(Strict):
    name: IssueName
    title: Name
    extends: Annotated[str | None, Field(pattern=f"^({'|'.join(SHIPPED)})$")] = None
    category: Annotated[tuple[CategoryModel, ...], Field(min_length=1, max_length=50)]


def load_taxonomy(name: str = "general") -> Taxonomy:
    """The taxonomy of this name, or of this TOML file.

    Raises:
        PolicyFault: there is no such file, or something in it does not hold, with its place and line.
    """
    path = FOLDER / f"{name}.toml" if name in SHIPPED else Path(name)
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise PolicyFault(path.name, f"A taxonomy has at most {FILE_BYTES_MAX} bytes.")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as cause:
        known = ", ".join(SHIPPED)
        raise PolicyFault(path.name, f"Neither {known} nor a file of text that can be read.") from cause
    return parse_taxonomy(text, file=path.name)


def parse_taxonomy(text: str, *, file: str = "") -> Taxonomy:
    """The taxonomy that a TOML text describes, with what it extends; `file` is the name that faults begin with.

    A category that is given again replaces the one of the taxonomy extended, or adds to it where it says `extends = true`.

    Raises:
        PolicyFault: anything that does not hold, with its place and line.
    """
    try:
        model = read_toml(TaxonomyModel, text)
        _each_once(model.category)
        below = load_taxonomy(model.extends).categories if model.extends else ()
        known = {category.name: category for category in below}
        own = [_category(each, at, known.get(each.name)) for at, each in enumerate(model.category)]
        return Taxonomy(model.name, model.title, _merged(below, own))
    except PolicyFault as fault:
        line = fault.line or line_of(lines_of(text), fault.place) if fault.place else fault.line
        place = ": ".join(part for part in (file, fault.place) if part)
        raise PolicyFault(place, fault.detail, line) from fault


def _category(model: CategoryModel, at: int, below: TaxonomyCategory | None) -> TaxonomyCategory:
    """A category as it is given; with `extends`, what it leaves out is that of the one below."""
    place = f"category.{at}"
    if model.extends and below is None:
        detail = f"There is no category {model.name!r} to add to: the taxonomy extends no other, or one without it."
        raise PolicyFault(f"{place}.extends", detail)
    base = below if model.extends else None
    title = _said(model.title, base.title if base else None, f"{place}.title")
    meaning = _said(model.meaning, base.meaning if base else None, f"{place}.meaning")
    issues = {issue.name: issue for issue in base.issues} if base else {}
    for number, issue in enumerate(model.issue):
        issues[issue.name] = _issue(issue, f"{place}.issue.{number}", issues.get(issue.name))
    _at_most(ISSUES_MAX, len(issues), f"{place}.issue")
    codes = {**(base.codes if base else {}), **model.codes}
    return TaxonomyCategory(model.name, title, meaning, tuple(issues.values()), codes)


def _issue(model: IssueModel, place: str, below: Issue | None) -> Issue:
    title = _said(model.title, below.title if below else None, f"{place}.title")
    if below is None:
        return Issue(model.name, title, model.phrases, model.codes)
    phrases = tuple(dict.fromkeys((*below.phrases, *model.phrases)))
    _at_most(PHRASES_MAX, len(phrases), f"{place}.phrases")
    return Issue(model.name, title, phrases, {**below.codes, **model.codes})


def _at_most(limit: int, count: int, place: str) -> None:
    if count > limit:
        raise PolicyFault(place, f"With those of the taxonomy extended there are {count}; at most {limit} will do.")


def _said(own: str | None, below: str | None, place: str) -> str:
    if (said := own or below) is None:
        raise PolicyFault(place, "This is missing.")
    return said


def _each_once(categories: tuple[CategoryModel, ...]) -> None:
    if double := _double(category.name for category in categories):
        raise PolicyFault("category", f"{double!r} is there twice.")
    for at, category in enumerate(categories):
        if double := _double(issue.name for issue in category.issue):
            raise PolicyFault(f"category.{at}.issue", f"{double!r} is there twice.")


def _double(names: Iterable[str]) -> str | None:
    return next((name for name, times in Counter(names).items() if times > 1), None)


def _merged(below: Iterable[TaxonomyCategory], own: Iterable[TaxonomyCategory]) -> tuple[TaxonomyCategory, ...]:
    named: Mapping[str, TaxonomyCategory] = {category.name: category for category in (*below, *own)}
    if _OTHER not in named:
        raise PolicyFault("category", "One category must be `other`: what fits nowhere else is filed under it.")
    return tuple(named.values())
