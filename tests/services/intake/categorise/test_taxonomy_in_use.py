"""A desk that does not use every category gets answers in those it uses."""

from pathlib import Path
from typing import Any

import pytest

from services.intake.categorise import Categoriser, read_complaint
from services.intake.main import build
from services.intake.settings import IntakeSettings
from shared.domain.taxonomy import Taxonomy, TaxonomyCategory
from shared.policy.taxonomy import load_taxonomy
from shared.runtime.settings import ConfigurationError


def of(*names: str) -> Categoriser:
    return Categoriser.of(Taxonomy("own", "Own", tuple(TaxonomyCategory(name, name, name) for name in names)))


TEXTS = (
    "The kettle broke on day two and you refuse the warranty.",
    "The kettle is under warranty, the parcel never came, nobody answers and you charged me twice.",
    "Mein Paket ist nicht angekommen, niemand meldet sich und die Garantie wurde abgelehnt.",
)


@pytest.mark.parametrize("text", TEXTS)
def test_what_a_missing_category_would_have_held_is_other(text: str) -> None:
    category, _ = read_complaint(of("billing_error", "other"), "", text)
    assert category.name in {"billing_error", "other"}
    assert set(category.secondary) <= {"billing_error"}
    assert read_complaint(of(*load_taxonomy().names), "", text) == read_complaint(Categoriser.load(), "", text)


def test_one_category_of_the_financial_pack_is_enough_to_have_it() -> None:
    text = "A debt collector keeps calling me about a debt I do not owe."
    assert read_complaint(of("debt_collection", "other"), "", text)[0].name == "debt_collection"
    assert read_complaint(of("data_records", "other"), "", text)[0].name == "other"


def test_a_taxonomy_whose_phrases_cannot_be_used_stops_the_start(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    issue = '[[category.issue]]\nname = "late"\ntitle = "Late"\nphrases = ["@parcels late"]\n'
    path.write_text(f'name = "own"\ntitle = "Own"\n[[category]]\nname = "other"\ntitle = "O"\nmeaning = "O"\n{issue}')
    settings: dict[str, Any] = {"taxonomy": str(path)}
    unused: Any = None
    with pytest.raises(ConfigurationError, match=r"RECOURSE_TAXONOMY.*@parcels"):
        build(IntakeSettings(**settings), database=unused, broker=unused, metrics=unused, sealer=unused)
