"""Pure categorisation of complaints: category, confidence, reasons, and the signals in the customer's words."""

from services.intake.categorise.categories import CATEGORIES, FINANCIAL_CATEGORIES, Categorisation
from services.intake.categorise.categoriser import Categoriser
from services.intake.categorise.complaint import read_complaint
from services.intake.categorise.load import ModelFileError
from services.intake.categorise.signals import EMOTIONS, FLAGS, Signal, read_signals

__all__ = [
    "CATEGORIES",
    "EMOTIONS",
    "FINANCIAL_CATEGORIES",
    "FLAGS",
    "Categorisation",
    "Categoriser",
    "ModelFileError",
    "Signal",
    "read_complaint",
    "read_signals",
]
