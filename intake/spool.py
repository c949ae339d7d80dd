"""What the database cannot take for a moment, from gateways that would drop it.

Kannel gives an SMS up after four refusals, Twilio after one; nobody tells the citizen. So while the database is away a
genuine request of an SMS gateway is written to a file (whole, synced, before it is acknowledged) and received in order
when the database is back. Mail servers and browsers come again by themselves: they get 503 and no file.

A full or failing disk refuses (``SpoolFailed``): then the gateway is told so, which is the truth. Nobody waits behind a
file that cannot be received: it stays, and the next one is tried. Every file belongs to one request; a file that was
received twice, because we died between the commit and its removal, is one message all the same (its external id).
Requests are verified before they are written.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from channels.messages import Headers, InboundRequest
from intake import delivery, logs, receive
from intake.runtime import Runtime
from intake.storage.database import QuarantineFull

log = logs.get("spool")

Kind = Literal["message", "delivery"]

MOST_BYTES: Final = 512 * 1024 * 1024
_LOOK_EVERY_SECONDS: Final = 1.0


class SpoolFailed(Exception):
    """The file could not be written: the request is not kept."""


class _Room:
    """How full a folder is. Looking at every file for every request would make each slower than the one before."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bytes = 0
        self._look_at = 0.0

    def take(self, folder: Path, wanted: int, most: int) -> None:
        """Count so many bytes as written. Raises SpoolFailed when they would be too many."""
        with self._lock:
            began = time.monotonic()
            if began >= self._look_at or self._bytes + wanted > most:
                self._bytes = _bytes_in(folder)
                took = time.monotonic() - began
                self._look_at = began + max(_LOOK_EVERY_SECONDS, 20 * took)
            if self._bytes + wanted > most:
                raise SpoolFailed
            self._bytes += wanted


def _bytes_in(folder: Path) -> int:
    found = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):  # received, or given its name, since we read the folder
                found += entry.stat().st_size
    return found


_ROOMS: Final[defaultdict[Path, _Room]] = defaultdict(_Room)


@dataclass(frozen=True, slots=True)
class Contents:
    """Files that wait, how long the oldest has waited, and those set aside: a person must look at them."""

    waiting: int
    oldest_seconds: float
    refused: int
    unreadable: int


@dataclass(frozen=True, slots=True)
class Spool:
    """The folder of one host's web processes. Several processes may write; one at a time receives."""

    folder: Path
    most_bytes: int = MOST_BYTES

    @classmethod
    def of(cls, rt: Runtime) -> Spool:
        return cls(rt.settings.data / "spool")

    def keep(self, channel: str, kind: Kind, request: InboundRequest) -> None:
        """Write a verified request down. On return it survives a power cut. Raises SpoolFailed."""
        record = {
            "channel": channel,
            "kind": kind,
            "arrived_at": datetime.now(UTC).isoformat(),
            "url": request.url,
            "headers": dict(request.headers),
            "body": base64.b64encode(request.body).decode(),
            "form": request.form,
            "query": request.query,
            "remote_address": request.remote_address,
        }
        content = json.dumps(record).encode()
        name = f"{time.time_ns():020}-{secrets.token_hex(8)}"
        try:
            self._make_folder()
            _ROOMS[self.folder].take(self.folder, len(content), self.most_bytes)
            aside = self.folder / f".{name}"
            handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                aside.rename(self.folder / f"{name}.json")
            except OSError:
                aside.unlink(missing_ok=True)
                raise
            _sync(self.folder)
        except OSError as fault:
            log.error("spool_failed", errno=fault.errno)  # noqa: TRY400 - the place is known, the cause is the errno
            raise SpoolFailed from fault
        log.warning("request_spooled", channel=channel, kind=kind)

    def waiting(self) -> list[Path]:
        """The files to receive, oldest first."""
        try:
            return sorted(path for path in self.folder.iterdir() if path.suffix == ".json")
        except FileNotFoundError:
            return []

    def look(self) -> Contents:
        """What lies here, for the machine that watches. Files come and go meanwhile."""
        waiting = self.waiting()
        names = [path.suffix for path in self.folder.iterdir()] if self.folder.is_dir() else []
        oldest = max(0.0, time.time() - _named(waiting[0]).timestamp()) if waiting else 0.0
        return Contents(len(waiting), oldest, names.count(".refused"), names.count(".unreadable"))

    def receive_all(self, rt: Runtime) -> int:
        """Receive what waits, in order, until the database is away again. Returns how many; 0 while another does it.

        One that the database does not take although it answers is left for later: the others must not wait for it.
        """
        if not self.waiting():
            return 0
        done = 0
        with self._alone() as alone:
            if not alone:
                return 0
            for path in self.waiting():
                try:
                    received = self._receive(rt, path)
                except SQLAlchemyError:
                    if not _answers(rt):
                        break
                    log.exception("spool_left_for_later")
                    continue
                if received:
                    path.unlink(missing_ok=True)
                    done += 1
        if done:
            log.info("spool_received", count=done)
        return done

    def _receive(self, rt: Runtime, path: Path) -> bool:
        """False for a file that was set aside, or cannot be read at this moment."""
        try:
            content = path.read_bytes()
        except OSError as fault:
            log.error("spool_not_read", errno=fault.errno)  # noqa: TRY400 - the errno says it all
            return False
        try:
            record = json.loads(content)
            request = InboundRequest(
                url=record["url"],
                headers=Headers(record["headers"]),
                body=base64.b64decode(record["body"]),
                form=tuple((name, value) for name, value in record["form"]),
                query=tuple((name, value) for name, value in record["query"]),
                remote_address=record["remote_address"],
            )
            channel, kind = record["channel"], record["kind"]
            # Files of the release before have it in their name only.
            arrived_at = datetime.fromisoformat(record["arrived_at"]) if "arrived_at" in record else _named(path)
        except (ValueError, KeyError, TypeError):
            log.exception("spool_unreadable")
            path.rename(path.with_suffix(".unreadable"))
            return False
        try:
            if kind == "delivery":
                delivery.note_verified(rt, channel, request)
            else:
                receive.receive_verified(rt, channel, request, arrived_at=arrived_at)
        except QuarantineFull:
            log.warning("spool_quarantine_full", channel=channel)
            path.rename(path.with_suffix(".refused"))
            return False
        except SQLAlchemyError:
            raise
        except Exception:  # a channel that is not there any more, a fault of ours: kept, and nobody waits behind it
            log.exception("spool_not_received", channel=channel)
            path.rename(path.with_suffix(".refused"))
            return False
        return True

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        with (self.folder / ".lock").open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True

    def _make_folder(self) -> None:
        if self.folder.is_dir():
            return
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for parent in (self.folder.parent, self.folder.parent.parent):
            _sync(parent)  # a folder of which nobody knows survives no power cut


def _named(path: Path) -> datetime:
    """When a file was written, by its name."""
    try:
        return datetime.fromtimestamp(int(path.name.partition("-")[0]) / 1e9, UTC)
    except (ValueError, OverflowError):
        return datetime.now(UTC)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _answers(rt: Runtime) -> bool:
    try:
        with rt.engine.connect() as connection:
            connection.execute(text("select 1"))
    except SQLAlchemyError:
        return False
    return True


def watch(rt: Runtime, stop: threading.Event) -> threading.Thread:
    """A thread of the web process that receives what was spooled, now and whenever there is something."""

    def look() -> None:
        spool = Spool.of(rt)
        while not stop.wait(_LOOK_EVERY_SECONDS):
            try:
                spool.receive_all(rt)
            except Exception:
                log.exception("spool_watch_failed")

    thread = threading.Thread(target=look, name="spool", daemon=True)
    thread.start()
    return thread
