"""A regency's public list: off, then on; only what is verified, not secret, masked and read by a person; gone at once."""

from __future__ import annotations

import csv
import io

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from intake import desk
from intake.domain.report import State
from intake.links import tracking_token
from intake.runtime import Runtime
from intake.storage import officers, publications, regency_settings, reports
from intake.storage.officers import Officer
from intake.storage.reports import Report
from tests.factories import CLEAR_TEXT, MUARA_ENIM
from tests.intake.web.conftest import PASSWORD, a_report, an_officer, form_to, log_in, work

STORY = f"{CLEAR_TEXT}. Hub Pak Budi Santoso 0811 0000 0012"
LIST, TABLE = f"/publik/{MUARA_ENIM}", f"/publik/{MUARA_ENIM}.csv"


def turn(rt: Runtime, *, on: bool = True) -> None:
    with rt.engine.begin() as connection:
        regency_settings.set_publishes(connection, MUARA_ENIM, on=on)


def the_officer(rt: Runtime) -> Officer:
    """The one ``an_officer`` makes."""
    with rt.engine.begin() as connection:
        officer = officers.log_in(connection, "muaraenim", PASSWORD)
    assert officer is not None
    return officer


@pytest.fixture
def report(rt: Runtime) -> Report:
    return a_report(rt, STORY)


def let_through(client: FlaskClient, reference: str, **typed: str) -> int:
    page = client.get(f"/meja/{reference}/publik")
    form = form_to(page, f"/meja/{reference}/publik") if "<textarea" in page.text else form_to(page, "/keluar")
    fields = {name: value for name, value in form.fields.items() if name != "do"}
    return client.post(f"/meja/{reference}/publik", data={**fields, "words": "x", **typed}).status_code


def shown(client: FlaskClient) -> str:
    return client.get(LIST).text


def test_there_is_no_list_until_the_regency_turns_it_on(rt: Runtime, client: FlaskClient) -> None:
    for address in (LIST, TABLE, "/publik/99.99", "/publik/x.csv"):
        assert client.get(address).status_code == 404
    assert "/publik/" not in client.get(f"/statistik/{MUARA_ENIM}").text
    turn(rt)
    assert "Belum ada laporan yang ditampilkan." in shown(client)
    assert LIST in client.get(f"/statistik/{MUARA_ENIM}").text


def test_a_person_reads_the_masked_words_before_anybody_else_does(
    rt: Runtime, client: FlaskClient, report: Report
) -> None:
    turn(rt)
    an_officer(rt)
    log_in(client, "muaraenim")
    page = client.get(f"/meja/{report.reference}/publik")
    draft = form_to(page, f"/meja/{report.reference}/publik").fields["words"]
    assert "Tegal Rejo" in draft
    assert "Pak [nama] [nomor]" in draft
    # Beside it, what the citizen wrote, and what of it is masked.
    assert '<mark title="[nama]">Budi Santoso</mark> <mark title="[nomor]">0811 0000 0012</mark>' in page.text
    unread = let_through(client, report.reference, words=draft)
    assert unread == 400
    assert "[nama]" not in shown(client)
    assert let_through(client, report.reference, words=f"{draft} (dibaca)", read="1") == 303
    assert "[nama] [nomor] (dibaca)" in shown(client)
    assert report.reference not in shown(client)
    assert "0811" not in shown(client)
    own = client.get(f"/lapor/{report.reference}?k={tracking_token(rt.settings, report.id)}").text
    assert "[nama] [nomor] (dibaca)</blockquote>" in own
    with rt.engine.connect() as connection:
        assert [step.action for step in reports.history_of(connection, report.id)][-1] == "published"


def test_other_people_s_names_are_masked_and_places_of_the_regency_stay(rt: Runtime, client: FlaskClient) -> None:
    report = a_report(
        rt, f"{CLEAR_TEXT}. Kades Tegal Rejo, Suryanto, dan Camat Lawang Kidul tahu. Istri saya Dewi jatuh"
    )
    turn(rt)
    an_officer(rt)
    log_in(client, "muaraenim")
    page = client.get(f"/meja/{report.reference}/publik")
    draft = form_to(page, f"/meja/{report.reference}/publik").fields["words"]
    assert "Kades Tegal Rejo, [nama], dan Camat Lawang Kidul tahu. Istri saya [nama] jatuh" in draft


def test_it_is_taken_back_by_a_button(rt: Runtime, client: FlaskClient, report: Report) -> None:
    turn(rt)
    an_officer(rt)
    log_in(client, "muaraenim")
    assert let_through(client, report.reference, words="Jalan rusak", read="1") == 303
    assert "Jalan rusak" in shown(client)
    assert let_through(client, report.reference, do="tarik") == 303
    assert "Jalan rusak" not in shown(client)


def test_what_may_not_be_shown_is_not_let_through(rt: Runtime, client: FlaskClient, report: Report) -> None:
    an_officer(rt)
    log_in(client, "muaraenim")
    assert let_through(client, report.reference, read="1") == 409  # no list
    turn(rt)
    with rt.engine.begin() as connection:
        reports.amend(connection, report.id, {"secret": True})
    assert let_through(client, report.reference, read="1") == 409
    with rt.engine.begin() as connection:
        reports.amend(connection, report.id, {"secret": False})
    desk.archive(rt, the_officer(rt), report.reference, reason="bukan laporan")
    assert let_through(client, report.reference, read="1") == 409
    assert "Belum ada laporan yang ditampilkan." in shown(client)


def test_it_is_gone_at_once_when_it_may_not_be_shown_any_more(rt: Runtime, client: FlaskClient, report: Report) -> None:
    turn(rt)
    an_officer(rt)
    officer = the_officer(rt)
    with rt.engine.begin() as connection:
        publications.publish(connection, report.id, officer_id=officer.id, words="Jalan rusak", answer="Senin")
    assert "Jalan rusak" in shown(client)
    assert "Senin" in shown(client)
    for change, back in (
        ("secret = true", "secret = false"),
        ("regency = '32.01'", f"regency = '{MUARA_ENIM}'"),
        ("state = 'diarsipkan'", "state = 'selesai'"),
    ):
        with rt.engine.begin() as connection:
            connection.execute(text(f"update report set {change}"))
        assert "Jalan rusak" not in shown(client), change
        assert "Jalan rusak" not in client.get(TABLE).text, change
        with rt.engine.begin() as connection:
            connection.execute(text(f"update report set {back}"))
        assert "Jalan rusak" in shown(client), back
    turn(rt, on=False)
    assert client.get(LIST).status_code == 404


def test_pages_and_the_table(rt: Runtime, client: FlaskClient, report: Report) -> None:
    turn(rt)
    an_officer(rt)
    officer = the_officer(rt)
    for number in range(24):
        a_report(rt, f"{CLEAR_TEXT} nomor {number} di jalan", sender=f"+62811000002{number:02}")
    work(rt)
    with rt.engine.begin() as connection:
        ids = connection.execute(text("select id from report where state = 'terdisposisi' order by id")).scalars().all()
        for at, report_id in enumerate(ids):
            words = "=HYPERLINK()" if at == 0 else f"Laporan ke-{at}"
            publications.publish(connection, report_id, officer_id=officer.id, words=words, answer="")
    assert len(ids) == 25
    first, second = shown(client), client.get(f"{LIST}?halaman=2").text
    assert (first.count('<li class="card">'), second.count('<li class="card">')) == (20, 5)
    assert "Laporan ke-24<" in first
    assert "Laporan ke-1<" in second
    for wrong in ("0", "3", "-1", "x", "9" * 30, "²"):
        assert client.get(LIST, query_string={"halaman": wrong}).status_code == 404
    rows = list(csv.DictReader(io.StringIO(client.get(TABLE).text)))
    assert len(rows) == 25
    assert rows[-1]["laporan"] == "'=HYPERLINK()"
    assert set(rows[0]) == {"bulan", "topik", "keadaan", "laporan", "jawaban"}


def test_only_what_somebody_looked_at_is_shown() -> None:
    assert {State.DITERIMA, State.TERTUNDA, State.MENUNGGU_VERIFIKASI, State.DIARSIPKAN, State.DIGABUNG} & (
        publications.SHOWN
    ) == set()


def test_an_anonymous_reporter_is_not_shown_to_who_reads_before(rt: Runtime, client: FlaskClient) -> None:
    report = a_report(rt, STORY)
    with rt.engine.begin() as connection:
        reports.amend(connection, report.id, {"anonymous": True})
    turn(rt)
    an_officer(rt)
    log_in(client, "muaraenim")
    page = client.get(f"/meja/{report.reference}/publik").text
    assert "Tegal Rejo" in page
    assert "0811 0000 0012" not in page
