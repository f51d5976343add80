"""`evaluate --issue-column`: issues are measured on a CSV that names them, with the shipped taxonomies or one's own."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from services.launch.cli import app
from services.launch.understanding.issues import OfIssue, Told, of_issues
from services.launch.understanding.measures import Answer
from shared.domain.taxonomy import Issue, Taxonomy, TaxonomyCategory

CHARGED = "You charged my card twice for the same order and I want the second payment back."
ARRIVED = "My parcel never arrived although it was promised for Monday."
BROKEN = "The kettle stopped working after two days, it is broken."
ROWS = [
    ["text", "mapped_category", "issue"],
    [CHARGED, "billing_error", "charged_twice"],
    [ARRIVED, "service_delivery", "Service-Delivery / Not delivered"],
    [BROKEN, "product_quality", "unsafe"],
    [BROKEN, "warranty", "return_refused"],
    [CHARGED, "billing_error", "None"],
    [ARRIVED, "service_delivery", ""],
    [BROKEN, "product_quality", "charged_twice"],
]
OWN = """
name = "kettles"
title = "Kettles"

[[category]]
name = "product_quality"
title = "Broken"
meaning = "A kettle broke."

[[category.issue]]
name = "dead"
title = "Dead"
phrases = ["stopped working"]

[[category]]
name = "other"
title = "Other"
meaning = "Everything else."
"""


def evaluate(folder: Path, rows: Sequence[Sequence[str]], *words: str) -> Result:
    file = folder / "data.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows(rows)
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, ["evaluate", "--data", str(file), *words])


def figures(folder: Path, rows: Sequence[Sequence[str]], *words: str) -> dict[str, Any]:
    done = evaluate(folder, rows, "--issue-column", "issue", "--json", *words)
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)["issues"]
    return found


def test_issues_are_measured_beside_the_categories(tmp_path: Path) -> None:
    found = figures(tmp_path, ROWS)
    assert found["texts"] == 5, "a text without an issue, and one with another category's, are not scored"
    assert (found["told"], found["precision"], found["recall"]) == (1.0, 0.4, 0.5)
    assert found["category_right"] == {"texts": 4, "told": 1.0, "precision": 0.5, "recall": 0.6667}
    assert found["unknown_issues"] == {"product_quality/charged_twice": 1}
    assert found["per_issue"]["billing_error/charged_twice"] == {
        "precision": 0.5,
        "recall": 1.0,
        "told": 2,
        "support": 1,
    }
    assert found["per_issue"]["product_quality/unsafe"]["precision"] is None


def test_issues_of_no_category_are_named(tmp_path: Path) -> None:
    done = evaluate(tmp_path, ROWS, "--issue-column", "issue")
    assert done.exit_code == 0, done.output
    assert "not scored: product_quality/charged_twice (1)." in done.stderr
    for word in ("By issue", "whose category was right", "service_delivery/not_delivered"):
        assert word in done.stdout


def test_without_the_option_nothing_is_said_of_issues(tmp_path: Path) -> None:
    done = evaluate(tmp_path, ROWS, "--json")
    assert "issues" not in json.loads(done.stdout)


def test_a_taxonomy_of_ones_own_is_measured_by_its_file(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(OWN)
    rows = [ROWS[0], [BROKEN, "product_quality", "dead"], [CHARGED, "billing_error", "charged_twice"]]
    done = evaluate(tmp_path, rows, "--issue-column", "issue", "--taxonomy", str(tmp_path / "own.toml"), "--json")
    found = json.loads(done.stdout)
    assert (found["taxonomy"], found["accuracy"]) == ("kettles", 1.0)
    assert found["issues"]["per_issue"]["product_quality/dead"]["recall"] == 1.0
    assert found["issues"]["unknown_issues"] == {"other/charged_twice": 1}
    assert "counted as `other` here: billing_error" in done.stderr


@pytest.mark.parametrize(
    ("own", "said"),
    [
        (None, "Neither general, financial nor"),
        ("name = 1", "own.toml: "),
        (OWN.replace("working", "@working"), "@working"),
    ],
)
def test_a_taxonomy_that_does_not_hold_is_refused_with_a_sentence(tmp_path: Path, own: str | None, said: str) -> None:
    if own is not None:
        (tmp_path / "own.toml").write_text(own)
    done = evaluate(tmp_path, ROWS, "--taxonomy", str(tmp_path / "own.toml"))
    assert (done.exit_code, said in done.stderr) == (65, True), done.output
    assert "Traceback" not in done.output


def test_a_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = evaluate(tmp_path, ROWS, "--issue-column", "cause")
    assert (done.exit_code, "has no column 'cause'" in done.stderr) == (65, True)


def test_an_issue_said_of_another_category_is_none_of_the_texts(tmp_path: Path) -> None:
    rows = [
        ROWS[0],
        [ARRIVED, "service_delivery", "billing_error/not_delivered"],
        [ARRIVED, "service_delivery", "service_delivery/not_delivered"],
        [CHARGED, "fraud_or_unauthorised", "fraud_or_unauthorised/scam"],
        [CHARGED, "nonsense", "other/policy"],
        [CHARGED, "nonsense", "billing_error/none"],
    ]
    found = figures(tmp_path, rows)
    assert found["unknown_issues"] == {
        "service_delivery/billing_error/not_delivered": 1,
        "other/billing_error/none": 1,
    }
    assert found["texts"] == 3


def test_the_commonest_of_unknown_issues_come_first(tmp_path: Path) -> None:
    rows = [ROWS[0], [CHARGED, "billing_error", "rare"], *[[CHARGED, "billing_error", "often"]] * 2]
    assert list(figures(tmp_path, rows)["unknown_issues"]) == ["billing_error/often", "billing_error/rare"]


@pytest.mark.parametrize("option", ["--issue-column", "--subject-column", "--text-column"])
def test_a_column_without_a_name_is_refused_like_any_that_is_not_there(tmp_path: Path, option: str) -> None:
    done = evaluate(tmp_path, ROWS, option, "")
    assert (done.exit_code, "has no column ''" in done.stderr) == (65, True), done.output


def test_an_issue_is_right_only_within_its_own_category() -> None:
    late = (Issue("late", "Late"),)
    taxonomy = Taxonomy("own", "Own", tuple(TaxonomyCategory(name, name, name, late) for name in ("other", "warranty")))
    answers = [
        Answer("other", 1.0, True, "warranty", "late", "late"),
        Answer("other", 1.0, True, "other", "late", "late"),
        Answer("other", 1.0, True, "other", None, "late"),
    ]
    found = of_issues(answers, taxonomy)
    assert found.all == Told(3, 2 / 3, 0.5, 1 / 3)
    assert found.category_right == Told(2, 0.5, 1.0, 0.5)
    assert found.issues == {"other/late": OfIssue(2, 2, 1), "warranty/late": OfIssue(0, 1, 0)}


def test_where_nothing_was_told_there_is_no_precision() -> None:
    taxonomy = Taxonomy("own", "Own", (TaxonomyCategory("other", "O", "O"),))
    assert of_issues([Answer("other", 1.0, True, "other", None, "none")], taxonomy).all == Told(1, 0.0, None, None)
    assert of_issues([], taxonomy).all == Told(0, 0.0, None, None)
