"""What every service reads from its environment, once, at start."""

import os
import re
import secrets
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import AnyHttpUrl, Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

PREFIX: Final = "RECOURSE_"
SECRET_KEY_LENGTH_MIN: Final = 32
EXIT_CONFIGURATION: Final = 78  # EX_CONFIG in sysexits.h

_FIELD: Final = re.compile(r'field "(\w+)"')
PositiveSeconds = Annotated[float, Field(gt=0, le=3600)]


class ConfigurationError(SystemExit):
    """The environment cannot be used; ends the process with code 78 unless caught; holds one readable line per fault."""

    def __init__(self, lines: Iterable[str]) -> None:
        super().__init__(EXIT_CONFIGURATION)
        self.lines: Final = tuple(lines)
        self.told = False
        """Whether standard error has the lines already."""

    def __str__(self) -> str:
        return "\n".join(self.lines)


class _UnreadableSecretError(ValueError):
    """A `_FILE` variable leads nowhere, or competes with the plain variable."""


class CommonSettings(BaseSettings):
    """The variables that all services share; a service subclasses this and adds its own."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True)

    database_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL address, `postgresql://user:password@host:5432/name`. "
        "May be left out only with the embedded broker, which then brings its own PostgreSQL.",
    )
    broker_url: SecretStr = Field(
        default=SecretStr("embedded://"),
        description="`embedded://` carries messages inside the process; "
        "`amqp://user:password@host:5672/vhost` or `amqps://` uses RabbitMQ.",
    )
    state_dir: Path = Field(default=Path("var"), description="Folder for everything the embedded parts keep.")
    secret_key: SecretStr | None = Field(
        default=None,
        min_length=SECRET_KEY_LENGTH_MIN,
        description="Signs cursors, links and sessions; at least 32 characters. "
        "With the embedded broker one is made and kept in the state folder when left out.",
    )
    public_url: AnyHttpUrl = Field(
        default=AnyHttpUrl("http://127.0.0.1:8000"),
        description="Address under which customers and senders reach the product; links and signatures use it.",
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on; `0.0.0.0` inside a container.")
    port: int = Field(default=8000, ge=0, le=65535, description="HTTP port of the process; 0 picks a free one.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severity written."
    )
    log_format: Literal["json", "console"] = Field(
        default="json", description="One JSON object a line, or text for people."
    )
    otel_endpoint: AnyHttpUrl | None = Field(
        default=None,
        description="OTLP/HTTP collector, for example `http://127.0.0.1:4318`; traces are off when left out.",
    )
    pool_size: int = Field(default=10, ge=1, le=200, description="Most PostgreSQL connections this process opens.")
    shutdown_grace_seconds: PositiveSeconds = Field(
        default=10.0, description="Seconds that work in flight is given to finish after SIGTERM."
    )
    drain_delay_seconds: float = Field(
        default=0.0,
        ge=0,
        le=300,
        description="Seconds between failing readiness and closing the door, so that a load balancer looks away first.",
    )
    watchdog_seconds: float = Field(
        default=60.0,
        ge=0,
        le=3600,
        description="Seconds without progress after which the process ends itself; 0 is never.",
    )

    @property
    def embedded(self) -> bool:
        """Whether messages stay inside this process."""
        return self.broker_url.get_secret_value().startswith("embedded:")

    @model_validator(mode="after")
    def _real_parts_are_named(self) -> Self:
        broker = self.broker_url.get_secret_value()
        if not broker.startswith(("embedded:", "amqp://", "amqps://")):
            raise ValueError(f"{PREFIX}BROKER_URL must begin with embedded:, amqp:// or amqps://")
        database = self.database_url
        if database is not None and not database.get_secret_value().startswith(("postgresql", "postgres://")):
            raise ValueError(f"{PREFIX}DATABASE_URL must begin with postgresql://")
        for name, url in (("broker_url", broker), ("database_url", database and database.get_secret_value())):
            if url and not has_usable_port(url):
                raise ValueError(f"{variable(name)} must name a port from 0 to 65535")
        missing = [name for name in ("database_url", "secret_key") if getattr(self, name) is None]
        if missing and not self.embedded:
            names = " and ".join(variable(name) for name in missing)
            raise ValueError(f"{names} must be set when {PREFIX}BROKER_URL names a RabbitMQ")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic's
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Reads arguments, then variables, then the files that `_FILE` variables name; never a hidden dotenv file."""
        return init_settings, env_settings, _SecretFiles(settings_cls)


class _SecretFiles(PydanticBaseSettingsSource):
    """`RECOURSE_X_FILE` names a file whose content is the secret `RECOURSE_X`, as container platforms mount them."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        path = os.environ.get(f"{variable(field_name)}_FILE") if is_secret(field) else None
        return (None if path is None else _secret_in(Path(path), field_name)), field_name, False

    def __call__(self) -> dict[str, Any]:
        fields = self.settings_cls.model_fields
        found = {name: self.get_field_value(field, name)[0] for name, field in fields.items()}
        return {name: value for name, value in found.items() if value is not None}


def _secret_in(path: Path, field_name: str) -> str:
    name = variable(field_name)
    if os.environ.get(name):
        raise _UnreadableSecretError(f"{name} and {name}_FILE are both set; keep one")
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise _UnreadableSecretError(f"{name}_FILE names a file that cannot be read: {reason}") from error


def has_usable_port(url: str) -> bool:
    """Whether the port of an address is a port, where it names one."""
    try:
        urlsplit(url).port  # noqa: B018 - it raises
    except ValueError:
        return False
    return True


def existing_folder(path: Path | None) -> Path | None:
    """The same path; raises ValueError when it is no folder."""
    if path is not None and not path.is_dir():
        raise ValueError("there is no such folder")
    return path


def variable(field_name: str) -> str:
    """The environment variable that sets a field."""
    return f"{PREFIX}{field_name.upper()}"


def is_secret(field: FieldInfo) -> bool:
    """Whether a field's value must never be shown."""
    return "SecretStr" in str(field.annotation)


Settings = TypeVar("Settings", bound=BaseSettings)


def load(settings_class: type[Settings]) -> Settings:
    """The settings of one service from its environment.

    Raises ConfigurationError (a SystemExit with code 78) after writing one line per fault to standard error; a line
    names the variable and never repeats its value.
    """
    try:
        return settings_class()
    except _UnreadableSecretError as error:
        failure = ConfigurationError([str(error)])
    except ValidationError as error:
        failure = ConfigurationError(_line(dict(fault)) for fault in error.errors(include_url=False))
    except SettingsError as error:  # a list or mapping that is not JSON
        failure = ConfigurationError([_no_json(str(error))])
    sys.stderr.write(f"{failure}\n")
    failure.told = True
    raise failure


def _no_json(says: str) -> str:
    field = _FIELD.search(says)
    return f"{variable(field[1])} cannot be used: it is not JSON" if field else says


def _line(fault: Mapping[str, Any]) -> str:
    if not fault["loc"]:
        return str(fault["msg"]).removeprefix("Value error, ")
    name = variable(str(fault["loc"][0]))
    if fault["type"] == "missing":
        return f"{name} must be set"
    if fault["type"] == "too_short":  # only secrets come here
        return f"{name} cannot be used: it needs at least {fault['ctx']['min_length']} characters"
    return f"{name} cannot be used: {str(fault['msg']).removeprefix('Value error, ')}"


def unknown_variables(settings_classes: Iterable[type[BaseSettings]]) -> tuple[str, ...]:
    """The RECOURSE_ variables in the environment that none of these classes reads: most likely misspelt."""
    fields = {variable(name) for each in settings_classes for name in each.model_fields}
    known = fields | {f"{name}_FILE" for name in fields}
    return tuple(sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known))


def secret_key(settings: CommonSettings) -> SecretStr:
    """The signing key: the configured one, else one made once and kept, mode 600, in the state folder."""
    if settings.secret_key is not None:
        return settings.secret_key
    path = settings.state_dir / "secret_key"
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _kept_key(path)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(SECRET_KEY_LENGTH_MIN))
    return _kept_key(path)


def _kept_key(path: Path) -> SecretStr:
    key = path.read_text(encoding="ascii").strip()
    if len(key) < SECRET_KEY_LENGTH_MIN:
        raise ConfigurationError([f"{path} holds less than {SECRET_KEY_LENGTH_MIN} characters; remove it or mend it"])
    return SecretStr(key)
