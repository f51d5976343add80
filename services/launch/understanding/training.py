"""What a new model is learnt from, and how it stands to the one in use."""

from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

from services.intake.categorise import FINANCIAL_CATEGORIES, Categoriser
from services.launch.understanding.corpus import HELD_OUT, Example, with_folds, written
from services.launch.understanding.labelled import Columns, Labelled, labelled
from services.launch.understanding.learning import Learned, learn, loaded
from services.launch.understanding.measures import in_taxonomy, is_financial, measured
from shared.db import corrections
from shared.db.engine import Database
from shared.domain.drift import by_chance, stability_index

CORRECTIONS_MAX: Final = 100_000
CORRECTIONS: Final = "corrections"
_PLACES: Final = 5


class Material(NamedTuple):
    """Labelled texts with where they come from; near-identical ones share a fold, one fold is held out."""

    examples: list[Example]
    sources: list[dict[str, Any]]
    financial: bool


def from_file(file: Path, columns: Columns) -> tuple[list[Example], dict[str, Any]]:
    """The labelled texts of a file under its name without endings, and what is to be told of the file.

    A label that is no category of the product counts as `other`. Raises UnusableData.
    """
    source = file.name.partition(".")[0]
    if source.startswith("written"):  # the project's own, of whose texts every matter is known
        source = f"file_{source}"
    rows = [row for row in labelled(file, columns) if isinstance(row, Labelled)]
    labels = Counter(row.label for row in rows)
    unknown = {name: times for name, times in labels.most_common() if name not in FINANCIAL_CATEGORIES}
    told = {
        "file": file.name,
        "sha256": sha256(file.read_bytes()).hexdigest(),
        "texts": len(rows),
        "unknown_labels": unknown,
    }
    return [_example(source, row.subject, row.text, row.label) for row in rows], told


async def from_corrections(database: Database) -> tuple[list[Example], dict[str, Any]]:
    """What agents said is right, in the order of its ids."""
    found = [each async for page in corrections.pages(database, limit=CORRECTIONS_MAX) for each in page]
    wrong = sum(each.read_as != each.category for each in found)
    told = {"corrections": len(found), "read_wrongly": wrong}
    return [_example(CORRECTIONS, each.subject, each.description, each.category) for each in found], told


def gathered(parts: Sequence[tuple[list[Example], dict[str, Any]]], *, with_written: bool) -> Material:
    """Everything to learn from, the project's own texts among it if they are wanted."""
    own = written() if with_written else []
    examples = [example for found, _ in parts for example in found]
    told = [each for _, each in parts]
    if own:
        told.append({"written": len(own)})
    return Material(with_folds([*own, *examples]), told, is_financial([each.truth for each in examples]))


def trained(material: Material, in_use: Categoriser, version: int | None) -> Learned:
    """The model with its report: figures on held-out texts, and how it stands to the model in use.

    Raises:
        Conflict: too little to learn from, or scikit-learn is not installed.
    """
    learned = learn(material.examples)
    unseen = [each for each in material.examples if each.fold == HELD_OUT]
    report = learned.report | {
        "taxonomy": "financial" if material.financial else "default",
        "data": material.sources,
        "against_model_in_use": {"version": version, **_against(learned, in_use, unseen)} if unseen else None,
    }
    return learned._replace(report=report)


def _against(learned: Learned, in_use: Categoriser, unseen: Sequence[Example]) -> dict[str, Any]:
    """How the answers move when the candidate takes over, on the held-out texts as far as they are such."""
    candidate = loaded(learned.model, financial=in_use.financial)
    before, after = ([_said(each, text) for text in unseen] for each in (in_use, candidate))
    figures = measured(in_use, unseen).as_dict()
    counts = Counter(before), Counter(after)
    return {
        "same_answer": round(sum(old == new for old, new in zip(before, after, strict=True)) / len(unseen), _PLACES),
        "population_stability_index": round(stability_index(*counts), _PLACES),
        "explained_by_chance": round(by_chance(len(counts[0] | counts[1]), len(unseen), len(unseen)), _PLACES),
        "in_use": {name: figures[name] for name in ("texts", "accuracy", "macro_f1", "ece", "coverage_at_90")},
    }


def _said(categoriser: Categoriser, text: Example) -> str:
    return categoriser.categorise(text.subject, text.text).name


def _example(source: str, subject: str, text: str, label: str) -> Example:
    key = sha256(f"{subject}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return Example(source, key, subject, text, in_taxonomy(label, financial=True))
