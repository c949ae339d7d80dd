"""The lab's stand-ins, spoken to by our real channels and by Twilio's own library."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from twilio.rest import Client  # type: ignore[import-untyped]

from channels import sms_twilio
from channels.channel import SendFailed
from channels.messages import DeliveryStatus, Headers, InboundRequest, OutboundMessage
from channels.sms_twilio import SmsTwilio
from channels.smtp import MailServer
from intake.lab.citizen import VOUCHES, post_mail, post_sms
from intake.lab.spool import KEPT_FILES, Sms, Spool, now_text
from intake.lab.standin import LabSettings, RefusesToStart, serve

REPOSITORY = Path(__file__).parents[3]
WAIT_SECONDS = 20
ACCOUNT = "AC" + "0123456789abcdef" * 2
TOKEN = "invented-token"
OURS = "+628110001708"
PHONE = "+628110000042"
LETTER = "From: Lab <lapor@sahut.test>\r\nTo: warga@example.id\r\nSubject: Jalan =?utf-8?q?=C3=A9?=\r\n\r\nSudah.\r\n"


class Webhook:
    """Our web application's place in these tests: keeps every request, and answers with `status`."""

    def __init__(self) -> None:
        self.requests: list[InboundRequest] = []
        self.status = 200
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                is_form = self.headers["Content-Type"] == "application/x-www-form-urlencoded"
                form = parse_qsl(body.decode(), keep_blank_values=True) if is_form else []
                request = InboundRequest(
                    url=f"{webhook.url}{self.path}",
                    headers=Headers({name: str(value) for name, value in self.headers.items()}),
                    body=body,
                    form=tuple(form),
                    query=tuple(parse_qsl(urlsplit(self.path).query)),
                )
                webhook.requests.append(request)
                self.send_response(webhook.status)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    made = Webhook()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.05,))
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


def variables(data: Path, **more: str) -> dict[str, str]:
    api, mail = free_ports(2)
    return {
        "SAHUT_LAB": "1",
        "SAHUT_DATA": str(data),
        "SMS_TWILIO_ACCOUNT_SID": ACCOUNT,
        "SMS_TWILIO_AUTH_TOKEN": TOKEN,
        "SMS_TWILIO_NUMBERS": OURS,
        "SMS_TWILIO_API_URL": f"http://127.0.0.1:{api}/twilio",
        "EMAIL_SMTP_URL": f"smtp://127.0.0.1:{mail}?tls=no",
        **more,
    }


@contextmanager
def standing_in(environ: Mapping[str, str]) -> Iterator[LabSettings]:
    settings = LabSettings.from_environ(environ)
    stop = threading.Event()
    thread = threading.Thread(target=serve, args=(settings, stop.is_set))
    thread.start()
    try:
        wait_for(lambda: all(listens(port) for port in (settings.api_port, settings.mail_port)))
        yield settings
    finally:
        stop.set()
        thread.join()


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return variables(tmp_path)


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool.in_data(tmp_path)


def open_sms(environ: Mapping[str, str], webhook: Webhook) -> SmsTwilio:
    channel = sms_twilio.open_channel(environ, public_url=webhook.url)
    assert channel is not None
    return channel


def message(text: str = "Terima kasih.", *, to: str = PHONE, number: str = "r-1") -> OutboundMessage:
    return OutboundMessage(id=number, to=to, sender=OURS, text=text)


def test_a_message_reaches_the_phone_and_its_delivery_is_reported_signed(
    environ: dict[str, str], webhook: Webhook, spool: Spool
) -> None:
    channel = open_sms(environ, webhook)
    with standing_in(environ):
        receipt = channel.send(message("Terima kasih é €"))
        wait_for(lambda: len(webhook.requests) == 2)
    for request in webhook.requests:
        channel.verify(request)
    reports = [channel.parse_delivery(request) for request in webhook.requests]
    assert [(each.message_id, each.external_id, each.status) for each in reports] == [
        ("r-1", receipt.external_id, DeliveryStatus.SENT),
        ("r-1", receipt.external_id, DeliveryStatus.DELIVERED),
    ]
    assert receipt.segments == 1
    (sms,) = spool.list_sms(PHONE)
    assert (sms.direction, sms.number, sms.text, sms.status) == ("to_citizen", OURS, "Terima kasih é €", "delivered")
    assert spool.list_sms("+628110000043") == []


def test_after_a_crash_the_gateway_can_be_asked_also_when_it_was_restarted(
    environ: dict[str, str], webhook: Webhook
) -> None:
    channel = open_sms(environ, webhook)
    before = datetime.now(UTC)
    with standing_in(environ):
        receipt = channel.send(message("Satu"))
    with standing_in(environ):
        found = channel.find_sent(message("Satu"), since=before)
        assert found is not None
        assert found.external_id == receipt.external_id
        assert channel.find_sent(message("Dua"), since=before) is None
        assert channel.find_sent(message("Satu", to="+628110000043"), since=before) is None


@pytest.mark.parametrize(
    ("to", "kind", "code"),
    [("12345", "permanent", "21211"), ("+0811", "permanent", "21211"), ("", "permanent", "21604")],
)
def test_a_bad_number_is_refused_like_twilio_does(
    environ: dict[str, str], webhook: Webhook, spool: Spool, to: str, kind: str, code: str
) -> None:
    with standing_in(environ), pytest.raises(SendFailed) as failed:
        open_sms(environ, webhook).send(message(to=to))
    assert (failed.value.kind, failed.value.code) == (kind, code)
    assert spool.list_sms() == []


def test_a_wrong_token_is_refused(environ: dict[str, str], webhook: Webhook, spool: Spool) -> None:
    channel = open_sms({**environ, "SMS_TWILIO_AUTH_TOKEN": "another"}, webhook)
    with standing_in(environ), pytest.raises(SendFailed) as failed:
        channel.send(message())
    assert (failed.value.kind, failed.value.code) == ("config", "20003")
    assert spool.list_sms() == []


def test_it_never_calls_another_machine(environ: dict[str, str], webhook: Webhook, spool: Spool) -> None:
    channel = sms_twilio.open_channel(environ, public_url="http://lapor.example.com")
    assert channel is not None
    with standing_in(environ), pytest.raises(SendFailed) as failed:
        channel.send(message())
    assert failed.value.code == "21609"
    assert spool.list_sms() == []


def test_it_can_be_told_to_fail_first(tmp_path: Path, webhook: Webhook, spool: Spool) -> None:
    environ = variables(tmp_path, LAB_FAIL_FIRST="2")
    channel = open_sms(environ, webhook)
    with standing_in(environ) as settings:
        for _ in range(2):
            with pytest.raises(SendFailed) as failed:
                channel.send(message())
            assert failed.value.retryable
            with pytest.raises(SendFailed) as failed:
                submit(settings, b"x\r\n")
            assert failed.value.code == "451"
        channel.send(message())
        submit(settings, LETTER.encode())
    assert len(spool.list_sms()) == 1
    assert len(spool.list_mails()) == 1


def test_twilios_own_library_pages_through_the_messages_and_filters_them(
    environ: dict[str, str], webhook: Webhook
) -> None:
    now = datetime.now(UTC)
    with standing_in(environ):
        channel = open_sms(environ, webhook)
        sids = [channel.send(message(f"Pesan {n}", number=f"r-{n}")).external_id for n in range(5)]
        channel.send(message("lain", to="+628110000043"))
        client = Client(ACCOUNT, TOKEN)
        client.api.base_url = environ["SMS_TWILIO_API_URL"]
        listed = client.messages.list(to=PHONE, page_size=2)
        assert [each.sid for each in listed] == sids[::-1]
        assert [each.sid for each in client.messages.list(to=PHONE, page_size=2, limit=3)] == sids[:1:-1]
        for wanted, count in (
            ({"date_sent_after": now - timedelta(minutes=1)}, 6),
            ({"date_sent_after": now + timedelta(hours=1)}, 0),
            ({"date_sent_before": now - timedelta(hours=1)}, 0),
            ({"date_sent": now - timedelta(days=2)}, 0),
            ({"from_": "+628110000001"}, 0),
        ):
            assert len(client.messages.list(**wanted)) == count, wanted
        fetched = client.messages(sids[0]).fetch()
        assert (fetched.body, fetched.to, fetched.direction) == ("Pesan 0", PHONE, "outbound-api")


def test_mail_arrives_byte_by_byte_in_every_recipients_mailbox(environ: dict[str, str], spool: Spool) -> None:
    with standing_in(environ) as settings:
        submit(settings, LETTER.encode(), to="Warga@Example.id")
        submit(settings, LETTER.encode() + b".\xff\r\n", sender="", to="lain@example.id")
    assert spool.list_mailboxes() == ["lain@example.id", "warga@example.id"]
    (first,) = spool.list_mails("warga@example.id")
    assert first.raw == LETTER.encode()
    assert (first.direction, first.envelope_from, first.envelope_to) == (
        "to_citizen",
        "lapor@sahut.test",
        "Warga@Example.id",
    )
    assert (first.subject, first.text) == ("Jalan é", "Sudah.\n")
    (second,) = spool.list_mails("lain@example.id")
    assert second.raw == LETTER.encode() + b".\xff\r\n"
    assert second.envelope_from == ""
    assert "Sudah." in second.text


def test_an_sms_from_the_lab_is_what_twilio_would_have_posted(
    environ: dict[str, str], webhook: Webhook, spool: Spool
) -> None:
    channel = open_sms(environ, webhook)
    text = "Jalan rusak 🙏\r\n& +"
    sent = post_sms(webhook.url, TOKEN, ACCOUNT, sender=PHONE, recipient=OURS, text=text, spool=spool)
    (request,) = webhook.requests
    channel.verify(request)
    read = channel.parse(request)
    assert (read.sender, read.recipient, read.text, read.external_id) == (
        PHONE,
        OURS,
        text,
        sent.sid,
    )
    assert sent.status == "received"
    webhook.status = 503
    assert post_sms(webhook.url, TOKEN, ACCOUNT, sender=PHONE, recipient=OURS, text="2", spool=spool).status == "failed"
    nobody = f"http://127.0.0.1:{free_ports(1)[0]}"
    assert post_sms(nobody, TOKEN, ACCOUNT, sender=PHONE, recipient=OURS, text="", spool=spool).status == "failed"
    assert [(each.text, each.status, each.direction) for each in spool.list_sms(PHONE)] == [
        (text, "received", "from_citizen"),
        ("2", "failed", "from_citizen"),
        ("", "failed", "from_citizen"),
    ]


def test_a_mail_from_the_lab_is_what_the_mail_servers_pipe_would_have_posted(webhook: Webhook, spool: Spool) -> None:
    raw = b"Subject: x\r\n\r\n\xff\r\n"
    status = post_mail(webhook.url, "s", raw, envelope_from="", envelope_to="lapor@sahut.test", spool=spool)
    (request,) = webhook.requests
    assert (status, request.body) == (200, VOUCHES + raw)
    assert request.url == f"{webhook.url}/hooks/email_mime"
    assert [request.headers[name] for name in ("Authorization", "X-Envelope-From", "X-Envelope-To")] == [
        "Bearer s",
        "<>",
        "lapor@sahut.test",
    ]
    webhook.status = 503
    status = post_mail(webhook.url, "s", raw, envelope_from="a@example.id", envelope_to="b@sahut.test", spool=spool)
    assert status == 503
    assert post_mail(f"http://127.0.0.1:{free_ports(1)[0]}", "s", raw, envelope_from="", envelope_to="") == 0
    assert [mail.raw for mail in spool.list_mails()] == [raw]  # what was not taken was not sent


def test_the_spool_keeps_the_newest_thousand_in_order(tmp_path: Path, spool: Spool) -> None:
    for n in range(KEPT_FILES + 200):
        spool.put_sms(Sms(f"SM{n}", "from_citizen", PHONE, OURS, str(n), now_text(), "received"))
        assert n % 100 or len(list((tmp_path / "lab" / "phone").iterdir())) <= KEPT_FILES
    found = [int(sms.text) for sms in spool.list_sms()]
    assert found == list(range(found[0], KEPT_FILES + 200))
    assert KEPT_FILES * 0.9 < len(found) <= KEPT_FILES
    assert spool.list_phones() == [PHONE]


def test_two_writers_and_a_reader_see_whole_messages_only(tmp_path: Path) -> None:
    def write(name: str) -> None:
        mine = Spool.in_data(tmp_path)
        for n in range(300):
            kept = mine.put_sms(Sms(f"{name}{n}", "to_citizen", PHONE, OURS, "x" * 2000, now_text(), "queued"))
            mine.settle_sms(kept, "delivered")

    writers = [threading.Thread(target=write, args=(name,)) for name in "ab"]
    for each in writers:
        each.start()
    reader = Spool.in_data(tmp_path)
    while any(each.is_alive() for each in writers):
        assert {len(sms.text) for sms in reader.list_sms()} <= {2000}
    assert len(reader.list_sms()) == 600
    assert {sms.status for sms in reader.list_sms()} == {"delivered"}


def test_nobody_writes_a_line_of_the_spool_by_a_line_break(spool: Spool) -> None:
    spool.put_mail(b"\r\nx", direction="to_citizen", envelope_from="a\r\nX: b", envelope_to="c@example.id\r\n\r\nd")
    (mail,) = spool.list_mails()
    assert (mail.raw, mail.envelope_from, mail.envelope_to) == (b"\r\nx", "a X: b", "c@example.id d")


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("SAHUT_LAB", "0", "SAHUT_LAB is not 1"),
        ("SAHUT_DATA", "", "SAHUT_DATA is missing"),
        ("SMS_TWILIO_API_URL", "https://api.twilio.com", "SMS_TWILIO_API_URL must name"),
        ("EMAIL_SMTP_URL", "smtp://mail.example.com:587", "EMAIL_SMTP_URL must name"),
        ("LAB_FAIL_FIRST", "x", "LAB_FAIL_FIRST"),
    ],
)
def test_it_refuses_to_start_where_there_is_no_lab(environ: dict[str, str], name: str, value: str, fault: str) -> None:
    with pytest.raises(RefusesToStart, match=fault):
        LabSettings.from_environ({**environ, name: value})


def test_as_a_process_it_starts_stops_and_refuses(environ: dict[str, str]) -> None:
    command = [sys.executable, "-m", "intake.lab.standin"]
    path = {"PATH": os.environ["PATH"]}
    settings = LabSettings.from_environ(environ)
    with subprocess.Popen(command, cwd=REPOSITORY, env=path | environ) as process:
        wait_for(lambda: listens(settings.api_port) and listens(settings.mail_port))
        process.send_signal(signal.SIGTERM)
        assert process.wait(WAIT_SECONDS) == 0
    refused = subprocess.run(command, cwd=REPOSITORY, env=path, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "SAHUT_LAB is not 1" in refused.stderr


def test_what_is_kept_is_readable_by_its_owner_only(tmp_path: Path, spool: Spool) -> None:
    spool.put_sms(Sms("SM1", "to_citizen", PHONE, OURS, "x", now_text(), "queued"))
    (file,) = (tmp_path / "lab" / "phone").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "lab" / "phone").stat().st_mode & 0o777 == 0o700
    assert json.loads(file.read_text())["sid"] == "SM1"


def submit(settings: LabSettings, letter: bytes, *, sender: str = "lapor@sahut.test", to: str = "w@example.id") -> None:
    MailServer("127.0.0.1", settings.mail_port, security="none").submit(letter, sender=sender, recipient=to)


def free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for each in probes:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in probes]
    for each in probes:
        each.close()
    return ports


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(is_true: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + WAIT_SECONDS
    while not is_true():
        assert time.monotonic() < give_up_at, "it did not happen"
        time.sleep(0.02)
