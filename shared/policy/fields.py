"""The kinds of field policies are written with, each with its limits."""

from decimal import Decimal
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from shared.domain.conditions import SIGNALS
from shared.domain.dispute import CATEGORIES, CUSTOMER_CLASSES, REMEDIES
from shared.domain.duration import parse_term
from shared.domain.errors import InvalidValue
from shared.domain.money import MINOR_DIGITS

TIERS_MAX: Final = 20
RULES_MAX: Final = 200
PEOPLE_MAX: Final = 500


def _currency(code: str) -> str:
    if code not in MINOR_DIGITS:
        raise ValueError(f"{code!r} is not an ISO 4217 currency in use")
    return code


def _term(text: str) -> str:
    try:
        parse_term(text)
    except InvalidValue as fault:
        raise ValueError(fault.detail) from fault
    return text


def _exact(value: object) -> object:
    if isinstance(value, float):
        raise ValueError('write the amount as text, such as "49.90", or as a whole number')  # noqa: TRY004 - pydantic
    return value


def _one_of(names: tuple[str, ...], kind: str) -> AfterValidator:
    def known(name: str) -> str:
        if name not in names:
            raise ValueError(f"{name!r} is not a {kind}; there are {', '.join(names)}")
        return name

    return AfterValidator(known)


Name = Annotated[str, Field(min_length=1, max_length=100)]
Because = Annotated[str, Field(min_length=1, max_length=200)]
Currency = Annotated[str, AfterValidator(_currency)]
Amount = Annotated[Decimal, BeforeValidator(_exact), Field(ge=0, le=Decimal(10) ** 12, allow_inf_nan=False)]
Rate = Annotated[Decimal, BeforeValidator(_exact), Field(gt=0, le=Decimal(10) ** 9, allow_inf_nan=False)]
Term = Annotated[str, AfterValidator(_term), Field(examples=["16 business hours", "10 business days", "8 weeks"])]
Fraction = Annotated[float, Field(gt=0, lt=1)]
Count = Annotated[int, Field(ge=1, le=1000, strict=True)]
CategoryName = Annotated[str, _one_of(CATEGORIES, "category")]
CustomerClass = Annotated[str, _one_of(CUSTOMER_CLASSES, "customer class")]
SignalName = Annotated[str, _one_of(SIGNALS, "signal")]
RemedyName = Annotated[str, _one_of(REMEDIES, "remedy")]
EmailAddress = Annotated[str, Field(pattern=r"^[^@\s]{1,64}@[^@\s]{1,255}$")]


class Strict(BaseModel):
    """A table in which an unknown key is a fault, not a comment."""

    model_config = ConfigDict(extra="forbid", frozen=True)
