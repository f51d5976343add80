"""Pure categorisation of complaints: category, confidence, reasons, and the signals in the customer's words."""

from services.intake.categorise.categories import CATEGORIES, FINANCIAL_CATEGORIES, Categorisation
from services.intake.categorise.categoriser import Categoriser
from services.intake.categorise.load import ModelFileError

__all__ = ["CATEGORIES", "FINANCIAL_CATEGORIES", "Categorisation", "Categoriser", "ModelFileError"]
