"""The house as far as mail goes: our mailboxes behind a real mail server, the workers' work done when a test says so."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sqlalchemy import text
from werkzeug.serving import make_server

from channels.registry import open_channels
from intake.commands.mail import open_door
from intake.runtime import Runtime
from intake.storage.outbox import Job
from intake.web.app import create_app
from tests.conftest import PUBLIC_URL
from workers import jobs

SECRET = "rahasia-pipa-0123456789"


def with_mailboxes(rt: Runtime, *, smtp_port: int = 9) -> Runtime:
    """The same runtime with the real channels: lapor@lapor.test and lapor@pipe.test, answers by this server."""
    environ = {
        "EMAIL_MIME_SECRETS": SECRET,
        "EMAIL_REPLY_SECRET": "rahasia-alamat-0123456789",
        "EMAIL_ADDRESS": "lapor@lapor.test, lapor@pipe.test, lapor@citizen.test",
        "EMAIL_SMTP_URL": f"smtp://127.0.0.1:{smtp_port}?tls=no",
    }
    return replace(rt, channels=open_channels(environ, public_url=PUBLIC_URL))


@dataclass(frozen=True)
class Kept:
    """What lies in the database."""

    rt: Runtime

    def count(self, what: str) -> int:
        with self.rt.engine.connect() as connection:
            return int(connection.execute(text(f"select count(*) from {what}")).scalar_one())

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with self.rt.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query))]

    def work(self) -> None:
        """Carry out everything that is due, as the workers would."""
        while sum(jobs.carry_out(self.rt, job) for job in Job):
            pass


@contextmanager
def taking_lmtp(rt: Runtime, port: int) -> Iterator[None]:
    """``sahut lmtp`` for as long as this lasts."""
    door = open_door(rt, host="127.0.0.1", port=port)
    door.start()
    try:
        yield
    finally:
        door.stop()


@contextmanager
def serving_web(rt: Runtime, port: int) -> Iterator[None]:
    """The web application for as long as this lasts."""
    server = make_server("127.0.0.1", port, create_app(rt), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
