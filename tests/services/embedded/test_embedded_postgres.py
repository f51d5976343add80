import asyncio
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from services.embedded.binaries import PostgresUnavailableError, find_binaries
from services.embedded.postgres import EmbeddedPostgres
from services.embedded.processes import command_of
from tests.waiting import eventually

ROOT = Path(__file__).resolve().parents[3]

# Starts a server in the folder given, commits a row, tells the server's process id and waits to be killed.
VICTIM = """
import asyncio, sys, asyncpg
from pathlib import Path
from services.embedded.postgres import EmbeddedPostgres

async def main():
    server = EmbeddedPostgres(Path(sys.argv[1]))
    await server.start()
    connection = await asyncpg.connect(server.dsn())
    await connection.execute("create table if not exists kept (x int); insert into kept values (1)")
    print((server.home / "data" / "postmaster.pid").read_text().split()[0], flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Under the system's temporary folder, since pytest's own is closed to the account that stands in for root."""
    place = Path(tempfile.mkdtemp(prefix="rcs-embedded-"))
    place.chmod(0o711)
    yield place / "postgres"
    shutil.rmtree(place)


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    """One for all the tests that leave it as it was: making a cluster is dear on a busy machine."""
    place = Path(tempfile.mkdtemp(prefix="rcs-embedded-"))
    place.chmod(0o711)
    embedded = EmbeddedPostgres(place / "postgres")
    asyncio.run(embedded.start())
    yield embedded
    asyncio.run(embedded.stop())
    shutil.rmtree(place)


async def _run(server: EmbeddedPostgres, statement: str, database: str = "postgres") -> object:
    connection = await asyncpg.connect(server.dsn(database))
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def _rows_after_restart(folder: Path) -> object:
    server = EmbeddedPostgres(folder)
    await server.start()
    try:
        return await _run(server, "select count(*) from kept")
    finally:
        await server.stop()


def _start_victim(folder: Path) -> tuple[subprocess.Popen[str], int]:
    victim = subprocess.Popen([sys.executable, "-c", VICTIM, folder], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert victim.stdout is not None
    return victim, int(victim.stdout.readline())


def _gone(pid: int) -> bool:
    return not command_of(pid)


async def test_rows_port_and_password_outlive_a_stop(folder: Path) -> None:
    server = EmbeddedPostgres(folder)
    await server.start()
    await _run(server, "create table kept (x int)")
    await _run(server, "insert into kept values (1)")
    url = server.url()
    await server.stop()
    assert not server.alive()
    await server.start()
    assert server.url() == url
    await server.stop()
    assert await _rows_after_restart(folder) == 1


async def test_a_server_whose_owner_was_killed_stops_by_itself_and_keeps_what_was_committed(folder: Path) -> None:
    victim, postmaster = await asyncio.to_thread(_start_victim, folder)
    victim.kill()
    victim.communicate()
    await eventually(lambda: _gone(postmaster))
    assert await _rows_after_restart(folder) == 1


async def test_a_start_right_after_the_owner_was_killed_takes_over_the_folder(folder: Path) -> None:
    victim, postmaster = await asyncio.to_thread(_start_victim, folder)
    victim.kill()
    victim.communicate()
    assert await _rows_after_restart(folder) == 1
    assert _gone(postmaster)


async def test_what_was_committed_outlives_a_kill_of_owner_and_server_together(folder: Path) -> None:
    victim, postmaster = await asyncio.to_thread(_start_victim, folder)
    os.kill(victim.pid, signal.SIGSTOP)  # so that it cannot tidy up
    os.kill(postmaster, signal.SIGKILL)
    victim.kill()
    victim.communicate()
    assert await _rows_after_restart(folder) == 1


async def test_a_frozen_leftover_server_is_ended_too(folder: Path) -> None:
    victim, postmaster = await asyncio.to_thread(_start_victim, folder)
    os.kill(postmaster, signal.SIGSTOP)
    victim.kill()
    victim.communicate()
    assert await _rows_after_restart(folder) == 1
    assert _gone(postmaster)


async def test_a_server_that_died_is_not_alive_and_can_be_started_again(folder: Path) -> None:
    server = EmbeddedPostgres(folder)
    await server.start()
    assert server.alive()
    postmaster = int((server.home / "data" / "postmaster.pid").read_text().split()[0])
    os.kill(postmaster, signal.SIGKILL)
    await eventually(lambda: not server.alive())
    await server.start()
    assert await _run(server, "select 1") == 1
    await server.stop()


async def test_a_second_owner_of_the_same_folder_is_refused_and_the_first_unharmed(
    server: EmbeddedPostgres,
) -> None:
    with pytest.raises(PostgresUnavailableError, match="Another process"):
        await EmbeddedPostgres(server.home).start()
    assert await _run(server, "select 1") == 1


async def test_a_database_is_created_once_whatever_its_name(server: EmbeddedPostgres) -> None:
    for _ in range(2):
        await server.ensure_database('od"d name')
    assert await _run(server, "select current_database()", 'od"d name') == 'od"d name'


async def test_the_server_is_ours_alone(server: EmbeddedPostgres) -> None:
    assert await _run(server, "show listen_addresses") == "127.0.0.1"
    assert await _run(server, "show data_checksums") == "on"
    assert await _run(server, "select count(*) from pg_hba_file_rules where auth_method <> 'scram-sha-256'") == 0
    assert stat.S_IMODE((server.home / "password").stat().st_mode) == 0o600
    stranger = server.dsn().replace("postgres:", "postgres:x", 1)
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(stranger)


async def test_the_log_does_not_quote_rows(server: EmbeddedPostgres) -> None:
    await _run(server, "create table people (name text primary key)")
    await _run(server, "insert into people values ('Ada Jones')")
    with pytest.raises(asyncpg.UniqueViolationError):
        await _run(server, "insert into people values ('Ada Jones')")
    log = (server.home / "postgres.log").read_text()
    assert "unique constraint" in log
    assert "Ada" not in log


async def test_variables_meant_for_another_server_do_not_reach_this_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGDATA", "/nonexistent")
    monkeypatch.setenv("PGPORT", "1")
    server = EmbeddedPostgres(folder)
    await server.start()
    await server.stop()


async def test_a_taken_fixed_port_is_reported_with_the_servers_own_words(
    server: EmbeddedPostgres, folder: Path
) -> None:
    rival = EmbeddedPostgres(folder.with_name("rival"), port=server.port)
    with pytest.raises(PostgresUnavailableError, match="could not bind"):
        await rival.start()
    assert not rival.alive()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a stand-in account for the database")
async def test_root_may_keep_the_state_in_a_folder_closed_to_others(folder: Path) -> None:
    folder.parent.chmod(0o700)
    server = EmbeddedPostgres(folder)
    assert server.home != folder
    try:
        await server.start()
        assert await _run(server, "select 1") == 1
        assert str(server.home) == await asyncio.to_thread(os.readlink, folder)
        assert EmbeddedPostgres(folder).home == server.home
    finally:
        await server.stop()
        shutil.rmtree(server.home)


def test_an_explicit_folder_without_postgres_is_never_silently_replaced(tmp_path: Path) -> None:
    with pytest.raises(PostgresUnavailableError, match="must hold `postgres` and `initdb`"):
        find_binaries(tmp_path)


def test_data_made_by_a_version_that_is_not_here_are_not_opened_by_another() -> None:
    with pytest.raises(PostgresUnavailableError, match="version 12"):
        find_binaries(major=12)
