"""The form at /lapor and a report's own page, as a browser without JavaScript meets them."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from intake import desk, links
from intake.domain.reference import reference_of, report_id_of
from intake.runtime import Runtime
from intake.storage import messages, officers
from intake.web.app import create_app
from tests.factories import CLEAR_TEXT, MUARA_ENIM
from tests.intake.web.conftest import (
    TWO_BANDUNGS,
    Form,
    Forms,
    a_report,
    an_officer,
    ask_which,
    details_of,
    form_to,
    report_typed,
    work,
)

UNCLEAR = "Lampu jalan mati semua di Bandung, gelap sekali"


def form_of_words(page: TestResponse) -> Form:
    """The form on a report's page in which one writes."""
    return next(form for form in Forms(page.text).found if "text" in form.fields)


def id_in(address: str) -> int:
    """The id of the report behind the address of its page."""
    report_id = report_id_of(address.split("/")[2].partition("?")[0])
    assert report_id is not None
    return report_id


def count(rt: Runtime, table: str) -> int:
    with rt.engine.connect() as connection:
        return int(connection.execute(text(f"select count(*) from {table}")).scalar_one())


def test_a_report_is_kept_and_leads_to_its_page(rt: Runtime, client: FlaskClient) -> None:
    sent = report_typed(client, regency=MUARA_ENIM, name="Warga Contoh", contact="0811 0000 0012")
    assert sent.status_code == 303
    assert re.fullmatch(r"/lapor/[0-9A-Z]{3}-[0-9A-Z]{4}\?k=[a-z2-7]{20}", sent.location)
    page = client.get(sent.location)
    assert page.status_code == 200
    assert CLEAR_TEXT in page.text
    assert "Laporan Anda sudah kami terima" in page.text
    with rt.engine.connect() as connection:
        (report_id,) = connection.execute(text("select id from report")).one()
        (message,) = messages.of_report(connection, report_id)
    assert message.regency == MUARA_ENIM
    assert message.extra == {
        "name": "Warga Contoh", "contact": "0811 0000 0012", "contact_kind": "phone", "place_by": "chosen"
    }  # fmt: skip
    assert message.sender == f"web:{message.external_id}"


def test_every_report_of_the_web_has_a_sender_of_its_own(rt: Runtime, client: FlaskClient) -> None:
    report_typed(client)
    report_typed(client, "Air mati di Muara Enim")
    with rt.engine.connect() as connection:
        assert len(set(connection.execute(text("select sender from report")).scalars())) == 2


def test_sent_twice_it_is_the_same_report(rt: Runtime, client: FlaskClient) -> None:
    data = details_of(client).fields
    first, second = client.post("/lapor", data=data), client.post("/lapor", data=data)
    assert first.location == second.location
    assert count(rt, "report") == 1


def test_changed_after_going_back_it_is_another_report_and_nothing_is_swallowed(
    rt: Runtime, client: FlaskClient
) -> None:
    form = details_of(client)
    first = client.post("/lapor", data={**form.fields, "text": CLEAR_TEXT})
    second = client.post("/lapor", data={**form.fields, "text": "Pohon tumbang di Muara Enim"})
    assert first.location != second.location
    assert count(rt, "report") == 2


@pytest.mark.parametrize("token", ["", "x" * 30, "chosen-by-somebody-else.0123456789", None])
def test_a_token_that_is_not_ours_is_replaced_and_everything_typed_stays(
    rt: Runtime, client: FlaskClient, token: str | None
) -> None:
    data = {**details_of(client).fields, "name": "Warga Contoh"}
    data = {**data, "token": token} if token is not None else {k: v for k, v in data.items() if k != "token"}
    answer = client.post("/lapor", data=data)
    assert answer.status_code == 400
    assert count(rt, "message") == 0
    again = form_to(answer, "/lapor")
    assert {**again.fields, "token": "", "csrf_token": ""} == {**data, "token": "", "csrf_token": ""}
    assert client.post("/lapor", data=again.fields).status_code == 303


def test_a_token_for_answers_is_none_for_reports(rt: Runtime, client: FlaskClient) -> None:
    page = client.get(report_typed(client).location)
    answer_token = form_of_words(page).fields["token"]
    form = details_of(client)
    assert client.post("/lapor", data={**form.fields, "token": answer_token, "text": "Lain"}).status_code == 400


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("  \n ", "Tuliskan dulu apa yang terjadi."),
        ("x" * 10_001, "paling banyak 10.000 huruf"),
        ("CEK " + reference_of(1234), "Ini nomor laporan"),
    ],
)
def test_a_fault_of_the_story_is_told_at_both_steps(rt: Runtime, client: FlaskClient, typed: str, words: str) -> None:
    first = report_typed(client, typed)
    second = client.post("/lapor", data={**details_of(client).fields, "text": typed})
    for answer, end in ((first, "/lapor/periksa"), (second, "/lapor")):
        assert answer.status_code == 400
        assert words in told_at("text", answer.text)
        assert form_to(answer, end).fields["text"] == typed
    assert count(rt, "message") == 0


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"place": ""}, "place", "Pilih tempat kejadiannya"),
        ({"place": "99.99"}, "place", "Pilih tempat kejadiannya"),
        ({"place": "pilih", "province": "16"}, "place", "paling sedikit provinsi dan kabupaten"),
        ({"place": "pilih", "province": "16", "regency": "32.01"}, "place", "paling sedikit provinsi dan kabupaten"),
        ({"date": "kemarin"}, "date", "tidak terbaca"),
        ({"date": "2999-01-01"}, "date", "belum terjadi"),
        ({"name": "n" * 201}, "name", "paling banyak 200 huruf"),
        ({"contact": "c" * 201}, "contact", "paling banyak 200 huruf"),
        ({"contact": "rumah nomor 3"}, "contact", "bukan nomor HP atau alamat e-mail"),
    ],
)
def test_a_fault_is_told_at_its_field_and_nothing_typed_is_lost(
    rt: Runtime, client: FlaskClient, typed: dict[str, str], field: str, words: str
) -> None:
    filled = {"name": "Warga Contoh", "contact": "0811 0000 0012", "date": "2026-01-31", "secret": "1"}
    answer = report_typed(client, **{**filled, **typed})
    assert answer.status_code == 400
    assert count(rt, "message") == 0
    assert words in told_at(field, answer.text)
    fields = form_to(answer, "/lapor").fields
    kept = {**filled, **{name: value for name, value in typed.items() if name not in {"place", "regency"}}}
    assert {name: fields[name] for name in kept} == kept


def told_at(field: str, page: str) -> str:
    """What is said to be wrong at a field that points to it."""
    fault = re.search(rf'<p class="fault" id="{field}-fault"[^>]*>([^<]*)</p>', page)
    assert fault is not None
    assert re.search(rf'id="{field}"[^>]*aria-describedby="{field}-fault', page)
    return fault[1]


def test_what_is_typed_is_shown_as_text_and_never_as_a_page(client: FlaskClient) -> None:
    nasty = '</textarea><script>alert(1)</script> " onfocus=x '
    answer = report_typed(client, name=nasty, contact="?")
    assert "<script>alert" not in answer.text
    assert form_to(answer, "/lapor").fields["name"] == nasty
    page = client.get(report_typed(client, nasty).location)
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text


def test_a_form_whose_security_token_is_too_old_comes_back_with_everything(rt: Runtime, client: FlaskClient) -> None:
    data = {**details_of(client).fields, "name": "Warga Contoh"}
    client.delete_cookie("sahut")
    answer = client.post("/lapor", data=data)
    assert answer.status_code == 400
    assert "belum ada yang terkirim" in answer.text
    assert count(rt, "message") == 0
    again = form_to(answer, "/lapor").fields
    assert {**again, "csrf_token": ""} == {**data, "csrf_token": ""}
    assert client.post("/lapor", data=again).status_code == 303
    assert count(rt, "report") == 1


def test_a_database_that_is_away_gives_the_form_back_and_later_takes_it_once(rt: Runtime, away: Runtime) -> None:
    broken = create_app(away).test_client()
    form = details_of(broken)
    answer = broken.post("/lapor", data={**form.fields, "contact": "0811 0000 0012"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "belum tersimpan" in answer.text
    again = form_to(answer, "/lapor").fields
    assert (again["text"], again["contact"], again["token"]) == (CLEAR_TEXT, "0811 0000 0012", form.fields["token"])
    healed = create_app(rt).test_client()
    healed.set_cookie("sahut", broken.get_cookie("sahut").value)  # type: ignore[union-attr]
    assert [healed.post("/lapor", data=again).status_code for _ in range(2)] == [303, 303]
    assert count(rt, "report") == 1


def test_the_form_can_be_opened_while_the_database_is_away(away: Runtime) -> None:
    client = create_app(away).test_client()
    assert [client.get(path).status_code for path in ("/", "/lapor", "/cara", "/robots.txt")] == [200] * 4
    assert details_of(client).fields["place"].startswith(MUARA_ENIM)


# The page of a report.


def address_of(rt: Runtime, report_id: int) -> str:
    return f"/lapor/{reference_of(report_id)}?k={links.tracking_token(rt.settings, report_id)}"


def test_without_the_secret_there_is_one_door_whether_it_exists_or_not(rt: Runtime, client: FlaskClient) -> None:
    report = a_report(rt)
    absent = reference_of(report.id + 500)
    wrong = links.tracking_token(rt.settings, report.id + 1)
    doors = [
        client.get(address)
        for address in (
            f"/lapor/{report.reference}",
            f"/lapor/{report.reference}?k=",
            f"/lapor/{report.reference}?k={wrong}",
            f"/lapor/{report.reference.lower().replace('-', '')}",
            f"/lapor/{report.reference}/berkas/1?k={wrong}",
            f"/lapor/{absent}",
            f"/lapor/{absent}?k={wrong}",
            address_of(rt, report.id + 500),
        )
    ]
    assert {door.status_code for door in doors} == {403}
    # The number and the language link are of the page's own address; apart from them the doors are one.
    plain = [re.sub(r'href="/lapor/[^"]*"', "", door.text) for door in doors]
    assert len({page.replace(report.reference, "").replace(absent, "") for page in plain}) == 1
    assert "Kab. Muara Enim" not in plain[0]
    for mistyped in ("/lapor/AAA-BBBB", "/lapor/x?k=x"):
        assert client.get(mistyped).status_code == 404
    token = form_to(client.get("/lapor"), "/lapor/periksa").fields
    doings = ["", "/nilai", "/buka", "/cabut", "/selesai", "/nomor", "/kode", "/tanpa-sms", "/lain"]
    posts = [client.post(f"/lapor/{report.reference}{doing}?k={wrong}", data=token) for doing in doings]
    assert {page.status_code for page in posts} == {403}
    with rt.engine.connect() as connection:
        assert len(messages.of_report(connection, report.id)) == 1


def test_the_door_leads_to_the_code_with_the_number_filled_in(rt: Runtime, client: FlaskClient) -> None:
    reference = reference_of(4711)
    door = client.get(f"/lapor/{reference}").text
    link = re.search(r'href="(/lacak\?nomor=[^"]*)"', door)
    assert link is not None
    assert form_to(client.get(link[1]), "/lacak").fields["reference"] == reference


def test_the_page_shows_state_regency_steps_and_what_was_said(rt: Runtime, client: FlaskClient) -> None:
    report = a_report(rt)
    page = client.get(address_of(rt, report.id)).text
    assert "sudah diteruskan, menunggu tanggapan" in page
    assert "Kab. Muara Enim" in page
    assert CLEAR_TEXT in page
    assert f"LAPOR {report.reference}: laporan diterima, diteruskan ke Kab. Muara Enim" in page
    assert re.search(r"\d{1,2} \w+ \d{4}, \d\d\.\d\d WIB", page)


def test_times_are_those_of_the_regency(rt: Runtime, client: FlaskClient) -> None:
    report = a_report(rt, "Jalan rusak di Kota Jayapura dekat pasar Hamadi Distrik Jayapura Selatan")
    assert report.regency == "91.71"
    assert re.search(r"\d\d\.\d\d WIT<", client.get(address_of(rt, report.id)).text)


def test_an_old_key_still_opens_links_and_log_ins_after_a_new_one_was_put_in_front(
    rt: Runtime, client: FlaskClient
) -> None:
    report = a_report(rt)
    address = address_of(rt, report.id)
    form = details_of(client)
    rotated = replace(rt, settings=replace(rt.settings, secret_keys=("n" * 40, *rt.settings.secret_keys)))
    later = create_app(rotated).test_client()
    assert later.get(address).status_code == 200
    # A form that was open meanwhile: its token is still ours.
    data = {**details_of(later).fields, "token": form.fields["token"]}
    assert later.post("/lapor", data=data).status_code == 303


def test_words_added_there_join_the_report_once(rt: Runtime, client: FlaskClient) -> None:
    report = a_report(rt)
    address = address_of(rt, report.id)
    form = form_of_words(client.get(address))
    data = {**form.fields, "text": "Masih rusak juga"}
    answers = [client.post(address, data=data) for _ in range(2)]
    assert [a.status_code for a in answers] == [303, 303]
    assert answers[0].location.startswith(address)
    with rt.engine.connect() as connection:
        said = messages.of_report(connection, report.id)
    assert [m.text for m in said] == [CLEAR_TEXT, "Masih rusak juga"]
    assert (said[1].channel, said[1].sender) == (report.channel, report.sender)
    assert count(rt, "report") == 1


def test_nothing_said_is_told_and_a_foreign_token_keeps_the_words(rt: Runtime, client: FlaskClient) -> None:
    report, other = a_report(rt), a_report(rt, sender="+628110000124")
    address = address_of(rt, report.id)
    form = form_of_words(client.get(address))
    empty = client.post(address, data={**form.fields, "text": "  "})
    assert empty.status_code == 400
    assert "Tuliskan dulu" in empty.text
    foreign = form_of_words(client.get(address_of(rt, other.id))).fields["token"]
    refused = client.post(address, data={**form.fields, "token": foreign, "text": "Masih rusak"})
    assert refused.status_code == 400
    assert form_of_words(refused).fields["text"] == "Masih rusak"
    with rt.engine.connect() as connection:
        assert len(messages.of_report(connection, report.id)) == 1


def test_an_old_security_token_there_gives_the_words_back_with_the_secret_in_the_address(
    rt: Runtime, client: FlaskClient
) -> None:
    report = a_report(rt)
    address = address_of(rt, report.id)
    form = form_of_words(client.get(address))
    client.delete_cookie("sahut")
    answer = client.post(address, data={**form.fields, "text": "Masih rusak"})
    assert answer.status_code == 400
    again = next(f for f in [form_to(answer, report.reference)] if f.fields.get("text") == "Masih rusak")
    assert again.action == address
    assert client.post(again.action, data=again.fields).status_code == 303


def test_the_question_is_answered_by_a_button(rt: Runtime, client: FlaskClient) -> None:
    address = report_typed(client, UNCLEAR).location
    ask_which(rt, id_in(address), TWO_BANDUNGS)
    page = client.get(address)
    assert "menunggu jawaban Anda" in page.text
    form = next(form for form in Forms(page.text).found if form.buttons)
    assert form.buttons == [("choice", code) for code in TWO_BANDUNGS]
    code = TWO_BANDUNGS[1]
    assert client.post(form.action or address, data={**form.fields, "choice": code}).status_code == 303
    work(rt)
    with rt.engine.connect() as connection:
        assert connection.execute(text("select state, regency from report")).one() == ("terdisposisi", code)


def test_the_question_is_answered_in_words(rt: Runtime, client: FlaskClient) -> None:
    address = report_typed(client, "Pak tolong jalan kampung kami rusak").location
    work(rt)
    page = client.get(address)
    assert "Di mana kejadiannya?" in page.text
    client.post(address, data={**form_of_words(page).fields, "text": "Lawang Kidul, Muara Enim"})
    work(rt)
    assert "Kab. Muara Enim" in client.get(address).text


def test_an_officers_answer_is_read_there_but_not_who_the_officer_is(rt: Runtime, client: FlaskClient) -> None:
    address = report_typed(client).location
    work(rt)
    an_officer(rt)
    reference = address.split("/")[2].split("?")[0]
    with rt.engine.begin() as connection:
        officer = officers.log_in(connection, "muaraenim", "an invented password")
    assert officer is not None
    desk.answer(rt, officer, reference, words="Senin ditambal.")
    work(rt)
    page = client.get(address).text
    assert "Senin ditambal." in page
    assert "sudah ditanggapi" in page
    assert "Petugas muaraenim" not in page


def test_search_engines_are_kept_from_reports(rt: Runtime, client: FlaskClient) -> None:
    page = client.get(address_of(rt, a_report(rt).id))
    assert '<meta name="robots" content="noindex, nofollow">' in page.text
    assert "Disallow: /lapor/" in client.get("/robots.txt").text
