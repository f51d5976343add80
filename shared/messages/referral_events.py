"""The events of referrals to outside bodies; the body and its reference stand with the referral."""

from typing import ClassVar, Final

from shared.messages.event import Event


class Referred(Event, frozen=True, kw_only=True, gc=False):
    """The dispute lies with an outside body; its answer is expected by then, where somebody said so."""

    type: ClassVar[str] = "dispute.referred"
    referral_id: str
    expected_at: str | None


class AnswerExpected(Event, frozen=True, kw_only=True, gc=False):
    """The outside body announced another day for its answer."""

    type: ClassVar[str] = "dispute.answer_expected"
    referral_id: str
    expected_at: str


class ExternallyDecided(Event, frozen=True, kw_only=True, gc=False):
    """An outside body's decision is back in the house, to be carried out by `comply_by` where it asks for anything."""

    type: ClassVar[str] = "dispute.externally_decided"
    referral_id: str
    outcome: str | None
    decided_at: str
    comply_by: str | None


class ComplianceMissed(Event, frozen=True, kw_only=True, gc=False):
    """An outside body's decision was not carried out in time; told once, and the dispute goes to the tier above."""

    type: ClassVar[str] = "dispute.compliance_missed"
    referral_id: str
    due_at: str
    fired_at: str


CLASSES: Final[tuple[type[Event], ...]] = (Referred, AnswerExpected, ExternallyDecided, ComplianceMissed)
