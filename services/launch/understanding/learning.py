"""A model learnt from labelled texts, as bytes with its report; the one door to the recipe.

scikit-learn is needed behind it (the extra `train` of pyproject.toml); what is learnt is plain numbers.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import Any, Final, NamedTuple

from services.intake.categorise import Categoriser
from services.intake.categorise.load import model_of
from services.launch.understanding.corpus import HELD_OUT, Example, with_folds
from services.launch.understanding.measures import Measures, measured
from shared.domain.errors import Conflict

TEXTS_LEAST: Final = 200
HELD_OUT_LEAST: Final = 20
"""Fewer held-out texts than this give no figures."""


class Learned(NamedTuple):
    """A model file's bytes, and how the same recipe did on texts kept out of it."""

    model: bytes
    report: dict[str, Any]
    held_out: dict[str, Measures]
    """Per taxonomy, by a model that had not seen these texts."""


def learn(examples: Sequence[Example], *, measure: bool = True) -> Learned:
    """The model of all texts and, with `measure`, the figures of its twin that never saw one fold in five.

    The same for the same texts. An example without a fold (-1) is given one, near-identical texts the same.

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

    folded = list(examples) if all(example.fold >= 0 for example in examples) else with_folds(_unfolded(examples))
    held_out = _twin(folded) if measure else {}
    report = {
        "texts": len(folded),
        "sources": dict(sorted(Counter(example.source for example in folded).items())),
        "categories": dict(sorted(Counter(example.truth for example in folded).items())),
        "held_out": {taxonomy: figures.as_dict() for taxonomy, figures in held_out.items()},
    }
    return Learned(fitted_bytes(folded), report, held_out)


def _unfolded(examples: Sequence[Example]) -> list[Example]:
    return [replace(example, fold=-1) for example in examples]


def _twin(folded: Sequence[Example]) -> dict[str, Measures]:
    from services.launch.understanding.fitting import fitted_bytes

    unseen = [example for example in folded if example.fold == HELD_OUT]
    if len(unseen) < HELD_OUT_LEAST:
        return {}
    twin = fitted_bytes([example for example in folded if example.fold != HELD_OUT])
    return {name: measured(loaded(twin, financial=name == "financial"), unseen) for name in ("default", "financial")}


def loaded(model: bytes, *, financial: bool = False) -> Categoriser:
    """A categoriser of a model file's bytes; raises ModelFileError."""
    return Categoriser(model_of(model), financial)
