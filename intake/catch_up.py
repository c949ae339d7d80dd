"""Letters fetched from a mailbox that cannot call us: each is kept, then the cursor moves, in this order, one by one.

A crash in between fetches one letter twice, and its external id tells. The cursor is a row in the database: the UID of
the last letter kept and the UIDVALIDITY under which it means that letter. A new validity begins at the first letter;
what was kept before is recognised. A letter that cannot be read goes to quarantine like any other, so that it stands in
nobody's way; when the database is away, nothing moves.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection, text

from channels.channel import Unreachable
from channels.email_mime import NAME
from channels.mail_imap import ImapServer, OpenFolder
from channels.messages import Headers, InboundRequest
from intake import logs
from intake.receive import receive_verified
from intake.runtime import Runtime
from intake.storage.database import Unavailable

log = logs.get("catch_up")

#: RFC 2177: a client that waits says so again every 29 minutes at the latest; networks forget connections much sooner.
WAIT_SECONDS: Final = 240.0
AGAIN_AFTER_SECONDS: Final = (1.0, 2.0, 5.0, 15.0, 60.0)


def read_cursor(connection: Connection, mailbox: str) -> tuple[int, int]:
    """(UIDVALIDITY, UID of the last letter kept); zeroes for a mailbox never read."""
    row = connection.execute(
        text("select uid_validity, last_uid from mail_cursor where mailbox = :mailbox"), {"mailbox": mailbox}
    ).one_or_none()
    return (0, 0) if row is None else (int(row.uid_validity), int(row.last_uid))


def move_cursor(connection: Connection, mailbox: str, *, validity: int, uid: int) -> None:
    """Remember how far this mailbox is read; under one validity never backwards."""
    connection.execute(
        text("""insert into mail_cursor as c (mailbox, uid_validity, last_uid) values (:mailbox, :validity, :uid)
                on conflict (mailbox) do update set uid_validity = :validity, updated_at = now(),
                    last_uid = case when c.uid_validity = :validity then greatest(c.last_uid, :uid) else :uid end"""),
        {"mailbox": mailbox, "validity": validity, "uid": uid},
    )


def take_waiting(rt: Runtime, server: ImapServer, folder: OpenFolder) -> int:
    """Keep every letter that waits. Returns how many were fetched. Raises Unreachable, and Unavailable of the database."""
    validity = folder.validity()
    with rt.engine.connect() as connection:
        known, last = read_cursor(connection, server.name)
    if known != validity:
        if known:
            log.warning("mailbox_renumbered")
        last = 0
    fetched = 0
    for letter in folder.letters_after(last):
        request = InboundRequest(f"{rt.settings.public_url}/hooks/{NAME}", Headers({}), letter.raw)
        receive_verified(rt, NAME, request)
        with rt.engine.begin() as connection:
            move_cursor(connection, server.name, validity=validity, uid=letter.uid)
        folder.put_away(letter.uid)
        fetched += 1
    if fetched:
        log.info("letters_fetched", count=fetched)
    return fetched


def run(
    rt: Runtime,
    server: ImapServer,
    *,
    goes_on: Callable[[], bool],
    wait_seconds: float = WAIT_SECONDS,
    pause: Callable[[float], object] = time.sleep,
) -> None:
    """Read the mailbox for as long as ``goes_on``; a mailbox or a database that is away is tried again for ever."""
    failures = 0
    while goes_on():
        try:
            with server.opened() as folder:
                while goes_on():
                    take_waiting(rt, server, folder)
                    failures = 0
                    folder.wait(wait_seconds)
        except (Unreachable, *Unavailable) as fault:
            log.warning("catch_up_interrupted", error=type(fault).__name__)
            pause(AGAIN_AFTER_SECONDS[min(failures, len(AGAIN_AFTER_SECONDS) - 1)])
            failures += 1
