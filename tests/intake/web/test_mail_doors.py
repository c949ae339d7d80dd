"""Letters brought by providers, through the web application."""

from __future__ import annotations

import hashlib
import hmac
import time

from flask.testing import FlaskClient
from sqlalchemy import text

from intake.runtime import Runtime
from tests.intake.web.conftest import CHANNELS

HEAD = b"From: warga@example.id\r\nTo: lapor@sahut.test\r\nMessage-ID: <1@example.id>\r\n"


def signed_by_mailgun(letter: bytes, token: str) -> dict[str, str]:
    moment = str(int(time.time()))
    signature = hmac.new(CHANNELS["EMAIL_MAILGUN_KEYS"].encode(), (moment + token).encode(), hashlib.sha256).hexdigest()
    fields = {"timestamp": moment, "token": token, "signature": signature, "sender": "warga@example.id"}
    return {**fields, "recipient": "lapor@sahut.test", "body-mime": letter.decode("latin-1")}


def test_a_large_letter_in_a_form_is_taken(rt: Runtime, client: FlaskClient) -> None:
    letter = HEAD + b"\r\nJalan rusak di Muara Enim\r\n" + b"Panjang sekali. \r\n" * 100_000
    form = "".join(
        f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in signed_by_mailgun(letter, "a" * 50).items()
    )
    answer = client.post(
        "/hooks/email_mailgun/mime",
        data=f"{form}--edge--\r\n".encode(),
        content_type="multipart/form-data; boundary=edge",
    )
    assert answer.status_code == 200
    with rt.engine.connect() as connection:
        kept = connection.execute(text("select channel, length(text) from message")).one()
    assert kept.channel == "email_mailgun"
    assert kept.length > 1_000_000


def test_letters_that_are_not_raw_are_kept_for_a_person(rt: Runtime, client: FlaskClient) -> None:
    fields = signed_by_mailgun(b"", "b" * 50)
    del fields["body-mime"]
    answer = client.post("/hooks/email_mailgun/mime", data={**fields, "body-plain": "Jalan rusak"})
    assert answer.status_code == 200
    with rt.engine.connect() as connection:
        assert "mime" in connection.execute(text("select reason from quarantine")).scalar_one()


def test_an_unsigned_letter_is_refused(client: FlaskClient) -> None:
    fields = signed_by_mailgun(HEAD + b"\r\nx", "c" * 50)
    assert client.post("/hooks/email_mailgun/mime", data={**fields, "signature": "0" * 64}).status_code == 403
