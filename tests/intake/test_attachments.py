"""Files that came with messages: kept with them, made harmless, put into the store, given to those who may have them."""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pypdf import PdfReader
from sqlalchemy import text

from channels.mail_pictures import coordinates_of
from channels.messages import Attachment, InboundMessage
from channels.whatsapp_twilio import open_channel as open_whatsapp
from intake import attachments
from intake.attachments import ScannerAway, draw_again, inspect, saved_name, scan
from intake.domain.reference import reference_of
from intake.links import tracking_token
from intake.receive import receive
from intake.runtime import Runtime
from intake.storage import attachments as files
from intake.storage import outbox
from intake.storage.attachments import Store
from intake.storage.outbox import Job
from intake.web.app import create_app
from tests.channels.local_servers import HttpAnswer, HttpServer
from tests.factories import CLEAR_TEXT, MUARA_ENIM
from tests.intake.web.conftest import an_officer, form_to, log_in
from workers import jobs

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def a_picture(kind: str = "JPEG", *, gps: bool = False, size: tuple[int, int] = (40, 20)) -> bytes:
    picture, target = Image.new("RGB", size, (200, 30, 30)), io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "Merek Kamera"
    exif[0x0112] = 6  # lying on its side
    if gps:
        exif[0x8825] = {1: "S", 2: (3.0, 47.0, 24.0), 3: "E", 4: (103.0, 45.0, 36.0)}
    picture.save(target, kind, **({"exif": exif} if kind in {"JPEG", "WEBP"} else {}))
    return target.getvalue()


def test_a_picture_is_written_again_upright_without_what_the_camera_hid() -> None:
    raw = a_picture(gps=True)
    assert b"Merek Kamera" in raw
    place = coordinates_of(raw)
    assert place is not None
    assert (round(place.latitude, 2), round(place.longitude, 2)) == (-3.79, 103.76)
    seen = inspect(raw)
    assert (seen.real_type, seen.verdict) == ("image/jpeg", "allowed")
    with Image.open(io.BytesIO(seen.content)) as again:
        assert dict(again.getexif()) == {}
        assert again.size == (20, 40)
    assert b"Merek Kamera" not in seen.content
    assert coordinates_of(seen.content) is None


@pytest.mark.parametrize("kind", ["PNG", "GIF", "WEBP"])
def test_other_pictures_are_written_again_too(kind: str) -> None:
    seen = inspect(a_picture(kind) + b"<script>hidden behind the end</script>")
    assert (seen.real_type, seen.verdict) == (f"image/{kind.lower()}", "allowed")
    assert b"hidden" not in seen.content
    with Image.open(io.BytesIO(seen.content)) as again:
        assert again.size[0] * again.size[1] == 800


@pytest.mark.parametrize(
    ("content", "real_type", "verdict"),
    [
        (b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n", "application/pdf", "allowed"),
        (b"Surat pengaduan warga RT 03\n", "text/plain", "allowed"),
        (b"<!doctype html><html><script>alert(1)</script></html>", "text/html", "refused"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="x()"/>', "image/svg+xml", "refused"),
        (b"MZ\x90\x00" + b"\x00" * 200, "", "refused"),
        (b"\x7fELF\x02\x01\x01" + b"\x00" * 60, "", "refused"),
        (b"#!/bin/sh\nrm -rf /\n", "", "refused"),
        (b"\xff\xd8\xff\xe0 no picture at all", "image/jpeg", "damaged"),
    ],
)
def test_what_a_file_is_decides_not_what_it_is_called(content: bytes, real_type: str, verdict: str) -> None:
    seen = inspect(content)
    assert seen.verdict == verdict
    if real_type:
        assert seen.real_type == real_type
    assert seen.verdict == "allowed" or seen.content == content


def test_an_absurdly_large_picture_is_not_drawn() -> None:
    target = io.BytesIO()
    Image.new("1", (12_000, 12_000)).save(target, "PNG")
    assert draw_again(target.getvalue(), "PNG") is None


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=40), st.integers(0, 600), st.sampled_from(["JPEG", "PNG", "GIF", "WEBP"]))
def test_mutated_pictures_raise_nothing(instead: bytes, place: int, kind: str) -> None:
    raw = a_picture(kind, gps=True)
    broken = raw[:place] + instead + raw[place + len(instead) :]
    assert inspect(broken).verdict in {"allowed", "refused", "damaged"}
    coordinates_of(broken)


@pytest.mark.parametrize(
    ("name", "real_type", "saved"),
    [
        ("foto.jpg", "image/jpeg", "foto.jpg"),
        ("foto.JPEG", "image/jpeg", "foto.jpg"),
        ("surat.pdf.exe", "application/pdf", "surat.pdf.exe.pdf"),
        ('../"a\r\nb".png', "image/png", "ab.png"),
        ("", "text/plain", "lampiran.txt"),
        ("x" * 300, "image/png", "x" * 100 + ".png"),
    ],
)
def test_names_as_they_are_saved(name: str, real_type: str, saved: str) -> None:
    assert saved_name(name, real_type) == saved


# --- with the house around it ---


@pytest.fixture
def house(rt: Runtime, tmp_path: Path) -> Runtime:
    return replace(rt, settings=replace(rt.settings, files_url=str(tmp_path / "files")))


def work(rt: Runtime) -> None:
    while sum(jobs.carry_out(rt, job) for job in Job):
        pass


def send(rt: Runtime, *attached: Attachment, number: int = 1) -> int:
    message = InboundMessage(
        f"<{number}@example.id>", "warga@example.id", "lapor@sahut.test", CLEAR_TEXT, attachments=attached
    )
    received = receive(rt, "email_mime", message)
    assert received.remembered is not None
    return received.remembered.message_id


def kept(rt: Runtime, report_id: int) -> list[files.File]:
    with rt.engine.connect() as connection:
        return files.of_report(connection, report_id)


def test_files_move_from_the_database_into_the_store(house: Runtime) -> None:
    raw = a_picture(gps=True)
    report = send(
        house, Attachment("foto.jpg", "image/jpeg", raw), Attachment("x.exe", "image/png", b"MZ\x90\x00" * 50)
    )
    assert [file.verdict for file in kept(house, report)] == ["waiting", "waiting"]
    work(house)
    photo, program = kept(house, report)
    assert (photo.verdict, photo.scan, photo.real_type) == ("allowed", "unscanned", "image/jpeg")
    assert program.verdict == "refused"
    with house.engine.connect() as connection:
        assert connection.execute(text("select count(*) from attachment where content is not null")).scalar_one() == 0
    store = Store(house.settings.files_url)
    assert store.get(str(photo.stored)) == inspect(raw).content
    assert store.get(str(program.stored)) == b"MZ\x90\x00" * 50


def send_photo(rt: Runtime, *urls: str) -> int:
    """A message by Twilio's WhatsApp names its files by their addresses."""
    attached = tuple(Attachment(f"media-{number}", "image/jpeg", url=url) for number, url in enumerate(urls))
    message = InboundMessage("SM1", "+628110000001", "+628110001708", CLEAR_TEXT, attachments=attached)
    received = receive(rt, "whatsapp_twilio", message)
    assert received.remembered is not None
    return received.remembered.message_id


def by_whatsapp(house: Runtime, api_url: str) -> Runtime:
    settings = {"ACCOUNT_SID": "AC" + "0" * 32, "AUTH_TOKEN": "t" * 32, "NUMBERS": "+628110001708", "API_URL": api_url}
    channel = open_whatsapp({f"WHATSAPP_TWILIO_{name}": value for name, value in settings.items()}, public_url="")
    assert channel is not None
    return replace(house, channels={**house.channels, "whatsapp_twilio": channel})


def test_a_photo_that_lies_at_the_provider_is_fetched_by_a_worker(house: Runtime) -> None:
    raw = a_picture(gps=True)
    with HttpServer(HttpAnswer(200, body=raw)) as api:
        rt = by_whatsapp(house, api.url)
        report = send_photo(rt, f"{api.url}/Media/ME0", "https://evil.example.com/ME1")
        assert api.seen == []  # not while the provider waits for our acknowledgement
        jobs.carry_out(rt, Job.INSPECT)
    photo, elsewhere = kept(house, report)
    assert (photo.verdict, photo.real_type, photo.size) == ("allowed", "image/jpeg", len(inspect(raw).content))
    assert Store(house.settings.files_url).get(str(photo.stored)) == inspect(raw).content
    assert (elsewhere.verdict, elsewhere.stored, elsewhere.size) == ("waiting", None, None)
    assert len(api.seen) == 1
    with house.engine.connect() as connection:
        assert outbox.due(connection).get("inspect") is None


def test_a_provider_that_is_away_is_asked_for_the_photo_again(house: Runtime) -> None:
    with HttpServer(HttpAnswer(503), HttpAnswer(200, body=a_picture())) as api:
        rt = by_whatsapp(house, api.url)
        report = send_photo(rt, f"{api.url}/Media/ME0")
        jobs.carry_out(rt, Job.INSPECT)
        assert [file.verdict for file in kept(house, report)] == ["waiting"]
        with house.engine.begin() as connection:
            connection.execute(text("update outbox set due_at = now()"))
        jobs.carry_out(rt, Job.INSPECT)
    assert [file.verdict for file in kept(house, report)] == ["allowed"]


def test_equal_files_lie_in_the_store_once(house: Runtime) -> None:
    for number in range(3):
        send(house, Attachment(f"{number}.txt", "text/plain", b"Surat yang sama\n"), number=number)
    work(house)
    assert len([path for path in Path(house.settings.files_url).rglob("*") if path.is_file()]) == 1


def test_looking_twice_is_looking_once(house: Runtime) -> None:
    report = send(house, Attachment("a.txt", "text/plain", b"Surat\n"))
    work(house)
    before = kept(house, report)
    with house.engine.begin() as connection:
        connection.execute(text("insert into outbox (job, subject_id) values ('inspect', :id)"), {"id": report})
    work(house)
    assert kept(house, report) == before


@contextmanager
def a_scanner(answer: bytes) -> Iterator[str]:
    """Speaks INSTREAM as clamd does, and always says the same."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                line, _ = listening.accept()
            except OSError:
                return
            with line:
                heard = b""
                while not heard.endswith(b"\0\0\0\0") and (more := line.recv(65536)):
                    heard += more
                line.sendall(answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{listening.getsockname()[1]}"
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)


def test_what_a_scanner_says_is_kept() -> None:
    with a_scanner(b"stream: OK\0") as address:
        assert scan(b"x" * 200_000, address) == "clean"
    with a_scanner(b"stream: Eicar-Test-Signature FOUND\0") as address:
        assert scan(EICAR, address) == "infected"
    with a_scanner(b"INSTREAM size limit exceeded. ERROR\0") as address, pytest.raises(ScannerAway):
        scan(b"x", address)
    with pytest.raises(ScannerAway):
        scan(b"x", address)
    assert scan(b"x", "") == "unscanned"


def test_a_scanner_that_is_away_is_asked_again_and_nothing_is_given_until_then(house: Runtime) -> None:
    with a_scanner(b"stream: OK\0") as address:
        pass
    strict = replace(house, settings=replace(house.settings, clamav=address))
    report = send(strict, Attachment("a.txt", "text/plain", b"Surat\n"))
    work(strict)
    assert kept(strict, report)[0].verdict == "waiting"
    with a_scanner(b"stream: OK\0") as again:
        strict = replace(house, settings=replace(house.settings, clamav=again))
        with house.engine.begin() as connection:
            connection.execute(text("update outbox set due_at = now() where job = 'inspect'"))
        work(strict)
    assert (kept(strict, report)[0].verdict, kept(strict, report)[0].scan) == ("allowed", "clean")


# --- who may have them ---


def client_of(rt: Runtime, username: str, regency: str | None) -> FlaskClient:
    an_officer(rt, username, regency)
    client = create_app(rt).test_client()
    log_in(client, username)
    return client


def test_an_officer_of_the_report_saves_the_file(house: Runtime) -> None:
    report = send(house, Attachment("jalan “rusak”.html", "text/html", a_picture()))
    work(house)
    (file,) = kept(house, report)
    client = client_of(house, "muaraenim", MUARA_ENIM)
    answer = client.get(f"/meja/berkas/{file.id}")
    assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
    assert answer.data == Store(house.settings.files_url).get(str(file.stored))
    assert answer.headers["Content-Disposition"].startswith("attachment; ")
    assert "filename*=UTF-8''jalan%20" in answer.headers["Content-Disposition"]
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"


def test_nobody_else_does(house: Runtime) -> None:
    report = send(house, Attachment("a.txt", "text/plain", b"Surat\n"))
    work(house)
    (file,) = kept(house, report)
    stranger = create_app(house).test_client()
    assert stranger.get(f"/meja/berkas/{file.id}").status_code == 303
    other = client_of(house, "bogor", "32.01")
    assert other.get(f"/meja/berkas/{file.id}").status_code == 404
    central = client_of(house, "pusat", None)
    assert central.get(f"/meja/berkas/{file.id}").status_code == 200
    assert central.get("/meja/berkas/999999").status_code == 404
    assert central.get(f"/meja/berkas/{10**30}").status_code == 404


@pytest.mark.parametrize(
    "state",
    ["verdict = 'refused'", "verdict = 'damaged'", "verdict = 'waiting'", "scan = 'infected'", "stored = null"],
)
def test_what_is_not_safe_is_not_given(house: Runtime, state: str) -> None:
    report = send(house, Attachment("a.txt", "text/plain", b"Surat\n"))
    work(house)
    (file,) = kept(house, report)
    with house.engine.begin() as connection:
        connection.execute(text(f"update attachment set {state}"))
    assert client_of(house, "pusat", None).get(f"/meja/berkas/{file.id}").status_code == 404


def test_where_there_is_a_scanner_only_what_it_called_clean_is_given(house: Runtime) -> None:
    report = send(house, Attachment("a.txt", "text/plain", b"Surat\n"))
    work(house)
    (file,) = kept(house, report)
    strict = replace(house, settings=replace(house.settings, clamav="127.0.0.1:9"))
    client = client_of(strict, "pusat", None)
    assert client.get(f"/meja/berkas/{file.id}").status_code == 404
    with house.engine.begin() as connection:
        connection.execute(text("update attachment set scan = 'clean'"))
    assert client.get(f"/meja/berkas/{file.id}").status_code == 200


def test_the_desk_lists_the_files_of_a_report(house: Runtime) -> None:
    report = send(
        house,
        Attachment("surat.txt", "text/plain", b"Surat\n"),
        Attachment("x<b>.exe", "image/png", b"MZ\x90\x00" * 50),
    )
    work(house)
    letter, program = kept(house, report)
    page = client_of(house, "pusat", None).get(f"/meja/{reference_of(report)}").text
    assert f'href="/meja/berkas/{letter.id}"' in page
    assert f"/meja/berkas/{program.id}" not in page
    assert "x&lt;b&gt;.exe" in page


def test_the_name_of_an_anonymous_reporter_s_file_is_told_to_who_may_look_only(house: Runtime) -> None:
    report = send(house, Attachment("KTP Sumarni.jpg", "image/jpeg", a_picture()))
    work(house)
    with house.engine.begin() as connection:
        connection.execute(text("update report set anonymous = true"))
    (file,) = kept(house, report)
    central = client_of(house, "pusat", None)
    reference = reference_of(report)
    link = f"/lapor/{reference}?k={tracking_token(house.settings, report)}"
    for page in (central.get(f"/meja/{reference}").text, create_app(house).test_client().get(link).text):
        assert f"lampiran-{file.id}" in page
        assert "Sumarni" not in page
    paper = PdfReader(io.BytesIO(central.get(f"/meja/{reference}/laporan.pdf").data))
    printed = "".join(page.extract_text() for page in paper.pages)
    assert f"lampiran-{file.id}" in printed
    assert "Sumarni" not in printed
    saved = central.get(f"/meja/berkas/{file.id}")
    assert f'filename="lampiran-{file.id}.jpg"' in saved.headers["Content-Disposition"]
    assert "Sumarni" not in saved.headers["Content-Disposition"]
    look = form_to(central.get(f"/meja/{reference}"), "/identitas")
    assert "KTP Sumarni.jpg" in central.post(look.action, data={**look.fields, "reason": "permintaan polisi"}).text


def test_every_allowed_kind_has_an_ending() -> None:
    assert all(ending.startswith(".") for ending in attachments.ALLOWED.values())
