"""Factors of breach risk in plain words, for people who decide what to do about it."""

from typing import Final

from shared.domain.breach_risk import Factor

_WORDS: Final = {
    "time_used": "how much of the time is used",
    "tier": "the tier it is at",
    "climbs": "how often it has climbed",
    "waits": "how often it has waited",
    "waiting_for_customer": "whether it waits for the customer now",
    "reopened": "how often it was reopened",
    "contacts": "how often the customer has been in touch",
    "prior_disputes": "how many disputes the customer had before",
    "backlog": "how many disputes are open",
    "needs_person": "whether a person must look at what it is about",
    "vulnerable": "whether the customer may be vulnerable",
    "legal": "whether law, safety, the media or a regulator is mentioned",
    "amount": "how much it is about",
    "office_hours": "the hour of the day",
    "weekend": "the day of the week",
    "severity": "how hard it presses",
    "category": "what it is about",
}


def in_words(factor: Factor) -> str:
    """Such as "raises it: how much of the time is used"; a figure is named by what it is, for a weight may go either way."""
    return f"{'raises' if factor.contribution > 0 else 'lowers'} it: {_WORDS.get(factor.name, factor.name)}"
