"""What one person and we said to each other before: their reports, the questions that wait, what they were asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, text

from intake.domain.report import State
from intake.storage import handovers, reports
from intake.storage.messages import StoredMessage
from intake.storage.people import family_of
from intake.storage.ratings import UNHAPPY
from intake.understand.relate import Before

#: Replies that a person of ours caused. All others are automatic: the limits count those.
OF_OFFICERS: Final = ("answered", "asked", "closed", "forwarded")
#: Replies that ask where, and those after which a bare digit is a rating.
_QUESTIONS: Final = ("ask_place", "ask_which", "reminder")
_RATING_ASKED: Final = ("closed", "finished")
_MOST_BEFORE: Final = 20

# The newest message of each report, by arrival; the newest question and the newest request for a rating.
_BEFORE: Final = """
    select heard.id as heard_id, r.id, r.state, r.regency, r.topic, r.waiting_for, r.choices, r.times_asked, r.opened_at,
           r.handed_over_at, r.recipient, left(opening.text, 10000) as opening, last.text as last_text, last.id as last_id,
           last.received_at as last_at, last.extra as last_extra, last.processed_at as last_processed_at,
           asked.at as asked_at, rating_asked.at as rating_asked_at, rated.at as rated_at
    from unnest(cast(:ids as bigint[]), cast(:senders as text[]), cast(:families as text[]),
                cast(:moments as timestamptz[])) as heard (id, sender, family, at)
    cross join lateral (select * from report where sender = heard.sender and split_part(channel, '_', 1) = heard.family
                        and opened_at <= heard.at and (opened_at, id) < (heard.at, heard.id)
                        and opened_at > now() - interval '90 days'
                        order by opened_at desc, id desc limit :most) as r
    join message opening on opening.id = r.id
    cross join lateral (select m.id, m.text, m.received_at, m.extra, m.processed_at from message m
                        where m.report_id = r.id and (m.received_at, m.id) < (heard.at, heard.id)
                        order by m.received_at desc, m.id desc limit 1) as last
    left join lateral (select max(created_at) as at from reply where report_id = r.id and kind = any(:questions))
        as asked on true
    left join lateral (select max(created_at) as at from reply where report_id = r.id and kind = any(:rating_asked))
        as rating_asked on true
    left join lateral (select max(at) as at from rating where report_id = r.id) as rated on true
    order by heard.id, r.opened_at desc, r.id desc
"""


def before(connection: Connection, message: StoredMessage) -> list[Before]:
    """The sender's other reports of the last 90 days by a channel of this kind, newest first, at most 20.

    Only what was there when the message came: of two messages at once, also of one commit, exactly one is the later one.
    """
    return before_many(connection, [message])[message.id]


def before_many(connection: Connection, messages: Sequence[StoredMessage]) -> dict[int, list[Before]]:
    """The same for many messages, by their ids, in one statement."""
    found: dict[int, list[Before]] = {message.id: [] for message in messages}
    known = [message for message in messages if message.sender]
    if not known:
        return found
    rows = connection.execute(
        text(_BEFORE),
        {
            "ids": [m.id for m in known], "senders": [m.sender for m in known],
            "families": [family_of(m.channel) for m in known],
            "moments": [m.received_at for m in known], "most": _MOST_BEFORE,
            "questions": list(_QUESTIONS), "rating_asked": list(_RATING_ASKED),
        },
    )  # fmt: skip
    for row in rows:
        found[row.heard_id].append(_before(row))
    return found


def _before(row: Any) -> Before:
    return Before(
        report_id=row.id,
        state=State(row.state),
        regency=row.regency,
        topic=row.topic,
        opening=row.opening,
        opened_at=row.opened_at,
        handed_over=row.handed_over_at is not None,
        recipient=row.recipient,
        last_id=row.last_id,
        last_text=row.last_text,
        last_at=row.last_at,
        last_extra=row.last_extra,
        last_processed=row.last_processed_at is not None,
        waits_for_place=row.state == State.TERTUNDA and row.waiting_for == "place",
        choices=tuple(row.choices),
        times_asked=row.times_asked,
        asked_at=row.asked_at,
        rating_asked_at=row.rating_asked_at,
        rated_at=row.rated_at,
    )


def may_join(connection: Connection, message: StoredMessage) -> bool:
    """Whether the report that a message opened, if it did, is as it was opened; that report is locked then.

    Not one for which a code is on its way: whoever asked for it has the report's number, and would miss it.
    """
    if message.report_id != message.id:
        return True
    untouched = connection.execute(
        text("""select state = 'diterima' and not exists (select 1 from history where report_id = :id)
                       and not exists (select 1 from message where report_id = :id and id <> :id)
                       and not exists (select 1 from code where report_id = :id)
                from report where id = :id for update"""),
        {"id": message.id},
    ).scalar_one_or_none()
    return bool(untouched)


def join(connection: Connection, message: StoredMessage, report_id: int) -> bool:
    """Let a message belong to a report, and take away the one it had opened for itself, if nothing happened to it yet.

    Nobody was told that report's number, so nobody misses it; ``messages.split_off`` opens it again. False when the
    report it had opened has a life of its own already: then nothing is changed.
    """
    if not may_join(connection, message):
        return False
    connection.execute(
        text("update message set report_id = :report_id where id = :id"), {"id": message.id, "report_id": report_id}
    )
    if message.report_id == message.id:
        connection.execute(text("delete from report where id = :id"), {"id": message.id})
    return True


def lock(connection: Connection, report_id: int) -> State:
    """Keep others from changing a report until this transaction ends; its state now.

    A message that comes in for it meanwhile does not wait: it only refers to the report.
    """
    return lock_many(connection, [report_id])[report_id]


def lock_many(connection: Connection, report_ids: Iterable[int]) -> dict[int, State]:
    """The same for many, always in the order of their ids, so that two who lock many never wait for each other."""
    rows = connection.execute(
        text("select id, state from report where id = any(:ids) order by id for no key update"),
        {"ids": list(report_ids)},
    )
    return {row.id: State(row.state) for row in rows}


def count_messages(connection: Connection, report_id: int) -> int:
    return count_messages_of(connection, [report_id]).get(report_id, 0)


def count_messages_of(connection: Connection, report_ids: Iterable[int]) -> dict[int, int]:
    """How many messages each of these reports has."""
    rows = connection.execute(
        text("select report_id, count(*) as n from message where report_id = any(:ids) group by report_id"),
        {"ids": list(report_ids)},
    )
    return {row.report_id: row.n for row in rows}


@dataclass(frozen=True, slots=True)
class Said:
    """How much we said of our own accord: to one person in the last hour and day, to everybody in the last minute."""

    hour: int
    day: int
    minute_to_all: int
    told_to_wait: bool

    def and_one_more(self, kind: str) -> Said:
        """The same after one more reply of this kind to this person."""
        return Said(self.hour + 1, self.day + 1, self.minute_to_all + 1, self.told_to_wait or kind == "queued")


def said_automatically(connection: Connection, channel: str, recipient: str, *, most_to_all: int) -> Said:
    """Count our automatic replies, in one statement; those to everybody only up to ``most_to_all``."""
    return said_to_many(connection, [(channel, recipient)], most_to_all=most_to_all)[channel, recipient]


def said_to_many(
    connection: Connection, people: Iterable[tuple[str, str]], *, most_to_all: int
) -> dict[tuple[str, str], Said]:
    """The same for many people, by channel and address."""
    wanted = list(dict.fromkeys(people))
    rows = connection.execute(
        text("""
            select heard.channel, heard.recipient, said.hour, said.day, said.told_to_wait, everybody.minute_to_all
            from (select count(*) as minute_to_all from (select 1 from reply where created_at > now() - interval '1 minute'
                                                         limit :most) as recent) as everybody,
                unnest(cast(:channels as text[]), cast(:families as text[]), cast(:recipients as text[]))
                    as heard (channel, family, recipient)
            cross join lateral (
                select count(*) filter (where created_at > now() - interval '1 hour') as hour, count(*) as day,
                       coalesce(bool_or(kind = 'queued' and created_at > now() - interval '1 hour'), false) as told_to_wait
                from reply where recipient = heard.recipient and split_part(channel, '_', 1) = heard.family
                    and created_at > now() - interval '1 day' and kind <> all(:of_officers)
            ) as said
        """),
        {
            "channels": [channel for channel, _ in wanted],
            "families": [family_of(channel) for channel, _ in wanted], "recipients": [recipient for _, recipient in wanted],
            "of_officers": list(OF_OFFICERS), "most": most_to_all,
        },
    )  # fmt: skip
    return {(row.channel, row.recipient): Said(row.hour, row.day, row.minute_to_all, row.told_to_wait) for row in rows}


def asked_which_report(connection: Connection, channel: str, recipient: str, *, since: datetime) -> bool:
    """Whether we asked this person which of their reports they meant, since that moment."""
    return bool(
        connection.execute(
            text("""select exists (select 1 from reply where recipient = :recipient
                                   and split_part(channel, '_', 1) = :family and kind = 'which_report'
                                   and created_at >= :since)"""),
            {"recipient": recipient, "family": family_of(channel), "since": since},
        ).scalar_one()
    )


def reminded_at(connection: Connection, report_id: int, *, since: datetime) -> datetime | None:
    """When we reminded the citizen of our question of that moment."""
    found: datetime | None = connection.execute(
        text("""select min(at) from history
                where report_id = :id and action = 'reminded' and at >= :since"""),
        {"id": report_id, "since": since},
    ).scalar_one()
    return found


def last_question_at(connection: Connection, report_id: int) -> datetime | None:
    """When we last asked where, the reminder not counted."""
    found: datetime | None = connection.execute(
        text("""select max(created_at) from reply
                where report_id = :id and kind in ('ask_place', 'ask_which')"""),
        {"id": report_id},
    ).scalar_one()
    return found


def now(connection: Connection) -> datetime:
    """The database's clock, by which everything here is dated."""
    moment: datetime = connection.execute(text("select now()")).scalar_one()
    return moment


def has_files(connection: Connection, report_id: int) -> bool:
    """Whether anything was attached to what the citizen said."""
    return bool(
        connection.execute(
            text("""select exists (select 1 from attachment a join message m on m.id = a.message_id
                                   where m.report_id = :id)"""),
            {"id": report_id},
        ).scalar_one()
    )


def keep_rating(connection: Connection, report_id: int, message_id: int, score: int) -> None:
    """Keep how content a citizen is, 1 to 5. A message is one rating, however often it is read."""
    done = connection.execute(
        text("""insert into rating (report_id, message_id, score) values (:report_id, :message_id, :score)
                on conflict (message_id) do nothing"""),
        {"report_id": report_id, "message_id": message_id, "score": score},
    )
    if not done.rowcount:
        return
    handovers.tell(connection, report_id, "rated", {"message_id": message_id, "score": score})
    detail = {"message_id": message_id, "score": score}
    if score <= UNHAPPY and lock(connection, report_id) is State.DITINDAKLANJUTI:
        # Who is not content with an answer has replied to it: it is not closed in silence.
        reports.step(
            connection, report_id, State.DITANGGAPI_PELAPOR, actor="citizen", action="rated", detail=detail,
            only_from=[State.DITINDAKLANJUTI],
        )  # fmt: skip
    else:
        reports.record(connection, report_id, actor="citizen", action="rated", detail=detail)


def rating_of(connection: Connection, report_id: int) -> int | None:
    """The last rating of a report, 1 to 5."""
    found: int | None = connection.execute(
        text("select score from rating where report_id = :id order by id desc limit 1"), {"id": report_id}
    ).scalar_one_or_none()
    return found


def withdrawn_by_citizen(connection: Connection, report_id: int) -> bool:
    """Whether the last step into the archive was the citizen's own."""
    found = connection.execute(
        text("""select actor = 'citizen' from history where report_id = :id and to_state = 'diarsipkan'
                order by id desc limit 1"""),
        {"id": report_id},
    ).scalar_one_or_none()
    return bool(found)
