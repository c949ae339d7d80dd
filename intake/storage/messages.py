"""Messages as they came in: kept in one statement together with the report they open and the promise to read them.

One round trip and one commit a message (``exec_driver_sql``: the statement is PostgreSQL's own, the driver's parameters
are used as they are). Everything after that may fail and is made up for; this may not.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, text

from channels.messages import InboundMessage
from intake.domain.reference import reference_of
from intake.storage import outbox
from intake.storage.outbox import Job
from intake.storage.people import family_of
from intake.storage.tables import ID_BLOCK


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


class Ids:
    """Message ids, fetched from the sequence a block at a time, so that most messages need no round trip for theirs."""

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


# What a message joins, in this order: the report whose signed reply address it was sent to; one of our own messages
# that it answers; a reference typed in it; the report whose question waits for this sender. Always of the same sender
# and medium: nobody gets into a stranger's case by quoting its number. Who quotes it from a number that was confirmed
# for that report is no stranger.
_REMEMBER = f"""
with joins as (
    select r.id, r.answer_order from (
        select id, 1 as answer_order from report where id = %(token)s
        union all
        select report_id, 2 from reply where channel = %(channel)s and external_id = any(%(references)s::text[])
        union all
        select id, 3 from report where id = any(%(mentioned)s::bigint[])
        union all
        select id, 4 from report
            where sender = %(sender)s and channel = %(channel)s and state = 'tertunda' and recipient = %(recipient)s
    ) as r
    join report on report.id = r.id and (
        (report.sender = %(sender)s and report.channel = %(channel)s)
        or (r.answer_order = 3 and exists (select 1 from contact c
            where c.report_id = r.id and c.family = %(family)s and c.address = %(sender)s)))
    where %(may_join)s and %(sender)s <> ''
    order by r.answer_order, r.id desc limit 1
), said as (
    insert into message (id, channel, external_id, report_id, sender, recipient, subject, text, answerable, automatic,
                         regency, latitude, longitude, reference_ids, extra, sent_at)
    select %(id)s, %(channel)s, %(external_id)s,
           case when %(opens)s then coalesce((select id from joins), %(id)s) end,
           %(sender)s, %(recipient)s, %(subject)s, %(text)s, %(answerable)s, %(automatic)s,
           %(regency)s, %(latitude)s, %(longitude)s, %(references)s, %(extra)s, %(sent_at)s
    on conflict (channel, external_id) do nothing
    returning id, report_id
), opened as (
    insert into report (id, reference, channel, sender, recipient, answerable)
    select id, %(reference)s, %(channel)s, %(sender)s, %(recipient)s, %(answerable)s from said where report_id = id
), promised as (
    insert into outbox (job, subject_id) select '{Job.PROCESS}', id from said
)
select id, report_id, true as new from said
union all
select id, report_id, false from message
    where channel = %(channel)s and external_id = %(external_id)s and not exists (select 1 from said)
"""

_FIND = "select id, report_id from message where channel = %(channel)s and external_id = %(external_id)s"


def remember(
    connection: Connection,
    ids: Ids,
    channel: str,
    message: InboundMessage,
    *,
    opens: bool,
    may_join: bool = True,
    joins_report: int | None = None,
    mentioned: tuple[int, ...] = (),
) -> Remembered:
    """Keep a message, open (or join) its report and promise to read it: all or nothing, once per external id.

    ``opens`` False: the message belongs to no report (a command, a machine). ``joins_report``: the report proven by a
    signed address; ``mentioned``: reports whose reference it types. The caller's transaction must not be open for
    anything else: with two at once the second waits here for the first.
    """
    new_id = ids.take(connection)
    parameters = {
        "id": new_id,
        "reference": reference_of(new_id),
        "channel": channel,
        "family": family_of(channel),
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
        "references": list(message.references[:50]),
        "extra": Jsonb(dict(message.extra)),
        "sent_at": message.sent_at,
        "opens": opens,
        "may_join": may_join and opens,
        "token": joins_report,
        "mentioned": list(mentioned[:10]),
    }
    row = connection.exec_driver_sql(_REMEMBER, parameters).one_or_none()
    if row is None:
        # A twin of this message was committed while ours waited for it: it is visible only to the next statement.
        found = connection.exec_driver_sql(_FIND, parameters).one()
        return Remembered(found.id, found.report_id, new=False)
    if row.new and message.attachments:
        _keep_attachments(connection, row.id, message)
    return Remembered(row.id, row.report_id, row.new)


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
    if any(a.content is not None for a in message.attachments):
        outbox.promise(connection, Job.INSPECT, message_id)


_COLUMNS = """id, channel, external_id, report_id, sender, recipient, subject, text, answerable, automatic, regency,
              latitude, longitude, reference_ids, extra, received_at, processed_at"""


def read(connection: Connection, message_id: int) -> StoredMessage:
    row = connection.execute(text(f"select {_COLUMNS} from message where id = :id"), {"id": message_id}).one()
    return StoredMessage(**row._mapping)


def read_many(connection: Connection, message_ids: Sequence[int]) -> list[StoredMessage]:
    """Those of these messages that exist, oldest first."""
    rows = connection.execute(
        text(f"select {_COLUMNS} from message where id = any(:ids) order by id"), {"ids": list(message_ids)}
    )
    return [StoredMessage(**row._mapping) for row in rows]


def of_report(connection: Connection, report_id: int) -> list[StoredMessage]:
    """The conversation's incoming side, oldest first."""
    rows = connection.execute(
        text(f"select {_COLUMNS} from message where report_id = :id order by id limit 500"),
        {"id": report_id},
    )
    return [StoredMessage(**row._mapping) for row in rows]


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
