"""The second step of the form: the place as we read it or as it is chosen, what else is said, and the guard at the door."""

from __future__ import annotations

import io
import itertools
import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from intake.runtime import Runtime
from intake.understand.locate import regencies
from intake.web.app import create_app
from intake.web.form_work import is_worked
from intake.web.report_form import LARGEST_FILE_BYTES, MOST_FILES, TRAP
from tests.factories import CLEAR_TEXT, MUARA_ENIM, a_photo
from tests.intake.web.conftest import details_of, form_to, report_typed, work

VILLAGE = "16.03.07.2004"
TWO_PLACES = "Lampu jalan mati semua di Kecamatan Bandung, gelap sekali"
NO_PLACE = "Air mati sejak kemarin, tolong"


def the_message(rt: Runtime) -> Any:
    with rt.engine.connect() as connection:
        return connection.execute(text("select regency, latitude, longitude, extra from message")).one()


def a_file(name: str = "jalan.jpg", content: bytes = b"\xff\xd8\xff\xe0photo") -> tuple[io.BytesIO, str]:
    return io.BytesIO(content), name


def test_what_we_read_is_shown_and_taken_when_it_is_left_so(rt: Runtime, client: FlaskClient) -> None:
    form = details_of(client)
    assert form.fields["place"] == VILLAGE
    assert client.post("/lapor", data=form.fields).status_code == 303
    kept = the_message(rt)
    assert kept.regency == MUARA_ENIM
    assert kept.extra == {"district": "16.03.07", "village": VILLAGE, "place_by": "confirmed"}


def test_of_several_places_none_is_chosen_for_the_citizen(client: FlaskClient) -> None:
    first = form_to(client.get("/lapor"), "/lapor/periksa")
    page = client.post(first.action, data={**first.fields, "text": TWO_PLACES}).text
    offered = re.findall(r'name="place" value="(\d\d\.\d\d[^"]*)"', page)
    assert len(offered) > 1
    assert "checked" not in page
    assert {code[:5] for code in offered} <= set(regencies())


def test_a_place_is_chosen_level_by_level(rt: Runtime, client: FlaskClient) -> None:
    fields = details_of(client, NO_PLACE).fields
    assert fields["place"] == "pilih"
    for name, code in (("province", "16"), ("regency", "16.03"), ("district", "16.03.07"), ("village", VILLAGE)):
        page = client.post("/lapor/periksa", data={**fields, "do": "tempat"})
        assert f'<option value="{code}"' in page.text
        fields = {**form_to(page, "/lapor").fields, name: code}
    assert client.post("/lapor", data=fields).status_code == 303
    kept = the_message(rt)
    assert (kept.regency, kept.extra["village"], kept.extra["place_by"]) == (MUARA_ENIM, VILLAGE, "chosen")


def test_a_choice_that_does_not_lie_in_the_one_above_is_not_taken(rt: Runtime, client: FlaskClient) -> None:
    fields = {**details_of(client, NO_PLACE).fields, "province": "16", "regency": "16.03", "district": "32.73.01"}
    assert client.post("/lapor", data=fields).status_code == 303
    kept = the_message(rt)
    assert kept.regency == MUARA_ENIM
    assert "district" not in kept.extra


def test_who_does_not_know_the_place_is_not_kept_from_reporting(rt: Runtime, client: FlaskClient) -> None:
    assert report_typed(client, NO_PLACE, place="tanya").status_code == 303
    kept = the_message(rt)
    assert (kept.regency, kept.extra) == (None, {})


def test_everything_else_that_was_said_reaches_the_report(rt: Runtime, client: FlaskClient) -> None:
    sent = report_typed(
        client, date="2026-01-31", anonymous="1", secret="1", name="Warga Contoh", contact="warga@example.id",
        latitude="-3.7", longitude="103.8",
    )  # fmt: skip
    assert sent.status_code == 303
    kept = the_message(rt)
    assert (kept.latitude, kept.longitude) == (-3.7, 103.8)
    told = ("event_date", "anonymous", "secret", "name", "contact", "contact_kind")
    assert {name: kept.extra[name] for name in told} == {
        "event_date": "2026-01-31", "anonymous": True, "secret": True, "name": "Warga Contoh",
        "contact": "warga@example.id", "contact_kind": "email",
    }  # fmt: skip
    work(rt)
    with rt.engine.connect() as connection:
        assert connection.execute(text("select anonymous, secret from report")).one() == (True, True)
    page = client.get(sent.location).text
    assert re.search(r'<span class="badge">anonim</span>\s*<span class="badge secret">rahasia</span>', page)


def test_nobody_is_made_anonymous_or_secret_who_did_not_ask(rt: Runtime, client: FlaskClient) -> None:
    report_typed(client)
    with rt.engine.connect() as connection:
        assert connection.execute(text("select anonymous, secret from report")).one() == (False, False)


@pytest.mark.parametrize(("latitude", "longitude"), [("91", "100"), ("x", "1"), ("-3.7", ""), ("1e9", "1")])
def test_a_position_that_is_nowhere_is_left_out(
    rt: Runtime, client: FlaskClient, latitude: str, longitude: str
) -> None:
    assert report_typed(client, latitude=latitude, longitude=longitude).status_code == 303
    assert the_message(rt).latitude is None


def test_the_position_helps_to_read_the_place_and_can_be_taken_back(client: FlaskClient) -> None:
    fields = {**details_of(client, NO_PLACE).fields, "latitude": "-3.654", "longitude": "103.774", "do": "posisi"}
    page = client.post("/lapor/periksa", data=fields)
    assert form_to(page, "/lapor").fields["place"] == MUARA_ENIM
    assert "Posisi HP Anda ikut dipakai." in page.text
    without = client.post("/lapor/periksa", data={**fields, "do": "tanpa_posisi"})
    assert "Posisi HP Anda ikut dipakai." not in without.text
    assert form_to(without, "/lapor").fields["latitude"] == ""


# The place a photograph was taken at.


def a_photo_file(latitude: float | None = -3.6589) -> tuple[io.BytesIO, str]:
    return io.BytesIO(a_photo(latitude)), "jalan.jpg"


def test_the_place_of_a_photo_is_used_when_it_is_allowed(rt: Runtime, client: FlaskClient) -> None:
    sent = report_typed(client, NO_PLACE, place="tanya", photo_position="1", files=[a_photo_file(None), a_photo_file()])
    assert sent.status_code == 303
    kept = the_message(rt)
    assert (round(kept.latitude, 4), round(kept.longitude, 4)) == (-3.6589, 103.7736)
    assert kept.extra["position_by"] == "photo"


def test_the_place_of_a_photo_is_not_read_without_being_allowed(rt: Runtime, client: FlaskClient) -> None:
    assert report_typed(client, NO_PLACE, place="tanya", files=[a_photo_file()]).status_code == 303
    assert the_message(rt).latitude is None


def test_the_phones_own_position_counts_more_than_that_of_a_photo(rt: Runtime, client: FlaskClient) -> None:
    report_typed(
        client, latitude="-3.7", longitude="103.8", position_by="own", photo_position="1", files=[a_photo_file()]
    )
    kept = the_message(rt)
    assert (kept.latitude, kept.extra["position_by"]) == (-3.7, "own")


def test_a_photo_without_a_place_is_taken_like_any_other(rt: Runtime, client: FlaskClient) -> None:
    assert report_typed(client, photo_position="1", files=[a_photo_file(None)]).status_code == 303
    assert the_message(rt).latitude is None


# Files.


def test_files_are_kept_with_the_message_once(rt: Runtime, client: FlaskClient) -> None:
    fields = details_of(client).fields
    for _ in range(2):
        files = [a_file(), a_file("../../etc/surat.pdf", b"%PDF-1.4 x")]
        assert client.post("/lapor", data={**fields, "files": files}).status_code == 303
    with rt.engine.connect() as connection:
        found = connection.execute(text("select name, size from attachment order by id")).all()
    assert [(row.name, row.size) for row in found] == [("jalan.jpg", 9), ("surat.pdf", 10)]


def encode(fields: dict[str, str], files: list[tuple[str, bytes]]) -> bytes:
    """A form with files as a browser sends it; the client of the tests leaves a large one lying open."""
    parts = [f'name="{name}"\r\n\r\n{value}'.encode() for name, value in fields.items()]
    parts += [f'name="files"; filename="{name}"\r\n\r\n'.encode() + content for name, content in files]
    head = b"--batas\r\nContent-Disposition: form-data; "
    return b"".join(head + part + b"\r\n" for part in parts) + b"--batas--\r\n"


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ([("jalan.exe", b"MZ")], "jalan.exe tidak dapat kami terima"),
        ([("kosong.jpg", b"")], "kosong.jpg kosong"),
        ([("besar.mp4", b"x" * (LARGEST_FILE_BYTES + 1))], "besar.mp4 terlalu besar: paling besar 10 MB"),
        ([(f"{number}.jpg", b"x") for number in range(MOST_FILES + 1)], "Paling banyak 5 berkas"),
    ],
)
def test_files_we_cannot_take_are_told_at_their_field(
    rt: Runtime, client: FlaskClient, files: list[tuple[str, bytes]], words: str
) -> None:
    fields = {**details_of(client).fields, "name": "Warga Contoh"}
    kind = "multipart/form-data; boundary=batas"
    answer = client.post("/lapor", data=encode(fields, files), content_type=kind)
    assert answer.status_code == 400
    told = re.search(r'id="files-fault">([^<]*)<', answer.text)
    assert told is not None
    assert words in told[1]
    assert form_to(answer, "/lapor").fields["name"] == "Warga Contoh"
    with rt.engine.connect() as connection:
        assert connection.execute(text("select count(*) from message")).scalar_one() == 0


def test_a_script_is_told_where_to_go_instead_of_being_led_there(client: FlaskClient) -> None:
    answer = client.post("/lapor", data=details_of(client).fields, headers={"X-Requested-With": "sahut"})
    assert answer.status_code == 200
    assert answer.json is not None
    assert re.fullmatch(r"/lapor/[0-9A-Z-]{8}\?k=[a-z2-7]{20}", answer.json["to"])
    assert "Laporan Anda sudah kami terima" in client.get(answer.json["to"]).text


# The guard.


def guarded(rt: Runtime, **changes: object) -> FlaskClient:
    return create_app(replace(rt, settings=replace(rt.settings, **changes))).test_client()  # type: ignore[arg-type]


def test_what_is_quicker_than_a_person_is_asked_for_once_more_and_then_taken(rt: Runtime) -> None:
    client = guarded(rt, form_least_seconds=3)
    fields = {**details_of(client).fields, "name": "Warga Contoh"}
    first = client.post("/lapor", data=fields)
    assert first.status_code == 400
    assert "tekan Kirim laporan" in first.text
    again = form_to(first, "/lapor").fields
    assert again["name"] == "Warga Contoh"
    assert client.post("/lapor", data=again).status_code == 303


def test_the_trap_is_out_of_everybodys_way_and_asks_once_more(rt: Runtime, client: FlaskClient) -> None:
    first = form_to(client.get("/lapor"), "/lapor/periksa")
    page = client.post(first.action, data={**first.fields, "text": CLEAR_TEXT})
    assert re.search(rf'<div hidden><input name="{TRAP}" value="" autocomplete="off"', page.text)
    fields = form_to(page, "/lapor").fields
    caught = client.post("/lapor", data={**fields, TRAP: "http://example.com"})
    assert caught.status_code == 400
    assert client.post("/lapor", data=form_to(caught, "/lapor").fields).status_code == 303
    with rt.engine.connect() as connection:
        assert connection.execute(text("select count(*) from report")).scalar_one() == 1


def solve(token: str, bits: int) -> str:
    numbers = map(str, itertools.count())
    return next(number for number in numbers if is_worked(token, number, bits=bits))


def test_no_work_is_asked_for_unless_it_is_set(client: FlaskClient) -> None:
    first = form_to(client.get("/lapor"), "/lapor/periksa")
    page = client.post(first.action, data={**first.fields, "text": CLEAR_TEXT}).text
    assert "work.js" not in page
    assert 'name="work"' not in page


def test_who_did_the_work_sends_more_than_who_could_not_and_nobody_is_shut_out(rt: Runtime) -> None:
    client = guarded(rt, form_work_bits=8, form_per_hour=12)
    here = {"REMOTE_ADDR": "8.8.8.8"}

    def post(number: int, *, worked: bool) -> int:
        fields = {**details_of(client).fields, "text": f"{CLEAR_TEXT} {number}"}
        assert fields["work"] == ""
        fields["work"] = solve(fields["token"], 8) if worked else "7"
        assert is_worked(fields["token"], fields["work"], bits=8) or not worked
        return client.post("/lapor", data=fields, environ_overrides=here).status_code

    without = [post(number, worked=False) for number in range(3)]
    assert without == [303, 303, 429]
    assert [post(number, worked=True) for number in range(3, 6)] == [303, 303, 303]


@pytest.mark.parametrize("number", ["", "-1", "1e3", "²", "9" * 21, "x"])
def test_what_is_no_number_is_no_work(number: str) -> None:
    assert not is_worked("token", number, bits=1)


def test_one_network_sends_so_many_an_hour_and_nothing_is_lost_beyond(rt: Runtime) -> None:
    client = guarded(rt, form_per_hour=2)
    here = {"REMOTE_ADDR": "8.8.8.8"}
    answers = []
    for number in range(3):
        fields = {**details_of(client).fields, "text": f"{CLEAR_TEXT} {number}"}
        answers.append(client.post("/lapor", data=fields, environ_overrides=here))
    assert [answer.status_code for answer in answers] == [303, 303, 429]
    assert answers[2].headers["Retry-After"] == "3600"
    assert form_to(answers[2], "/lapor").fields["text"] == f"{CLEAR_TEXT} 2"
    elsewhere = client.post("/lapor", data=fields, environ_overrides={"REMOTE_ADDR": "8.8.4.4"})
    assert elsewhere.status_code == 303
    with rt.engine.connect() as connection:
        whose = connection.execute(text("select whose from attempt where what = 'report'")).scalars().all()
    assert not any("8.8" in one for one in whose)


def test_a_proxys_own_address_limits_nobody_and_its_header_is_believed_when_named(rt: Runtime) -> None:
    behind = {"REMOTE_ADDR": "127.0.0.1"}
    for changes, headers, told in (
        ({}, {"X-Real-IP": "8.8.8.8"}, [303, 303]),
        ({"caller_header": "X-Real-IP"}, {"X-Real-IP": "8.8.8.8"}, [303, 429]),
        ({"caller_header": "X-Real-IP"}, {"X-Real-IP": "2001:4860:4860::8888"}, [303, 429]),
    ):
        client = guarded(rt, form_per_hour=1, **changes)
        codes = []
        for number in range(2):
            fields = {**details_of(client).fields, "text": f"{CLEAR_TEXT} {number}"}
            codes.append(client.post("/lapor", data=fields, headers=headers, environ_overrides=behind).status_code)
        assert codes == told, headers


def test_one_form_is_not_sent_for_ever(rt: Runtime, client: FlaskClient) -> None:
    fields = details_of(client).fields
    codes = [client.post("/lapor", data={**fields, "text": f"{CLEAR_TEXT} {n}"}).status_code for n in range(21)]
    assert codes == [303] * 20 + [429]


def test_the_last_day_that_may_be_told_is_today_in_the_east(rt: Runtime, client: FlaskClient) -> None:
    first = form_to(client.get("/lapor"), "/lapor/periksa")
    page = client.post(first.action, data={**first.fields, "text": CLEAR_TEXT}).text
    found = re.search(r'type="date"[^>]* max="([^"]*)"', page)
    assert found is not None
    assert abs((date.fromisoformat(found[1]) - rt.clock().date()).days) <= 1


# Places as JSON.


def test_the_lists_are_those_of_the_gazetteer_and_may_be_kept(client: FlaskClient) -> None:
    provinces = client.get("/wilayah/indonesia.json")
    assert provinces.json is not None
    assert len(provinces.json) == 38
    assert "max-age=86400" in provinces.headers["Cache-Control"]
    found = sum(len(client.get(f"/wilayah/{code}.json").json or []) for code, _ in provinces.json)
    assert found == 514
    assert ["16.03.07", "Lawang Kidul"] in (client.get("/wilayah/16.03.json").json or [])
    assert client.get("/wilayah/99.json").json == []
    assert client.get("/wilayah/xx.yy.zz.json").json == []


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("muara enim", "16.03"),
        ("Kabupaten Muara Enim", "16.03"),
        ("desa tegal rejo kec. lawang kidul", VILLAGE),
        ("tegal lawang", VILLAGE),
        ("kota bandung", "32.73"),
    ],
)
def test_a_place_is_found_by_its_words(client: FlaskClient, typed: str, first: str) -> None:
    found = client.get("/wilayah/cari", query_string={"q": typed}).json
    assert found is not None
    assert found[0][0] == first
    assert len(found) <= 12


@pytest.mark.parametrize("typed", ["", "ab", "qqqqqq", "' or 1=1 --", "\x00", "x" * 5000])
def test_what_is_no_place_finds_none(client: FlaskClient, typed: str) -> None:
    assert client.get("/wilayah/cari", query_string={"q": typed}).json == []
