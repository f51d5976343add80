"""`train`: a model is learnt from a CSV and from corrections, the same every time, and replaces none."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from services.intake.categorise import CATEGORIES
from services.intake.categorise.load import read_header
from services.launch.cli import app
from services.launch.understanding.corpus import Example, written
from services.launch.understanding.learning import loaded
from shared.db import category_models as models
from shared.db import corrections, disputes
from shared.db.corrections import Correction
from shared.db.engine import Tx
from tests.builders import a_filing
from tests.services.launch.asking import ask

ROOT = Path(__file__).parents[3]

_OWN: Sequence[Example] = [each for each in written() if each.category in CATEGORIES[:3]]
TEXTS: Sequence[Example] = [each for at, each in enumerate(_OWN) if at % 4 == 0]
"""Texts of the project's own stand for a house's complaints."""


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("RECOURSE_DATABASE_URL", raising=False)
    return CliRunner()


@pytest.fixture
def stored(told: CliRunner, database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("RECOURSE_DATABASE_URL", database)
    return database


def train(told: CliRunner, *words: str) -> Result:
    return told.invoke(app, ["train", *words])


@pytest.fixture
def data(tmp_path: Path) -> str:
    file = tmp_path / "house.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        lines = csv.writer(out)
        lines.writerow(["text", "mapped_category"])
        lines.writerows([each.text, each.category] for each in TEXTS)
        lines.writerow(["A text that nobody labelled.", ""])
        lines.writerow(["Kettles are kettles.", "kettles"])
    return str(file)


@pytest.mark.timeout(400)  # it learns twice, each time with its folds
def test_the_same_file_gives_the_same_model_byte_by_byte(told: CliRunner, data: str, tmp_path: Path) -> None:
    first, second = tmp_path / "first.bin", tmp_path / "second.bin"
    done = train(told, "--data", data, "--no-written", "--out", str(first), "--json")
    assert done.exit_code == 0, done.output
    command = [sys.executable, "-m", "services", "train", "--data", data, "--no-written", "--out", str(second)]
    other = {**os.environ, "PYTHONHASHSEED": "77", "COLUMNS": "200"}
    again = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=other, check=False)
    assert again.returncode == 0, again.stderr
    assert first.read_bytes() == second.read_bytes()
    assert loaded(first.read_bytes()).categorise("", TEXTS[0].text).name == TEXTS[0].category
    report = json.loads(done.stdout)
    _is_told_in_full(report)
    carried = read_header(first.read_bytes())["report"]
    assert carried == {name: report[name] for name in ("texts", "sources", "categories", "held_out")}
    assert "Held-out texts by class" in again.stdout
    assert "Same answer as the model in use" in again.stdout


def _is_told_in_full(report: dict[str, Any]) -> None:
    assert (report["candidate"], report["taxonomy"], report["sources"]) == (None, "default", {"house": len(TEXTS) + 1})
    (file,) = report["data"]
    assert (file["file"], file["texts"], file["unknown_labels"]) == ("house.csv", len(TEXTS) + 1, {"kettles": 1})
    held_out = report["held_out"]["default"]
    assert 0 < held_out["texts"] < len(TEXTS)
    assert held_out["accuracy"] > 0.3  # of three categories and a stray
    assert {"precision", "recall", "f1"} <= held_out["per_class"]["billing_error"].keys()
    assert {"ece", "coverage_at_90", "bins"} <= held_out.keys()
    against = report["against_model_in_use"]
    assert against["version"] is None
    assert 0 <= against["same_answer"] <= 1
    assert against["in_use"]["texts"] == held_out["texts"]


@pytest.mark.timeout(400)
def test_what_agents_corrected_is_learnt_and_stored_as_a_candidate(told: CliRunner, stored: str, data: str) -> None:
    async def corrected(tx: Tx) -> None:
        for at in range(12):
            (dispute,) = await disputes.insert_many(tx, [a_filing()])
            words = f"The flange of unit {'abcdefghijkl'[at]} wobbles and the gasket weeps oil since it was fitted."
            made = Correction(dispute.id, "Flange wobbles", words, "other", 0.3, True, "product_quality")
            await corrections.keep(tx, made)

    ask(stored, corrected)
    done = train(told, "--data", data, "--no-written", "--corrections", "--store", "--by", "ada")
    assert done.exit_code == 0, done.output
    assert "Stored as model 1, a candidate" in done.output
    assert ask(stored, models.current_version) is None, "a candidate replaces nothing"
    found = ask(stored, lambda tx: models.shown(tx, 1))
    assert found.author == "ada"
    assert found.report["sources"]["corrections"] == 12
    assert {"corrections": 12, "read_wrongly": 12} in found.report["data"]
    model = loaded(ask(stored, lambda tx: models.get(tx, 1)))
    assert model.categorise("", "The flange wobbles and the gasket weeps oil.").name == "product_quality"
    assert told.invoke(app, ["model", "publish", "1", "--reason", "it knows flanges"]).exit_code == 0


def test_labels_that_are_none_of_ours_are_named_before_they_are_learnt_as_other(
    told: CliRunner, tmp_path: Path
) -> None:
    file = tmp_path / "odd.csv"
    file.write_text("text,mapped_category\nKettles are kettles.,kettles\nPots are pots.,kettles\n")
    done = train(told, "--data", str(file), "--no-written", "--out", str(tmp_path / "model.bin"))
    assert done.exit_code == 1
    assert "odd.csv: no categories of ours, counted as `other`: kettles (2)." in done.stderr


def test_what_is_missing_is_said_in_a_line(told: CliRunner, tmp_path: Path) -> None:
    out = str(tmp_path / "model.bin")
    nowhere = train(told)
    assert (nowhere.exit_code, "--out FILE, --store, or both" in nowhere.stderr) == (64, True)
    few = train(told, "--no-written", "--out", out)
    assert (few.exit_code, "too few to learn from" in few.stderr) == (1, True)
    unread = train(told, "--data", str(tmp_path / "none.csv"), "--out", out)
    assert (unread.exit_code, "cannot be read" in unread.stderr) == (66, True)
    (tmp_path / "odd.csv").write_text("what,kind\nx,other\n")
    odd = train(told, "--data", str(tmp_path / "odd.csv"), "--out", out)
    assert (odd.exit_code, "has no column 'text'" in odd.stderr) == (65, True)
    assert train(told, "--corrections", "--out", out).exit_code == 78
    assert not Path(out).exists()


def test_a_place_that_takes_no_file_is_told_before_the_minutes_of_learning(
    told: CliRunner, data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.launch.understanding.app.trained", lambda *_: pytest.fail("it learns first"))
    for out in (tmp_path / "none" / "model.bin", tmp_path):
        done = train(told, "--data", data, "--no-written", "--out", str(out))
        assert (done.exit_code, "cannot be written" in done.stderr) == (73, True), done.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["house.csv"]


def test_without_the_extra_the_command_says_so(told: CliRunner, data: str, tmp_path: Path) -> None:
    block = "import sys; sys.modules['sklearn'] = None;"
    code = f"{block} from services.launch.cli import app; app(sys.argv[1:])"
    command = [sys.executable, "-c", code, "train", "--data", data, "--out", str(tmp_path / "model.bin")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "scikit-learn, the extra `train`" in done.stderr
    assert "Traceback" not in done.stderr
