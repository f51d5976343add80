"""What keeps a process from starting is a line that names it, never a traceback; what is misspelt is named."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from services.embedded.postgres import running
from services.launch.start import database_address

ROOT = Path(__file__).parents[3]
SECONDS_MAX = 60


def started(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The product begun as a process of its own, with these variables and none of the caller's."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith("RECOURSE_")}
    return subprocess.run(
        [sys.executable, "-m", "services", *command],
        cwd=ROOT,
        env={**mine, **variables},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )


BAD = [
    ("RECOURSE_CORS_ORIGINS", "https://desk.example.com", "it is not JSON"),
    ("RECOURSE_ADMIN_KEY", "short", "it needs at least 16 characters"),
    ("RECOURSE_SMTP_URL", "smtp://mail.example.org:99999", "a port from 0 to 65535"),
    ("RECOURSE_DATABASE_URL", "postgresql://u:p@127.0.0.1:99999/x", "a port from 0 to 65535"),
    ("RECOURSE_CALENDARS_DIR", "/nowhere/at/all", "there is no such folder"),
]


@pytest.mark.parametrize(("variable", "value", "says"), BAD)
def test_a_setting_that_cannot_be_used_is_one_line_that_names_it(
    tmp_path: Path, variable: str, value: str, says: str
) -> None:
    done = started("run", RECOURSE_STATE_DIR=str(tmp_path), **{variable: value})
    assert done.returncode == 78
    (line,) = done.stderr.splitlines()
    assert line.startswith(variable)
    assert says in line
    assert list(tmp_path.iterdir()) == [], "nothing is begun before every setting was read"


def test_a_database_that_nobody_serves_is_one_line(tmp_path: Path) -> None:
    done = started("run", RECOURSE_STATE_DIR=str(tmp_path), RECOURSE_DATABASE_URL="postgresql://u:pw@127.0.0.1:1/x")
    assert done.returncode == 69
    (line,) = done.stderr.splitlines()
    assert line.startswith("Recourse cannot start: ")
    assert "pw" not in line


def test_a_port_that_is_taken_is_one_line(tmp_path: Path, database: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = started(
            "run",
            RECOURSE_STATE_DIR=str(tmp_path),
            RECOURSE_DATABASE_URL=database,
            RECOURSE_PORT=str(port),
        )
    assert done.returncode == 78
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"RECOURSE_HOST and RECOURSE_PORT: nobody can listen on 127.0.0.1:{port}: ")


def test_a_taxonomy_that_is_not_there_is_named(tmp_path: Path, database: str) -> None:
    done = started(
        "run",
        RECOURSE_STATE_DIR=str(tmp_path),
        RECOURSE_DATABASE_URL=database,
        RECOURSE_TAXONOMY=str(tmp_path / "none.toml"),
    )
    assert done.returncode == 78
    assert done.stderr.startswith("RECOURSE_TAXONOMY")


def test_a_damaged_calendar_is_one_line_that_names_the_file_and_the_line(tmp_path: Path, database: str) -> None:
    folder = tmp_path / "calendars"
    folder.mkdir()
    (folder / "own.toml").write_text('[own]\nzone = "UTC"\n\n[own.week]\nmon-fri = ["09:00-25:00"]\n')
    done = started(
        "run",
        RECOURSE_STATE_DIR=str(tmp_path / "state"),
        RECOURSE_DATABASE_URL=database,
        RECOURSE_PORT="0",
        RECOURSE_CALENDARS_DIR=str(folder),
    )
    assert done.returncode == 78
    assert done.stderr.startswith("RECOURSE_CALENDARS_DIR: own.toml: own.week.mon-fri, line 5: '09:00-25:00' is not")
    assert "task_died" not in done.stdout


def test_a_variable_that_nothing_reads_is_named(tmp_path: Path) -> None:
    done = started("intake", RECOURSE_STATE_DIR=str(tmp_path), RECOURSE_SMTP_URI="smtp://mail.example.org")
    assert '"variables":["RECOURSE_SMTP_URI"]' in done.stdout
    assert done.stderr == "A service alone needs RECOURSE_BROKER_URL (amqp://) and RECOURSE_DATABASE_URL\n"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder as a server leaves it, which nobody holds."""
    monkeypatch.setenv("RECOURSE_STATE_DIR", str(tmp_path))
    monkeypatch.delenv("RECOURSE_DATABASE_URL", raising=False)
    home = tmp_path / "postgres"
    home.mkdir()
    for name, text in (("port", "5439"), ("password", "s3cret"), ("lock", "")):
        (home / name).write_text(text)
    return home


def test_a_command_finds_the_database_of_the_product_that_runs_beside_it(state: Path) -> None:
    program = (
        "import fcntl, sys; f = open(sys.argv[1], 'ab'); fcntl.flock(f, fcntl.LOCK_EX); print(flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(state / "lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        assert database_address() == "postgresql://postgres:s3cret@127.0.0.1:5439/recourse"
        holder.communicate(b"\n")
    assert running(state, "recourse") is None


def test_without_an_address_and_a_running_product_a_command_says_what_it_needs(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        database_address()
    assert ended.value.code == 78
    assert capsys.readouterr().err == (
        f"RECOURSE_DATABASE_URL must be set, or `make run` be running on the state folder {state.parent}.\n"
    )
