"""What two disputes are to each other: the same matter told twice, a matter that came back, or the same text from others.

A relation is a proposal with its reasons; a person decides. The score orders proposals and is no probability: reasons that
speak for the same thing are combined as if each alone could be wrong (1 minus the product of what each leaves open). A
matter is only told twice near in time: the same words a year later are a new dispute.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from math import prod
from typing import Final, NamedTuple

from shared.domain.dispute import Dispute
from shared.domain.likeness import COPIED, Sketch, copied, held, likeness, near

SAME_MATTER_WITHIN: Final = timedelta(days=60)
"""Two tellings of one matter lie this near to each other; so do the disputes of a cluster."""
SAME_CHARGE_WITHIN: Final = timedelta(days=14)
REPEATED_WITHIN: Final = timedelta(days=365)
"""As for a customer's earlier disputes at filing."""
SCORE_MIN: Final = 0.5
"""What scores less is not proposed."""

_SAME_ORDER: Final = 0.6
_SAME_CHARGE: Final = 0.5
_SAME_CATEGORY: Final = 0.2
_SAME_PRODUCT: Final = 0.2
_ANOTHER_CUSTOMER: Final = 0.5
"""What evidence is worth when the customers differ by id: a household, or one person with two addresses."""


class Relation(StrEnum):
    """What the one dispute is to the other."""

    DUPLICATE_OF = "duplicate_of"
    DUPLICATED_BY = "duplicated_by"
    REPEAT_OF = "repeat_of"
    REPEATED_BY = "repeated_by"
    SIMILAR = "similar"


class LinkKind(StrEnum):
    """What a person said of a dispute and another."""

    DUPLICATE = "duplicate"
    REPEAT = "repeat"
    UNRELATED = "unrelated"


class ClusterState(StrEnum):
    """A cluster is proposed by the product; people accept it as one incident or dismiss it."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    DISMISSED = "dismissed"


class Side(NamedTuple):
    """A dispute with the sketch of its text; None where the text was erased."""

    dispute: Dispute
    sketch: Sketch | None


class Proposal(NamedTuple):
    """A relation, how strongly it is proposed (0 to 1), and why, in words."""

    relation: Relation
    score: float
    reasons: tuple[str, ...]


class _Reason(NamedTuple):
    words: str
    weight: float


def relate(this: Side, other: Side) -> Proposal | None:
    """What the first dispute is to the second; None where nothing speaks for anything."""
    earlier, later = sorted((this.dispute, other.dispute), key=lambda each: (each.received_at, each.id))
    is_later = this.dispute is later
    if earlier.customer_id == later.customer_id:
        over_at = earlier.resolved_at or earlier.closed_at
        if over_at is not None and over_at <= later.received_at:
            relation = Relation.REPEAT_OF if is_later else Relation.REPEATED_BY
            return _proposed(relation, list(_came_back(earlier, later, over_at)), this, other)
    relation = Relation.DUPLICATE_OF if is_later else Relation.DUPLICATED_BY
    return _told_twice(relation, earlier, later, (this, other)) or _similar(this, other)


def _told_twice(relation: Relation, earlier: Dispute, later: Dispute, sides: tuple[Side, Side]) -> Proposal | None:
    apart = later.received_at - earlier.received_at
    if apart > SAME_MATTER_WITHIN or _orders_differ(earlier, later):
        return None
    reasons = list(_one_matter(earlier, later, apart))
    if earlier.customer_id != later.customer_id:
        if not _same_order(earlier, later):
            return None
        reasons = [_Reason(words, weight * _ANOTHER_CUSTOMER) for words, weight in reasons]
    else:
        reasons.insert(0, _Reason("the same customer", 0.0))
    return _proposed(relation, reasons, *sides)


def _one_matter(earlier: Dispute, later: Dispute, apart: timedelta) -> Iterator[_Reason]:
    if _same_order(earlier, later):
        yield _Reason(f"the same order reference, {_days(apart)}", _SAME_ORDER)
    if earlier.amount is not None and earlier.amount == later.amount and apart <= SAME_CHARGE_WITHIN:
        yield _Reason(f"the same amount ({later.amount}), {_days(apart)}", _SAME_CHARGE)
    yield from _same_kind(earlier, later)


def _came_back(earlier: Dispute, later: Dispute, over_at: datetime) -> Iterator[_Reason]:
    apart = later.received_at - over_at
    if apart > REPEATED_WITHIN:
        return
    ended = "resolved" if earlier.resolved_at is not None else "closed"
    yield _Reason(
        f"the same customer, whose earlier dispute was {ended} {_days(apart).replace('apart', 'before')}", 0.0
    )
    if _same_order(earlier, later):
        yield _Reason("the same order reference", _SAME_ORDER)
    if earlier.category.name == later.category.name:
        yield _Reason(f"the same category ({later.category.name})", _SAME_CHARGE)
    if earlier.product is not None and earlier.product == later.product:
        yield _Reason("the same product", _SAME_PRODUCT)


def _same_kind(earlier: Dispute, later: Dispute) -> Iterator[_Reason]:
    """What alone would say nothing."""
    if earlier.category.name == later.category.name:
        yield _Reason(f"the same category ({later.category.name})", _SAME_CATEGORY)
    if earlier.product is not None and earlier.product == later.product:
        yield _Reason("the same product", _SAME_PRODUCT)


def _similar(this: Side, other: Side) -> Proposal | None:
    """Near-same text that is not the same matter."""
    if this.sketch is None or other.sketch is None or not near(this.sketch, other.sketch):
        return None
    alike = likeness(this.sketch, other.sketch)
    whose = "the same customer" if this.dispute.customer_id == other.dispute.customer_id else "another customer"
    reasons = [f"{alike:.0%} of the text is the same, from {whose}"]
    if _orders_differ(this.dispute, other.dispute):
        reasons.append("the order references differ")
    return Proposal(Relation.SIMILAR, round(alike, 2), tuple(reasons))


def _proposed(relation: Relation, reasons: list[_Reason], this: Side, other: Side) -> Proposal | None:
    if not reasons:
        return None
    reasons += _same_text(this, other)
    score = 1 - prod(1 - each.weight for each in reasons)
    if score < SCORE_MIN:
        return None
    return Proposal(relation, round(score, 2), tuple(each.words for each in reasons))


def _same_text(this: Side, other: Side) -> Iterator[_Reason]:
    if this.sketch is None or other.sketch is None or not copied(this.sketch, other.sketch):
        return
    alike, inside = likeness(this.sketch, other.sketch), held(this.sketch, other.sketch)
    if alike >= COPIED:
        yield _Reason(f"{alike:.0%} of the text is the same", 0.6 + 0.35 * alike)
    else:
        yield _Reason(f"{inside:.0%} of the shorter text is in the longer", 0.6 + 0.2 * inside)


def _same_order(one: Dispute, other: Dispute) -> bool:
    return _key(one.order_reference) is not None and _key(one.order_reference) == _key(other.order_reference)


def _orders_differ(one: Dispute, other: Dispute) -> bool:
    keys = {_key(one.order_reference), _key(other.order_reference)}
    return len(keys) == 2 and None not in keys


def _key(order_reference: str | None) -> str | None:
    """An order reference without what people write differently: case, blanks, dashes; one without a digit is none."""
    key = "".join(filter(str.isalnum, order_reference or "")).casefold()
    return key if any(map(str.isdigit, key)) else None


def _days(apart: timedelta) -> str:
    days = round(apart / timedelta(days=1))
    return "on the same day" if days == 0 else f"{days} day{'s' if days > 1 else ''} apart"
