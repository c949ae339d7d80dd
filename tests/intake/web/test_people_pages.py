"""Coming in with a second factor, one's own account, other people's accounts, and who reports: as pages."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from intake import identity, report_file, search, second_factor
from intake.coming_in import PER_ACCOUNT
from intake.domain.permission import Role
from intake.receive import receive
from intake.runtime import Runtime
from intake.search import Wanted
from intake.storage import audit, dispositions, officers, outbox, reports
from intake.storage.officers import Officer
from intake.storage.reports import Report
from intake.web.app import create_app
from tests.factories import CLEAR_TEXT, MUARA_ENIM, an_sms
from tests.intake.web.conftest import BOGOR, PASSWORD, Form, Forms, form_to, log_in, report_typed, work

NOON = datetime(2026, 11, 23, 5, 0, 10, tzinfo=UTC)
CHOSEN = "kelapa muda tiga butir"
NAME, CONTACT = "Sumarni Contoh", "0811 0000 0012"


def an_officer(rt: Runtime, username: str, role: Role, regency: str | None, unit: str | None = None) -> Officer:
    with rt.engine.begin() as connection:
        made = officers.add(
            connection, username=username, name=f"Petugas {username}", password=PASSWORD, role=role, regency=regency,
            unit=unit,
        )  # fmt: skip
    assert made is not None
    return made


def came_in(rt: Runtime, username: str) -> FlaskClient:
    browser = create_app(rt).test_client()
    assert log_in(browser, username).status_code == 303
    return browser


@pytest.fixture
def admin(rt: Runtime) -> Officer:
    return an_officer(rt, "muaraenim", "regency", MUARA_ENIM)


@pytest.fixture
def central(rt: Runtime) -> Officer:
    return an_officer(rt, "pusat", "central", None)


@pytest.fixture
def strict(rt: Runtime) -> Runtime:
    """Admins need a second factor; it is noon."""
    settings = replace(rt.settings, second_factor=frozenset({"central", "regency"}))
    return replace(rt, settings=settings, clock=lambda: NOON)


def send(browser: FlaskClient, form: Form, **typed: str) -> object:
    return browser.post(form.action, data={**form.fields, **typed})


# Coming in.


def test_an_admin_sets_up_the_second_factor_before_anything_else_and_needs_it_from_then_on(
    strict: Runtime, admin: Officer
) -> None:
    browser = create_app(strict).test_client()
    log_in(browser)
    for address in ("/meja", "/meja/monev", "/meja/orang", "/meja/akun"):
        assert browser.get(address).location == "/meja/akun/kode", address
    page = browser.get("/meja/akun/kode")
    assert "<svg" in page.text
    shown = re.search(r'<code class="link">([A-Z2-7 ]+)</code>', page.text)
    assert shown is not None
    secret = shown[1].replace(" ", "")
    form = form_to(page, "/kode")
    wrong = browser.post(form.action, data={**form.fields, "code": "000000"})
    assert wrong.status_code == 400
    assert secret in wrong.text.replace(" ", ""), "the same key is still offered"
    codes = browser.post(form.action, data={**form.fields, "code": str(pyotp.TOTP(secret).at(NOON))})
    paper = re.findall(r"<code>([0-9a-z]{5}-[0-9a-z]{5})</code>", codes.text)
    assert len(paper) == second_factor.RECOVERY_CODES
    assert browser.get("/meja").status_code == 200

    later = create_app(replace(strict, clock=lambda: NOON + timedelta(minutes=1))).test_client()
    half = log_in(later)
    assert half.location == "/meja/masuk/kode"
    assert later.get("/meja").location.startswith("/meja/masuk"), "the password alone opens nothing"
    form = form_to(later.get("/meja/masuk/kode"), "/kode")
    assert later.post(form.action, data={**form.fields, "code": "000000"}).status_code == 403
    code = str(pyotp.TOTP(secret).at(NOON + timedelta(minutes=1)))
    assert later.post(form.action, data={**form.fields, "code": code}).location == "/meja"
    assert later.get("/meja").status_code == 200

    lost = create_app(strict).test_client()
    log_in(lost)
    form = form_to(lost.get("/meja/masuk/kode"), "/kode")
    assert lost.post(form.action, data={**form.fields, "code": paper[3]}).location == "/meja"


def test_a_right_password_is_worth_nothing_after_a_while(strict: Runtime, admin: Officer) -> None:
    secret = second_factor.new_secret()
    with strict.engine.begin() as connection:
        second_factor.turn_on(
            connection, strict.settings, admin, secret, str(pyotp.TOTP(secret).at(NOON - timedelta(hours=1))),
            NOON - timedelta(hours=1),
        )  # fmt: skip
    moment = [NOON]
    browser = create_app(replace(strict, clock=lambda: moment[0])).test_client()
    log_in(browser)
    form = form_to(browser.get("/meja/masuk/kode"), "/kode")
    moment[0] = NOON + timedelta(minutes=11)
    late = browser.post(form.action, data={**form.fields, "code": str(pyotp.TOTP(secret).at(moment[0]))})
    assert late.location == "/meja/masuk"
    assert browser.get("/meja/masuk/kode").location == "/meja/masuk"


def test_a_stranger_who_types_wrong_passwords_does_not_shut_the_officer_out(rt: Runtime, admin: Officer) -> None:
    known = came_in(rt, "muaraenim")
    form = form_to(known.get("/meja"), "/keluar")
    known.post(form.action, data=form.fields)
    stranger = create_app(rt).test_client()
    for _ in range(PER_ACCOUNT):
        assert log_in(stranger, password="wrong wrong wrong").status_code == 403
    assert log_in(stranger).status_code == 403
    assert log_in(known).status_code == 303


def test_a_link_makes_a_browser_known(rt: Runtime, central: Officer) -> None:
    browser = came_in(rt, "pusat")
    form = form_to(browser.get("/meja/orang"), "/orang")
    typed = {"username": "budi", "name": "Budi", "role": "operator"}
    answer = browser.post(form.action, data={**form.fields, **typed})
    link = re.search(r"http://127\.0\.0\.1:8080(/meja/kata-sandi\?k=[\w-]+)", answer.text)
    assert link is not None
    fresh = create_app(rt).test_client()
    stranger = create_app(rt).test_client()
    for _ in range(PER_ACCOUNT):
        log_in(stranger, "budi", "wrong wrong wrong")
    choice = fresh.get(link[1])
    assert "budi" in choice.text
    form = form_to(choice, "/kata-sandi")
    differs = fresh.post(form.action, data={**form.fields, "password": CHOSEN, "again": "x"})
    weak = fresh.post(form.action, data={**form.fields, "password": "Indonesia2026!", "again": "Indonesia2026!"})
    assert (differs.status_code, weak.status_code) == (400, 400)
    assert "Indonesia2026" not in weak.text
    done = fresh.post(form.action, data={**form.fields, "password": CHOSEN, "again": CHOSEN})
    assert done.location.startswith("/meja/masuk")
    assert fresh.get(link[1]).status_code == 404, "once"
    assert log_in(fresh, "budi", CHOSEN).location == "/meja/teknis"


def test_the_page_of_who_forgot_says_the_same_to_everybody(rt: Runtime, admin: Officer) -> None:
    said = []
    for name in ("muaraenim", "nobody"):
        browser = create_app(rt).test_client()
        form = form_to(browser.get("/meja/lupa"), "/lupa")
        said.append(browser.post(form.action, data={**form.fields, "username": name}).text)
    assert said[0] == said[1]


# One's own account.


def test_log_ins_are_shown_and_ended(rt: Runtime, admin: Officer) -> None:
    here, there = came_in(rt, "muaraenim"), came_in(rt, "muaraenim")
    page = here.get("/meja/akun")
    [ends] = [form for form in Forms(page.text).found if re.search(r"/perangkat/\d+$", form.action)]
    assert here.post(ends.action, data=ends.fields).status_code == 303
    assert there.get("/meja").status_code == 303
    assert here.get("/meja").status_code == 200
    third = came_in(rt, "muaraenim")
    form = form_to(here.get("/meja/akun"), "/perangkat")
    here.post(form.action, data=form.fields)
    assert third.get("/meja").status_code == 303


def test_nobody_ends_the_log_in_of_another(rt: Runtime, admin: Officer) -> None:
    an_officer(rt, "bogor", "regency", BOGOR)
    own, stranger = came_in(rt, "muaraenim"), came_in(rt, "bogor")
    form = form_to(stranger.get("/meja/akun"), "/kata-sandi")
    with rt.engine.connect() as connection:
        mine = connection.execute(
            text("select id from officer_session where officer_id = :id"), {"id": admin.id}
        ).scalar_one()
    stranger.post(f"/meja/akun/perangkat/{mine}", data=form.fields)
    assert own.get("/meja").status_code == 200


def test_the_password_is_changed_with_the_old_one(rt: Runtime, admin: Officer) -> None:
    browser = came_in(rt, "muaraenim")
    form = form_to(browser.get("/meja/akun"), "/kata-sandi")
    for typed in (
        {"old": "wrong", "password": CHOSEN, "again": CHOSEN},
        {"old": PASSWORD, "password": CHOSEN, "again": "x"},
        {"old": PASSWORD, "password": "pendek", "again": "pendek"},
    ):
        assert browser.post(form.action, data={**form.fields, **typed}).status_code == 400
    done = browser.post(form.action, data={**form.fields, "old": PASSWORD, "password": CHOSEN, "again": CHOSEN})
    assert done.status_code == 303
    assert log_in(create_app(rt).test_client(), password=CHOSEN).status_code == 303


# Other people's.


def test_an_account_is_closed_with_a_reason(rt: Runtime, admin: Officer) -> None:
    unit = an_officer(rt, "pupr", "unit", MUARA_ENIM, "PUPR")
    theirs, browser = came_in(rt, "pupr"), came_in(rt, "muaraenim")
    form = form_to(browser.get("/meja/orang"), f"/{unit.id}/tutup")
    assert browser.post(form.action, data=form.fields).status_code == 400
    assert theirs.get("/meja").status_code == 200
    assert browser.post(form.action, data={**form.fields, "reason": "pindah"}).status_code == 303
    assert theirs.get("/meja").status_code == 303
    assert "ditutup" in browser.get("/meja/orang").text


def test_the_people_of_others_are_not_there(rt: Runtime, admin: Officer, central: Officer) -> None:
    stranger = an_officer(rt, "bogor", "regency", BOGOR)
    browser = came_in(rt, "muaraenim")
    page = browser.get("/meja/orang").text
    assert "Petugas bogor" not in page
    assert "Petugas pusat" not in page
    token = form_to(browser.get("/meja/orang"), "/orang").fields
    told = {
        browser.post(f"/meja/orang/{number}/{doing}", data={**token, "reason": "x"}).status_code
        for number in (stranger.id, central.id, 10**6)
        for doing in ("tautan", "tutup", "buka", "lupakan-kode")
    }
    assert told == {404}


# Who reports.


@pytest.fixture
def named(rt: Runtime, client: FlaskClient) -> Report:
    """A report by the form, with a name and a number, which the text tells, too; handed to a unit."""
    words = f"{CLEAR_TEXT} Hubungi saya {NAME}, 0811-0000-0012 atau sumarni@example.id"
    reference = report_typed(client, words, name=NAME, contact=CONTACT).location.split("/")[2][:8]
    work(rt)
    with rt.engine.begin() as connection:
        found = connection.execute(text("select id from report where reference = :r"), {"r": reference}).scalar_one()
        dispositions.hand_to(connection, found, ["PUPR"], officer_id=None, note="")
        return reports.read(connection, found)


@pytest.fixture
def nameless(rt: Runtime, named: Report) -> Report:
    """The same, anonymous."""
    with rt.engine.begin() as connection:
        reports.amend(connection, named.id, {"anonymous": True})
        return reports.read(connection, named.id)


def look_at(browser: FlaskClient, reference: str, reason: str = "menghubungi pelapor") -> tuple[int, str]:
    token = form_to(browser.get("/meja/akun"), "/kata-sandi").fields["csrf_token"]
    answer = browser.post(f"/meja/{reference}/identitas", data={"csrf_token": token, "reason": reason})
    return answer.status_code, answer.text


TRACES = (NAME, "Sumarni", CONTACT, "0811-0000-0012", "0812", "sumarni@example.id", "0000-0012", "0000 0012")


@pytest.fixture
def everybody(rt: Runtime, admin: Officer, central: Officer) -> dict[str, FlaskClient]:
    an_officer(rt, "pupr", "unit", MUARA_ENIM, "PUPR")
    an_officer(rt, "bupati", "leader", MUARA_ENIM)
    return {name: came_in(rt, name) for name in ("pusat", "muaraenim", "pupr", "bupati")}


def test_a_name_is_seen_with_a_reason_only_and_every_look_is_written_down(
    rt: Runtime, named: Report, everybody: dict[str, FlaskClient]
) -> None:
    for name, browser in everybody.items():
        page = browser.get(f"/meja/{named.reference}").text
        facts = page.partition("Pelapor</dt>")[2].partition("</div>")[0]
        assert NAME not in facts, name
        assert "•••" in facts, name
    assert look_at(everybody["pupr"], named.reference, "  ")[0] == 400
    status, page = look_at(everybody["pupr"], named.reference, "menanyakan letak jalan")
    assert status == 200
    assert NAME in page
    assert CONTACT in page
    assert look_at(everybody["bupati"], named.reference)[0] == 404
    with rt.engine.connect() as connection:
        [line] = audit.read(connection, regency=MUARA_ENIM, kinds=audit.LOOKS)
    assert (line.kind, line.officer, line.reference, line.reason) == (
        "identity_seen", "Petugas pupr", named.reference, "menanyakan letak jalan",
    )  # fmt: skip


def test_who_is_anonymous_is_known_to_nobody_of_the_regency(
    rt: Runtime, nameless: Report, everybody: dict[str, FlaskClient]
) -> None:
    for name, browser in everybody.items():
        for address in (f"/meja/{nameless.reference}", f"/meja/{nameless.reference}/cetak", "/meja?tampilan=semua"):
            page = browser.get(address).text
            assert nameless.reference in page, (name, address)
            assert [trace for trace in TRACES if trace in page] == [], (name, address)
            assert "sudah 3 bulan" in re.sub("<[^>]*>", "", page), "the rest of the text is there"
    for name in ("muaraenim", "pupr", "bupati"):
        status, page = look_at(everybody[name], nameless.reference)
        assert status == 404
        assert NAME not in page
    status, page = look_at(everybody["pusat"], nameless.reference, "permintaan polisi 12/2026")
    assert status == 200
    assert NAME in page
    with rt.engine.connect() as connection:
        assert [line.kind for line in audit.read(connection, regency=None, kinds=audit.LOOKS)] == ["anonymous_revealed"]


@pytest.mark.parametrize("words", [NAME, "sumarni", "sumarni rusak", CONTACT, "081100000012", "sumarni@example.id"])
def test_no_search_tells_whether_somebody_is_the_anonymous_one(
    rt: Runtime, nameless: Report, admin: Officer, words: str
) -> None:
    def found(asked: str) -> list[str]:
        with rt.engine.connect() as connection:
            rows = search.inbox(connection, admin, Wanted(view="semua", words=asked), now=rt.clock())
        return [row.reference for row in rows]

    assert found("jalan rusak") == [nameless.reference]
    assert found(words) == []


def test_what_goes_to_a_regencys_own_system_does_not_tell_either(rt: Runtime, nameless: Report) -> None:
    with rt.engine.connect() as connection:
        subject, said = identity.for_others(connection, nameless)
    assert [trace for trace in TRACES if trace in said + subject] == []
    assert "sudah 3 bulan" in said


def test_the_audit_is_a_page_and_a_table_for_who_may_read_it(rt: Runtime, named: Report, central: Officer) -> None:
    an_officer(rt, "inspektur", "inspector", MUARA_ENIM)
    an_officer(rt, "inspektur-bogor", "inspector", BOGOR)
    pusat = came_in(rt, "pusat")
    look_at(pusat, named.reference, "=cmd|' /C calc'!A0")
    own, stranger = came_in(rt, "inspektur"), came_in(rt, "inspektur-bogor")
    for browser in (pusat, own):
        page = browser.get("/meja/jejak?jenis=identitas").text
        assert named.reference in page
        assert "Petugas pusat" in page
    table = list(csv.reader(own.get("/meja/jejak.csv?jenis=identitas").text.splitlines()))
    assert table[0] == ["waktu", "siapa", "apa", "laporan", "akun", "wilayah", "alasan"]
    assert table[1][1:4] == ["Petugas pusat", "identity_seen", named.reference]
    assert table[1][6].startswith("'="), "no spreadsheet takes it for a formula"
    for address in ("/meja/jejak", "/meja/jejak.csv"):
        assert named.reference not in stranger.get(address).text
    with rt.engine.begin() as connection, pytest.raises(Exception, match="not rewritten"):
        connection.execute(text("delete from audit"))


def test_a_secret_report_is_read_by_whom_the_admin_names(
    rt: Runtime, named: Report, everybody: dict[str, FlaskClient]
) -> None:
    with rt.engine.begin() as connection:
        reports.amend(connection, named.id, {"secret": True})
    unit, admin = everybody["pupr"], everybody["muaraenim"]
    assert unit.get(f"/meja/{named.reference}").status_code == 404
    assert named.reference not in unit.get("/meja?tampilan=semua").text
    form = form_to(admin.get(f"/meja/{named.reference}"), "/pembaca")
    with rt.engine.connect() as connection:
        whom = officers.called(connection, "pupr")
    assert whom is not None
    admin.post(form.action, data={**form.fields, "reader": str(whom.id)})
    assert unit.get(f"/meja/{named.reference}").status_code == 200
    assert everybody["bupati"].get(f"/meja/{named.reference}").status_code == 404
    form = form_to(admin.get(f"/meja/{named.reference}"), "/pembaca")
    assert form.fields["reader"] == str(whom.id)
    admin.post(form.action, data={"csrf_token": form.fields["csrf_token"]})
    assert unit.get(f"/meja/{named.reference}").status_code == 404
    with rt.engine.connect() as connection:
        kinds = [line.kind for line in audit.read(connection, regency=MUARA_ENIM)]
    assert kinds[:2] == ["reader_unnamed", "reader_named"]


# The machinery.


def test_an_operator_sees_work_and_no_report(rt: Runtime) -> None:
    an_officer(rt, "teknis", "operator", None)
    receive(rt, "sms_twilio", an_sms())
    with rt.engine.begin() as connection:
        connection.execute(text("update outbox set parked_at = now(), last_error = 'KeyError at x:y:1', attempts = 12"))
    browser = came_in(rt, "teknis")
    page = browser.get("/meja/teknis")
    assert "KeyError at x:y:1" in page.text
    assert CLEAR_TEXT not in page.text
    form = form_to(page, "/lepas")
    assert browser.post(form.action, data=form.fields).status_code == 303
    with rt.engine.connect() as connection:
        assert outbox.parked(connection) == []
        assert audit.read(connection, regency=None)[0].kind == "work_released"
    assert browser.get("/meja").status_code == 404


def test_a_unit_gives_back_what_is_not_its_own(rt: Runtime, named: Report, everybody: dict[str, FlaskClient]) -> None:
    unit, admin = everybody["pupr"], everybody["muaraenim"]
    form = form_to(unit.get(f"/meja/{named.reference}"), "/kembalikan")
    assert unit.post(form.action, data={**form.fields, "reason": "jalan provinsi"}).location == "/meja"
    assert unit.get(f"/meja/{named.reference}").status_code == 404
    page = admin.get(f"/meja/{named.reference}").text
    assert "jalan provinsi" in page
    with rt.engine.connect() as connection:
        assert report_file.find(connection, _admin_of(rt), named.reference).regency == MUARA_ENIM


def _admin_of(rt: Runtime) -> Officer:
    with rt.engine.connect() as connection:
        found = officers.called(connection, "muaraenim")
    assert found is not None
    return found
