"""The web application over a real database and the real channels, and a small browser for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from channels.registry import open_channels
from intake.domain.report import State
from intake.receive import receive
from intake.runtime import Runtime
from intake.storage import messages, officers, reports
from intake.storage.database import open_engine
from intake.storage.outbox import Job
from intake.storage.reports import Report
from intake.understand.locate import regencies
from intake.web.app import create_app
from tests.conftest import PUBLIC_URL, settings_for
from tests.factories import CLEAR_TEXT, MUARA_ENIM, an_sms
from workers import jobs

AUTH_TOKEN = "invented-token-of-the-gateway"
MAIL_SECRET = "m" * 40
PASSWORD = "an invented password"
KANNEL_SECRET = "n" * 40
BOGOR = "32.01"
TWO_BANDUNGS = ["32.04", "32.73"]
CHANNELS = {
    "SMS_TWILIO_ACCOUNT_SID": "AC" + "0123456789abcdef" * 2,
    "SMS_TWILIO_AUTH_TOKEN": AUTH_TOKEN,
    "SMS_TWILIO_NUMBERS": "+628110001708",
    "SMS_TWILIO_API_URL": "http://127.0.0.1:9/twilio",
    "SMS_KANNEL_URL": "http://127.0.0.1:9/cgi-bin/sendsms",
    "SMS_KANNEL_USER": "sahut",
    "SMS_KANNEL_PASSWORD": "p" * 20,
    "SMS_KANNEL_SECRETS": KANNEL_SECRET,
    "SMS_KANNEL_NUMBERS": "+628110001709",
    "SMS_GAMMU_DSN": "postgresql://gammu@127.0.0.1:9/smsd",
    "SMS_GAMMU_NUMBERS": "+628110001710",
    "WHATSAPP_TWILIO_NUMBERS": "+628110001711",
    "EMAIL_MIME_SECRETS": MAIL_SECRET,
    "EMAIL_REPLY_SECRET": "r" * 40,
    "EMAIL_ADDRESS": "lapor@sahut.test",
    "EMAIL_SMTP_URL": "smtp://127.0.0.1:9?tls=no",
    # A public key of nobody's: whoever had the other half has thrown it away.
    "EMAIL_SENDGRID_KEYS": "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEwnIU43e7+aU8YvKJv5+750SftM"
    "IqlE6PRZSvp7aRJatI7xKwHg3woNHvezGnxuqHfOvJIsq55Yj/4EPXfyv+vQ==",
    "EMAIL_MAILGUN_KEYS": "g" * 40,
    "EMAIL_POSTMARK_LOGINS": "postmark:" + "q" * 40,
}


@pytest.fixture
def rt(database_url: str, tmp_path: Path) -> Iterator[Runtime]:
    """A runtime with every real channel; nothing listens where they would send to."""
    settings = settings_for(database_url, **CHANNELS, SAHUT_DATA=str(tmp_path), SAHUT_FORM_LEAST_SECONDS="0")
    engine = open_engine(settings.database_url)
    yield Runtime(settings, engine, open_channels(CHANNELS, public_url=PUBLIC_URL))
    engine.dispose()


@pytest.fixture
def client(rt: Runtime) -> FlaskClient:
    return create_app(rt).test_client()


@pytest.fixture
def away(rt: Runtime, tmp_path: Path) -> Runtime:
    """The same runtime, its database gone."""
    return replace(rt, engine=open_engine(f"postgresql+psycopg://sahut@/sahut?host={tmp_path}"))


@dataclass
class Form:
    """A form as a browser would send it."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class Forms(HTMLParser):
    """The forms of a page, with what stands in their fields."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._text_of: str | None = None
        self._select: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(given.get("action", ""), given.get("method", "get")))
        if not self.found:
            return
        fields = self.found[-1].fields
        if tag == "input" and "name" in given:
            chosen = given.get("type") not in {"radio", "checkbox"} or "checked" in given
            if chosen and given.get("type") != "file":
                fields[given["name"]] = given.get("value", "")
        elif tag == "textarea":
            self._text_of = given["name"]
            fields[given["name"]] = ""
        elif tag == "select":
            self._select = given["name"]
            fields[given["name"]] = ""
        elif tag == "option" and self._select and "selected" in given:
            fields[self._select] = given["value"]
        elif tag == "button" and "name" in given:
            self.found[-1].buttons.append((given["name"], given.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._text_of = None

    def handle_data(self, data: str) -> None:
        if self._text_of is not None:
            # A browser drops the first line break of a textarea (HTML, 13.1.2.5).
            fields = self.found[-1].fields
            fields[self._text_of] += data if fields[self._text_of] else data.removeprefix("\n")


def form_to(response: TestResponse, end: str) -> Form:
    """The form of a page whose action ends so (before any query)."""
    return next(form for form in Forms(response.text).found if urlsplit(form.action).path.endswith(end))


def details_of(client: FlaskClient, words: str = CLEAR_TEXT) -> Form:
    """The second step of the form, as it comes after these words."""
    first = form_to(client.get("/lapor"), "/lapor/periksa")
    return form_to(client.post(first.action, data={**first.fields, "text": words}), "/lapor")


def report_typed(client: FlaskClient, words: str = CLEAR_TEXT, *, regency: str = "", **more: object) -> TestResponse:
    """Fill in both steps of the form and send it; ``regency`` is chosen from the lists, else what we read is confirmed.

    Where we read no place, the citizen says that they do not know. Stops at the step that is refused.
    """
    first = form_to(client.get("/lapor"), "/lapor/periksa")
    second = client.post(first.action, data={**first.fields, "text": words})
    if second.status_code != 200:
        return second
    form = form_to(second, "/lapor")
    place = {"place": "pilih", "province": regency[:2], "regency": regency} if regency else {}
    if not regency and form.fields.get("place", "pilih") == "pilih":
        place = {"place": "tanya"}
    return client.post(form.action, data={**form.fields, **place, **more})


def work(rt: Runtime) -> None:
    """Carry out everything that is due, as the workers would."""
    while sum(jobs.carry_out(rt, job) for job in Job):
        pass


def a_report(rt: Runtime, words: str = CLEAR_TEXT, *, sender: str = "+628110000123") -> Report:
    """A report that came by SMS and was understood."""
    received = receive(rt, "sms_twilio", an_sms(words, sender=sender))
    assert received.remembered is not None
    jobs.carry_out(rt, Job.PROCESS)
    with rt.engine.connect() as connection:
        return reports.read(connection, received.remembered.message_id)


def ask_which(rt: Runtime, report_id: int, choices: list[str]) -> None:
    """As if the worker had read the opening message and had found several regencies that fit."""
    with rt.engine.begin() as connection:
        connection.execute(text("delete from outbox where job = 'process' and subject_id = :id"), {"id": report_id})
        messages.mark_processed(connection, report_id)
        share = 0.9 / len(choices)
        candidates = [{"regency": code, "name": regencies()[code].short, "probability": share} for code in choices]
        reports.add_decision(
            connection,
            report_id=report_id,
            message_id=report_id,
            action="ask_which",
            why="wilayah_ganda",
            location={"candidates": candidates, "evidence": [], "names": {}},
            classification={},
        )
        reports.step(
            connection,
            report_id,
            State.TERTUNDA,
            actor="system",
            action="ask_which",
            values={"waiting_for": "place", "choices": choices, "times_asked": 1},
        )


def an_officer(rt: Runtime, username: str = "muaraenim", regency: str | None = MUARA_ENIM) -> None:
    with rt.engine.begin() as connection:
        assert officers.add(
            connection,
            username=username,
            name=f"Petugas {username}",
            password=PASSWORD,
            role="regency" if regency else "central",
            regency=regency,
        )


def log_in(client: FlaskClient, username: str = "muaraenim", password: str = PASSWORD) -> TestResponse:
    form = form_to(client.get("/meja/masuk"), "/masuk")
    return client.post(form.action, data={**form.fields, "username": username, "password": password})


def do(client: FlaskClient, reference: str, doing: str, **typed: str) -> TestResponse:
    """Press the button of one action on a report's page at the desk."""
    form = form_to(client.get(f"/meja/{reference}"), f"/{doing}")
    return client.post(form.action, data={**form.fields, **typed})
