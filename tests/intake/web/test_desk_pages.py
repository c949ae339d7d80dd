"""The officers' pages: who gets in, who sees what, and that every step is told honestly."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from channels.messages import InboundMessage
from intake import coming_in, report_file
from intake.domain.reference import reference_of
from intake.identity import mask
from intake.receive import receive
from intake.runtime import Runtime
from intake.storage import officers, reports
from intake.storage.reports import Report
from intake.web.app import create_app
from intake.web.desk_actions import ACTIONS
from intake.web.forgotten_pages import forgotten_pages
from intake.web.log_in import log_in as log_in_pages
from tests.factories import CLEAR_TEXT, MUARA_ENIM, a_mail, an_sms
from tests.intake.web.conftest import (
    BOGOR,
    PASSWORD,
    TWO_BANDUNGS,
    a_report,
    an_officer,
    ask_which,
    do,
    form_to,
    log_in,
    report_typed,
    work,
)

UNCLEAR = "Pak tolong jalan kampung kami rusak"
PHONE = "+628110000123"


def state_of(rt: Runtime, report: Report) -> str:
    with rt.engine.connect() as connection:
        return reports.read(connection, report.id).state


@pytest.fixture
def report(rt: Runtime) -> Report:
    found = a_report(rt, sender=PHONE)
    assert found.regency == MUARA_ENIM
    return found


@pytest.fixture
def regency(rt: Runtime, client: FlaskClient) -> FlaskClient:
    """The browser of an officer of Muara Enim."""
    an_officer(rt)
    assert log_in(client).status_code == 303
    return client


@pytest.fixture
def central(rt: Runtime) -> FlaskClient:
    """The browser of an officer of the central desk."""
    an_officer(rt, "pusat", None)
    client = create_app(rt).test_client()
    assert log_in(client, "pusat").status_code == 303
    return client


# Coming in and going out.


def test_every_page_of_the_desk_wants_a_log_in(rt: Runtime, report: Report) -> None:
    """From the table of routes: a new page without the check fails here."""
    app = create_app(rt)
    client = app.test_client()
    log_in_page = form_to(client.get("/meja/masuk"), "/masuk").fields
    doors = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/meja")]
    assert len(doors) >= 7
    for rule in doors:
        if rule.endpoint.startswith((f"{log_in_pages.name}.", f"{forgotten_pages.name}.")):
            continue
        address = rule.rule.replace("<reference>", report.reference).replace("<doing>", "arsip")
        address = re.sub(r"<any\('?([\w-]+)[^>]*>", r"\1", re.sub(r"<int:\w+>", "1", address))
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            answer = client.open(address, method=method, data=log_in_page if method == "POST" else None)
            assert answer.status_code == 303, (method, address)
            assert answer.location.startswith("/meja/masuk"), (method, address)
    assert state_of(rt, report) == "terdisposisi"


def test_after_the_log_in_the_page_that_was_wanted(rt: Runtime, client: FlaskClient, report: Report) -> None:
    an_officer(rt)
    led = client.get(f"/meja/{report.reference}")
    form = form_to(client.get(led.location), "/masuk")
    answer = client.post(form.action, data={**form.fields, "username": "MuaraEnim ", "password": PASSWORD})
    assert answer.location == f"/meja/{report.reference}"


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example.com/",
        "//evil.example.com",
        "/meja/../lapor\\x",
        "/\\evil",
        "/lapor",
        "/mejax",
        "javascript:1",
    ],
)
def test_the_log_in_leads_nowhere_else(rt: Runtime, client: FlaskClient, wanted: str) -> None:
    an_officer(rt)
    form = form_to(client.get("/meja/masuk"), "/masuk")
    data = {**form.fields, "lanjut": wanted, "username": "muaraenim", "password": PASSWORD}
    assert client.post(form.action, data=data).location == "/meja"


def test_wrong_name_and_wrong_password_look_the_same(rt: Runtime, client: FlaskClient) -> None:
    an_officer(rt)
    wrong, unknown = log_in(client, password="wrong wrong wrong"), log_in(client, "nobody")
    assert wrong.status_code == unknown.status_code == 403
    plain = [re.sub(r'value="[^"]*"', "", answer.text) for answer in (wrong, unknown)]
    assert plain[0] == plain[1]
    assert PASSWORD not in wrong.text
    assert form_to(wrong, "/masuk").fields["username"] == "muaraenim"
    assert form_to(wrong, "/masuk").fields["password"] == ""


def test_after_many_failures_also_the_right_password_is_refused(rt: Runtime, client: FlaskClient) -> None:
    an_officer(rt)
    for _ in range(coming_in.PER_ACCOUNT):
        assert log_in(client, password="wrong wrong wrong").status_code == 403
    assert log_in(client).status_code == 403


def test_a_log_in_ends_by_going_out_and_from_elsewhere(rt: Runtime, regency: FlaskClient) -> None:
    assert regency.get("/meja").status_code == 200
    with rt.engine.begin() as connection:
        connection.execute(text("update officer_session set ended_at = now()"))
    assert regency.get("/meja").status_code == 303
    log_in(regency)
    kept = regency.get_cookie("sahut")
    form = form_to(regency.get("/meja"), "/keluar")
    assert regency.post(form.action, data=form.fields).status_code == 303
    assert regency.get("/meja").status_code == 303
    assert kept is not None
    regency.set_cookie("sahut", kept.value)
    assert regency.get("/meja").status_code == 303, "a cookie that was copied before is worth nothing after"


def test_an_officer_who_was_switched_off_is_out(rt: Runtime, regency: FlaskClient) -> None:
    with rt.engine.begin() as connection:
        connection.execute(text("update officer set active = false"))
    assert regency.get("/meja").status_code == 303


# The inbox.


def test_a_regency_sees_its_own_reports_only(rt: Runtime, regency: FlaskClient, report: Report) -> None:
    other = a_report(rt, "Jalan rusak di Cibinong Kabupaten Bogor", sender="+628110000125")
    unclear = a_report(rt, UNCLEAR, sender="+628110000126")
    assert other.regency == BOGOR
    page = regency.get("/meja?tampilan=semua").text
    assert report.reference in page
    assert other.reference not in page
    assert unclear.reference not in page
    for hidden in (other, unclear):
        assert regency.get(f"/meja/{hidden.reference}").status_code == 404
        token = form_to(regency.get("/meja"), "/keluar").fields
        for doing in ACTIONS:
            answer = regency.post(f"/meja/{hidden.reference}/{doing}", data={**token, "words": "x", "reason": "x"})
            assert answer.status_code in {400, 404}, doing
        assert state_of(rt, hidden) == hidden.state


def test_a_strangers_report_and_none_at_all_are_the_same_page(rt: Runtime, regency: FlaskClient) -> None:
    other = a_report(rt, "Jalan rusak di Cibinong Kabupaten Bogor")
    pages = [regency.get(f"/meja/{reference}") for reference in (other.reference, "AAA-BBBB", "K7Q-YZ5R")]
    assert {page.status_code for page in pages} == {404}
    assert len({re.sub(r'href="/meja/[^"]*"', "", page.text) for page in pages}) == 1


def test_the_central_desk_sees_what_nobody_has(rt: Runtime, central: FlaskClient, report: Report) -> None:
    waiting = a_report(rt, "Tolong", sender="+628110000127")
    with rt.engine.begin() as connection:
        connection.execute(text("update report set state = 'menunggu_verifikasi' where id = :id"), {"id": waiting.id})
    page = central.get("/meja").text
    assert waiting.reference in page
    assert report.reference not in page
    assert report.reference in central.get("/meja?tampilan=semua").text
    assert re.search(r'Perlu tindakan <span class="count">1</span>', page)


def test_an_unknown_view_is_the_first_one(regency: FlaskClient, report: Report) -> None:
    assert report.reference in regency.get("/meja?tampilan=x&sebelum=y").text


def test_more_than_a_page_is_reached_by_going_back_in_time(rt: Runtime, regency: FlaskClient, report: Report) -> None:
    with rt.engine.begin() as connection:
        connection.execute(
            text("""
                with m as (
                    insert into message (id, channel, external_id, report_id, sender, recipient, text, answerable)
                    select n, 'sms_twilio', 'x' || n, null, '', '', 'jalan ' || n, true from generate_series(1, 60) n
                    returning id
                ) insert into report (id, reference, channel, sender, recipient, answerable, state, regency, urgency)
                select id, 'r' || id, 'sms_twilio', '', '', true, 'terdisposisi', :regency,
                       case when id = 3 then 'darurat' end from m
            """),
            {"regency": MUARA_ENIM},
        )
        for n in range(1, 61):
            connection.execute(text("update report set reference = :r where id = :id"), {"r": reference_of(n), "id": n})
    seen: list[str] = []
    address = "/meja"
    for _ in range(3):
        page = regency.get(address).text
        seen += re.findall(r'href="/meja/([0-9A-Z]{3}-[0-9A-Z]{4})"', page)
        older = re.search(r'class="button quiet" href="([^"]*)"', page)
        if older is None:
            break
        address = older[1].replace("&amp;", "&")
    assert len(seen) == len(set(seen)) == 61


# One report.


def test_the_page_shows_what_was_understood_and_why(regency: FlaskClient, report: Report) -> None:
    page = regency.get(f"/meja/{report.reference}").text
    for words in (
        CLEAR_TEXT,
        "Jalan rusak / berlubang",
        "Kemungkinan wilayah",
        "Kecamatan Lawang Kidul, Kab. Muara Enim",
        "wilayahnya jelas dari laporan",
        "Diteruskan otomatis",
        "menunggu dikirim",
    ):
        assert words in re.sub(r"</?mark[^>]*>", "", page)


def test_a_regency_sees_the_last_three_digits_the_central_desk_the_number(
    rt: Runtime, regency: FlaskClient, central: FlaskClient, report: Report
) -> None:
    page = regency.get(f"/meja/{report.reference}").text
    assert PHONE not in page
    assert "•••••••••••123" not in page.replace("••••••••••123", "")
    assert "••••••••••123" in page
    assert PHONE not in central.get(f"/meja/{report.reference}").text, "not without a reason"


def test_a_contact_given_in_the_form_is_masked_too(rt: Runtime, regency: FlaskClient) -> None:
    reference = report_typed(regency, name="Warga Contoh", contact="warga@example.id").location.split("/")[2][:8]
    work(rt)
    page = regency.get(f"/meja/{reference}").text
    assert "Warga Contoh" not in page
    assert "warga@example.id" not in page
    assert "•••••••••••••.id" in page
    assert "web:" not in page


def test_who_is_anonymous_is_shown_to_nobody(rt: Runtime, regency: FlaskClient, central: FlaskClient) -> None:
    reference = report_typed(
        regency, f"{CLEAR_TEXT} Tolong rahasiakan nama saya.", name="Warga Contoh", contact="0811 0000 0012"
    ).location.split("/")[2][:8]
    work(rt)
    for browser in (regency, central):
        page = browser.get(f"/meja/{reference}").text
        assert "anonim: tidak ditampilkan" in page
        assert "Warga Contoh" not in page
        assert "012" not in page
        assert "rahasia</span>" in page


def test_the_secret_of_the_citizens_page_is_not_shown_to_officers(rt: Runtime, central: FlaskClient) -> None:
    receive(rt, "email_mime", a_mail())
    work(rt)
    with rt.engine.connect() as connection:
        reference, said = connection.execute(
            text("select r.reference, p.text from report r join reply p on p.report_id = r.id")
        ).one()
    secret = re.search(r"\?k=([a-z2-7]{20})", said)
    assert secret is not None, "the letter has the link, or this test shows nothing"
    page = central.get(f"/meja/{reference}").text
    assert secret[1] not in page
    assert f"/lapor/{reference}?k=…" in page


def test_what_a_citizen_wrote_is_text_and_never_a_page(rt: Runtime, regency: FlaskClient) -> None:
    nasty = CLEAR_TEXT + ' <script>alert(1)</script> "><img src=x>'
    message = InboundMessage("<1@example.com>", "<i>@example.com", "lapor@sahut.test", nasty, "<b>Perihal</b>")
    receive(rt, "email_mime", message)
    work(rt)
    with rt.engine.connect() as connection:
        reference = connection.execute(text("select reference from report")).scalar_one()
    for address in (f"/meja/{reference}", "/meja?tampilan=semua"):
        page = regency.get(address).text
        assert "&lt;script&gt;" in page
        for raw in ("<script>alert", "<img src=x", "<b>Perihal", "<i>@"):
            assert raw not in page


# What can be done.


def test_an_answer_is_given_and_on_its_way(rt: Runtime, regency: FlaskClient, report: Report) -> None:
    done = do(regency, report.reference, "jawab", words="Senin ditambal.")
    assert done.status_code == 303
    page = regency.get(done.location).text
    assert "Jawaban dikirim ke pelapor." in page
    assert "Kab. Muara Enim menjawab: Senin ditambal." in page
    assert state_of(rt, report) == "ditindaklanjuti"


def test_an_answer_sent_twice_leaves_once_and_the_words_are_not_lost(
    rt: Runtime, regency: FlaskClient, report: Report
) -> None:
    form = form_to(regency.get(f"/meja/{report.reference}"), "/jawab")
    data = {**form.fields, "words": "Senin ditambal."}
    first, second = regency.post(form.action, data=data), regency.post(form.action, data=data)
    assert (first.status_code, second.status_code) == (303, 409)
    assert "sudah diubah rekan" in second.text
    assert "<blockquote>Senin ditambal.</blockquote>" in second.text
    with rt.engine.connect() as connection:
        assert connection.execute(text("select count(*) from reply where kind = 'answered'")).scalar_one() == 1


def test_an_empty_answer_is_told(rt: Runtime, regency: FlaskClient, report: Report) -> None:
    answer = do(regency, report.reference, "jawab", words="  ")
    assert answer.status_code == 400
    assert "Isinya masih kosong" in answer.text
    assert state_of(rt, report) == "terdisposisi"


def test_sent_back_it_leaves_the_regencys_desk_and_comes_to_the_centre_with_the_reason(
    rt: Runtime, regency: FlaskClient, central: FlaskClient, report: Report
) -> None:
    empty = do(regency, report.reference, "kembalikan", reason=" ")
    assert empty.status_code == 400
    done = do(regency, report.reference, "kembalikan", reason="Ini jalan provinsi")
    assert done.status_code == 303
    led = regency.get(done.location, follow_redirects=True)
    assert led.status_code == 200
    assert "Laporan dikembalikan ke admin pusat." in led.text
    assert regency.get(f"/meja/{report.reference}").status_code == 404
    page = central.get(f"/meja/{report.reference}").text
    assert "Ini jalan provinsi" in page
    assert report.reference in central.get("/meja").text


def test_the_centre_hands_over_to_one_of_514_the_likeliest_first(
    rt: Runtime, central: FlaskClient, regency: FlaskClient
) -> None:
    received = receive(rt, "sms_twilio", an_sms("Lampu jalan mati semua di Bandung", sender="+628110000128"))
    assert received.remembered is not None
    ask_which(rt, received.remembered.message_id, TWO_BANDUNGS)
    with rt.engine.connect() as connection:
        unclear = reports.read(connection, received.remembered.message_id)
    page = central.get(f"/meja/{unclear.reference}")
    options = re.findall(r'<option value="(\d\d\.\d\d)"', page.text)
    assert len(set(options)) == 514
    assert options[:2] == TWO_BANDUNGS
    nothing = do(central, unclear.reference, "teruskan", regency="")
    assert nothing.status_code == 400
    assert "Pilih dulu kabupaten atau kota tujuan" in nothing.text
    assert do(central, unclear.reference, "teruskan", regency=MUARA_ENIM, reason="lihat peta").status_code == 303
    assert unclear.reference in regency.get("/meja").text
    with rt.engine.connect() as connection:
        assert reports.read(connection, unclear.id).regency == MUARA_ENIM


def test_a_regency_cannot_hand_over(rt: Runtime, regency: FlaskClient, report: Report) -> None:
    page = regency.get(f"/meja/{report.reference}")
    assert 'name="regency"' not in page.text
    token = form_to(page, "/jawab").fields
    answer = regency.post(f"/meja/{report.reference}/teruskan", data={**token, "regency": BOGOR})
    assert answer.status_code == 404
    with rt.engine.connect() as connection:
        assert reports.read(connection, report.id).regency == MUARA_ENIM


def test_taken_up_finished_archived_restored(rt: Runtime, regency: FlaskClient, report: Report) -> None:
    assert do(regency, report.reference, "kerjakan").status_code == 303
    assert state_of(rt, report) == "diproses"
    assert do(regency, report.reference, "arsip", reason="uji coba").status_code == 303
    assert state_of(rt, report) == "diarsipkan"
    assert do(regency, report.reference, "pulihkan").status_code == 303
    assert state_of(rt, report) == "menunggu_verifikasi"
    other = a_report(rt, sender="+628110000129")
    assert do(regency, other.reference, "selesai", reason="sudah ditambal").status_code == 303
    assert state_of(rt, other) == "selesai"
    assert "sudah ditambal" in regency.get(f"/meja/{other.reference}").text


def test_the_page_offers_what_the_desk_allows_and_nothing_else(
    rt: Runtime, regency: FlaskClient, report: Report
) -> None:
    page = regency.get(f"/meja/{report.reference}").text
    offered = {doing for doing in ACTIONS if f'/meja/{report.reference}/{doing}"' in page}
    with rt.engine.connect() as connection:
        officer = officers.log_in(connection, "muaraenim", PASSWORD)
    assert officer is not None
    assert {ACTIONS[doing].name for doing in offered} == report_file.may(report, officer)
    assert (
        regency.post(f"/meja/{report.reference}/lain", data=form_to(regency.get("/meja"), "/keluar").fields).status_code
        == 404
    )


def test_a_step_without_the_security_token_is_not_taken_and_the_words_come_back(
    rt: Runtime, regency: FlaskClient, report: Report
) -> None:
    answer = regency.post(f"/meja/{report.reference}/jawab", data={"words": "Senin ditambal."})
    assert answer.status_code == 400
    assert state_of(rt, report) == "terdisposisi"
    again = form_to(answer, "/jawab")
    assert again.fields["words"] == "Senin ditambal."
    assert regency.post(again.action, data=again.fields).status_code == 303
    assert state_of(rt, report) == "ditindaklanjuti"


def test_a_database_that_is_away_loses_no_answer(
    rt: Runtime, away: Runtime, regency: FlaskClient, report: Report
) -> None:
    form = form_to(regency.get(f"/meja/{report.reference}"), "/jawab")
    broken = create_app(away).test_client()
    cookie = regency.get_cookie("sahut")
    assert cookie is not None
    broken.set_cookie("sahut", cookie.value)
    answer = broken.post(form.action, data={**form.fields, "words": "Senin ditambal."})
    assert answer.status_code == 503
    assert form_to(answer, "/jawab").fields["words"] == "Senin ditambal."
    assert broken.get("/meja").status_code == 503


def test_a_password_never_comes_back(away: Runtime) -> None:
    client = create_app(away).test_client()
    answer = log_in(client)
    assert answer.status_code == 503
    assert PASSWORD not in answer.text
    assert form_to(answer, "/masuk").fields["username"] == "muaraenim"


# What could not be read.


def test_only_the_centre_sees_the_quarantine_and_nobody_what_is_in_it(
    rt: Runtime, regency: FlaskClient, central: FlaskClient
) -> None:
    with rt.engine.begin() as connection:
        connection.execute(
            text("""insert into quarantine (channel, digest, query, headers, body, reason)
                    values ('sms_twilio', 'd', '', '{"X-Secret": "header"}', 'Body=rahasia', 'no message id')""")
        )
    page = central.get("/meja/karantina").text
    assert "no message id" in page
    assert "Body=rahasia" not in page
    assert "X-Secret" not in page
    assert regency.get("/meja/karantina").status_code == 404


def test_a_masked_address_tells_its_end_and_a_short_one_nothing() -> None:
    assert mask("+628110000123") == "••••••••••123"
    assert mask("PLN123") == "••••••"
    assert mask("") == ""


def test_an_old_key_keeps_officers_logged_in(rt: Runtime, regency: FlaskClient) -> None:
    cookie = regency.get_cookie("sahut")
    assert cookie is not None
    rotated = replace(rt, settings=replace(rt.settings, secret_keys=("n" * 40, *rt.settings.secret_keys)))
    later = create_app(rotated).test_client()
    later.set_cookie("sahut", cookie.value)
    assert later.get("/meja").status_code == 200
