"""How often somebody did something that is limited, by the hour. Kept two days, under a keyed digest of who it was."""

from __future__ import annotations

import hashlib
import hmac

from sqlalchemy import Connection, text


def digest_of(key: str, subject: str) -> str:
    """An address as it is counted: without the key nobody can tell whose it is."""
    return hmac.digest(key.encode(), f"hitung:{subject}".encode(), hashlib.sha256).hex()[:32]


def count(connection: Connection, what: str, whose: str) -> int:
    """One more. Returns how many there were within this hour and the one before it, this one included."""
    fresh = connection.execute(
        text("""insert into attempt as a (what, whose, since) values (:what, :whose, date_trunc('hour', now()))
                on conflict (what, whose, since) do update set times = a.times + 1 returning times"""),
        {"what": what, "whose": whose},
    ).scalar_one()
    if fresh == 1:
        connection.execute(text("delete from attempt where since < now() - interval '2 days'"))
    return recent(connection, what, whose)


def recent(connection: Connection, what: str, whose: str) -> int:
    """How many within this hour and the one before it: never fewer than in the last sixty minutes."""
    return int(
        connection.execute(
            text("""select coalesce(sum(times), 0) from attempt where what = :what and whose = :whose
                    and since >= date_trunc('hour', now()) - interval '1 hour'"""),
            {"what": what, "whose": whose},
        ).scalar_one()
    )
