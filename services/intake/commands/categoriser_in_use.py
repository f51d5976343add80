"""The categoriser that answers now: the shipped one, until a published model takes its place while requests go on."""

from dataclasses import replace

from services.intake.categorise import Categoriser
from services.intake.categorise.load import model_of
from shared.db.category_models import named


class CategoriserInUse:
    """Holds one sound categoriser at any moment. Who reads a text takes it once and keeps it to the text's end."""

    def __init__(self, shipped: Categoriser) -> None:
        self._shipped = shipped
        self.categoriser = shipped
        self.version: int | None = None

    def read(self, version: int, raw: bytes) -> Categoriser:
        """A model file as a categoriser like the shipped one; takes tens of milliseconds, safe in any thread.

        Raises:
            ModelFileError: it is no model that this version of the product can read.
        """
        lexicon = self._shipped.model.search.lexicon
        return replace(self._shipped, model=model_of(raw, lexicon, name=named(version)))

    def use(self, version: int | None, categoriser: Categoriser | None = None) -> None:
        """Lets this one answer from now on, or the shipped one."""
        self.categoriser = categoriser or self._shipped
        self.version = version if categoriser is not None else None
