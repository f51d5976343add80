"""A model learnt from labelled texts, as bytes with its report; the one door to the recipe.

scikit-learn is needed behind it (the extra `train` of pyproject.toml); what is learnt is plain numbers.
"""

from collections import Counter
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any, Final, NamedTuple

from services.intake.categorise import Categoriser
from services.intake.categorise.load import model_of
from services.launch.understanding.corpus import HELD_OUT, Example
from services.launch.understanding.measures import measured
from shared.domain.errors import Conflict

TEXTS_LEAST: Final = 200
HELD_OUT_LEAST: Final = 20
"""Fewer held-out texts than this give no figures."""


class Learned(NamedTuple):
    """A model file's bytes, and its report: how the same recipe did on texts kept out of it."""

    model: bytes
    report: dict[str, Any]


def learn(examples: Sequence[Example]) -> Learned:
    """The model of all these texts, each of which has its fold; the same for the same texts, byte by byte.

    Raises:
        Conflict: there is too little to learn from, or scikit-learn is not installed.
    """
    if len(examples) < TEXTS_LEAST:
        raise Conflict(f"{len(examples)} labelled texts are too few to learn from; {TEXTS_LEAST} are needed.")
    if len({example.truth for example in examples}) < 2:
        raise Conflict("All texts have the same label; there is nothing to tell apart.")
    if find_spec("sklearn") is None:
        raise Conflict("Learning needs scikit-learn, the extra `train` of pyproject.toml: pip install scikit-learn.")
    from services.launch.understanding.fitting import fitted_bytes

    if not _can_be_checked(examples):
        raise Conflict(
            "The texts do not show how sure an answer is: too few have a second label, or all are corrections."
        )
    seen = [example for example in examples if example.fold != HELD_OUT]
    figures = len(examples) - len(seen) >= HELD_OUT_LEAST and _can_be_checked(seen)
    report = report_on(examples, fitted_bytes(seen) if figures else None)
    return Learned(fitted_bytes(examples, report), report)


def _can_be_checked(examples: Sequence[Example]) -> bool:
    """Whether confidence can be learnt: each fold asked about is left out in turn, and what stays must have two labels."""
    from services.launch.understanding.recipe import NO_DOMAIN

    asked = {example.fold for example in examples if example.source not in NO_DOMAIN}
    return bool(asked) and all(
        len({example.truth for example in examples if example.fold != fold}) > 1 for fold in asked
    )


def report_on(examples: Sequence[Example], twin: bytes | None) -> dict[str, Any]:
    """What a model is learnt from, and the figures of its twin, which never saw the held-out fold, on that fold."""
    unseen = [example for example in examples if example.fold == HELD_OUT]
    taxonomies = {"default": False, "financial": True}
    return {
        "texts": len(examples),
        "sources": dict(sorted(Counter(example.source for example in examples).items())),
        "categories": dict(sorted(Counter(example.truth for example in examples).items())),
        "held_out": {}
        if twin is None
        else {
            name: measured(loaded(twin, financial=financial), unseen).as_dict()
            for name, financial in taxonomies.items()
        },
    }


def loaded(model: bytes, *, financial: bool = False) -> Categoriser:
    """A categoriser of a model file's bytes; raises ModelFileError."""
    return Categoriser(model_of(model), financial)
