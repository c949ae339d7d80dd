"""Messages as they came in: kept in one statement together with the report they open and the promise to read them.

One round trip and one commit, for one message or for several (``exec_driver_sql``: the statement is PostgreSQL's own).
The rows travel as one JSON text: a statement of the same form for any number of them, which the server plans once.
Everything after that may fail and is made up for; this may not.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from operator import itemgetter
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from channels.messages import InboundMessage
from intake import logs
from intake.domain.reference import reference_of
from intake.storage import outbox
from intake.storage.database import Overloaded
from intake.storage.outbox import Job
from intake.storage.people import family_of
from intake.storage.tables import ID_BLOCK

log = logs.get("messages")

Kept = TypeVar("Kept")

#: In ``extra`` of what nobody had read when the backup was made that is used now, or of which a reminder was still to be
#: sent (``intake.restored``).
UNREAD_IN_BACKUP: Final = "unread_in_backup"


@dataclass(frozen=True, slots=True)
class Remembered:
    """``report_id`` is None for messages that belong to no report (commands, machines). ``new``: not seen before."""

    message_id: int
    report_id: int | None
    new: bool


@dataclass(frozen=True, slots=True)
class StoredMessage:
    id: int
    channel: str
    external_id: str
    report_id: int | None
    sender: str
    recipient: str
    subject: str
    text: str
    answerable: bool
    automatic: str | None
    regency: str | None
    latitude: float | None
    longitude: float | None
    reference_ids: list[str]
    extra: Mapping[str, Any]
    received_at: datetime
    processed_at: datetime | None

    @property
    def may_be_answered_since(self) -> datetime | None:
        """From when on it may have been answered without our knowing: it was unread in a backup that was restored."""
        return self.received_at if self.extra.get(UNREAD_IN_BACKUP) else None


class IdTaken(SQLAlchemyError):
    """Another message has this id already; the block it came from is given up."""


#: What an id that is taken runs into. The outbox and the reference follow from the id.
_KEYS_OF_IDS: Final = frozenset({"pk_message", "pk_report", "uq_report_reference", "pk_outbox"})
#: A sequence is written down 32 fetches ahead (PostgreSQL, ``SEQ_LOG_VALS``): a server that died, or a standby that took
#: over, may give so many blocks a second time.
_MOST_BLOCKS_GIVEN_TWICE: Final = 40


class Ids:
    """Message ids, fetched from the sequence a block at a time, so that most messages need no round trip for theirs.

    What surprises: a block may be given to two processes. A sequence that was read in a transaction which the server did
    not live to commit goes back, while we still hold the block. Nothing is written then (``IdTaken``), the block is given
    up, and the message gets another id.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next = 0
        self._end = 0

    def take(self, connection: Connection) -> int:
        with self._lock:
            if self._next == self._end:
                first = connection.exec_driver_sql("select nextval('message_id_seq')").scalar_one()
                self._next, self._end = int(first), int(first) + ID_BLOCK
            taken = self._next
            self._next += 1
            return taken

    def give_up_block(self) -> None:
        """Take the next from a new block."""
        with self._lock:
            self._next = self._end


def with_fresh_ids(keep: Callable[[], Kept]) -> Kept:
    """What ``keep`` returns; called again, in a transaction of its own, for as long as its ids turn out to be taken.

    Raises Overloaded when that does not end: who can keep the message comes again.
    """
    for _ in range(_MOST_BLOCKS_GIVEN_TWICE):
        try:
            return keep()
        except IdTaken:
            log.warning("ids_given_twice")
    raise Overloaded("no id that is free")


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message to be remembered, and what was read from its form.

    ``opens`` False: it belongs to no report (a command, a machine). ``joins_report``: the report proven by a signed
    address; ``mentioned``: reports whose reference it types. ``may_join`` False: it gets a report of its own, whatever
    it says. ``received_at``: when it came, for one that waited elsewhere; None is now.
    """

    channel: str
    message: InboundMessage
    opens: bool
    may_join: bool = True
    joins_report: int | None = None
    mentioned: tuple[int, ...] = ()
    received_at: datetime | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What is one message, however often and by whatever way it comes."""
        return self.channel, self.message.external_id


# What a message joins, in this order: the report whose signed reply address it was sent to; one of our own messages
# that it answers; a reference typed in it; the report whose question waits for this sender. Always of the same sender
# and kind of channel (two gateways may carry one number): nobody gets into a stranger's case by quoting its number. Who
# quotes it from a number that was confirmed for that report is no stranger.
#
# What surprises: PostgreSQL plans this once for a connection, perhaps while the tables are empty, and would then read them
# through for every message until it counts their rows again. Hence the condition that leaves out a search for nothing, and
# the limit that has each report looked up by its key.
_REMEMBER = f"""
with given as materialized (
    select * from json_to_recordset(%(rows)s::json) as given (
        id bigint, reference text, channel text, external_id text, sender text, recipient text, subject text, "text" text,
        answerable boolean, automatic text, regency text, latitude double precision, longitude double precision,
        reference_ids text[], extra jsonb, sent_at timestamptz, received_at timestamptz,
        family text, opens boolean, may_join boolean, token bigint, mentioned bigint[]
    )
), placed as (
    select given.*, case when opens then coalesce(joins.id, given.id) end as report_id
    from given left join lateral (
        select r.id from (
            select given.token, 1
            union all
            select report_id, 2 from reply where given.reference_ids <> '{{}}' and channel = given.channel
                and external_id = any(given.reference_ids)
            union all
            select unnest(given.mentioned), 3
            union all
            select id, 4 from report where sender = given.sender and state = 'tertunda'
                and recipient = given.recipient
        ) as r (id, answer_order)
        cross join lateral (select sender, channel from report where id = r.id limit 1) as report
        where ((report.sender = given.sender and split_part(report.channel, '_', 1) = given.family)
               or (r.answer_order = 3 and exists (select 1 from contact c
                   where c.report_id = r.id and c.family = given.family and c.address = given.sender)))
            and given.may_join and given.sender <> ''
        order by r.answer_order, r.id desc limit 1
    ) as joins on true
), said as (
    insert into message (id, channel, external_id, report_id, sender, recipient, subject, text, answerable, automatic,
                         regency, latitude, longitude, reference_ids, extra, sent_at, received_at)
    select id, channel, external_id, report_id, sender, recipient, subject, "text", answerable, automatic,
           regency, latitude, longitude, reference_ids, extra, sent_at, coalesce(received_at, now())
    from placed
    on conflict (channel, external_id) do nothing
    returning id, report_id, received_at
), opened as (
    insert into report (id, reference, channel, sender, recipient, answerable, opened_at)
    select id, reference, channel, sender, recipient, answerable, said.received_at from given join said using (id)
    where said.report_id = said.id
), promised as (
    insert into outbox (job, subject_id) select '{Job.PROCESS}', id from said
)
select id, report_id from said
"""

_FIND = "select id, report_id from message where channel = %(channel)s and external_id = %(external_id)s"


def remember(connection: Connection, ids: Ids, incoming: Incoming) -> Remembered:
    """Keep a message with its files, open (or join) its report and promise to read it: once per external id.

    The caller's transaction must not be open for anything else: with two at once the second waits here for the first.
    """
    [kept] = remember_all(connection, ids, [incoming])
    if kept.new and incoming.message.attachments:
        _keep_attachments(connection, kept.message_id, incoming.message)
    return kept


def remember_all(connection: Connection, ids: Ids, several: Sequence[Incoming]) -> list[Remembered]:
    """Keep messages without their files, in one statement: all or none. What each became, in the order given.

    The rows are written in the order of their keys, so that two processes that were given the same messages at the same
    time wait for each other instead of both for the other.
    """
    forgotten = _find_forgotten(connection, several)
    first_of: dict[tuple[str, str], tuple[int, Incoming]] = {}
    for incoming in several:
        if incoming.key not in first_of and incoming.key not in forgotten:
            first_of[incoming.key] = ids.take(connection), incoming
    rows = [_row(new_id, incoming) for _, (new_id, incoming) in sorted(first_of.items(), key=itemgetter(0))]
    try:
        written = connection.exec_driver_sql(_REMEMBER, {"rows": json.dumps(rows)})
    except IntegrityError as fault:
        if getattr(getattr(fault.orig, "diag", None), "constraint_name", None) not in _KEYS_OF_IDS:
            raise
        ids.give_up_block()
        raise IdTaken from fault
    report_of: dict[int, int | None] = {row.id: row.report_id for row in written}
    remembered = []
    for incoming in several:
        if incoming.key in forgotten:
            remembered.append(forgotten[incoming.key])
            continue
        new_id, first = first_of[incoming.key]
        if new_id in report_of:
            remembered.append(Remembered(new_id, report_of[new_id], new=incoming is first))
        else:
            # Kept before; or a twin was committed while ours waited for it, and only the next statement sees it.
            channel, external_id = incoming.key
            found = connection.exec_driver_sql(_FIND, {"channel": channel, "external_id": external_id}).one()
            remembered.append(Remembered(found.id, found.report_id, new=False))
    return remembered


#: Ids in which nobody's number or address can stand: Twilio's, a UUID (Kannel's), and digests (our own, of gateways that
#: name nothing). For Python and for PostgreSQL alike.
SAYS_NOTHING: Final = (
    "[A-Z]{2}[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{40}|[0-9a-f]{64}"
)
_SAYS_NOTHING: Final = re.compile(SAYS_NOTHING)


def forgotten_id(external_id: str) -> str:
    """What is kept of an id that says something when its people are forgotten (``storage.erasure``: the same in SQL)."""
    return f"forgotten:{hashlib.sha256(external_id.encode('utf-8', 'replace')).hexdigest()}"


def _find_forgotten(connection: Connection, several: Sequence[Incoming]) -> dict[tuple[str, str], Remembered]:
    """Messages whose people were forgotten and that a mailbox or a provider still holds: they are not new, by their keys."""
    letters = {
        (each.channel, forgotten_id(each.message.external_id)): each.key
        for each in several
        if not _SAYS_NOTHING.fullmatch(each.message.external_id)
    }
    if not letters:
        return {}
    rows = connection.execute(
        text("""select given.channel, given.external_id, found.id, found.report_id
                from unnest(cast(:channels as text[]), cast(:ids as text[])) as given (channel, external_id)
                cross join lateral (select id, report_id from message
                                    where channel = given.channel and external_id = given.external_id limit 1) as found"""),
        {"channels": [channel for channel, _ in letters], "ids": [written for _, written in letters]},
    )
    return {letters[row.channel, row.external_id]: Remembered(row.id, row.report_id, new=False) for row in rows}


def _row(new_id: int, incoming: Incoming) -> dict[str, Any]:
    message = incoming.message
    return {
        "id": new_id,
        "reference": reference_of(new_id),
        "channel": incoming.channel,
        "family": family_of(incoming.channel),
        "external_id": message.external_id,
        "sender": message.sender,
        "recipient": message.recipient,
        "subject": message.subject,
        "text": message.text,
        "answerable": message.answerable,
        "automatic": message.automatic,
        "regency": message.regency,
        "latitude": message.coordinates.latitude if message.coordinates else None,
        "longitude": message.coordinates.longitude if message.coordinates else None,
        "reference_ids": message.references[:50],
        "extra": dict(message.extra),
        "sent_at": message.sent_at.isoformat() if message.sent_at else None,
        "received_at": incoming.received_at.isoformat() if incoming.received_at else None,
        "opens": incoming.opens,
        "may_join": incoming.may_join and incoming.opens,
        "token": incoming.joins_report,
        "mentioned": incoming.mentioned[:10],
    }


def _keep_attachments(connection: Connection, message_id: int, message: InboundMessage) -> None:
    connection.execute(
        text("""insert into attachment (message_id, name, content_type, size, sha256, content, url)
                values (:message_id, :name, :content_type, :size, :sha256, :content, :url)"""),
        [
            {
                "message_id": message_id,
                "name": a.name,
                "content_type": a.content_type,
                "size": None if a.content is None else len(a.content),
                "sha256": None if a.content is None else hashlib.sha256(a.content).hexdigest(),
                "content": a.content,
                "url": a.url,
            }
            for a in message.attachments
        ],
    )
    if any(a.content is not None or a.url for a in message.attachments):
        outbox.promise(connection, Job.INSPECT, message_id)


_COLUMNS: Final = ", ".join(field.name for field in fields(StoredMessage))  # in their order, so that a row is one


def read(connection: Connection, message_id: int) -> StoredMessage:
    row = connection.execute(text(f"select {_COLUMNS} from message where id = :id"), {"id": message_id}).one()
    return StoredMessage(*row)


def read_many(connection: Connection, message_ids: Sequence[int]) -> list[StoredMessage]:
    """Those of these messages that exist, oldest first."""
    rows = connection.execute(
        text(f"select {_COLUMNS} from message where id = any(:ids) order by id"), {"ids": list(message_ids)}
    )
    return [StoredMessage(*row) for row in rows]


def of_report(connection: Connection, report_id: int) -> list[StoredMessage]:
    """The conversation's incoming side, oldest first."""
    rows = connection.execute(
        text(f"select {_COLUMNS} from message where report_id = :id order by id limit 500"),
        {"id": report_id},
    )
    return [StoredMessage(*row) for row in rows]


def mark_processed(connection: Connection, *message_ids: int) -> None:
    connection.execute(
        text("update message set processed_at = now() where id = any(:ids)"), {"ids": sorted(message_ids)}
    )


def split_off(connection: Connection, message: StoredMessage) -> None:
    """Give a message that was taken for an answer a report of its own."""
    connection.execute(
        text("""
            with opened as (
                insert into report (id, reference, channel, sender, recipient, answerable)
                values (:id, :reference, :channel, :sender, :recipient, :answerable) on conflict do nothing
            )
            update message set report_id = :id where id = :id
        """),
        {
            "id": message.id,
            "reference": reference_of(message.id),
            "channel": message.channel,
            "sender": message.sender,
            "recipient": message.recipient,
            "answerable": message.answerable,
        },
    )
