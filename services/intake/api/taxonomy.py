"""The taxonomy in use, read: categories, issues, and what each is called elsewhere."""

from typing import Annotated

from fastapi import Depends
from pydantic import BaseModel, Field

from services.intake.api.deps import Parts, require, secured_router
from services.intake.security import Caller

router = secured_router("/v1/taxonomy", "disputes")


class IssueOut(BaseModel):
    """What a dispute can be about more closely."""

    name: str = Field(examples=["charged_twice"])
    title: str
    codes: dict[str, list[str]] = Field(description="By scheme, what this is called there.")
    phrases: list[str] = Field(description="What in a text speaks for it.")


class CategoryInUseOut(BaseModel):
    """A category with its issues."""

    name: str = Field(examples=["billing_error"])
    title: str
    meaning: str
    codes: dict[str, list[str]]
    issues: list[IssueOut]


class TaxonomyOut(BaseModel):
    """What customers complain of, in two levels."""

    name: str = Field(examples=["general"])
    title: str
    categories: list[CategoryInUseOut]


@router.get("", operation_id="getTaxonomy", summary="Read the taxonomy in use")
async def get_taxonomy(parts: Parts, caller: Annotated[Caller, Depends(require("disputes:read"))]) -> TaxonomyOut:
    """Categories and issues, with the card networks', Stripe's, the CFPB's and the FCA's names for them."""
    taxonomy = parts.taxonomy
    return TaxonomyOut.model_validate(taxonomy, from_attributes=True)
