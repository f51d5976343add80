"""Conditions as a person writes them: a table in which all that is given must hold, or words."""

from typing import Annotated, Any, Self

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from shared.domain.dispute import Severity
from shared.domain.expressions import TEXT_MAX
from shared.policy.fields import Amount, CategoryName, Count, Currency, CustomerClass, SignalName, Strict


class ConditionModel(Strict):
    """All that is given must hold; a list holds when one of its members does."""

    amount_over: Amount | None = None
    currency: Currency | None = None
    categories: tuple[CategoryName, ...] = ()
    signals_any: tuple[SignalName, ...] = ()
    customer_classes: tuple[CustomerClass, ...] = ()
    reopen_count_at_least: Count | None = None
    contact_count_at_least: Count | None = None
    prior_disputes_at_least: Count | None = None
    needs_person: bool | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set - {"currency"}:
            raise ValueError("a condition without parts would always hold")
        if self.currency is not None and self.amount_over is None:
            raise ValueError("a currency needs amount_over")
        return self


class ThresholdConditionModel(ConditionModel):
    severity_at_least: Severity | None = None


def _expression(text: str) -> str:
    return _compiled(text, settled=False)


def _settled_expression(text: str) -> str:
    return _compiled(text, settled=True)


def _compiled(text: str, *, settled: bool) -> str:
    """The parser takes a tenth of a second to load, which a matrix that is all tables does not pay."""
    from shared.policy.expressions import compiled

    compiled(text, settled=settled)
    return text


def _written_as(when: Any) -> str:
    return TEXT if isinstance(when, str) else TABLE


TEXT, TABLE = "in words", "as a table"
"""The two ways to write a condition, as the checker names them in the place of a fault."""

_IN_WORDS = Field(
    min_length=1,
    max_length=TEXT_MAX,
    description="A condition in words over the facts of the dispute.",
    examples=['amount > 500 EUR and "legal_threat" in signals', 'age > 5 days and severity >= "high"'],
)
When = Annotated[
    Annotated[ThresholdConditionModel, Tag(TABLE)] | Annotated[str, _IN_WORDS, AfterValidator(_expression), Tag(TEXT)],
    Discriminator(_written_as),
]
SettledWhen = Annotated[
    Annotated[ConditionModel, Tag(TABLE)] | Annotated[str, _IN_WORDS, AfterValidator(_settled_expression), Tag(TEXT)],
    Discriminator(_written_as),
]
