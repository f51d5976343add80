"""Words and phrases by which an emotion or a flag is recognised, and wordings that only look like it.

Notation in `phrases`. A hit that overlaps a wording under MASKS is none: "fire stick", "legal department".
"""

from collections.abc import Mapping
from typing import Final

from services.intake.categorise.signal_phrases.contact import NOT_REPEAT_CONTACT, REPEAT_CONTACT
from services.intake.categorise.signal_phrases.danger import NOT_SAFETY, SAFETY
from services.intake.categorise.signal_phrases.distress import DISTRESSED, NOT_DISTRESSED
from services.intake.categorise.signal_phrases.hardship import HARDSHIP, NOT_HARDSHIP
from services.intake.categorise.signal_phrases.law import LEGAL_THREAT, NOT_LEGAL_THREAT, NOT_REGULATOR, REGULATOR
from services.intake.categorise.signal_phrases.publicity import MEDIA, NOT_MEDIA
from services.intake.categorise.signal_phrases.unequal import DISCRIMINATION, NOT_DISCRIMINATION
from services.intake.categorise.signal_phrases.urgency import NOT_URGENT, URGENT
from services.intake.categorise.signal_phrases.vulnerability import NOT_VULNERABLE, VULNERABLE
from services.intake.categorise.signal_phrases.worry_and_anger import (
    ANGRY,
    FRUSTRATED,
    NOT_ANGRY,
    NOT_FRUSTRATED,
    NOT_WORRIED,
    WORRIED,
)

EMOTION_PHRASES: Mapping[str, tuple[str, ...]] = {
    "worried": WORRIED,
    "frustrated": FRUSTRATED,
    "angry": ANGRY,
    "distressed": DISTRESSED,
}
"""Mildest first."""

FLAG_PHRASES: Mapping[str, tuple[str, ...]] = {
    "vulnerable": VULNERABLE,
    "hardship": HARDSHIP,
    "legal_threat": LEGAL_THREAT,
    "safety": SAFETY,
    "media": MEDIA,
    "regulator": REGULATOR,
    "discrimination": DISCRIMINATION,
    "urgent": URGENT,
    "repeat_contact": REPEAT_CONTACT,
}

MASK: Final = "no "
"""Stands before the name of the signal in the label of what only looks like it."""

MASKS: Mapping[str, tuple[str, ...]] = {
    f"{MASK}worried": NOT_WORRIED,
    f"{MASK}frustrated": NOT_FRUSTRATED,
    f"{MASK}angry": NOT_ANGRY,
    f"{MASK}distressed": NOT_DISTRESSED,
    f"{MASK}vulnerable": NOT_VULNERABLE,
    f"{MASK}hardship": NOT_HARDSHIP,
    f"{MASK}legal_threat": NOT_LEGAL_THREAT,
    f"{MASK}safety": NOT_SAFETY,
    f"{MASK}media": NOT_MEDIA,
    f"{MASK}regulator": NOT_REGULATOR,
    f"{MASK}discrimination": NOT_DISCRIMINATION,
    f"{MASK}urgent": NOT_URGENT,
    f"{MASK}repeat_contact": NOT_REPEAT_CONTACT,
}
