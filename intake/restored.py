"""What has to be done once to a database that was restored from a backup, before anything works on it again.

What surprises: the database is older than the world. Numbers given out after the backup would be given out again, and a
report's number and secret link follow from its id: somebody's old link would open a stranger's report. So every sequence
skips far ahead. And replies that are still promised here may have left long ago: they are treated as those whose outcome
nobody knows, so that the provider is asked first (``workers.deliver``). So is what we will say of our own accord on messages
that nobody had read when the backup was made, and a reminder of a question of ours: they have the same text as before, and
may have left as well. What an officer says from now on is said.

A provider that cannot be asked (Kannel, a mail server) is given it a second time: better twice than never, and the
command says of how many.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from intake.storage.messages import UNREAD_IN_BACKUP
from intake.storage.outbox import Job

#: Far more than can have been given out since the last backup; there is room for hundreds of such skips.
SKIPPED_IDS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Restored:
    """``sequences`` skipped ahead; ``replies`` are asked for before they are sent, and so is what is said on ``unread``
    messages. ``asked_of``: how many of both there are by channel, so that who cannot be asked can be told.
    """

    sequences: int
    replies: int
    unread: int
    asked_of: Mapping[str, int]


def go_on_after_restore(connection: Connection, *, skipped: int = SKIPPED_IDS) -> Restored:
    """Make a restored database safe to work on. Twice does no harm, and skips twice."""
    names = connection.execute(
        text("select format('%I.%I', schemaname, sequencename) from pg_sequences where schemaname = current_schema()")
    )
    sequences = [str(row[0]) for row in names]
    for name in sequences:
        connection.execute(
            text("select setval(cast(:name as regclass), nextval(cast(:name as regclass)) + :skipped)"),
            {"name": name, "skipped": skipped},
        )
    changed = connection.execute(
        text("""update reply set state = 'sending', sending_at = created_at, sends = sends + 1,
                       gateway = coalesce(gateway, channel) where state = 'promised' returning gateway as channel""")
    ).all()
    marked = connection.execute(
        text("""update message set extra = extra || jsonb_build_object(cast(:mark as text), true)
                where sender <> '' and (processed_at is null
                    or report_id in (select subject_id from outbox where job = :reminds))
                returning channel, processed_at"""),
        {"mark": UNREAD_IN_BACKUP, "reminds": Job.ASK_AGAIN},
    ).all()
    asked_of = Counter(str(row.channel) for row in (*changed, *marked))
    return Restored(
        len(sequences), len(changed), sum(row.processed_at is None for row in marked), dict(sorted(asked_of.items()))
    )
