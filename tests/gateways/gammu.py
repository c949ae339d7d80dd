"""A real gammu-smsd for one test: the project's own example configuration, a dummy phone, a PostgreSQL database.

The dummy phone is a folder: a message saved into its inbox has come in, what the daemon sends is written beside it.
"""

from __future__ import annotations

import itertools
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from channels.sms_gammu import SmsGammu, open_channel
from tests.gateways.processes import running, wait_for

EXAMPLE = Path(__file__).parents[2] / "docs" / "gateways" / "gammu-smsdrc"
SCHEMA = Path("/usr/share/doc/gammu-smsd/examples/pgsql.sql")
OUR_NUMBER = "+628110000100"
# Waits a test wants shorter than an office does.
HURRIED = {"multiparttimeout": "2", "commtimeout": "1", "receivefrequency": "1"}
_databases = itertools.count(1)


@dataclass(frozen=True)
class Gammu:
    """A running daemon, its phone and its tables."""

    folder: Path
    dsn: str
    channel: SmsGammu
    _locations: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def execute(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def come_in(self, sender: str, text: str, *options: str, lose: int | None = None) -> None:
        """A citizen's SMS arrives at the phone; the part ``lose`` (from 1) of it does not."""
        outside = self.folder / "outside"
        for number in range(1, 7):
            (outside / "sms" / str(number)).mkdir(parents=True, exist_ok=True)
        settings = self.folder / "outside.rc"
        settings.write_text(_dummy(outside))
        command = ["gammu", "-c", str(settings), "savesms", "TEXT", "-folder", "1", "-unread", "-sender", sender]
        subprocess.run([*command, *options, "-autolen", "600", "-text", text], check=True, stdout=subprocess.DEVNULL)
        written = sorted((outside / "sms" / "1").iterdir(), key=lambda file: int(file.name))
        for position, file in enumerate(written, start=1):
            if position != lose:
                # Saved as one that was written on the phone; the daemon takes only what was delivered to it.
                part = file.read_text().replace("PDU = Submit", "PDU = Deliver")
                (self.folder / "phone" / "sms" / "1" / str(next(self._locations))).write_text(part)
            file.unlink()

    def rows_come_in(self, count: int) -> None:
        """Wait until the daemon has put so many parts into its table."""
        wait_for(f"{count} rows in the inbox", lambda: self.execute("select count(*) from inbox")[0][0] >= count)


@contextmanager
def running_gammu(folder: Path, postgres_url: str) -> Iterator[Gammu]:
    """The daemon over a fresh database ``smsd<n>`` of this server."""
    admin = postgres_url.replace("+psycopg", "")
    name = f"smsd{next(_databases)}"
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"create database {name}".encode())
    dsn = make_conninfo(admin, dbname=name)
    with psycopg.connect(dsn) as connection:
        connection.execute(SCHEMA.read_text().replace("CREATE LANGUAGE plpgsql;", "").encode())
    for number in range(1, 7):
        (folder / "phone" / "sms" / str(number)).mkdir(parents=True)
    settings = folder / "smsdrc"
    settings.write_text(_write_settings(folder, dsn))
    channel = open_channel(
        {"SMS_GAMMU_DSN": dsn, "SMS_GAMMU_NUMBERS": f"kantor={OUR_NUMBER}", "SMS_GAMMU_PARTS_WAIT_SECONDS": "1"},
        public_url="http://127.0.0.1",
    )
    assert channel is not None
    gammu = Gammu(folder, dsn, channel)
    with running(["gammu-smsd", "-c", settings], folder=folder, log="smsd.out"):
        wait_for("the daemon to find its phone", lambda: bool(gammu.execute("select 1 from phones")))
        yield gammu


def _dummy(phone: Path) -> str:
    return f"[gammu]\nmodel = dummy\nconnection = none\nport = {phone}\ngammuloc = /dev/null\n"


def _write_settings(folder: Path, dsn: str) -> str:
    place = conninfo_to_dict(dsn)
    words = {
        "DATABASE_HOST": str(place["host"]),
        "DATABASE_USER": str(place["user"]),
        "DATABASE_PASSWORD": "tidak-perlu",
        "FOLDER": str(folder),
        "DEVICE": "",
        "CONNECTION": "none",
    }
    settings = EXAMPLE.read_text()
    for name, value in {**HURRIED, "database": str(place["dbname"])}.items():
        settings, found = re.subn(rf"(?m)^{name} = .*$", f"{name} = {value}", settings)
        assert found == 1, f"{name} is not in the example once"
    settings = re.sub(r"@([A-Z_]+)@", lambda match: words.get(match[1], match[0]), settings)
    return _dummy(folder / "phone") + settings[settings.index("[smsd]") :]
