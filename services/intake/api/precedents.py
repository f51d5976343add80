"""Precedents: decided disputes like this one, what became of them, and a remedy that enough of them had."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Query

from services.intake.api.case import casework_router
from services.intake.api.deps import InTx, Parts, dispute_for, require
from services.intake.api.fields import MoneyOut
from services.intake.api.schemas_precedents import (
    AuthorityOut,
    PrecedentOut,
    PrecedentsOut,
    PrecedentSpreadOut,
    SuggestionOut,
)
from services.intake.commands.conclude import judge
from services.intake.security import Caller
from shared.db import privates
from shared.db.precedents import MATCHES_MAX, Asked, find
from shared.domain.authority import MONEY_REMEDIES
from shared.domain.dispute import Dispute, Remedy
from shared.domain.matrix import Matrix
from shared.domain.money import MINOR_DIGITS, Money
from shared.domain.promising import Allowed
from shared.domain.suggesting import Suggestion, spread, suggested

router = casework_router()

Reader = Annotated[Caller, Depends(require("disputes:read"))]
_RESTS_ON_MAX: Final = 5


@router.get("/precedents", operation_id="getPrecedents", summary="Similar decided disputes")
async def get_precedents(
    dispute_id: UUID,
    caller: Reader,
    tx: InTx,
    parts: Parts,
    limit: Annotated[int, Query(ge=1, le=MATCHES_MAX, description="The most alike so many are listed.")] = 10,
) -> PrecedentsOut:
    """The decided disputes most like this one by their texts, category, issue, amount and customer, each with the reasons.

    With what became of them all, and, where enough of them had the same, a suggestion. It is never applied by itself.
    """
    dispute = await dispute_for(tx, caller, dispute_id)
    private = await privates.get(tx, dispute_id)
    matrix = await parts.matrix.get(tx)
    filed_by = caller.principal_id if caller.only_own else None
    found = await find(tx, Asked(dispute, f"{private.subject} {private.description}", matrix.rates, filed_by))
    suggestion = suggested(found.matches)
    return PrecedentsOut(
        items=[PrecedentOut.of(each) for each in found.matches[:limit]],
        spread=PrecedentSpreadOut.of(spread(found.matches)),
        suggestion=None if suggestion is None else _told(suggestion, dispute, matrix, caller),
        compared=found.compared,
        precedents=found.precedents,
    )


def _told(suggestion: Suggestion, dispute: Dispute, matrix: Matrix, caller: Caller) -> SuggestionOut:
    low, median, high = _amounts(suggestion, dispute)
    shown = tuple(
        None if each is None else MoneyOut(value=each.value, currency=each.currency) for each in (low, median, high)
    )
    return SuggestionOut.of(suggestion, shown, _authority(suggestion, median, dispute, matrix, caller), _RESTS_ON_MAX)


def _amounts(suggestion: Suggestion, dispute: Dispute) -> tuple[Money | None, ...]:
    """The quartiles of what was paid, of this dispute's amount, to its currency's coin; an amount of nothing is none."""
    if suggestion.paid is None or dispute.amount is None:
        return None, None, None
    coin = Decimal(1).scaleb(-MINOR_DIGITS[dispute.amount.currency])
    shares = suggestion.paid.low, suggestion.paid.median, suggestion.paid.high
    worth = [(dispute.amount.amount * Decimal(share)).quantize(coin, ROUND_HALF_EVEN) for share in shares]
    return tuple(Money(each, dispute.amount.currency) if each else None for each in worth)


def _authority(
    suggestion: Suggestion, amount: Money | None, dispute: Dispute, matrix: Matrix, caller: Caller
) -> AuthorityOut:
    kind = suggestion.remedy
    if kind is None or kind not in MONEY_REMEDIES:
        return AuthorityOut(within=True, tier=None, words="within your authority: no money is promised")
    if amount is None:
        return AuthorityOut(
            within=None, tier=None, words="it depends on the amount, of which the matches say too little"
        )
    verdict = judge(matrix, dispute, Remedy(kind, amount), caller)
    if isinstance(verdict, Allowed):
        return AuthorityOut(within=True, tier=None, words="within your authority")
    able = "no tier may promise it" if verdict.tier is None else f"tier {verdict.tier} may promise it"
    return AuthorityOut(within=False, tier=verdict.tier, words=f"above your authority: {able}")
