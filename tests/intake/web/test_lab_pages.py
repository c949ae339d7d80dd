"""The lab's pages: there only where the lab is on, and what is written there takes the way of real messages."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.serving import make_server

from channels.registry import open_channels
from intake.lab.pages import write_letter
from intake.lab.spool import Mail, Spool
from intake.runtime import Runtime
from intake.storage.database import open_engine
from intake.web.app import create_app
from tests.conftest import settings_for
from tests.factories import CLEAR_TEXT
from tests.intake.web.conftest import CHANNELS, form_to

AT = datetime(2026, 11, 21, 19, 30, tzinfo=UTC)


@pytest.fixture
def lab(database_url: str, tmp_path: Path) -> Iterator[tuple[Runtime, FlaskClient]]:
    """The application with the lab on, served on a free port, so that it can call its own doors."""

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return app(environ, start_response)  # made below, when the port is known

    server = make_server("127.0.0.1", 0, serve, threaded=True)
    address = f"http://127.0.0.1:{server.server_port}"
    environ = {**CHANNELS, "PUBLIC_URL": address, "SAHUT_LAB": "1", "SAHUT_EMBEDDED": "1", "SAHUT_DATA": str(tmp_path)}
    settings = settings_for(database_url, **environ)
    engine = open_engine(settings.database_url)
    rt = Runtime(settings, engine, open_channels(environ, public_url=address))
    app = create_app(rt)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield rt, app.test_client()
    server.shutdown()
    thread.join()
    server.server_close()
    engine.dispose()


def test_where_the_lab_is_off_there_is_no_such_page(client: FlaskClient) -> None:
    assert client.get("/lab").status_code == 404
    assert "/lab" not in client.get("/").text


def test_an_sms_goes_in_by_the_webhook(lab: tuple[Runtime, FlaskClient]) -> None:
    rt, client = lab
    form = form_to(client.get("/lab?phone=%2B628110000002"), "/lab/sms")
    sent = client.post(form.action, data={**form.fields, "text": CLEAR_TEXT})
    assert sent.status_code == 303
    page = client.get(sent.location).text
    assert CLEAR_TEXT in page
    assert "+628110000002" in page
    with rt.engine.connect() as connection:
        row = connection.execute(text("select channel, sender, recipient, text from message")).one()
    assert row == ("sms_twilio", "+628110000002", "+628110001708", CLEAR_TEXT)


def test_a_mail_goes_in_by_the_webhook(lab: tuple[Runtime, FlaskClient]) -> None:
    rt, client = lab
    form = form_to(client.get("/lab?mailbox=warga@example.id"), "/lab/mail")
    sent = client.post(form.action, data={**form.fields, "subject": "Jalan rusak", "text": CLEAR_TEXT})
    assert sent.status_code == 303
    assert "Jalan rusak" in client.get(sent.location).text
    with rt.engine.connect() as connection:
        row = connection.execute(text("select channel, sender, subject, text from message")).one()
    assert row == ("email_mime", "warga@example.id", "Jalan rusak", CLEAR_TEXT)


@pytest.mark.parametrize(
    ("door", "typed", "words"),
    [
        ("sms", {"phone": "abc", "text": "x y z"}, "bukan nomor telepon"),
        ("sms", {"text": "  "}, "Tulis dulu SMS-nya"),
        ("mail", {"mailbox": "abc", "text": "x y z"}, "bukan alamat e-mail"),
        ("mail", {"text": "  "}, "Tulis dulu suratnya"),
    ],
)
def test_what_cannot_be_sent_is_told_and_kept(
    lab: tuple[Runtime, FlaskClient], door: str, typed: dict[str, str], words: str
) -> None:
    _, client = lab
    form = form_to(client.get("/lab"), f"/lab/{door}")
    answer = client.post(form.action, data={**form.fields, **typed})
    assert answer.status_code == 400
    assert words in answer.text
    assert form_to(answer, f"/lab/{door}").fields["text"] == typed["text"]


def test_what_came_for_the_citizen_is_shown_as_text(lab: tuple[Runtime, FlaskClient]) -> None:
    rt, client = lab
    raw = b"From: lapor@sahut.test\r\nSubject: <b>Hai</b>\r\nMessage-ID: <9@x.test>\r\n\r\n<script>alert(1)</script>"
    Spool.in_data(rt.settings.data).put_mail(
        raw, direction="to_citizen", envelope_from="lapor@sahut.test", envelope_to="warga@example.id"
    )
    page = client.get("/lab").text
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page
    assert "<b>Hai" not in page


def test_an_answer_goes_where_the_letter_wants_it_and_threads() -> None:
    raw = (
        b"From: Lapor <lapor@sahut.test>\r\nReply-To: lapor+12.abc@sahut.test\r\nMessage-ID: <9@sahut.test>\r\n"
        b"References: <1@example.id>\r\n\r\nSudah kami terima\r\n"
    )
    theirs = Mail("m", "to_citizen", "warga@example.id", "lapor@sahut.test", "warga@example.id", raw)
    letter = write_letter(
        "warga@example.id", "lapor@sahut.test", "Re: Jalan\r\nBcc: x@example.com", "Baik", theirs, written_at=AT
    )
    assert letter["To"] == "lapor+12.abc@sahut.test"
    assert letter["In-Reply-To"] == "<9@sahut.test>"
    assert letter["References"] == "<1@example.id> <9@sahut.test>"
    assert letter["Subject"] == "Re: Jalan Bcc: x@example.com"
    assert letter["Bcc"] is None
    assert letter["Date"] == "Sat, 21 Nov 2026 19:30:00 +0000"
