"""Which regimes a dispute is under, and why: by jurisdiction, product line, category and customer class."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from shared.domain.dispute import Dispute
from shared.domain.regime import Milestone, Regime

REGIME_KEY: Final = "regime"
"""The metadata key by which a dispute names its regimes itself, separated by commas, or `none`."""
PRODUCT_LINE_KEY: Final = "product_line"
"""The metadata key by which a dispute names its product line, such as `payment_service`."""
CIRCUMSTANCES_KEY: Final = "circumstances"
"""The metadata key for what sets a case apart within a regime, separated by commas, such as `new_account`."""
NONE: Final = "none"

EU: Final = "EU"
# fmt: off
EU_MEMBERS: Final = frozenset({
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU",
    "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
})
# fmt: on


class Verdict(NamedTuple):
    """Whether one regime was chosen, and the reason in a few words."""

    regime: str
    chosen: bool
    because: str


@dataclass(frozen=True, slots=True)
class Selection:
    """The regimes chosen, the most important first, and a verdict on every regime that was looked at."""

    regimes: tuple[Regime, ...]
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What of a dispute decides on its regimes. `named` is the dispute's own choice, None when it made none."""

    jurisdiction: str | None
    product: str | None
    category: str
    customer_class: str
    received_on: date
    circumstances: frozenset[str] = frozenset()
    named: tuple[str, ...] | None = None

    @property
    def words(self) -> frozenset[str]:
        """What `only_if` of a milestone is compared with."""
        return self.circumstances | {self.product or "", self.category, self.customer_class} - {""}


class Owed(NamedTuple):
    """A milestone that a dispute is owed, and the regime that owes it; its clock's kind is `milestone.spec.kind`."""

    regime: Regime
    milestone: Milestone


class Owing(NamedTuple):
    """The milestones that a dispute is owed, and the version of the policy `regimes` that says so."""

    owed: tuple[Owed, ...]
    version: int


@dataclass(frozen=True, slots=True)
class RegimeBook:
    """The regimes of one version of the policy `regimes`, and what is assumed of a dispute that does not say."""

    version: int
    regimes: tuple[Regime, ...]
    default_jurisdiction: str | None = None
    default_product_line: str | None = None

    def situation(self, dispute: Dispute) -> Situation:
        """What the dispute says of itself, with the defaults of the business where it says nothing."""
        told = dispute.metadata
        return Situation(
            jurisdiction=dispute.jurisdiction or self.default_jurisdiction,
            product=_word(told.get(PRODUCT_LINE_KEY)) or self.default_product_line,
            category=dispute.category.name,
            customer_class=dispute.customer_class,
            received_on=dispute.received_at.date(),
            circumstances=frozenset(_words(told.get(CIRCUMSTANCES_KEY, ""))),
            named=_words(told[REGIME_KEY]) if told.get(REGIME_KEY, "").strip() else None,
        )

    def choose(self, dispute: Dispute) -> Selection:
        """The regimes this dispute is under, with the reasons."""
        case = self.situation(dispute)
        return select(
            self.regimes,
            jurisdiction=case.jurisdiction,
            product=case.product,
            category=case.category,
            customer_class=case.customer_class,
            named=case.named,
        )

    def owing(self, dispute: Dispute) -> Owing | None:
        """The milestones it is owed with this version; None, without a look at the packs, where none can apply."""
        told = dispute.metadata
        if self.default_product_line is None and PRODUCT_LINE_KEY not in told and REGIME_KEY not in told:
            return None
        return Owing(self.owed(dispute), self.version)

    def owed(self, dispute: Dispute) -> tuple[Owed, ...]:
        """Every milestone the dispute is owed under its regimes, the most important regime's first."""
        case = self.situation(dispute)
        return tuple(
            Owed(regime, milestone)
            for regime in self.choose(dispute).regimes
            for milestone in regime.owed(case.words, case.received_on)
        )


def select(
    regimes: Iterable[Regime],
    *,
    jurisdiction: str | None,
    product: str | None,
    category: str,
    customer_class: str,
    named: tuple[str, ...] | None = None,
) -> Selection:
    """The regimes of such a case, whatever order they are given in; ids are unlike each other.

    What the case names itself (`named`) is taken as it is, without a look at jurisdiction, product or category, and
    `none` means none. A regime that is not enabled is never chosen.
    """
    chosen: list[Regime] = []
    verdicts: list[Verdict] = []
    for regime in sorted(regimes, key=lambda each: (-each.priority, each.id)):
        against = _against(regime, jurisdiction, product, category, customer_class) if named is None else None
        if named is not None and regime.id not in named:
            against = "the dispute names its regimes, and not this one"
        if not regime.enabled:
            against = f"not enabled: {regime.note}" if regime.note else "not enabled"
        if against is None and named is None:
            against = _stood_in_for(regime, chosen)
        verdicts.append(Verdict(regime.id, against is None, against or _reason(regime, named=named is not None)))
        if against is None:
            chosen.append(regime)
    known = {verdict.regime for verdict in verdicts}
    strangers = sorted(set(named or ()) - known - {NONE})
    verdicts.extend(Verdict(name, chosen=False, because="there is no such regime") for name in strangers)
    return Selection(tuple(chosen), tuple(verdicts))


def _against(
    regime: Regime, jurisdiction: str | None, product: str | None, category: str, customer_class: str
) -> str | None:
    """Why the regime is not for such a case, or None when it is."""
    if not _within(jurisdiction, regime.jurisdictions):
        return f"not for jurisdiction {jurisdiction or 'unknown'}"
    if product not in regime.products:
        return f"not for product line {product or 'unknown'}"
    if regime.categories and category not in regime.categories:
        return f"not for category {category}"
    if regime.customer_classes and customer_class not in regime.customer_classes:
        return f"not for customer class {customer_class}"
    return None


def _within(jurisdiction: str | None, jurisdictions: tuple[str, ...]) -> bool:
    """Whether a country, or a part of it such as `US-CA`, is among these; `EU` stands for its member states."""
    if not jurisdictions:
        return True
    if jurisdiction is None:
        return False
    country = jurisdiction.partition("-")[0]
    return country in jurisdictions or jurisdiction in jurisdictions or (EU in jurisdictions and country in EU_MEMBERS)


def _stood_in_for(regime: Regime, chosen: Iterable[Regime]) -> str | None:
    return next((f"{other.id} stands in for it" for other in chosen if regime.id in other.precludes), None)


def _reason(regime: Regime, *, named: bool) -> str:
    if named:
        return "the dispute names it"
    where = f"jurisdiction {', '.join(regime.jurisdictions)}" if regime.jurisdictions else "any jurisdiction"
    return f"{where} and the product line"


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for part in text.split(",") if (word := _word(part)))


def _word(text: str | None) -> str:
    return (text or "").strip().lower()
