"""What we say to citizens: each sentence is a row before it is sent, and knows how far it got.

``promised → sending → accepted → sent → delivered | undelivered | failed``. "sending" is committed before the provider
is called; whoever finds it there later knows that it may have left (``workers.deliver``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, text

from channels.messages import DeliveryStatus
from intake.storage import turns
from intake.storage.people import family_of
from intake.storage.rows import as_json

#: The order in which a message travels; a receipt may only move a reply upwards, except that what a provider called
#: undeliverable may turn out delivered, never the other way round.
RANK: Final[dict[str, int]] = {
    "promised": 0, "sending": 1, "accepted": 2, "sent": 3, "undelivered": 4, "failed": 4, "delivered": 5, "read": 6,
}  # fmt: skip
#: What is longer is no id, and does not fit into its index.
_LONGEST_ID: Final = 500


@dataclass(frozen=True, slots=True)
class Reply:
    id: int
    report_id: int | None
    kind: str
    channel: str
    recipient: str
    sender: str
    subject: str
    text: str
    in_reply_to: str
    reference_ids: list[str]
    state: str
    gateway: str | None
    refused_by: list[str]
    external_id: str | None
    error_code: str | None
    sends: int
    created_at: datetime
    sending_at: datetime | None
    sending_for: timedelta | None


#: ``sending_for`` is measured by the database's clock alone: a host whose clock is wrong must not send a second copy.
_COMPUTED: Final = {"sending_for": "now() - sending_at as sending_for"}
_COLUMNS: Final = ", ".join(
    _COMPUTED.get(field.name, field.name) for field in fields(Reply)
)  # in their order: a row is one


@dataclass(frozen=True, slots=True)
class NewReply:
    """A reply to be promised; a second one with the same ``cause`` is not.

    ``may_have_left_since``: what it answers was here before a backup was restored, so that it may have been said before the
    disk was lost: it is asked for before it is sent, as one whose outcome nobody knows.
    """

    cause: str
    kind: str
    report_id: int | None
    channel: str
    recipient: str
    sender: str
    text: str
    subject: str = ""
    in_reply_to: str = ""
    reference_ids: Sequence[str] = ()
    may_have_left_since: datetime | None = None


_OF_A_NEW_ONE: Final = tuple(each.name for each in fields(NewReply))


def promise_replies(connection: Connection, new: Sequence[NewReply]) -> dict[str, int]:
    """Write replies and promise to send them, in two statements; the ids of those not answered before, by cause."""
    if not new:
        return {}
    rows = connection.execute(
        text("""
            insert into reply (cause, kind, report_id, channel, recipient, sender, subject, text,
                               in_reply_to, reference_ids, state, sending_at, sends, gateway)
            select cause, kind, report_id, channel, recipient, sender, subject, text, in_reply_to, reference_ids,
                   case when may_have_left_since is null then 'promised' else 'sending' end, may_have_left_since,
                   case when may_have_left_since is null then 0 else 1 end,
                   case when may_have_left_since is not null then channel end
            from json_to_recordset(cast(:rows as json)) as given (
                cause text, kind text, report_id bigint, channel text, recipient text, sender text, subject text,
                text text, in_reply_to text, reference_ids text[], may_have_left_since timestamptz)
            on conflict (cause) do nothing
            returning id, cause, kind, channel, (select regency from report where report.id = reply.report_id) as regency
        """),
        {"rows": as_json([{name: getattr(one, name) for name in _OF_A_NEW_ONE} for one in new])},
    )
    found = list(rows)
    turns.promise_in_lanes(
        connection,
        [(int(row.id), turns.priority_of(row.kind), turns.lane_of(row.channel, row.regency)) for row in found],
    )
    return {row.cause: int(row.id) for row in found}


def promise_reply(
    connection: Connection,
    *,
    cause: str,
    kind: str,
    report_id: int | None,
    channel: str,
    recipient: str,
    sender: str,
    text_: str,
    subject: str = "",
    in_reply_to: str = "",
    reference_ids: Sequence[str] = (),
    may_have_left_since: datetime | None = None,
) -> int | None:
    """Write a reply and promise to send it; None when this cause has been answered already."""
    new = NewReply(
        cause, kind, report_id, channel, recipient, sender, text_, subject, in_reply_to, tuple(reference_ids),
        may_have_left_since,
    )  # fmt: skip
    return promise_replies(connection, [new]).get(cause)


def read(connection: Connection, reply_id: int) -> Reply:
    row = connection.execute(text(f"select {_COLUMNS} from reply where id = :id"), {"id": reply_id}).one()
    return Reply(*row)


def read_many(connection: Connection, reply_ids: Sequence[int]) -> list[Reply]:
    """Those of these replies that exist, by id."""
    rows = connection.execute(
        text(f"select {_COLUMNS} from reply where id = any(:ids) order by id"), {"ids": list(reply_ids)}
    )
    return [Reply(*row) for row in rows]


def of_report(connection: Connection, report_id: int) -> list[Reply]:
    rows = connection.execute(
        text(f"select {_COLUMNS} from reply where report_id = :id order by id limit 500"), {"id": report_id}
    )
    return [Reply(*row) for row in rows]


def is_on_its_way(connection: Connection, *, family: str, recipient: str, kind: str, besides: int) -> bool:
    """Whether this transaction has promised this person a reply of this kind about another report: of two merged ones
    with one reporter, say. ``now()`` is the same moment for all of a transaction.
    """
    found = connection.execute(
        text("""select 1 from reply where recipient = :recipient and created_at = now() and kind = :kind
                and split_part(channel, '_', 1) = :family and report_id <> :besides limit 1"""),
        {"recipient": recipient, "kind": kind, "family": family, "besides": besides},
    )
    return found.first() is not None


def count_lately(connection: Connection, *, kind: str, channel: str, recipient: str, within: timedelta) -> int:
    """How many replies of a kind were promised to one address lately, by the database's clock."""
    found = connection.execute(
        text("""select count(*) from reply where recipient = :recipient and created_at > now() - :within
                and kind = :kind and channel = :channel"""),
        {"recipient": recipient, "within": within, "kind": kind, "channel": channel},
    )
    return int(found.scalar_one())


def begin_sending(connection: Connection, reply_id: int, *, gateway: str) -> bool:
    """Commit the intention to send, by this gateway. False when the reply is not waiting to be sent (any more)."""
    done = connection.execute(
        text("""update reply set state = 'sending', sending_at = now(), sends = sends + 1, gateway = :gateway
                where id = :id and state = 'promised'"""),
        {"id": reply_id, "gateway": gateway},
    )
    return done.rowcount == 1


def begin_sending_many(connection: Connection, replies: Sequence[tuple[int, str]]) -> set[int]:
    """The same for many, each by its gateway; the ids of those that were waiting to be sent."""
    rows = connection.execute(
        text("""update reply set state = 'sending', sending_at = now(), sends = sends + 1, gateway = given.gateway
                from unnest(cast(:ids as bigint[]), cast(:gateways as text[])) as given (id, gateway)
                where reply.id = given.id and state = 'promised' returning reply.id"""),
        {"ids": [id_ for id_, _ in replies], "gateways": [gateway for _, gateway in replies]},
    )
    return {row.id for row in rows}


def begin_sending_again(connection: Connection, reply_id: int, *, gateway: str) -> bool:
    """Commit the intention to send once more what may have left. False when it is known by now how it ended."""
    done = connection.execute(
        text("""update reply set sending_at = now(), sends = sends + 1, gateway = :gateway
                where id = :id and state = 'sending'"""),
        {"id": reply_id, "gateway": gateway},
    )
    return done.rowcount == 1


def back_to_promised(connection: Connection, reply_id: int, *, error: str, code: str | None) -> None:
    """The gateway said no, so it has not left: it may be sent again. ``sends`` counts what may have left: not this.

    Who said no is remembered, so that others are asked first; when one says no for the second time, they all begin anew.
    """
    connection.execute(
        text("""update reply set state = 'promised', error = :error, error_code = :code, sends = sends - 1,
                       refused_by = case when gateway = any(refused_by) then array[gateway]
                                         else array_append(refused_by, coalesce(gateway, channel)) end
                where id = :id and state = 'sending'"""),
        {"id": reply_id, "error": error, "code": code},
    )


@dataclass(frozen=True, slots=True)
class Taken:
    """A reply that a provider took. ``final``: nothing more will be heard of it."""

    id: int
    external_id: str
    segments: int | None
    final: bool


def settle_accepted(
    connection: Connection, reply_id: int, *, external_id: str, segments: int | None, final: bool
) -> None:
    """The provider took it. A receipt may have been quicker than this: then its state stays."""
    settle_accepted_many(connection, [Taken(reply_id, external_id, segments, final)])


def settle_accepted_many(connection: Connection, taken: Sequence[Taken]) -> None:
    """The same for many, in one statement."""
    connection.execute(
        text("""update reply set external_id = coalesce(given.external_id, reply.external_id), segments = given.segments,
                       settled_at = now(), state = case when reply.state = 'sending' then given.state else reply.state end
                from unnest(cast(:ids as bigint[]), cast(:external_ids as text[]), cast(:segments as integer[]),
                            cast(:states as text[])) as given (id, external_id, segments, state)
                where reply.id = given.id"""),
        {
            "ids": [each.id for each in taken],
            "external_ids": [each.external_id[:_LONGEST_ID] or None for each in taken],
            "segments": [each.segments for each in taken],
            "states": ["delivered" if each.final else "accepted" for each in taken],
        },
    )


def settle_failed(connection: Connection, reply_id: int, *, error: str, code: str | None) -> None:
    """It will never leave."""
    connection.execute(
        text("""update reply set state = 'failed', error = :error, error_code = :code, settled_at = now()
                where id = :id and state in ('promised', 'sending')"""),
        {"id": reply_id, "error": error, "code": code},
    )


def record_delivery(
    connection: Connection,
    *,
    channel: str,
    reply_id: int | None,
    external_id: str,
    status: DeliveryStatus,
    code: str | None,
) -> int | None:
    """Keep a delivery report and let it move its reply upwards. Returns the reply's id, None for one we do not know.

    By our own id it may come from any gateway of the reply's kind: one that did not answer us in time reports late, when
    another has sent it by then. A gateway's own id means something to that gateway only. That it failed at a gateway which
    had it before says nothing about the one that has it now.
    """
    found = connection.execute(
        text("""select id from reply where id = (
                    select id from (
                        select id from reply where id = :id and split_part(channel, '_', 1) = :family
                        union all
                        select id from reply
                        where cast(:id as bigint) is null and gateway = :channel and external_id = :external_id
                        union all
                        select id from reply
                        where cast(:id as bigint) is null and channel = :channel and external_id = :external_id
                          and gateway is null
                    ) as found order by id desc limit 1)
                for update"""),
        {"channel": channel, "family": family_of(channel), "id": reply_id, "external_id": external_id},
    ).one_or_none()
    connection.execute(
        text("""insert into delivery_report (channel, reply_id, external_id, status, error_code)
                values (:channel, :id, :external_id, :status, :code)"""),
        {
            "channel": channel, "id": found.id if found else None, "external_id": external_id, "status": status,
            "code": code,
        },
    )  # fmt: skip
    if found is None:
        return None
    lower = [state for state, rank in RANK.items() if rank < RANK[status]]
    connection.execute(
        text("""update reply set state = :status, external_id = coalesce(external_id, nullif(:external_id, '')),
                       error_code = case when :failed then :code end, settled_at = now()
                where id = :id and state = any(:lower)
                    and (not :failed or gateway is null or gateway = :channel or :family = 'email')"""),
        {
            "id": found.id, "channel": channel, "family": family_of(channel), "status": status,
            "external_id": external_id, "code": code, "lower": lower,
            "failed": status in {DeliveryStatus.FAILED, DeliveryStatus.UNDELIVERED},
        },
    )  # fmt: skip
    return int(found.id)
