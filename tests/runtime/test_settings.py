"""A service starts with settings that can be used, or says in plain words which variable is wrong."""

import importlib
import inspect
import os
from pathlib import Path

import pytest
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from shared.runtime.describe import classes_in, markdown
from shared.runtime.settings import (
    EXIT_CONFIGURATION,
    CommonSettings,
    ConfigurationError,
    load,
    secret_key,
    unknown_variables,
)

ROOT = Path(__file__).parents[2]
KEY = "k" * 32


class MailSettings(CommonSettings):
    mail_password: SecretStr = Field(description="Password of the mail server.")
    mail_timeout_seconds: float = Field(5, gt=0, description="Seconds | per attempt.")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("RECOURSE_")]:
        monkeypatch.delenv(name)


def test_nothing_needs_to_be_set_for_the_embedded_run() -> None:
    settings = load(CommonSettings)
    assert settings.embedded
    assert settings.database_url is None
    assert settings.shutdown_grace_seconds == 10


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RECOURSE_POOL_SIZE", "hunter2"),
        ("RECOURSE_SECRET_KEY", "hunter2"),
        ("RECOURSE_DATABASE_URL", "hunter2"),
        ("RECOURSE_BROKER_URL", "hunter2"),
        ("RECOURSE_LOG_LEVEL", "hunter2"),
        ("RECOURSE_PUBLIC_URL", "hunter2"),
        ("RECOURSE_SHUTDOWN_GRACE_SECONDS", "-1"),
    ],
)
def test_a_value_that_cannot_be_used_stops_the_start_and_is_named_but_not_shown(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError) as stopped:
        load(CommonSettings)
    assert stopped.value.code == EXIT_CONFIGURATION
    assert name in capsys.readouterr().err
    assert "hunter2" not in str(stopped.value)


def test_a_missing_secret_is_named() -> None:
    with pytest.raises(ConfigurationError) as stopped:
        load(MailSettings)
    assert stopped.value.lines == ("RECOURSE_MAIL_PASSWORD must be set",)


def test_rabbitmq_needs_a_database_and_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECOURSE_BROKER_URL", "amqp://u:p@localhost")
    with pytest.raises(ConfigurationError, match="RECOURSE_DATABASE_URL and RECOURSE_SECRET_KEY must be set"):
        load(CommonSettings)


def test_a_secret_can_come_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "password").write_text("s3cret\n", encoding="utf-8")
    monkeypatch.setenv("RECOURSE_MAIL_PASSWORD_FILE", str(tmp_path / "password"))
    settings = load(MailSettings)
    assert settings.mail_password.get_secret_value() == "s3cret"
    assert "s3cret" not in repr(settings)


def test_a_secret_file_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECOURSE_MAIL_PASSWORD_FILE", "/does/not/exist")
    with pytest.raises(ConfigurationError, match="RECOURSE_MAIL_PASSWORD_FILE names a file that cannot be read"):
        load(MailSettings)


def test_a_secret_given_twice_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECOURSE_MAIL_PASSWORD_FILE", str(tmp_path))
    monkeypatch.setenv("RECOURSE_MAIL_PASSWORD", "a")
    with pytest.raises(ConfigurationError, match="both set"):
        load(MailSettings)


def test_settings_do_not_change_after_the_start() -> None:
    settings = load(CommonSettings)
    with pytest.raises(ValueError, match="frozen"):
        settings.pool_size = 3


def test_a_misspelt_variable_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECOURSE_DATABSE_URL", "postgresql://x")
    monkeypatch.setenv("RECOURSE_POOL_SIZE", "3")
    monkeypatch.setenv("RECOURSE_SECRET_KEY_FILE", "x")
    assert unknown_variables([CommonSettings]) == ("RECOURSE_DATABSE_URL",)


def test_the_embedded_key_is_made_once_and_kept_for_its_owner_only(tmp_path: Path) -> None:
    settings = CommonSettings(state_dir=tmp_path / "state")
    key = secret_key(settings)
    assert len(key.get_secret_value()) >= 32
    assert secret_key(settings) == key
    assert (tmp_path / "state" / "secret_key").stat().st_mode & 0o777 == 0o600


def test_a_configured_key_is_used_as_it_is(tmp_path: Path) -> None:
    assert secret_key(CommonSettings(state_dir=tmp_path, secret_key=SecretStr(KEY))).get_secret_value() == KEY
    assert list(tmp_path.iterdir()) == []


def test_the_page_tells_each_variable_its_values_its_default_and_its_meaning() -> None:
    page = markdown([MailSettings])
    assert "| `RECOURSE_MAIL_PASSWORD` | text, *secret* | must be set | Password of the mail server. |" in page
    assert "| `RECOURSE_MAIL_TIMEOUT_SECONDS` | number, above 0 | `5` | Seconds \\| per attempt. |" in page
    assert page.count("`RECOURSE_POOL_SIZE`") == 1


class FaxSettings(CommonSettings):
    port: int = Field(8111, ge=0, le=65535, description="Port of the fax machine.")


def test_the_page_tells_a_shared_variable_again_where_a_service_starts_it_differently() -> None:
    page = markdown([FaxSettings])
    assert page.count("`RECOURSE_PORT`") == 2
    assert "| `RECOURSE_PORT` | whole number, from 0 to 65535 | `8111` | Port of the fax machine. |" in page
    assert page.count("`RECOURSE_HOST`") == 1


def test_no_default_is_a_path_of_the_machine_that_wrote_the_page() -> None:
    assert str(ROOT) not in (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")


def _settings_modules() -> list[str]:
    files = sorted((ROOT / "services").glob("*/settings.py"))
    return [f"services.{file.parent.name}.settings" for file in files]


def test_every_setting_says_what_it_means() -> None:
    classes: list[type[BaseSettings]] = [CommonSettings, *classes_in(_settings_modules())]
    for settings_class in classes:
        undescribed = [name for name, field in settings_class.model_fields.items() if not field.description]
        assert undescribed == [], settings_class


def test_the_configuration_page_is_up_to_date() -> None:
    modules = _settings_modules()
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    command = f"python -m shared.runtime.describe {' '.join(modules)} > docs/configuration.md"
    assert page == markdown(classes_in(modules)), f"run: {command}"


def test_every_settings_class_of_a_service_is_found() -> None:
    for module in _settings_modules():
        members = inspect.getmembers(importlib.import_module(module), inspect.isclass)
        assert any(issubclass(each, BaseSettings) and each.__module__ == module for _, each in members), module
