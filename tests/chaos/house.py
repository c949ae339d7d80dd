"""A house whose servers can be struck: PostgreSQL and Valkey of its own behind bad lines, and everybody outside.

What is killed is started again at once, as a supervisor would; what is broken is mended when the blow is over. Blows are
functions of this module; ``BLOWS`` names them.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote

import psycopg
from redis import Redis
from redis.exceptions import RedisError

from channels.registry import open_desk
from intake.embedded import DataFolder, EmbeddedServer, open_folder, start_postgres, start_valkey
from intake.storage import regencies
from intake.storage.database import open_engine
from intake.storage.migrate import upgrade
from tests.chaos.line import Line
from tests.chaos.providers import ACCOUNT, TOKEN, Outside
from tests.factories import MUARA_ENIM
from tests.journeys.house import House

KANNEL_SECRET: Final = "4" * 40
#: After so long without a receipt a reply that may have left is sent again: the documented gap.
UNCERTAIN_SECONDS: Final = 12
_FAKETIME: Final = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")


@dataclass
class StruckHouse(House):
    """Made by ``struck_house``."""

    outside: Outside = field(default_factory=Outside)
    dice: random.Random = field(default_factory=random.Random)
    folder: DataFolder | None = None
    valkey_folder: DataFolder | None = None
    database: EmbeddedServer | None = None
    valkey: EmbeddedServer | None = None
    lines: dict[str, Line] = field(default_factory=dict)
    #: Small disks that can be filled; empty where none may be mounted.
    disks: list[Path] = field(default_factory=list)
    direct_url: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        del self.programs["lab"]

    @property
    def _direct(self) -> str:
        return self.direct_url.replace("+psycopg", "")

    def tend(self) -> list[str]:
        """Start again what ended by itself, as a supervisor does, and say what that was."""
        ended = []
        for name, group in self.processes.items():
            for process in [each for each in group if each.poll() is not None]:
                group.remove(process)
                ended.append(f"{name} ended with {process.returncode}")
        for line in ended:
            self.start(line.partition(" ")[0])
        return ended

    def kill_one(self, name: str) -> None:
        self.tend()
        process = self.processes[name].pop(self.dice.randrange(len(self.processes[name])))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
        self.start(name)

    def end_one(self, name: str) -> None:
        """Ask one to leave, as an upgrade does; it must go by itself."""
        self.tend()
        process = self.processes[name].pop(0)
        process.terminate()
        self.start(name)
        process.wait(60)

    def start_database(self) -> None:
        assert self.folder is not None
        self.database = start_postgres(self.folder, durable=False)

    def start_valkey(self) -> None:
        assert self.valkey_folder is not None
        self.valkey = start_valkey(self.valkey_folder)

    def stop_servers(self) -> None:
        for server in (self.database, self.valkey):
            if server is not None:
                server.stop()

    def ask(self, statement: str) -> list[tuple[object, ...]]:
        """From the database itself, past the bad line."""
        with psycopg.connect(self._direct, autocommit=True) as connection:
            return [tuple(row) for row in connection.execute(statement.encode()).fetchall()]


def kill_web(house: StruckHouse) -> None:
    house.kill_one("web")


def kill_relay(house: StruckHouse) -> None:
    house.kill_one("relay")


def kill_a_worker(house: StruckHouse) -> None:
    house.kill_one("worker")


def kill_both_workers(house: StruckHouse) -> None:
    house.kill_one("worker")
    house.kill_one("worker")


def ask_a_worker_to_leave(house: StruckHouse) -> None:
    house.end_one("worker")


def kill_a_connection(house: StruckHouse) -> None:
    """One server process dies so: PostgreSQL ends all the others and recovers."""
    with suppress(psycopg.Error, OSError), psycopg.connect(house._direct, autocommit=True) as connection:
        os.kill(connection.info.backend_pid, signal.SIGKILL)


def kill_the_database(house: StruckHouse) -> None:
    assert house.database is not None
    os.kill(house.database.pid, signal.SIGKILL)
    house.database.stop()
    time.sleep(house.dice.uniform(0, 1.5))
    house.start_database()


def stop_the_database(house: StruckHouse) -> None:
    assert house.database is not None
    house.database.stop()
    time.sleep(house.dice.uniform(0.5, 2.5))
    house.start_database()


def kill_valkey(house: StruckHouse) -> None:
    assert house.valkey is not None
    os.kill(house.valkey.pid, signal.SIGKILL)
    house.valkey.stop()
    time.sleep(house.dice.uniform(0, 1.5))
    house.start_valkey()


def flush_valkey(house: StruckHouse) -> None:
    assert house.valkey is not None
    with suppress(RedisError), Redis.from_url(house.valkey.url) as client:
        client.flushall()


def cut_lines(house: StruckHouse) -> None:
    for line in house.lines.values():
        line.cut()


def slow_lines(house: StruckHouse) -> None:
    _in_a_mood(house, "slow")


def silent_lines(house: StruckHouse) -> None:
    _in_a_mood(house, "silent")


def _in_a_mood(house: StruckHouse, mood: str) -> None:
    chosen = house.dice.choice(list(house.lines.values()))
    chosen.mood = "slow" if mood == "slow" else "silent"
    time.sleep(house.dice.uniform(0.5, 2.5))
    chosen.mood = "fine"


def providers_refuse(house: StruckHouse) -> None:
    house.outside.mood = "refuses"
    _for_a_moment(house)


def providers_hang(house: StruckHouse) -> None:
    house.outside.mood = "hangs"
    _for_a_moment(house)


def providers_take_and_die(house: StruckHouse) -> None:
    house.outside.mood = "takes_and_dies"
    _for_a_moment(house)


def receipts_come_backwards(house: StruckHouse) -> None:
    house.outside.backwards = True
    _for_a_moment(house)


def _for_a_moment(house: StruckHouse) -> None:
    time.sleep(house.dice.uniform(0.3, 1.5))
    house.outside.mood, house.outside.backwards = "fine", False


def jump_a_clock(house: StruckHouse) -> None:
    """One worker's machine is an hour ahead or behind from now on."""
    before = dict(house.environ)
    house.environ |= {
        "LD_PRELOAD": str(_FAKETIME),
        "FAKETIME": house.dice.choice(["+1h", "-1h", "+26h"]),
        "DONT_FAKE_MONOTONIC": "1",
    }
    try:
        house.kill_one(house.dice.choice(["worker", "relay"]))
    finally:
        house.environ = before


def fill_disks(house: StruckHouse) -> None:
    """The disks of the spool and of the attachments are full, while the database may be away as well."""
    fillers = [disk / "full" for disk in house.disks]
    for filler in fillers:
        with suppress(OSError), filler.open("wb") as file:
            while file.write(b"\0" * 65536):
                file.flush()
    if house.dice.random() < 0.5:
        kill_the_database(house)
    else:
        time.sleep(house.dice.uniform(0.5, 2))
    for filler in fillers:
        filler.unlink(missing_ok=True)


Blow = Callable[[StruckHouse], None]
BLOWS: Final[tuple[Blow, ...]] = (
    kill_web, kill_relay, kill_a_worker, kill_both_workers, ask_a_worker_to_leave, kill_a_connection, kill_the_database,
    stop_the_database, kill_valkey, flush_valkey, cut_lines, slow_lines, silent_lines, providers_refuse, providers_hang,
    providers_take_and_die, receipts_come_backwards, jump_a_clock, fill_disks,
)  # fmt: skip


def possible_blows(house: StruckHouse) -> list[Blow]:
    """All that this machine allows: a false clock needs libfaketime, a full disk a disk that may be mounted."""
    missing = {jump_a_clock} if not _FAKETIME.exists() else set()
    return [blow for blow in BLOWS if blow not in missing | (set() if house.disks else {fill_disks})]


@contextmanager
def struck_house(dice: random.Random) -> Iterator[StruckHouse]:
    """The whole house, started: web, relay, two workers; gone afterwards with everything in it."""
    with ExitStack() as stack:
        place = Path(tempfile.mkdtemp(prefix="sahut-"))
        stack.callback(shutil.rmtree, place, ignore_errors=True)
        place.chmod(0o711)  # the account of PostgreSQL must pass through
        for name in ("db", "kv", "data", "lines"):
            (place / name).mkdir(mode=0o711)
        outside = stack.enter_context(Outside())
        folder = stack.enter_context(open_folder(place / "db"))
        valkey_folder = stack.enter_context(open_folder(place / "kv"))
        database, valkey = start_postgres(folder, durable=False), start_valkey(valkey_folder)
        upgrade(database.url)
        prepare(database.url, outside)
        data_line = stack.enter_context(
            Line(place / "lines" / ".s.PGSQL.5432", folder.socket_folder() / ".s.PGSQL.5432")
        )
        valkey_line = stack.enter_context(
            Line(place / "lines" / "valkey.sock", valkey_folder.socket_folder() / "valkey.sock")
        )
        through = quote(str(place / "lines"), safe="")
        house = StruckHouse(
            place / "data",
            f"postgresql+psycopg://sahut@/sahut?host={through}&port=5432",
            f"unix://{place / 'lines' / 'valkey.sock'}?db=0",
            more=settings_of(outside),
            outside=outside, dice=dice, folder=folder, valkey_folder=valkey_folder, database=database, valkey=valkey,
            lines={"database": data_line, "valkey": valkey_line}, direct_url=database.url,
        )  # fmt: skip
        stack.callback(house.stop_servers)
        house.disks = list(stack.enter_context(_small_disks(place / "data")))
        stack.callback(house.stop)
        house.start()
        house.start("worker")
        yield house


def settings_of(outside: Outside) -> dict[str, str]:
    """What the house must know of everybody outside."""
    return {
        "SAHUT_LAB": "0",
        "SAHUT_FORM_PER_HOUR": "0",
        "SAHUT_UNCERTAIN_SECONDS": str(UNCERTAIN_SECONDS),
        "SMS_TWILIO_ACCOUNT_SID": ACCOUNT,
        "SMS_TWILIO_AUTH_TOKEN": TOKEN,
        "SMS_TWILIO_API_URL": f"http://{outside.host}:{outside.port}/twilio",
        "SMS_KANNEL_URL": f"http://{outside.host}:{outside.port}/cgi-bin/sendsms",
        "SMS_KANNEL_USER": "sahut",
        "SMS_KANNEL_PASSWORD": "kata-sandi-kannel",
        "SMS_KANNEL_SECRETS": KANNEL_SECRET,
        "SMS_KANNEL_NUMBERS": "1708",
        "EMAIL_SMTP_URL": f"smtp://{outside.host}:{outside.smtp_port}?tls=no",
        "DESK_WEBHOOK_ALLOW_LOOPBACK": "1",
    }


def prepare(database_url: str, outside: Outside) -> None:
    """Make an upgraded database durable where it counts, and give the regency's own system a place in it."""
    with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as connection:
        # A server for tests forgets the last commits when it dies; one that citizens rely on must not, nor this one.
        connection.execute("alter role current_user set synchronous_commit = on")
    config = {"url": f"http://{outside.host}:{outside.port}/desk", "secret": "6" * 40}
    open_desk("webhook", config, {"DESK_WEBHOOK_ALLOW_LOOPBACK": "1"})
    engine = open_engine(database_url)
    with engine.begin() as connection:
        regencies.configure_desk(connection, MUARA_ENIM, "webhook", dict(config))
    engine.dispose()


@contextmanager
def _small_disks(data: Path) -> Iterator[list[Path]]:
    """Disks of a few megabytes for the spool and the attachments, where this machine lets us mount them."""
    mounted: list[Path] = []
    for name in ("spool", "files"):
        disk = data / name
        disk.mkdir(mode=0o700)
        command = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(disk)]
        if subprocess.run(command, capture_output=True, check=False).returncode == 0:
            mounted.append(disk)
    try:
        yield mounted
    finally:
        for disk in mounted:
            subprocess.run(["umount", "-l", str(disk)], capture_output=True, check=False)
