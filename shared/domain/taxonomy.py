"""A taxonomy: what customers complain of, in two levels, and what each is called elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from shared.domain.errors import InvalidValue

ISSUE_SEPARATOR: Final = "/"
"""Stands between category and issue in a label, as in `billing_error/charged_twice`."""


@dataclass(frozen=True, slots=True)
class Issue:
    """What a complaint is about more closely; told from the phrases that speak for it."""

    name: str
    title: str
    phrases: tuple[str, ...] = ()
    """In the notation of the categoriser's phrases."""
    codes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By scheme (`visa`, `mastercard`, `stripe`, `cfpb`, `fca` …), what this is called there."""


@dataclass(frozen=True, slots=True)
class TaxonomyCategory:
    """One of the product's categories, as this taxonomy calls and divides it."""

    name: str
    title: str
    meaning: str
    issues: tuple[Issue, ...] = ()
    codes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def issue(self, name: str) -> Issue | None:
        """The issue of this name, or None."""
        return next((issue for issue in self.issues if issue.name == name), None)


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """The categories in use, each once, `other` among them; what none of them fits is filed under it."""

    name: str
    title: str
    categories: tuple[TaxonomyCategory, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the categories."""
        return tuple(category.name for category in self.categories)

    def category(self, name: str) -> TaxonomyCategory | None:
        """The category of this name, or None."""
        return next((category for category in self.categories if category.name == name), None)

    def phrases(self) -> Mapping[str, tuple[str, ...]]:
        """Per label `category/issue`, the phrases that speak for the issue."""
        return {
            f"{category.name}{ISSUE_SEPARATOR}{issue.name}": issue.phrases
            for category in self.categories
            for issue in category.issues
            if issue.phrases
        }

    def check(self, category: str, issue: str | None, *, category_said: bool = True) -> None:
        """Raises InvalidValue for a category that is not in use, or an issue that is none of the category's."""
        known = self.category(category)
        if known is None and category_said:
            raise InvalidValue("/category", f"This desk files under {', '.join(self.names)}.")
        if issue is not None and (known is None or known.issue(issue) is None):
            names = ", ".join(each.name for each in known.issues) if known else ""
            detail = f"{category} is divided into {names}." if names else f"{category} is not divided into issues."
            raise InvalidValue("/issue", detail)

    def codes(self, category: str, issue: str | None) -> Mapping[str, tuple[str, ...]]:
        """What a case is called elsewhere: by its issue where that says so, else by its category."""
        broad = self.category(category)
        if broad is None:
            return {}
        close = broad.issue(issue) if issue else None
        return {**broad.codes, **(close.codes if close else {})}
