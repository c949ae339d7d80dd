"""What the database cannot take for a moment, from gateways that would drop it.

Kannel gives an SMS up after four refusals, Twilio after one; nobody tells the citizen. So while the database is away a
genuine request of an SMS gateway is written to a file (whole, synced, before it is acknowledged) and received in order
when the database is back. Mail servers and browsers come again by themselves: they get 503 and no file.

A full or failing disk refuses (``SpoolFailed``): then the gateway is told so, which is the truth. Every file belongs to
one request; a file that was received twice, because we died between the commit and its removal, is one message all the
same (its external id). Requests are verified before they are written.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from channels.channel import Forged, Unreadable
from channels.messages import Headers, InboundRequest
from intake import delivery, logs, receive
from intake.runtime import Runtime
from intake.storage.database import Unavailable

log = logs.get("spool")

Kind = Literal["message", "delivery"]

MOST_BYTES: Final = 512 * 1024 * 1024
_LOOK_EVERY_SECONDS: Final = 1.0


class SpoolFailed(Exception):
    """The file could not be written: the request is not kept."""


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
            "url": request.url,
            "headers": dict(request.headers),
            "body": base64.b64encode(request.body).decode(),
            "form": request.form,
            "query": request.query,
            "remote_address": request.remote_address,
        }
        content = json.dumps(record).encode()
        name = f"{time.time_ns():020}-{os.getpid()}-{threading.get_ident()}"
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._bytes() + len(content) > self.most_bytes:
                raise SpoolFailed
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
            self._sync_folder()
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

    def receive_all(self, rt: Runtime) -> int:
        """Receive what waits, in order, until the database is away again. Returns how many; 0 while another does it."""
        if not self.waiting():
            return 0
        done = 0
        with self._alone() as alone:
            if not alone:
                return 0
            for path in self.waiting():
                try:
                    self._receive(rt, path)
                except Unavailable:
                    break
                path.unlink(missing_ok=True)
                done += 1
        if done:
            log.info("spool_received", count=done)
        return done

    def _receive(self, rt: Runtime, path: Path) -> None:
        try:
            record = json.loads(path.read_bytes())
            request = InboundRequest(
                url=record["url"],
                headers=Headers(record["headers"]),
                body=base64.b64decode(record["body"]),
                form=tuple((name, value) for name, value in record["form"]),
                query=tuple((name, value) for name, value in record["query"]),
                remote_address=record["remote_address"],
            )
            channel, kind = record["channel"], record["kind"]
        except (ValueError, KeyError, TypeError, OSError):
            log.exception("spool_unreadable")
            path.rename(path.with_suffix(".unreadable"))
            return
        try:
            if kind == "delivery":
                delivery.note_verified(rt, channel, request)
            else:
                receive.receive_verified(rt, channel, request)
        except (Forged, Unreadable, KeyError):
            log.exception("spool_not_received", channel=channel)
            path.rename(path.with_suffix(".refused"))

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        with (self.folder / ".lock").open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True

    def _bytes(self) -> int:
        return sum(entry.stat().st_size for entry in os.scandir(self.folder) if entry.is_file())

    def _sync_folder(self) -> None:
        handle = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


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
