"""The private PostgreSQL: databases in a moment, crashes on demand, nothing left behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from plugdesk.testing.servers.postgres import Postgres
from plugdesk.testing.servers.processes import (
    ServerError,
    port_is_open,
    process_runs,
    wait_until,
)


def connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    """Connect by an address as SQLAlchemy writes it."""
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def server_pid(server: Postgres) -> int:
    """Return the process id of the server's first process."""
    return int((server.folder / "data" / "postmaster.pid").read_text().split()[0])


def is_gone(server: Postgres) -> bool:
    """Tell whether neither port nor folder of a server is left."""
    return not port_is_open(server.port) and not server.folder.exists()


def fill(url: str) -> None:
    """Make a table with one row."""
    with connect(url) as connection:
        connection.execute("CREATE TABLE words (word text)")
        connection.execute("INSERT INTO words VALUES ('환불')")


def words(url: str) -> list[object]:
    """Return the rows of that table."""
    with connect(url) as connection:
        return [row[0] for row in connection.execute("SELECT word FROM words")]


def test_a_server_leaves_nothing() -> None:
    """After stop() the process, the port and the data are gone, also with clients connected."""
    with Postgres() as server:
        pid = server_pid(server)
        client = connect(server.create_database())
        assert process_runs(pid)
    assert not process_runs(pid)
    assert is_gone(server)
    client.close()


def test_it_ends_when_the_tests_are_killed() -> None:
    """A server does not outlive its last user, also when that is killed."""
    code = (
        "from plugdesk.testing.servers.postgres import Postgres\n"
        "server = Postgres()\n"
        "print(server.port, server.folder, flush=True)\n"
        "input()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as tests:
        assert tests.stdout is not None
        port, folder = tests.stdout.readline().split()
        assert port_is_open(int(port))
        tests.kill()
    wait_until(lambda: not Path(folder).exists(), "PostgreSQL ends", 10)
    assert not port_is_open(int(port))


def test_databases_are_apart_and_can_be_dropped(postgres: Postgres) -> None:
    """Two databases share nothing; a dropped one refuses, and its connections end."""
    first, second = postgres.create_database(), postgres.create_database()
    fill(first)
    with connect(second) as connection, pytest.raises(psycopg.errors.UndefinedTable):
        connection.execute("SELECT word FROM words")
    client = connect(first)
    postgres.drop_database(first)
    with pytest.raises(psycopg.OperationalError):
        client.execute("SELECT 1")
    client.close()
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        connect(first)
    postgres.drop_database(second)


def test_a_template_is_filled_once_and_copied(postgres: Postgres) -> None:
    """Databases from a template hold what it holds, and do not change it."""
    filled: list[str] = []

    def make(url: str) -> None:
        filled.append(url)
        fill(url)

    name = postgres.template("words", make)
    assert postgres.template("words", make) == name
    assert len(filled) == 1
    with postgres.database(name) as url:
        with connect(url) as connection:
            connection.execute("DELETE FROM words")
        with postgres.database(name) as another:
            assert words(another) == ["환불"]
        assert words(url) == []


def test_commits_survive_a_crash(own_postgres: Postgres) -> None:
    """After an immediate restart what was committed is there, and what was not is not."""
    url = own_postgres.create_database()
    fill(url)
    with psycopg.connect(url.replace("+psycopg", "")) as client:
        client.execute("INSERT INTO words VALUES ('open')")
        own_postgres.restart("immediate")
        with pytest.raises(psycopg.OperationalError):
            client.execute("SELECT 1")
    assert words(url) == ["환불"]


def test_a_paused_server_refuses(own_postgres: Postgres) -> None:
    """While paused nobody connects; after resume() the data is there."""
    url = own_postgres.create_database()
    fill(url)
    own_postgres.pause("fast")
    with pytest.raises(psycopg.OperationalError, match="refused"):
        connect(url)
    own_postgres.resume()
    assert words(url) == ["환불"]


def test_durable_syncs_and_the_default_only_skips_syncing() -> None:
    """With durable=True PostgreSQL's own settings for safety hold; commits always wait."""
    with Postgres(durable=True) as server, connect(server.url()) as connection:
        shown = [connection.execute(f"SHOW {name}") for name in ("fsync", "synchronous_commit")]
        assert [answer.fetchone() for answer in shown] == [("on",), ("on",)]


def test_a_shared_server_is_one_until_the_last_user_leaves(tmp_path: Path) -> None:
    """Users of one root share a server; it ends with the last of them, and a new one starts."""
    first = Postgres(root=tmp_path)
    second = Postgres(root=tmp_path)
    assert first.port == second.port
    with pytest.raises(ServerError, match="shared"):
        first.restart()
    first.stop()
    second.drop_database(second.create_database())
    second.stop()
    wait_until(lambda: is_gone(second), "the server ends with its last user", 30)
    with Postgres(root=tmp_path) as third:
        assert third.folder != second.folder
        third.create_database()
    wait_until(lambda: is_gone(third), "the next server ends too", 30)


def test_processes_share_a_server(tmp_path: Path) -> None:
    """Two processes that start at once get one server, also when its starter is killed."""
    code = (
        "import sys, pathlib\n"
        "from plugdesk.testing.servers.postgres import Postgres\n"
        "server = Postgres(root=pathlib.Path(sys.argv[1]))\n"
        "print(server.port, flush=True)\n"
        "input()\n"
        "print(server.create_database(), flush=True)\n"
    )
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    ports = [worker.stdout.readline() for worker in workers if worker.stdout]
    assert ports[0] == ports[1]
    workers[0].kill()
    workers[0].communicate()
    output = workers[1].communicate("go on\n", timeout=20)[0]
    assert f":{ports[0].strip()}/test_" in output
    wait_until(lambda: not port_is_open(int(ports[0])), "the shared server ends", 10)
