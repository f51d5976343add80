"""`evaluate`: a model is measured on any labelled CSV, and whatever is wrong with one is said in a sentence."""

import csv
import gzip
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from services.launch.cli import app
from services.launch.understanding.labelled import Columns, Labelled, Skipped, labelled

ROOT = Path(__file__).parents[3]
CHARGED = "You charged my card twice for the same order and I want the second payment back."
ARRIVED = "My parcel never arrived although it was promised for Monday."
BROKEN = "The kettle stopped working after two days, it is broken."
FACTS = (
    "accuracy",
    "macro_f1",
    "ece",
    "coverage_at_90",
    "at_threshold",
    "per_class",
    "us_per_text",
    "texts",
    "skipped",
)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("RECOURSE_DATABASE_URL", raising=False)
    return CliRunner()


def write(folder: Path, rows: Sequence[Sequence[str]], name: str = "data.csv") -> str:
    file = folder / name
    opened = gzip.open if name.endswith(".gz") else open
    with opened(file, "wt", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows(rows)
    return str(file)


def evaluate(told: CliRunner, file: str, *words: str) -> Result:
    return told.invoke(app, ["evaluate", "--data", file, *words])


def figures(told: CliRunner, file: str, *words: str) -> dict[str, Any]:
    done = evaluate(told, file, "--json", *words)
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


PLAIN = [
    ["text", "mapped_category"],
    [CHARGED, "billing_error"],
    [ARRIVED, "service_delivery"],
    [BROKEN, "product_quality"],
    [BROKEN, ""],
]


@pytest.mark.parametrize("name", ["data.csv", "data.csv.gz"])
def test_every_figure_is_told_as_one_json_object(told: CliRunner, tmp_path: Path, name: str) -> None:
    found = figures(told, write(tmp_path, PLAIN, name))
    assert set(FACTS) <= set(found)
    assert (found["texts"], found["accuracy"], found["macro_f1"]) == (3, 1.0, 1.0)
    assert found["per_class"]["billing_error"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0, "support": 1}
    assert 0 < found["us_per_text"]["p50"] <= found["us_per_text"]["p99"]
    assert (found["skipped"], found["skipped_because"]) == (1, {"no_label": 1})


def test_names_of_public_data_are_taken_for_ours(told: CliRunner, tmp_path: Path) -> None:
    labels = ["fraud_or_unauthorised", "unauthorised", "unauthorised_charge", "warranty_returns", "warranty"]
    file = write(tmp_path, [["text", "mapped_category"], *([ARRIVED, label] for label in labels)])
    found = figures(told, file)
    assert {name: each["support"] for name, each in found["per_class"].items()} == {
        "unauthorised_charge": 3,
        "warranty": 2,
    }
    assert found["unknown_labels"] == {}


def test_our_names_are_known_however_they_are_spelt(told: CliRunner, tmp_path: Path) -> None:
    labels = ["Service Delivery", "SERVICE_DELIVERY", "service-delivery", "Warranty/Returns", " Fraud or unauthorised "]
    found = figures(told, write(tmp_path, [["text", "mapped_category"], *([ARRIVED, label] for label in labels)]))
    assert {name: each["support"] for name, each in found["per_class"].items()} == {
        "service_delivery": 3,
        "unauthorised_charge": 1,
        "warranty": 1,
    }
    assert found["unknown_labels"] == {}


def test_a_label_that_is_none_of_ours_counts_as_other_and_is_named(told: CliRunner, tmp_path: Path) -> None:
    file = write(tmp_path, [*PLAIN, [BROKEN, "kettles"]])
    done = evaluate(told, file, "--json")
    assert "counted as `other`: kettles (1)" in done.stderr
    found = json.loads(done.stdout)
    assert (found["unknown_labels"], found["per_class"]["other"]["support"]) == ({"kettles": 1}, 1)


def test_the_labels_choose_the_taxonomy_unless_it_is_named(told: CliRunner, tmp_path: Path) -> None:
    file = write(tmp_path, [*PLAIN, ["A collector calls me about a debt I do not owe.", "debt_collection"]])
    assert figures(told, file)["taxonomy"] == "financial"
    done = evaluate(told, file, "--json", "--taxonomy", "general")
    assert "debt_collection" in done.stderr
    assert json.loads(done.stdout)["per_class"]["other"]["support"] == 1
    assert figures(told, write(tmp_path, PLAIN, "general.csv"))["taxonomy"] == "general"


def test_macro_f1_is_over_the_classes_that_occur_among_the_labels(told: CliRunner, tmp_path: Path) -> None:
    file = write(tmp_path, [["text", "mapped_category"], [CHARGED, "billing_error"], [ARRIVED, "billing_error"]])
    found = figures(told, file)
    assert list(found["per_class"]) == ["billing_error"]
    assert found["macro_f1"] == pytest.approx(2 * 1 / (1 + 2), abs=1e-4)


def test_columns_may_have_other_names_and_a_subject(told: CliRunner, tmp_path: Path) -> None:
    file = write(tmp_path, [["what", "head", "kind"], ["It is as the subject says.", CHARGED, "billing_error"]])
    columns = ("--text-column", "what", "--label-column", "kind")
    assert figures(told, file, *columns, "--subject-column", "head")["accuracy"] == 1.0


def test_without_json_it_is_a_table(told: CliRunner, tmp_path: Path) -> None:
    done = evaluate(told, write(tmp_path, PLAIN))
    assert done.exit_code == 0, done.output
    for word in ("macro-F1", "product_quality", "Calibration", "no_label 1"):
        assert word in done.output


def test_a_text_of_any_length_and_any_signs_is_a_row_like_others(told: CliRunner, tmp_path: Path) -> None:
    texts = ["x" * 3_000_000, "\x00\u202e\u200b" * 1000, "=cmd|' /C calc'!A0", '"', "🙂" * 5000, "a,b\r\nc\n"]
    file = write(tmp_path, [["text", "mapped_category"], *([text, "other"] for text in texts)])
    assert figures(told, file)["texts"] == len(texts)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "is empty"),
        (b"text,label\nx,y\n", "has no column 'mapped_category'. It has: text, label."),
        (b"text;mapped_category\nx;other\n", "parts its columns with ';', not with commas"),
        (b"text\tmapped_category\nx\tother\n", "parts its columns with tabs, not with commas"),
        (b"text,mapped_category\n", "nothing to score"),
        (b"text,mapped_category\nx,\n", "nothing to score"),
        (b'text,mapped_category\n"open for ever,other\n', "is not CSV: line 2"),
        (b"text,mapped_category\n\xff\xfe,other\n", "is not UTF-8"),
        (gzip.compress(b"text,mapped_category\n" + b"x,other\n" * 1000, mtime=0)[:-20], "is gzipped, and damaged"),
        (b"\x1f\x8bno gzip at all", "is gzipped, and damaged"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_a_sentence(
    told: CliRunner, tmp_path: Path, raw: bytes, said: str
) -> None:
    file = tmp_path / "data.csv"
    file.write_bytes(raw)
    done = evaluate(told, str(file), "--json")
    assert (done.exit_code, said in done.stderr, done.stdout) == (65, True, ""), done.output


def test_files_that_are_not_there_are_told_as_well(told: CliRunner, tmp_path: Path) -> None:
    missing = evaluate(told, str(tmp_path / "none.csv"))
    assert (missing.exit_code, "cannot be read: No such file" in missing.stderr) == (66, True)
    data = write(tmp_path, PLAIN)
    assert evaluate(told, data, "--model", str(tmp_path / "none.bin")).exit_code == 66
    (tmp_path / "odd.bin").write_bytes(b"no model")
    damaged = evaluate(told, data, "--model", str(tmp_path / "odd.bin"))
    assert (damaged.exit_code, "odd.bin" in damaged.stderr) == (65, True)


def test_rows_are_read_as_they_are_written(tmp_path: Path) -> None:
    file = tmp_path / "data.csv"
    text = "\ufefftext , mapped_category\nshort\n\n'single',other\n\"two\nlines\",warranty_returns,more\n ,other\n"
    file.write_text(text, encoding="utf-8")
    assert list(labelled(file, Columns("text", "mapped_category"))) == [
        Skipped("short_row"),
        Labelled("", "'single'", "other"),
        Labelled("", "two\nlines", "warranty"),
        Skipped("no_text"),
    ]


def test_no_library_for_training_is_needed(tmp_path: Path) -> None:
    """The command is run with every one of them made impossible to import."""
    block = "import sys; sys.modules.update(dict.fromkeys(('sklearn', 'numpy', 'scipy', 'pandas')));"
    code = f"{block} from services.launch.cli import app; app(['evaluate', '--data', sys.argv[1], '--json'])"
    bare = {name: value for name, value in os.environ.items() if not name.startswith("RECOURSE_")}
    command = [sys.executable, "-c", code, write(tmp_path, PLAIN)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=bare, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["texts"] == 3
