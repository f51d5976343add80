"""What the figures of a model mean, and what the labels and texts it is taught with are."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from services.intake.categorise import FINANCIAL_CATEGORIES
from services.launch.understanding.corpus import HERE, Example, gold, text_key, written
from services.launch.understanding.labelled import Columns
from services.launch.understanding.learning import learn
from services.launch.understanding.measures import Answer, coverage, in_taxonomy, is_financial, of_answers
from services.launch.understanding.training import from_file
from shared.domain.errors import Conflict


def test_macro_f1_counts_every_category_that_occurs_alike() -> None:
    answers = [Answer("warranty", 0.9, True, "warranty")] * 9 + [Answer("warranty", 0.9, True, "other")]
    found = of_answers(answers)
    assert found.accuracy == 0.9
    assert found.macro_f1 == pytest.approx((2 * 9 / 19 + 0) / 2)
    assert found.categories["other"].recall == 0.0


def test_confidence_that_is_right_as_often_as_it_says_has_no_calibration_error() -> None:
    answers = [Answer("other", 0.75, True, "other")] * 3 + [Answer("other", 0.75, True, "warranty")]
    assert of_answers(answers).ece == pytest.approx(0.0)
    assert of_answers([Answer("other", 0.95, True, "warranty")]).ece == pytest.approx(0.95)


def test_coverage_never_parts_answers_of_equal_confidence() -> None:
    answers = [Answer("other", 0.8, True, "other")] * 5 + [Answer("other", 0.8, True, "warranty")] * 5
    assert coverage(answers) == 0.0
    assert coverage([Answer("other", 0.9, True, "other"), *answers]) == pytest.approx(1 / 11)


def test_what_the_threshold_lets_through_is_measured_by_itself() -> None:
    found = of_answers([Answer("other", 0.9, True, "other"), Answer("other", 0.2, False, "warranty")])
    assert (found.threshold_coverage, found.threshold_precision) == (0.5, 1.0)


def test_a_label_beyond_the_taxonomy_counts_as_other() -> None:
    assert in_taxonomy("debt_collection", financial=False) == "other"
    assert in_taxonomy("debt_collection", financial=True) == "debt_collection"
    assert is_financial(["other", "data_records"])
    assert not is_financial(["other", "warranty"])


def test_the_careful_labels_hold_no_text_and_only_known_categories() -> None:
    labels = gold()
    assert len(labels) >= 6_800
    for key, found in labels.items():
        assert len(key) == 16
        int(key, 16)
        assert {found.primary, *found.secondary, *found.named_once} <= set(FINANCIAL_CATEGORIES)
        assert found.primary not in {*found.secondary, *found.named_once}
    with (HERE / "gold.csv").open(encoding="utf-8", newline="") as lines:
        assert max(len(value) for row in csv.DictReader(lines) for value in row.values()) < 120


def test_the_written_texts_are_many_distinct_and_rightly_labelled() -> None:
    texts = written()
    assert len(texts) >= 3_000
    assert len({text_key(each.text) for each in texts}) == len(texts)
    for each in texts:
        assert {each.category, *each.secondary} <= set(FINANCIAL_CATEGORIES)
        assert each.category not in each.secondary


def test_too_few_texts_are_refused_in_a_sentence() -> None:
    with pytest.raises(Conflict, match="too few to learn from"):
        learn(written()[:10])


def test_texts_of_one_label_are_refused_in_a_sentence() -> None:
    one = [each for each in written() if each.category == "other"]
    with pytest.raises(Conflict, match="nothing to tell apart"):
        learn(one * 3)


def _alike(category: str, text: str, *, times: int, source: str = "house") -> list[Example]:
    return [Example(source, f"{category}{at}", "", f"{text} {at}", category, fold=at % 5) for at in range(times)]


@pytest.mark.parametrize(
    "texts",
    [
        _alike("other", "a kettle", times=300) + _alike("warranty", "the guarantee", times=1),
        _alike("other", "a kettle", times=150, source="corrections")
        + _alike("warranty", "the guarantee", times=150, source="corrections"),
        [
            replace(each, fold=3)
            for each in _alike("other", "a kettle", times=150) + _alike("warranty", "a kettle", times=150)
        ],
    ],
    ids=["one text of the second label", "corrections alone", "all near-identical"],
)
def test_texts_that_leave_nothing_to_check_answers_with_are_refused_in_a_sentence(texts: list[Example]) -> None:
    pytest.importorskip("sklearn")
    with pytest.raises(Conflict, match="how sure an answer is"):
        learn(texts)


def test_texts_with_no_word_in_common_are_refused_in_a_sentence() -> None:
    pytest.importorskip("sklearn")
    words = [
        Example(
            "house",
            str(at),
            "",
            f"q{chr(97 + at % 26)}{chr(97 + at // 26)}j",
            ["other", "warranty"][at % 2],
            fold=at % 5,
        )
        for at in range(300)
    ]
    with pytest.raises(Conflict, match="no word"):
        learn(words)


@pytest.mark.parametrize(("name", "source"), [("written.csv", "file_written"), ("october.csv.gz", "october")])
def test_a_file_is_never_taken_for_the_texts_that_came_with_the_product(tmp_path: Path, name: str, source: str) -> None:
    """Of those all further matters are known; of a file's none is."""
    (tmp_path / name).write_text("text,mapped_category\nThe kettle broke.,warranty\n")
    examples, _ = from_file(tmp_path / name, Columns("text", "mapped_category"))
    assert [each.source for each in examples] == [source]
