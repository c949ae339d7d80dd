"""The whole house as real processes on loopback, and a citizen and an officer who use it from outside.

Web, relay, worker and the lab's stand-in gateway are started one by one, so that a test can kill one of them. Every
process that is started here is ended here.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import TypeVar

import requests
from sqlalchemy import text

from intake.lab.citizen import post_mail, post_sms
from intake.lab.spool import Mail, Sms, Spool
from intake.storage import officers
from intake.storage.database import open_engine

ROOT = Path(__file__).parents[2]
PYTHON = sys.executable
OUR_NUMBER = "+628110001708"
OUR_ADDRESS = "lapor@sahut.test"
PASSWORD = "kata-sandi-contoh"
T = TypeVar("T")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(what: Callable[[], T | None], *, seconds: float = 30, of: str = "it") -> T:
    """The first true answer of ``what``; an AssertionError naming ``of`` when there is none in time."""
    end = time.monotonic() + seconds
    while True:
        answer = what()
        if answer:
            return answer
        if time.monotonic() > end:
            msg = f"waited {seconds} s in vain for {of}"
            raise AssertionError(msg)
        time.sleep(0.05)


@dataclass
class House:
    """Started with ``start``; ``stop`` ends everything."""

    data: Path
    database_url: str
    redis_url: str
    more: dict[str, str] = field(default_factory=dict)
    processes: dict[str, list[subprocess.Popen[bytes]]] = field(default_factory=dict)

    port: int = field(default_factory=free_port)
    #: Whose code runs: ours, or that of another release.
    root: Path = ROOT

    def __post_init__(self) -> None:
        self.url = f"http://127.0.0.1:{self.port}"
        self.spool = Spool.in_data(self.data)
        self.environ = {
            "PATH": os.environ["PATH"],
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "PUBLIC_URL": self.url,
            "SAHUT_DATA": str(self.data),
            "SAHUT_SECRET_KEYS": "0" * 40,
            "SAHUT_EMBEDDED": "1",
            "SAHUT_LAB": "1",
            "SAHUT_HOLD_SECONDS": "3",
            "SAHUT_FORM_LEAST_SECONDS": "0",
            "SMS_TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
            "SMS_TWILIO_AUTH_TOKEN": "1" * 32,
            "SMS_TWILIO_NUMBERS": OUR_NUMBER,
            "SMS_TWILIO_API_URL": f"http://127.0.0.1:{free_port()}/twilio",
            "EMAIL_MIME_SECRETS": "2" * 40,
            "EMAIL_REPLY_SECRET": "3" * 40,
            "EMAIL_ADDRESS": OUR_ADDRESS,
            "EMAIL_SMTP_URL": f"smtp://127.0.0.1:{free_port()}?tls=no",
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": str(self.root),
            **self.more,
        }
        self.programs = {
            "web": [PYTHON, "-m", "granian", "--interface", "wsgi", "--no-ws", "--host", "127.0.0.1", "--port",
                    str(self.port), "--blocking-threads", "4", "--log-level", "error", "intake.web.wsgi:app"],
            "relay": [PYTHON, "-m", "workers.relay"],
            "worker": [PYTHON, "-m", "workers"],
            "lab": [PYTHON, "-m", "intake.lab.standin"],
        }  # fmt: skip

    def start(self, *names: str) -> None:
        for name in names or self.programs:
            log = (self.data / f"{name}.log").open("ab")
            process = subprocess.Popen(
                self.programs[name], env=self.environ, cwd=self.root, stdout=log, stderr=log, start_new_session=True
            )
            log.close()
            self.processes.setdefault(name, []).append(process)
        if not names or "web" in names:
            wait_for(self._answers, of="the web application")

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/healthz", timeout=2).ok
        except requests.RequestException:
            return False

    def kill(self, name: str) -> None:
        """As an unplugged machine ends: no farewell, children included."""
        for process in self.processes.pop(name, []):
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)

    def stop(self) -> None:
        running = [process for group in self.processes.values() for process in group]
        for process in running:
            if process.poll() is None:
                process.terminate()
        for process in running:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(10)
        self.processes.clear()

    def log(self, name: str) -> str:
        return (self.data / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    # --- the citizen ---

    def send_sms(self, phone: str, said: str) -> Sms:
        return post_sms(
            self.url, self.environ["SMS_TWILIO_AUTH_TOKEN"], self.environ["SMS_TWILIO_ACCOUNT_SID"],
            sender=phone, recipient=OUR_NUMBER, text=said, spool=self.spool,
        )  # fmt: skip

    def sms_received(self, phone: str) -> list[str]:
        return [sms.text for sms in self.spool.list_sms(phone) if sms.direction == "to_citizen"]

    def wait_for_sms(self, phone: str, count: int = 1, *, seconds: float = 30) -> list[str]:
        return wait_for(
            lambda: found if len(found := self.sms_received(phone)) >= count else None,
            seconds=seconds, of=f"{count} SMS",
        )  # fmt: skip

    def send_mail(self, message: EmailMessage, *, to: str = OUR_ADDRESS) -> int:
        return post_mail(
            self.url, self.environ["EMAIL_MIME_SECRETS"], message.as_bytes(), envelope_from=str(message["From"]),
            envelope_to=to, spool=self.spool,
        )  # fmt: skip

    def wait_for_mail(self, mailbox: str, count: int = 1) -> list[Mail]:
        def received() -> list[Mail] | None:
            found = [mail for mail in self.spool.list_mails(mailbox) if mail.direction == "to_citizen"]
            return found if len(found) >= count else None

        return wait_for(received, of=f"{count} mails")

    # --- the officer, and whoever looks into the database ---

    def add_officer(self, username: str, regency: str | None) -> None:
        engine = open_engine(self.database_url)
        with engine.begin() as connection:
            officers.add(
                connection, username=username, name=f"Petugas {username}", password=PASSWORD,
                role="regency" if regency else "central", regency=regency,
            )  # fmt: skip
        engine.dispose()

    def figures(self, statement: str) -> list[tuple[object, ...]]:
        engine = open_engine(self.database_url)
        with engine.connect() as connection:
            rows = [tuple(row) for row in connection.execute(text(statement))]
        engine.dispose()
        return rows


@dataclass
class Browser:
    """Somebody with a very plain browser: pages, forms, cookies; no JavaScript."""

    url: str
    session: requests.Session = field(default_factory=requests.Session)
    page: str = ""
    at: str = ""

    def get(self, path: str) -> str:
        return self._show(self.session.get(path if path.startswith("http") else self.url + path, timeout=10))

    def _show(self, answer: requests.Response) -> str:
        self.page, self.at = answer.text, answer.url
        self.status = answer.status_code
        return self.page

    def submit(self, action: str, **typed: str) -> str:
        """Fill in the form whose action contains ``action`` (hidden fields as they are) and send it."""
        for attributes, inside in re.findall(r"<form\b([^>]*)>(.*?)</form>", self.page, re.DOTALL):
            target = re.search(r'action="([^"]*)"', attributes)
            where = target[1].replace("&amp;", "&") if target else self.at
            if action in where:
                hidden = dict(_hidden_fields(inside))
                absolute = where if where.startswith("http") else self.url + where
                return self._show(self.session.post(absolute, data={**hidden, **typed}, timeout=10))
        msg = f"no form for {action} on {self.at}: {re.findall(r'action=.([^ >]*)', self.page)}"
        raise AssertionError(msg)

    def close(self) -> None:
        self.session.close()


def _hidden_fields(form: str) -> list[tuple[str, str]]:
    found = []
    for tag in re.findall(r"<input\b[^>]*>", form):
        if 'type="hidden"' in tag:
            name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
            if name:
                found.append((name[1], value[1] if value else ""))
    return found
