"""`taxonomy show|check`: what a desk works with can be read and typed again, and a fault is a line."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.launch.cli import app
from shared.policy.taxonomy import SHIPPED, load_taxonomy


@pytest.mark.parametrize("name", SHIPPED)
def test_names_are_told_in_full_in_a_narrow_terminal(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = CliRunner().invoke(app, ["taxonomy", "show", name])
    assert shown.exit_code == 0, shown.output
    for category in load_taxonomy(name).categories:
        assert all(each in shown.output for each in (category.name, *(issue.name for issue in category.issues)))


def test_a_file_that_does_not_hold_ends_with_65_and_a_line(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    for text, said in (
        ('name = "own"\ntitle = "O"\n[[category]]\nname = "flights"\ntitle = "F"\nmeaning = "M"\n', "'flights' is not"),
        ('name = "own"\nname = "twice"\n', "This is not TOML"),
        ("x = " + "[" * 5_000, "nests too deeply"),
    ):
        file.write_text(text)
        checked = CliRunner().invoke(app, ["taxonomy", "check", str(file)])
        assert (checked.exit_code, said in checked.stderr) == (65, True), checked.output
        assert "Traceback" not in checked.output
    assert CliRunner().invoke(app, ["taxonomy", "check", str(tmp_path)]).exit_code == 65
    assert "9 categories" in CliRunner().invoke(app, ["taxonomy", "check", "financial"]).output
