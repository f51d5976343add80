"""`model list|show|add|publish|rollback|drift`: a model answers only after somebody said so, and the record says who."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from services.intake.categorise.load import SHIPPED
from services.launch.cli import app
from shared.db import category_models as models
from shared.db import disputes
from shared.db.engine import Tx
from shared.domain.dispute import Category
from tests.builders import a_dispute, a_filing
from tests.services.launch.asking import ask


@pytest.fixture
def told(database: str, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("RECOURSE_DATABASE_URL", database)
    monkeypatch.setenv("COLUMNS", "200")
    return CliRunner()


def command(told: CliRunner, *words: str) -> Result:
    return told.invoke(app, ["model", *words])


def added(told: CliRunner) -> None:
    done = command(told, "add", str(SHIPPED), "--by", "ada")
    assert done.exit_code == 0, done.output


def test_a_candidate_is_published_and_taken_back_and_all_of_it_is_told(told: CliRunner, database: str) -> None:
    added(told)
    added(told)
    listed = command(told, "list").output
    assert listed.count("candidate") == 2
    assert "The shipped model answers." in listed

    assert "Model 1 answers." in command(told, "publish", "1", "--reason", "better on October", "--by", "ada").output
    assert command(told, "publish", "2", "--reason", "better still", "--by", "grace").exit_code == 0
    assert ask(database, models.current_version) == 2
    assert "Model 1 answers." in command(told, "rollback", "--reason", "warranties went wrong", "--by", "ada").output
    listed = command(told, "list").output
    assert "ada published model 1: better on October" in listed
    assert "grace published model 2: better still" in listed
    assert "ada went back to model 1: warranties went wrong" in listed
    assert "The shipped model answers." in command(told, "rollback", "--reason", "all of it", "--by", "ada").output
    assert ask(database, models.current_version) is None


def test_what_answers_can_be_told_in_a_narrow_terminal(told: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = command(told, "add", str(SHIPPED), "--by", "operator:somebody-with-a-long-name")
    assert done.exit_code == 0, done.output
    assert "candidate" in command(told, "list").output


def test_the_shipped_model_is_one_step_away(told: CliRunner, database: str) -> None:
    added(told)
    added(told)
    for version in ("1", "2"):
        command(told, "publish", version, "--reason", "a try")
    assert command(told, "rollback", "--shipped", "--reason", "a doubt").exit_code == 0
    assert ask(database, models.current_version) is None


def test_without_a_name_the_account_of_the_operating_system_is_recorded(
    told: CliRunner, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "ada")
    assert command(told, "add", str(SHIPPED)).exit_code == 0
    assert [each.author for each in ask(database, models.listed)] == ["operator:ada"]


def test_a_publication_needs_a_reason(told: CliRunner) -> None:
    added(told)
    assert command(told, "publish", "1").exit_code == 2
    for blank in ("", "  \t"):
        assert command(told, "publish", "1", "--reason", blank).exit_code == 2
    assert "The shipped model answers." in command(told, "list").output


def test_what_is_no_model_is_neither_stored_nor_published(told: CliRunner, database: str, tmp_path: Path) -> None:
    odd = tmp_path / "odd.bin"
    odd.write_bytes(SHIPPED.read_bytes()[:-1])
    refused = command(told, "add", str(odd))
    assert (refused.exit_code, "odd.bin cannot be used" in refused.stderr) == (1, True)
    assert command(told, "add", str(tmp_path / "none.bin")).exit_code == 1
    missing = command(told, "publish", "7", "--reason", "which")
    assert (missing.exit_code, "No model of categorisation 7." in missing.stderr) == (1, True)

    ask(database, lambda tx: models.add(tx, b"no model at all", {}, author="operator:ada"))
    damaged = command(told, "publish", "1", "--reason", "which")
    assert (damaged.exit_code, "model 1 cannot be used" in damaged.stderr) == (1, True)
    assert "DAMAGED" in command(told, "list").output
    assert ask(database, models.current_version) is None
    nothing = command(told, "rollback", "--reason", "which")
    assert (nothing.exit_code, "nothing to go back to" in nothing.stderr) == (1, True)


def test_a_stored_model_can_be_written_to_a_file(told: CliRunner, tmp_path: Path) -> None:
    added(told)
    assert command(told, "save", "1", str(tmp_path / "out.bin")).exit_code == 0
    assert (tmp_path / "out.bin").read_bytes() == SHIPPED.read_bytes()
    nowhere = command(told, "save", "1", str(tmp_path / "none" / "out.bin"))
    assert (nowhere.exit_code, "cannot be written: No such file" in nowhere.stderr) == (73, True)
    assert command(told, "save", "2", str(tmp_path / "out.bin")).exit_code == 1


def test_the_report_of_a_model_can_be_read(told: CliRunner) -> None:
    added(told)
    shown = json.loads(command(told, "show", "1").output)
    assert (shown["version"], shown["author"], shown["report"]) == (1, "ada", {"added_from": "model.bin"})
    shipped = json.loads(command(told, "show", "shipped").output)
    assert shipped["texts"] > 0
    assert shipped["report"]["sources"].keys() == set(shipped["trained_on"])
    for figures in shipped["report"]["held_out"].values():
        assert 0 < figures["texts"] < shipped["texts"]
        assert {"accuracy", "macro_f1", "ece", "coverage_at_90", "bins", "per_class"} <= figures.keys()
    assert command(told, "show", "9").exit_code == 1
    assert command(told, "show", "mine").exit_code == 2


@pytest.fixture
def lived(database: str) -> str:
    """A database with more about communication in April than in March."""

    async def file(tx: Tx) -> None:
        shares = {3: {"warranty": 90, "communication": 30}, 4: {"warranty": 40, "communication": 80}}
        made = [
            a_dispute(
                received_at=datetime(2026, month, 1 + number % 28, number // 28, tzinfo=UTC),
                category=Category(name, 0.8, needs_person=number % 2 == 0),
            )
            for month, counts in shares.items()
            for name, count in counts.items()
            for number in range(count)
        ]
        await disputes.insert_many(tx, [a_filing(each) for each in made])

    ask(database, file)
    return database


def test_drift_is_told_with_what_it_means(told: CliRunner, lived: str) -> None:
    done = command(told, "drift", "--month", "2026-04", "--json")
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.output)
    assert (found["month"], found["verdict"], found["answers"]) == ("2026-04", "drifted", {"last": 120, "this": 120})
    assert found["categories"]["communication"] == {"last": 30, "this": 80}
    assert found["population_stability_index"] > 0.25 > found["explained_by_chance"]
    assert found["needs_person"]["beyond_chance"] is False
    table = command(told, "drift", "--month", "2026-04").output
    assert "measure the model anew" in table
    assert "communication" in table


def test_with_nothing_to_compare_drift_says_so(told: CliRunner) -> None:
    done = command(told, "drift")
    assert (done.exit_code, "too few answers" in done.output) == (0, True)
    assert command(told, "drift", "--month", "April").exit_code == 2


def test_without_an_address_the_command_says_what_is_missing(told: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RECOURSE_DATABASE_URL")
    assert command(told, "list").exit_code == 78
