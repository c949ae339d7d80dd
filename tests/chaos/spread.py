"""The house spread over hosts: PostgreSQL and Valkey on one, web on two, relay and worker on two; citizens outside.

    with spread_house() as house: ...

Each host has a data folder of its own (its spool), as it has a disk of its own. Attachments lie in one folder, which
stands for the S3 store that several hosts need; a network that is cut does not cut that one.
"""

from __future__ import annotations

import random
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psycopg
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import text

from intake.embedded import DataFolder, EmbeddedServer, open_folder, start_postgres, start_valkey
from intake.embedded_process import launch, wait_until
from intake.storage.database import open_engine
from intake.storage.migrate import upgrade
from tests.chaos.balancer import Balancer
from tests.chaos.hosts import Host, Network, network
from tests.chaos.house import StruckHouse, prepare, settings_of
from tests.chaos.providers import Outside
from tests.journeys.house import PYTHON, free_port, wait_for

WEB: Final = ("web-a", "web-b")
WORKERS: Final = ("work-a", "work-b")
_WEB_PORT: Final = 8080


@dataclass
class SpreadHouse(StruckHouse):
    """Made by ``spread_house``. A program is called after its host and what it is: ``work-a worker``."""

    net: Network = field(default_factory=lambda: Network("", "", ""))

    def __post_init__(self) -> None:
        super().__post_init__()
        self.programs = {}
        for name in WEB:
            web = ["granian", "--interface", "wsgi", "--no-ws", "--host", "0.0.0.0", "--port", str(_WEB_PORT),
                   "--blocking-threads", "4", "--log-level", "error", "intake.web.wsgi:app"]  # fmt: skip
            self.programs[f"{name} web"] = self._on(name, *web)
        for name in WORKERS:
            self.programs[f"{name} relay"] = self._on(name, "workers.relay")
            self.programs[f"{name} worker"] = self._on(name, "workers")

    def _on(self, name: str, *module: str) -> list[str]:
        disk = self.data / name
        disk.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self.net.hosts[name].command(PYTHON, "-m", *module, SAHUT_DATA=str(disk))

    def tend(self) -> list[str]:
        """As a supervisor on each host; one without power has none."""
        ended = []
        for name, group in self.processes.items():
            for process in [each for each in group if each.poll() is not None]:
                group.remove(process)
                ended.append(f"{name} ended with {process.returncode}")
                self.start(name)
        return ended

    def host(self, name: str) -> Host:
        return self.net.hosts[name]

    def lose_power(self, name: str) -> None:
        """The host is gone, and nobody starts anything on it again."""
        self.host(name).lose_power()
        for program in [each for each in self.processes if each.startswith(f"{name} ")]:
            for process in self.processes.pop(program):
                process.wait(10)

    @contextmanager
    def holding(self, name: str, table: str) -> Iterator[None]:
        """Somebody on this host is in the middle of writing into a table, and says no more."""
        with self.host(name).inside():
            engine = open_engine(self.database_url)
            connection = engine.connect()
            connection.execute(text(f"lock table {table} in exclusive mode"))
        try:
            yield
        finally:
            connection.invalidate()
            engine.dispose()

    def spooled(self, name: str) -> int:
        """How many requests lie on this host's disk."""
        return sum(1 for each in (self.data / name / "spool").rglob("*") if each.is_file() and each.suffix == ".json")


@contextmanager
def spread_house(seed: int = 1) -> Iterator[SpreadHouse]:
    """Five hosts and everything on them, started; gone afterwards. Raises hosts.NoSuchMachine."""
    with ExitStack() as stack:
        place = Path(tempfile.mkdtemp(prefix="sahut-"))
        stack.callback(shutil.rmtree, place, ignore_errors=True)
        place.chmod(0o711)
        net = stack.enter_context(network("data", *WEB, *WORKERS))
        outside = stack.enter_context(Outside(host=net.outside))
        direct, servers = stack.enter_context(data_host(place, net.hosts["data"], outside))
        port = free_port()
        stack.enter_context(Balancer(port, [(net.hosts[name].address, _WEB_PORT) for name in WEB]))
        address = net.hosts["data"].address
        more = {
            **settings_of(outside), "SMS_KANNEL_ALLOW": net.range, "SAHUT_FILES_URL": str(place / "files"),
            "SAHUT_EMBEDDED": "0",
        }  # fmt: skip
        house = SpreadHouse(
            place / "hosts", f"postgresql+psycopg://sahut@{address}:5432/sahut", f"redis://{address}:6379/0",
            more=more, port=port, outside=outside, dice=random.Random(seed), direct_url=direct, net=net,
            database=servers[0], valkey=servers[1],
        )  # fmt: skip
        stack.callback(house.stop)
        house.start(*house.programs)
        wait_for(house._answers, seconds=60, of="the web hosts")
        yield house


@contextmanager
def data_host(
    place: Path, host: Host, outside: Outside, *, durable: bool = False
) -> Iterator[tuple[str, list[EmbeddedServer]]]:
    """PostgreSQL (upgraded) and Valkey on this host, on TCP. Gives the database's URL on this very machine, and both.

    The embedded servers open no port, on purpose; these are the same programs with one.
    """
    for name in ("db", "kv"):
        (place / name).mkdir(mode=0o711)
    with ExitStack() as stack:
        folder = stack.enter_context(open_folder(place / "db"))
        valkey_folder = stack.enter_context(open_folder(place / "kv"))
        server = start_postgres(folder, durable=durable)
        with server:
            upgrade(server.url)
            prepare(server.url, outside)
            command = _command_of(server.pid)
        cluster = Path(command[command.index("-D") + 1])
        with (cluster / "pg_hba.conf").open("a", encoding="ascii") as rules:
            rules.write(f"host all all {host.address}/24 trust\n")
        open_to_all = [f"listen_addresses={host.address}" if word == "listen_addresses=" else word for word in command]
        database = _serve(folder, host, "postgres", open_to_all, server.url)
        stack.callback(database.stop)
        valkey = start_valkey(valkey_folder)
        with valkey:
            program = str(Path(f"/proc/{valkey.pid}/exe").readlink())
        words = [program, "--bind", host.address, "--port", "6379", "--protected-mode", "no", "--save", "", "--dir",
                 str(place / "kv")]  # fmt: skip
        cache = _serve(valkey_folder, host, "valkey", words, f"redis://{host.address}:6379/0")
        stack.callback(cache.stop)
        yield server.url, [database, cache]


def _command_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").rstrip("\0").split("\0")


def _serve(folder: DataFolder, host: Host, name: str, command: list[str], url: str) -> EmbeddedServer:
    log = folder.path / "log" / f"{name}-tcp.log"
    environ = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
    account = folder.account if name == "postgres" else None
    with host.inside():
        process = launch(command, log=log, account=account, environment=environ, dies_with_us_by=signal.SIGINT)
        answers = _postgres_answers if name == "postgres" else _valkey_answers
        wait_until(lambda: answers(url), process, what=name, log=log)
    return EmbeddedServer(name, url, process, stop_with=(signal.SIGINT, signal.SIGQUIT))


def _postgres_answers(url: str) -> bool:
    try:
        psycopg.connect(url.replace("+psycopg", "")).close()
    except psycopg.OperationalError:
        return False
    return True


def _valkey_answers(url: str) -> bool:
    try:
        with Redis.from_url(url) as client:
            return bool(client.ping())
    except RedisError:
        return False
