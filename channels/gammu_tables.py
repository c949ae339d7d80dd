"""The tables of gammu-smsd (schema 17, gammu 1.42): the wire of ``sms_gammu``, as HTTP is that of others.

This is not our database and knows nothing of our tables: it is how a SIM modem's daemon is spoken to, and the reason
why this one module of the room may import a database driver. A connection lasts one call.

What surprises:

* A message of several parts is a row a part, joined by ``UDH``; rows of one message appear one after the other.
* Its moments are local times without a zone, those of the database's own setting.
* ``CreatorID`` is ours to write in: our message's id, and behind it the status we have already heard of. So nothing has
  to be remembered on our side, and a message that is already there is never put there twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import class_row

from channels.channel import SendFailed, Unreachable

CONNECT_SECONDS: Final = 5
STATEMENT_MILLISECONDS: Final = 15_000
CREATOR: Final = "sahut"


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One part of an incoming SMS. ``age_seconds`` since the daemon wrote it; ``received`` in unix seconds."""

    id: int
    phone_id: str
    sender: str
    udh: str
    coding: str
    text_hex: str
    text_decoded: str
    received: float | None
    age_seconds: float


@dataclass(frozen=True, slots=True)
class SentRow:
    """One part of an outgoing SMS the daemon is done with, ``message_id`` is ours, ``code`` gammu's error or -1."""

    id: int
    position: int
    message_id: str
    status: str
    code: int


@dataclass(frozen=True, slots=True)
class OutgoingPart:
    text: str
    udh_hex: str = ""


# The oldest rows, and every further part of the messages they belong to: a page must not tear a message.
_WAITING = """
with head as (select "ID", "SenderNumber", "RecipientID", "UDH" from inbox where not "Processed" order by "ID" limit %s)
select "ID" as id, "RecipientID" as phone_id, "SenderNumber" as sender, "UDH" as udh, "Coding" as coding,
       "Text" as text_hex, "TextDecoded" as text_decoded,
       extract(epoch from "ReceivingDateTime" at time zone current_setting('TimeZone'))::float8 as received,
       extract(epoch from localtimestamp - "UpdatedInDB")::float8 as age_seconds
from inbox
where not "Processed"
  and ("ID" in (select "ID" from head)
       or "UDH" <> '' and ("SenderNumber", "RecipientID")
           in (select "SenderNumber", "RecipientID" from head where "UDH" <> ''))
order by "ID"
"""

_RECEIVED = """
select "ID" as id, "RecipientID" as phone_id, "SenderNumber" as sender, "UDH" as udh, "Coding" as coding,
       "Text" as text_hex, "TextDecoded" as text_decoded,
       extract(epoch from "ReceivingDateTime" at time zone current_setting('TimeZone'))::float8 as received,
       extract(epoch from localtimestamp - "UpdatedInDB")::float8 as age_seconds
from inbox where "ReceivingDateTime" at time zone current_setting('TimeZone') >= %s order by "ID"
"""

# Messages with a part whose status we have not heard of, and nothing of which still waits to be sent.
_CHANGED = """
with changed as (
    select split_part("CreatorID", ' ', 2) as message_id, min("ID") as oldest from sentitems
    where "CreatorID" like %(ours)s and split_part("CreatorID", ' ', 3) <> "Status"
      and not exists (
          select from outbox where outbox."CreatorID" = %(creator)s || split_part(sentitems."CreatorID", ' ', 2))
    group by 1 order by 2 limit %(limit)s)
select "ID" as id, "SequencePosition" as position, message_id, "Status" as status, "StatusCode" as code
from sentitems join changed on split_part("CreatorID", ' ', 2) = message_id
where "CreatorID" like %(ours)s
order by oldest, id, position
"""

_FIND = """
select "ID" from outbox where "CreatorID" = %(creator)s
union all select "ID" from sentitems where "CreatorID" = %(creator)s or starts_with("CreatorID", %(creator)s || ' ')
limit 1
"""

_PUT = """
insert into outbox ("DestinationNumber", "TextDecoded", "Coding", "UDH", "MultiPart", "SenderID", "CreatorID")
values (%s, %s, %s, %s, %s, %s, %s) returning "ID"
"""

_PUT_FURTHER_PART = """
insert into outbox_multipart ("ID", "SequencePosition", "TextDecoded", "Coding", "UDH") values (%s, %s, %s, %s, %s)
"""


@dataclass(frozen=True)
class GammuTables:
    """One gammu-smsd's database. Safe to share between threads."""

    dsn: str = field(repr=False)

    def waiting(self, *, rows: int) -> list[InboxRow]:
        """At least the oldest ``rows`` rows nobody has taken, and all other parts of their messages. Unreachable."""
        with self._asking() as connection, connection.cursor(row_factory=class_row(InboxRow)) as cursor:
            return cursor.execute(_WAITING, [rows]).fetchall()

    def received(self, since: datetime) -> list[InboxRow]:
        """All rows since then, taken or not. Raises Unreachable."""
        with self._asking() as connection, connection.cursor(row_factory=class_row(InboxRow)) as cursor:
            return cursor.execute(_RECEIVED, [since]).fetchall()

    def mark_processed(self, ids: Iterable[int]) -> None:
        with self._asking() as connection:
            connection.execute('update inbox set "Processed" = true where "ID" = any(%s)', [list(ids)])

    def changed(self, *, messages: int) -> list[SentRow]:
        """All parts of at most so many messages of ours that have a status we have not heard of. Unreachable."""
        asked = {"ours": f"{CREATOR} %", "creator": f"{CREATOR} ", "limit": messages}
        with self._asking() as connection, connection.cursor(row_factory=class_row(SentRow)) as cursor:
            return cursor.execute(_CHANGED, asked).fetchall()

    def mark_heard(self, rows: Sequence[SentRow]) -> None:
        """These statuses are known; one that came since is not, and is given next time."""
        marks = [(f"{CREATOR} {row.message_id} {row.status}", row.id, row.position) for row in rows]
        with self._asking() as connection, connection.cursor() as cursor:
            cursor.executemany(
                'update sentitems set "CreatorID" = %s where "ID" = %s and "SequencePosition" = %s', marks
            )

    def find(self, message_id: str) -> int | None:
        """The daemon's number of a message of ours, sent or waiting. Raises SendFailed when it cannot be asked."""
        with self._sending(uncertain=False) as connection:
            return _find(connection, message_id)

    def put(self, message_id: str, *, to: str, phone_id: str, coding: str, parts: Sequence[OutgoingPart]) -> int:
        """Give a message to the daemon, once: the number it has already is given again. Raises SendFailed."""
        with self._sending(uncertain=True) as connection:
            connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{CREATOR} {message_id}"])
            if (known := _find(connection, message_id)) is not None:
                return known
            first, *further = parts
            row = connection.execute(
                _PUT,
                [to, first.text, coding, first.udh_hex, bool(further), phone_id, f"{CREATOR} {message_id}"],
            ).fetchone()
            assert row is not None  # noqa: S101 - "returning" of an insert
            number = int(row[0])
            for position, part in enumerate(further, start=2):
                connection.execute(_PUT_FURTHER_PART, [number, position, part.text, coding, part.udh_hex])
            return number

    @contextmanager
    def _asking(self) -> Iterator[psycopg.Connection[Any]]:
        try:
            with self._connect() as connection:
                yield connection
        except psycopg.Error as fault:
            raise Unreachable(_name(fault)) from None

    @contextmanager
    def _sending(self, *, uncertain: bool) -> Iterator[psycopg.Connection[Any]]:
        try:
            connection = self._connect()
        except psycopg.Error as fault:
            raise SendFailed("gammu's database cannot be reached", code=fault.sqlstate) from None
        try:
            with connection:
                yield connection
        except psycopg.OperationalError as fault:
            # Also in the middle of the commit: the row may be there. ``find`` tells.
            raise SendFailed("gammu's database went away", code=fault.sqlstate, uncertain=uncertain) from None
        except psycopg.Error as fault:
            raise SendFailed(_name(fault), kind="config", code=fault.sqlstate) from None

    def _connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(
            self.dsn,
            connect_timeout=CONNECT_SECONDS,
            application_name=CREATOR,
            options=f"-c statement_timeout={STATEMENT_MILLISECONDS}",
        )


def _find(connection: psycopg.Connection[Any], message_id: str) -> int | None:
    row = connection.execute(_FIND, {"creator": f"{CREATOR} {message_id}"}).fetchone()
    return int(row[0]) if row else None


def _name(fault: psycopg.Error) -> str:
    """What went wrong without the server's words: they repeat values."""
    return f"gammu's database: {type(fault).__name__}"


def is_dsn(written: str) -> bool:
    """Whether libpq can read this: ``postgresql://user:password@host/smsd`` or ``host=/run/postgresql dbname=smsd``."""
    try:
        return bool(conninfo_to_dict(written).get("dbname"))
    except psycopg.Error:
        return False


def read_moment(unix_seconds: float | None) -> datetime | None:
    try:
        return None if unix_seconds is None else datetime.fromtimestamp(unix_seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
