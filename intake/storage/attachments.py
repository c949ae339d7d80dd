"""Files that came with messages: their rows, and the store where their bytes lie under their SHA-256.

The store is a folder, or anything S3-compatible by its URL. Equal files lie there once. A row names its bytes before they
are put there (``will_store``) and says that they are there afterwards (``settle``): so whoever forgets an equal file of
somebody else at that moment sees that the bytes are still needed. A lock of each name, which only who names and who
removes take, keeps the two apart; nobody holds it while bytes are put.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, text

if TYPE_CHECKING:
    from obstore.store import ObjectStore


@dataclass(frozen=True, slots=True)
class File:
    """``content`` is None once the bytes lie in the store, where they are called ``stored``. ``name`` is the sender's; of an
    anonymous reporter's file, which may be called by its sender's name, it is a number of ours.
    """

    id: int
    message_id: int
    name: str
    content_type: str
    size: int | None
    content: bytes | None
    real_type: str | None
    verdict: str
    scan: str
    stored: str | None
    report_id: int | None
    channel: str
    url: str | None


_SELECT = """select a.id, a.message_id, case when r.anonymous then 'lampiran-' || a.id else a.name end as name,
                    a.content_type, a.size, a.content, a.real_type, a.verdict, a.scan, a.stored, m.report_id,
                    m.channel, a.url
             from attachment a join message m on m.id = a.message_id left join report r on r.id = m.report_id"""


def read(connection: Connection, file_id: int) -> File | None:
    row = connection.execute(text(f"{_SELECT} where a.id = :id"), {"id": file_id}).one_or_none()
    return None if row is None else File(**row._mapping)


def waiting_of(connection: Connection, message_id: int) -> list[File]:
    """The files of a message nobody has looked at yet."""
    rows = connection.execute(
        text(f"""{_SELECT} where a.message_id = :id and a.verdict = 'waiting' and a.inspected_at is null
                        and (a.content is not null or a.url is not null) order by a.id"""),
        {"id": message_id},
    )
    return [File(**row._mapping) for row in rows]


def of_report(connection: Connection, report_id: int) -> list[File]:
    """All files of a conversation, oldest first, without their bytes."""
    without_bytes = _SELECT.replace("a.content,", "null::bytea as content,")
    rows = connection.execute(
        text(f"{without_bytes} where m.report_id = :id order by a.id limit 500"), {"id": report_id}
    )
    return [File(**row._mapping) for row in rows]


def names_of(connection: Connection, report_id: int) -> list[str]:
    """What the sender called the files of a conversation: for a look at the reporter, which is written down."""
    rows = connection.execute(
        text("""select a.name from attachment a join message m on m.id = a.message_id
                where m.report_id = :id and a.name <> '' order by a.id limit 500"""),
        {"id": report_id},
    )
    return list(rows.scalars())


def leave_there(connection: Connection, file_id: int) -> None:
    """A file that stays at the provider: nobody looks for it again, and officers see that it is not kept here."""
    connection.execute(
        text("update attachment set inspected_at = now() where id = :id and verdict = 'waiting' and content is null"),
        {"id": file_id},
    )


def will_store(connection: Connection, file_id: int, stored: str) -> bool:
    """Name the bytes that are going to be put into the store. False when nobody waits for this file any more."""
    _lock(connection, stored)
    done = connection.execute(
        text("update attachment set stored = :stored where id = :id and verdict = 'waiting'"),
        {"id": file_id, "stored": stored},
    )
    return done.rowcount == 1


def settle(
    connection: Connection, file_id: int, *, real_type: str, verdict: str, scan: str, stored: str, size: int
) -> bool:
    """What was found out about a file that lies in the store now; its bytes leave the database. False when it was settled
    or forgotten meanwhile: then the bytes may be nobody's (``remove_unneeded``).
    """
    done = connection.execute(
        text("""update attachment set real_type = :real_type, verdict = :verdict, scan = :scan, stored = :stored,
                       size = :size, content = null, inspected_at = now() where id = :id and verdict = 'waiting'"""),
        {"id": file_id, "real_type": real_type, "verdict": verdict, "scan": scan, "stored": stored, "size": size},
    )
    return done.rowcount == 1


#: A forgotten file whose bytes are still to be removed: its row names them until they are gone.
_FORGOTTEN: Final = "verdict = 'refused' and inspected_at is null and stored is not null"


def forgotten(connection: Connection, *, most: int) -> list[str]:
    """Names of bytes that are to be removed, because somebody was forgotten."""
    rows = connection.execute(
        text(f"select distinct stored from attachment where {_FORGOTTEN} limit :most"), {"most": most}
    )
    return [str(row.stored) for row in rows]


def remove_unneeded(connection: Connection, store: Store, stored: str) -> bool:
    """Remove bytes from the store, unless another file is the same. Raises what the store raises: ask again later then.

    A transaction of its own, and the only one in which the store is asked: who would name the same bytes waits for it.
    """
    _lock(connection, stored)
    needed = connection.execute(
        text(f"select 1 from attachment where stored = :stored and not ({_FORGOTTEN}) limit 1"), {"stored": stored}
    )
    removes = needed.first() is None
    if removes:
        store.remove(stored)
    connection.execute(
        text(f"update attachment set stored = null where stored = :stored and {_FORGOTTEN}"), {"stored": stored}
    )
    return removes


def _lock(connection: Connection, stored: str) -> None:
    """Whoever names or removes the same bytes waits until this transaction ends."""
    connection.execute(text("select pg_advisory_xact_lock(hashtextextended(:stored, 0))"), {"stored": stored})


class Store:
    """Bytes under their SHA-256. ``url``: ``s3://bucket/prefix`` (keys and endpoint by AWS_ variables), or a folder."""

    def __init__(self, url: str) -> None:
        from obstore.store import LocalStore, from_url

        self._store: ObjectStore
        if "://" in url:
            self._store = from_url(url)
        else:
            self._store = LocalStore(Path(url).resolve(), mkdir=True)

    def put(self, name: str, content: bytes) -> None:
        """Put bytes there; the same name always means the same bytes."""
        import obstore

        obstore.put(self._store, _path(name), content)

    def get(self, name: str) -> bytes:
        """The bytes of a name. Raises FileNotFoundError, and what an unreachable store raises."""
        import obstore

        return bytes(obstore.get(self._store, _path(name)).bytes())

    def remove(self, name: str) -> None:
        """Remove the bytes of a name; one that is not there is gone already."""
        import obstore

        with suppress(FileNotFoundError):
            obstore.delete(self._store, _path(name))


def _path(name: str) -> str:
    return f"{name[:2]}/{name}"
