"""Keys by command line: made, listed without their text, rotated, revoked."""

import pytest
from typer.testing import CliRunner

from services.launch.cli import app


@pytest.fixture
def told(database: str, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("RECOURSE_DATABASE_URL", database)
    return CliRunner()


def test_a_key_is_made_listed_rotated_and_revoked(told: CliRunner) -> None:
    made = told.invoke(app, ["keys", "create", "helpdesk", "disputes:read", "disputes:write", "--tier", "1"])
    assert made.exit_code == 0, made.output
    key_id, text = made.output.split()
    assert text.startswith("rk_")
    listed = told.invoke(app, ["keys", "list"]).output
    assert key_id in listed
    assert text not in listed
    successor, other = told.invoke(app, ["keys", "rotate", key_id]).output.split()
    assert other != text
    assert told.invoke(app, ["keys", "revoke", successor]).exit_code == 0
    assert "revoked" in told.invoke(app, ["keys", "list"]).output


def test_a_key_that_was_rotated_without_overlap_is_listed_as_expired(told: CliRunner) -> None:
    key_id, _ = told.invoke(app, ["keys", "create", "helpdesk", "disputes:read"]).output.split()
    successor, _ = told.invoke(app, ["keys", "rotate", key_id, "--hours", "0"]).output.split()
    states = {line.split()[0]: line.split()[2] for line in told.invoke(app, ["keys", "list"]).output.splitlines()}
    assert (states[key_id], states[successor]) == ("expired", "live")
    refused = told.invoke(app, ["keys", "rotate", key_id])
    assert refused.exit_code == 1
    assert "Traceback" not in refused.output


def test_a_scope_that_does_not_exist_is_refused_in_a_line(told: CliRunner) -> None:
    refused = told.invoke(app, ["keys", "create", "helpdesk", "everything"])
    assert refused.exit_code == 1
    assert "Traceback" not in refused.output
