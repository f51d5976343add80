"""`policy check`: a matrix is summed up, or every fault of it is named with its line, without a database."""

import json
from importlib.resources import files
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.launch.cli import app
from shared.policy.matrix import default_body, schema_text

SHIPPED = files("shared.policy").joinpath("escalation.toml").read_text(encoding="utf-8")


@pytest.fixture
def told() -> CliRunner:
    return CliRunner()


def write(folder: Path, text: str, name: str = "matrix.toml") -> str:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return str(file)


def test_a_matrix_that_holds_is_summed_up(told: CliRunner, tmp_path: Path) -> None:
    file = write(tmp_path, SHIPPED)
    result = told.invoke(app, ["policy", "check", file])
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[:2] == [f"{file}: OK", "tiers: 4"]
    agent = "1 Agent Complaints desk up to 150 EUR 24 business hours to 2 business hours escalate"
    assert " ".join(lines[2].split()) == agent
    assert "thresholds: 10" in lines
    assert "  acknowledgement  24 hours                              escalate" in lines


def test_what_is_worth_a_look_is_said_with_its_line_and_is_no_fault(told: CliRunner, tmp_path: Path) -> None:
    file = write(tmp_path, SHIPPED)
    line = SHIPPED.split("\n").index("[[tiers]]") + 1
    result = told.invoke(app, ["policy", "check", file])
    assert f"{file}:{line}: worth a look: Agent (tier 1) has no deputy" in result.output


def test_every_fault_is_named_with_its_line_and_the_exit_code_says_so(told: CliRunner, tmp_path: Path) -> None:
    text = SHIPPED.replace("to_tier = 4", "to_tier = 9")
    file = write(tmp_path, text)
    result = told.invoke(app, ["policy", "check", file])
    wrong = [number for number, line in enumerate(text.split("\n"), 1) if line == "to_tier = 9"]
    assert result.exit_code == 65
    assert result.stderr.splitlines() == [
        f"{file}:{wrong[0]}: thresholds.2.to_tier: There is no tier 9; the top is 4.",
        f"{file}:{wrong[1]}: thresholds.5.to_tier: There is no tier 9; the top is 4.",
    ]
    assert "OK" not in result.stdout


def test_the_api_body_is_checked_as_well(told: CliRunner, tmp_path: Path) -> None:
    body = json.loads(json.dumps(default_body()))
    assert told.invoke(app, ["policy", "check", write(tmp_path, json.dumps(body), "matrix.json")]).exit_code == 0
    body["tiers"][0]["title"] = ""
    file = write(tmp_path, json.dumps(body), "matrix.json")
    result = told.invoke(app, ["policy", "check", file])
    assert result.exit_code == 65
    assert result.stderr.startswith(f"{file}: tiers.0.title: ")


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("{", "matrix.json", ":1: this is not JSON"),
        ("[]", "matrix.json", "a JSON object"),
        ("a = [", "m.toml", "not TOML"),
    ],
)
def test_what_cannot_be_read_is_told_in_a_line(
    told: CliRunner, tmp_path: Path, text: str, name: str, said: str
) -> None:
    result = told.invoke(app, ["policy", "check", write(tmp_path, text, name)])
    assert result.exit_code == 65
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_file_that_is_not_there_is_told(told: CliRunner, tmp_path: Path) -> None:
    result = told.invoke(app, ["policy", "check", str(tmp_path / "nowhere.toml")])
    assert result.exit_code == 66


def test_calendars_of_ones_own_are_known(told: CliRunner, tmp_path: Path) -> None:
    folder = tmp_path / "calendars"
    folder.mkdir()
    write(folder, '[moon]\nzone = "UTC"\nalways = true\n', "moon.toml")
    file = write(tmp_path, SHIPPED.replace('"desk"', '"moon"').replace('"always"', '"moon"'))
    assert told.invoke(app, ["policy", "check", file, "--calendars", str(folder)]).exit_code == 0
    assert told.invoke(app, ["policy", "check", file]).exit_code == 65


def test_a_damaged_calendar_is_told_with_its_file_and_line(told: CliRunner, tmp_path: Path) -> None:
    write(tmp_path, '[moon]\nzone = "UTC"\nexceptions = [{ date = 2026-02-30 }]\n', "moon.toml")
    result = told.invoke(app, ["policy", "check", write(tmp_path, SHIPPED, "m.json"), "--calendars", str(tmp_path)])
    assert result.exit_code == 65
    assert "moon.toml, line 3: This is not TOML: Invalid date or datetime" in result.output


def test_calendars_that_cannot_be_read_are_told_and_are_no_damaged_ones(told: CliRunner, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    result = told.invoke(app, ["policy", "check", write(tmp_path, SHIPPED), "--calendars", str(nowhere)])
    assert result.exit_code == 66
    assert result.output.startswith("calendars: nowhere: The file cannot be read: ")


def test_the_schema_is_printed_for_editors(told: CliRunner) -> None:
    assert told.invoke(app, ["policy", "schema"]).output == schema_text()
