"""Regimes: the regulatory packs as the business has them, and which of them a dispute is under."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query

from services.intake.api.case import casework_router
from services.intake.api.deps import InTx, dispute_for, require, secured_router
from services.intake.api.policies import READING, Shelf
from services.intake.api.schemas_regimes import (
    ChoiceOut,
    MilestoneOut,
    OwedOut,
    RegimeListOut,
    RegimeOut,
    VerdictOut,
    WholeRegimeOut,
)
from services.intake.security import Caller
from shared.db.regimes import RegimeBooks
from shared.domain.errors import NotFound
from shared.domain.regime import by_id
from shared.domain.regime_choice import RegimeBook

router = secured_router("/v1/regimes", "regimes", codes=("not_found", "invalid_value"))
of_a_dispute = casework_router("regimes")

Reader = Annotated[Caller, Depends(require(*READING))]
DisputeReader = Annotated[Caller, Depends(require("disputes:read"))]
RegimeName = Annotated[str, Path(max_length=210, examples=["uk.fca.disp.payments"])]


async def _book(tx: InTx, shelf: Shelf) -> RegimeBook:
    return await RegimeBooks(await shelf.get(tx.now)).current(tx)


Book = Annotated[RegimeBook, Depends(_book)]


@router.get("", operation_id="listRegimes", summary="List the regulatory regimes")
async def list_regimes(
    caller: Reader,
    book: Book,
    enabled: Annotated[bool | None, Query(description="Only those that are switched on, or off.")] = None,
) -> RegimeListOut:
    """Every pack with whom it is for, its sources and, where it is switched off, the reason."""
    shown = [RegimeOut.of(each) for each in book.regimes if enabled is None or each.enabled is enabled]
    return RegimeListOut(
        items=shown,
        policy_version=book.version,
        default_jurisdiction=book.default_jurisdiction,
        default_product_line=book.default_product_line,
    )


@router.get("/{name}", operation_id="getRegime", summary="Read a regulatory regime")
async def get_regime(name: RegimeName, caller: Reader, book: Book) -> WholeRegimeOut:
    """Its milestones with what starts and meets them, their figures, extensions, pauses and sources."""
    regime = by_id(book.regimes).get(name)
    if regime is None:
        raise NotFound("regime", name)
    return WholeRegimeOut.of(
        regime,
        rules=regime.rules,
        circumstances=dict(regime.circumstances),
        milestones=[MilestoneOut.of(each) for each in regime.milestones],
        policy_version=book.version,
    )


@of_a_dispute.get("/regimes", operation_id="getDisputeRegimes", summary="Read which regimes a dispute is under")
async def regimes_of(dispute_id: UUID, caller: DisputeReader, tx: InTx, book: Book) -> ChoiceOut:
    """Each regime with the reason for which it was chosen or not, and the milestones that follow."""
    dispute = await dispute_for(tx, caller, dispute_id)
    case = book.situation(dispute)
    return ChoiceOut(
        jurisdiction=case.jurisdiction,
        product_line=case.product,
        category=case.category,
        customer_class=case.customer_class,
        circumstances=sorted(case.circumstances),
        verdicts=[VerdictOut(**verdict._asdict()) for verdict in book.choose(dispute).verdicts],
        owed=[OwedOut.of(each) for each in book.owed(dispute)],
        policy_version=book.version,
    )
