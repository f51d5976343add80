import asyncpg


async def _connect(url: str) -> asyncpg.Connection:
    return await asyncpg.connect(url.replace("+asyncpg", ""))


async def test_a_test_gets_a_migrated_database_of_its_own(database: str) -> None:
    connection = await _connect(database)
    await connection.execute("create table mine (x int)")
    await connection.close()


async def test_what_another_test_left_behind_is_not_there(database: str) -> None:
    connection = await _connect(database)
    assert await connection.fetchval("select to_regclass('mine')") is None
    await connection.close()


async def test_a_connection_left_open_does_not_keep_the_database(database: str) -> None:
    connection = await _connect(database)
    assert await connection.fetchval("select current_database()") == database.rsplit("/", 1)[1]
    connection.terminate()
