"""From conditions and limits as written to those the domain judges by."""

from types import MappingProxyType

from shared.domain.authority import Authority, Limit, Override
from shared.domain.conditions import Condition
from shared.domain.matrix import When
from shared.policy.condition_models import ConditionModel, ThresholdConditionModel
from shared.policy.matrix_models import AuthorityModel, LimitModel


def when(model: ConditionModel | str) -> When:
    """A condition, from a table or from words that were checked."""
    if not isinstance(model, str):
        return _condition(model)
    from shared.policy.expressions import compiled  # its parser takes a tenth of a second to load

    return compiled(model)


def _condition(model: ConditionModel) -> Condition:
    severity = model.severity_at_least if isinstance(model, ThresholdConditionModel) else None
    return Condition(
        amount_over=model.amount_over,
        currency=model.currency,
        categories=frozenset(model.categories),
        signals_any=frozenset(model.signals_any),
        severity_at_least=severity,
        customer_classes=frozenset(model.customer_classes),
        reopen_count_at_least=model.reopen_count_at_least,
        contact_count_at_least=model.contact_count_at_least,
        prior_disputes_at_least=model.prior_disputes_at_least,
        needs_person=model.needs_person,
    )


def authority(model: AuthorityModel) -> Authority:
    """What a tier may promise."""
    overrides = (
        Override(
            _limit(each),
            frozenset(each.categories),
            frozenset(each.customer_classes),
            frozenset(each.remedies),
            each.first_time_only,
        )
        for each in model.overrides
    )
    return Authority(_limit(model), tuple(overrides))


def _limit(model: LimitModel) -> Limit:
    return Limit(model.amount, MappingProxyType(dict(model.amounts)), model.unlimited)
