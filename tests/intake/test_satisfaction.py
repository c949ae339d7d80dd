"""After the end: citizens say how content they are, who is not reaches the desk, and reopening has its time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from intake import desk, links, reopening, report_file, search, track
from intake.domain.report import State, StepNotAllowed
from intake.receive import receive
from intake.runtime import Runtime
from intake.search import Wanted
from intake.storage import deadlines, officers, regency_settings, replies, reports
from intake.storage.officers import Officer
from intake.storage.outbox import Job
from intake.storage.reports import Report
from tests.factories import MUARA_ENIM, an_sms
from workers import jobs

NOW = datetime(2026, 9, 7, 3, tzinfo=UTC)


@pytest.fixture
def officer(rt: Runtime) -> Officer:
    with rt.engine.begin() as connection:
        made = officers.add(
            connection, username="siti", name="Siti", password="kata-sandi-contoh", role="regency", regency=MUARA_ENIM
        )
    assert made is not None
    return made


@pytest.fixture
def report(rt: Runtime) -> Report:
    remembered = receive(rt, "sms_twilio", an_sms()).remembered
    assert remembered is not None
    jobs.carry_out(rt, Job.PROCESS)
    return read(rt, remembered.message_id)


def read(rt: Runtime, report_id: int) -> Report:
    with rt.engine.connect() as connection:
        return reports.read(connection, report_id)


def say(rt: Runtime, words: str) -> None:
    receive(rt, "sms_twilio", an_sms(words))
    jobs.carry_out(rt, Job.PROCESS)


def listed(rt: Runtime, officer: Officer) -> tuple[list[str], int]:
    """The reports of citizens who are not content, and how many the inbox counts."""
    with rt.engine.connect() as connection:
        rows = search.inbox(connection, officer, Wanted.of({"tampilan": "semua", "batas": "tidak_puas"}), now=NOW)
        return [row.reference for row in rows], search.counts(connection, officer, now=NOW).unhappy


def actions(rt: Runtime, report: Report) -> list[str]:
    with rt.engine.connect() as connection:
        return [step.action for step in reports.history_of(connection, report.id)]


def last_reply(rt: Runtime, report: Report) -> str:
    with rt.engine.connect() as connection:
        return replies.of_report(connection, report.id)[-1].text


@pytest.mark.parametrize(("score", "reaches_the_desk"), [(1, True), (2, True), (3, False), (5, False)])
def test_who_is_not_content_reaches_the_desk(
    rt: Runtime, report: Report, officer: Officer, score: int, reaches_the_desk: bool
) -> None:
    desk.close(rt, officer, report.reference)
    assert "1 (tidak puas) s/d 5" in last_reply(rt, report), "asked to rate"
    assert "BUKA" in last_reply(rt, report), "and told how to open it again"
    say(rt, f"{report.reference} {score}")
    assert listed(rt, officer) == (([report.reference], 1) if reaches_the_desk else ([], 0))
    assert actions(rt, report)[-1] == "rated"
    assert read(rt, report.id).state is State.SELESAI


def test_what_somebody_dealt_with_is_off_the_list_once(rt: Runtime, report: Report, officer: Officer) -> None:
    desk.close(rt, officer, report.reference)
    say(rt, f"{report.reference} 1")
    desk.see_rating(rt, officer, report.reference)
    assert listed(rt, officer) == ([], 0)
    assert actions(rt, report)[-1] == "rating_seen"
    with pytest.raises(StepNotAllowed):
        desk.see_rating(rt, officer, report.reference)
    say(rt, f"{report.reference} 2")
    assert listed(rt, officer) == ([report.reference], 1), "unhappy words come anew"


def test_a_later_word_of_content_takes_it_off_the_list(rt: Runtime, report: Report, officer: Officer) -> None:
    desk.close(rt, officer, report.reference)
    say(rt, f"{report.reference} 1")
    say(rt, f"{report.reference} 5")
    assert listed(rt, officer) == ([], 0)


def test_an_officer_opens_it_again_and_the_citizen_is_told(rt: Runtime, report: Report, officer: Officer) -> None:
    desk.close(rt, officer, report.reference)
    say(rt, f"{report.reference} 1")
    assert "reopen" in report_file.may(read(rt, report.id), officer)
    desk.reopen(rt, officer, report.reference, reason="pelapor benar, lubangnya masih ada")
    now = read(rt, report.id)
    assert (now.state, now.closed_at) == (State.DIBUKA_KEMBALI, None)
    assert "dibuka kembali" in last_reply(rt, report)
    assert listed(rt, officer) == ([], 0)
    with rt.engine.connect() as connection:
        standing = deadlines.standing_of(connection, report.id)
    assert standing is not None
    assert standing.next_clock == "first_response", "the clock runs anew"


def test_a_bad_mark_for_an_answer_is_a_reply_to_it(rt: Runtime, report: Report, officer: Officer) -> None:
    desk.answer(rt, officer, report.reference, words="Sudah ditambal.")
    say(rt, f"{report.reference} 1")
    assert read(rt, report.id).state is State.DITANGGAPI_PELAPOR, "and it is not closed in silence"
    with rt.engine.connect() as connection:
        standing = deadlines.standing_of(connection, report.id)
    assert standing is not None
    assert standing.close_due is None


def finished(rt: Runtime, report: Report, officer: Officer, days_ago: int) -> Runtime:
    """Closed so many days ago, by a clock that stands at now."""
    desk.close(rt, officer, report.reference)
    with rt.engine.begin() as connection:
        connection.execute(text("update report set closed_at = :at"), {"at": NOW - timedelta(days=days_ago)})
        regency_settings.set_reopen_days(connection, MUARA_ENIM, 10)
    return replace(rt, clock=lambda: NOW)


@pytest.mark.parametrize(("days_ago", "opens"), [(17, True), (18, False)])
def test_reopening_has_its_time_in_working_days(
    rt: Runtime, report: Report, officer: Officer, days_ago: int, opens: bool
) -> None:
    """It is Monday the 7th: ten working days since Friday the 21st of August, with Maulid on the 25th."""
    later = finished(rt, report, officer, days_ago)
    with later.engine.connect() as connection:
        assert reopening.is_over(connection, read(rt, report.id), NOW) is not opens
    say(later, f"BUKA {report.reference}")
    assert read(rt, report.id).state is (State.DIBUKA_KEMBALI if opens else State.SELESAI)
    assert ("sudah lama ditutup" in last_reply(rt, report)) is not opens


def test_words_after_that_time_are_kept_and_answered(rt: Runtime, report: Report, officer: Officer) -> None:
    later = finished(rt, report, officer, 40)
    say(later, f"{report.reference} lubangnya muncul lagi pak di tempat yang sama")
    assert read(rt, report.id).state is State.SELESAI
    assert actions(rt, report)[-1] == "added"
    assert "Kirim laporan baru" in last_reply(rt, report)
    say(later, f"CEK {report.reference}")
    with rt.engine.connect() as connection:
        told = connection.execute(text("select text from reply where kind = 'status'")).scalar_one()
    assert report.reference in told, "the answer is still told by the channel it came by"


def test_the_page_offers_what_can_be_done(rt: Runtime, report: Report, officer: Officer) -> None:
    later = finished(rt, report, officer, 40)
    token = links.tracking_token(rt.settings, report.id)
    seen = track.open_report(later, report.reference, token)
    assert seen.reopens_to is None
    with pytest.raises(StepNotAllowed):
        track.reopen(later, seen)
    earlier = replace(rt, clock=lambda: NOW - timedelta(days=35))
    assert track.open_report(earlier, report.reference, token).reopens_to is State.DIBUKA_KEMBALI
