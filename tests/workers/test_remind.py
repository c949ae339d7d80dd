"""Deadlines through the life of a report, with its days moved into the past; reminders, letters, and closing in silence."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from intake import desk
from intake.cli import main
from intake.domain.calendar import WorkingCalendar
from intake.domain.deadline import AlarmStep
from intake.domain.report import State
from intake.receive import receive
from intake.runtime import Runtime
from intake.storage import deadlines, officers, reminders, replies, reports
from intake.storage.deadlines import Standing
from intake.storage.officers import Officer
from intake.storage.outbox import Claim, Job
from intake.storage.reports import Report
from tests.conftest import PUBLIC_URL, SECRET_KEY
from tests.factories import MUARA_ENIM, an_sms
from workers import jobs
from workers.remind import regency_of, subject_of

#: A Monday morning in Muara Enim, in a month without holidays on weekdays after the 17th.
MONDAY = datetime(2026, 9, 7, 2, 0, tzinfo=UTC)
CALENDAR = WorkingCalendar()


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
    """A report that came on that Monday and was handed over at once."""
    remembered = receive(rt, "sms_twilio", an_sms()).remembered
    assert remembered is not None
    jobs.carry_out(rt, Job.PROCESS)
    move(rt, remembered.message_id, MONDAY)
    return read(rt, remembered.message_id)


def move(rt: Runtime, report_id: int, to: datetime) -> None:
    """As if the report had been opened then, and all its steps so much earlier too."""
    with rt.engine.begin() as connection:
        connection.execute(text("set local sahut.erase = 'on'"))  # history cannot be moved otherwise
        connection.execute(
            text("""
                with r as (select opened_at from report where id = :id)
                update history set at = at - ((select opened_at from r) - cast(:to as timestamptz))
                where report_id = :id
            """),
            {"id": report_id, "to": to},
        )
        connection.execute(
            text("update report set opened_at = :to where id = :id"),
            {"id": report_id, "to": to},
        )
        connection.execute(text("update deadline set rung_until = null where report_id = :id"), {"id": report_id})
        deadlines.refresh(connection, report_id)


def last_step_at(rt: Runtime, report_id: int, at: datetime) -> None:
    """As if the last step had been taken then."""
    with rt.engine.begin() as connection:
        connection.execute(text("set local sahut.erase = 'on'"))
        connection.execute(
            text("update history set at = :at where id = (select max(id) from history where report_id = :id)"),
            {"id": report_id, "at": at},
        )
        deadlines.refresh(connection, report_id)


def read(rt: Runtime, report_id: int) -> Report:
    with rt.engine.connect() as connection:
        return reports.read(connection, report_id)


def standing(rt: Runtime, report: Report) -> Standing:
    with rt.engine.connect() as connection:
        found = deadlines.standing_of(connection, report.id)
    assert found is not None
    return found


def ring(rt: Runtime, now: datetime, job: Job = Job.REMIND) -> None:
    """Keep, once, every promise of the kind that is due by that moment, at that moment: the database's clock is ours."""
    with rt.engine.begin() as connection:
        rows = connection.execute(
            text("""update outbox set token = gen_random_uuid(), held_until = now() + interval '1 minute'
                    where job = :job and due_at <= :now returning subject_id, token, attempts"""),
            {"now": now, "job": job},
        ).all()
    for row in rows:
        jobs.keep_promise(replace(rt, clock=lambda: now), Claim(job, row.subject_id, row.token, row.attempts))


def noted(rt: Runtime) -> list[tuple[str, str]]:
    with rt.engine.connect() as connection:
        return [(r.clock, r.step) for r in connection.execute(text("select clock, step from reminder order by id"))]


def day_of(moment: datetime | None) -> date | None:
    return None if moment is None else (moment + timedelta(hours=7)).date()


def test_handed_over_it_is_verified_and_waits_for_a_first_response(rt: Runtime, report: Report) -> None:
    found = standing(rt, report)
    assert found.verify_kept is True
    assert (day_of(found.first_response_due), found.first_response_kept) == (date(2026, 9, 14), None)
    assert (day_of(found.finish_due), found.finish_kept) == (date(2026, 9, 25), None)
    assert (found.next_clock, found.next_due) == ("first_response", found.first_response_due)
    assert found.sla_class == "tidak_berkadar"


def test_every_step_moves_them_and_a_question_holds_them(rt: Runtime, report: Report, officer: Officer) -> None:
    desk.take_up(rt, officer, report.reference)
    last_step_at(rt, report.id, MONDAY + timedelta(days=1))
    found = standing(rt, report)
    assert found.first_response_kept is True
    assert found.next_clock == "finish"
    desk.ask(rt, officer, report.reference, question="Di RT berapa?")
    last_step_at(rt, report.id, MONDAY + timedelta(days=2))
    found = standing(rt, report)
    assert (found.finish_due, found.next_due) == (None, None)
    assert day_of(found.answer_due) == date(2026, 9, 23)


def test_the_answer_brings_the_report_back_to_the_officer(rt: Runtime, report: Report, officer: Officer) -> None:
    desk.ask(rt, officer, report.reference, question="Di RT berapa?")
    with rt.engine.connect() as connection:
        asked = replies.of_report(connection, report.id)[-1]
    assert "Di RT berapa?" in asked.text
    assert read(rt, report.id).state is State.TERTUNDA
    receive(rt, "sms_twilio", an_sms("RT 03 pak"))
    jobs.carry_out(rt, Job.PROCESS)
    jobs.carry_out(rt, Job.REMIND)
    now = read(rt, report.id)
    assert (now.state, now.waiting_for, now.regency) == (State.DITANGGAPI_PELAPOR, None, MUARA_ENIM)
    assert standing(rt, report).next_due is not None


def test_a_question_nobody_answers_ends_at_the_desk(rt: Runtime, report: Report, officer: Officer) -> None:
    desk.ask(rt, officer, report.reference, question="Di RT berapa?")
    last_step_at(rt, report.id, MONDAY + timedelta(days=1))
    ring(rt, datetime(2026, 9, 22, 20, tzinfo=UTC))
    assert read(rt, report.id).state is State.TERTUNDA, "the last day is not over"
    ring(rt, datetime(2026, 9, 23, 1, 30, tzinfo=UTC))
    assert read(rt, report.id).state is State.DIPROSES


def test_officer_head_and_leader_are_reminded_in_this_order_and_once(rt: Runtime, report: Report) -> None:
    expected = [
        (datetime(2026, 9, 11, 1, 1, tzinfo=UTC), ("first_response", "remind_officer")),
        (datetime(2026, 9, 14, 1, 1, tzinfo=UTC), ("first_response", "remind_head")),
        (datetime(2026, 9, 17, 1, 1, tzinfo=UTC), ("first_response", "tell_leader")),
    ]
    for n, (moment, _) in enumerate(expected, start=1):
        ring(rt, moment - timedelta(minutes=2))
        assert len(noted(rt)) == n - 1, "not before its moment"
        ring(rt, moment)
        assert noted(rt) == [found for _, found in expected[:n]]
        ring(rt, moment)
        assert len(noted(rt)) == n


def test_an_alarm_of_a_deadline_that_moved_finds_nothing_to_do(rt: Runtime, report: Report, officer: Officer) -> None:
    desk.take_up(rt, officer, report.reference)
    last_step_at(rt, report.id, MONDAY + timedelta(days=1))
    ring(rt, datetime(2026, 9, 11, 1, 1, tzinfo=UTC))
    assert noted(rt) == []
    with rt.engine.connect() as connection:
        due = connection.execute(text("select due_at from outbox where job = 'remind'")).scalar_one()
    assert due == datetime(2026, 9, 22, 1, 0, tzinfo=UTC), "three working days before the finish"


def test_one_letter_a_mailbox_says_numbers_and_dates_and_no_words(rt: Runtime, report: Report) -> None:
    with rt.engine.begin() as connection:
        reminders.set_mailbox(connection, MUARA_ENIM, AlarmStep.REMIND_HEAD, "kepala@example.id")
    morning = datetime(2026, 9, 14, 1, 1, tzinfo=UTC)
    ring(rt, morning)
    assert {step for _, step in noted(rt)} == {"remind_officer", "remind_head"}
    ring(rt, morning + timedelta(minutes=20), Job.DIGEST)
    with rt.engine.connect() as connection:
        letters = connection.execute(text("select recipient, subject, text from reply where kind = 'digest'")).all()
        assert connection.execute(text("select count(*) from reminder where told_at is null")).scalar_one() == 0
    ((recipient, subject, said),) = letters
    assert recipient == "kepala@example.id"
    assert subject.endswith(": 1")
    assert report.reference in said
    assert "Batas tanggapan pertama: 14-09-2026" in said
    assert "Tegal Rejo" not in said
    ring(rt, morning + timedelta(minutes=40), Job.DIGEST)
    with rt.engine.connect() as connection:
        assert connection.execute(text("select count(*) from reply where kind = 'digest'")).scalar_one() == 1


def test_ten_working_days_without_a_reply_close_it_and_the_citizen_is_told(
    rt: Runtime, report: Report, officer: Officer
) -> None:
    desk.answer(rt, officer, report.reference, words="Sudah ditambal.")
    last_step_at(rt, report.id, MONDAY + timedelta(days=1))
    ring(rt, datetime(2026, 9, 22, 20, tzinfo=UTC))
    assert read(rt, report.id).state is State.DITINDAKLANJUTI
    ring(rt, datetime(2026, 9, 23, 1, 1, tzinfo=UTC))
    now = read(rt, report.id)
    assert (now.state, now.closed_at is not None) == (State.SELESAI, True)
    with rt.engine.connect() as connection:
        last = replies.of_report(connection, report.id)[-1]
    assert last.kind == "closed"
    assert "tidak ada balasan 10 hari kerja" in last.text
    assert standing(rt, report).finish_kept is True


def test_a_late_decree_moves_what_is_open_when_it_is_recomputed(rt: Runtime, report: Report, officer: Officer) -> None:
    other = receive(rt, "sms_twilio", an_sms(sender="+628110000077")).remembered
    assert other is not None
    jobs.carry_out(rt, Job.PROCESS)
    with rt.engine.begin() as connection:
        reference = reports.read(connection, other.message_id).reference
    desk.close(rt, officer, reference)
    with rt.engine.begin() as connection:
        assert list(deadlines.outdated(connection)) == []
        deadlines.set_day(connection, date(2026, 9, 14), working=False, note="Cuti bersama susulan")
        assert list(deadlines.outdated(connection)) == [report.id], "what is finished keeps its deadlines"
        for report_id in deadlines.outdated(connection):
            deadlines.refresh(connection, report_id)
        assert list(deadlines.outdated(connection)) == []
    assert day_of(standing(rt, report).first_response_due) == date(2026, 9, 15)


def test_a_region_promises_otherwise(rt: Runtime, report: Report) -> None:
    with rt.engine.begin() as connection:
        deadlines.set_sla(connection, MUARA_ENIM, "*", {"first_response_days": 2})
        deadlines.refresh(connection, report.id)
    assert day_of(standing(rt, report).first_response_due) == date(2026, 9, 9)
    with rt.engine.begin() as connection:
        deadlines.set_sla(connection, MUARA_ENIM, "*", {})
        deadlines.refresh(connection, report.id)
    assert day_of(standing(rt, report).first_response_due) == date(2026, 9, 14)


def test_another_topic_is_another_class(rt: Runtime, report: Report) -> None:
    with rt.engine.begin() as connection:
        reports.amend(connection, report.id, {"topic": "HKM.01"})
    found = standing(rt, report)
    assert found.sla_class == "berkadar"
    assert found.finish_due is not None
    assert CALENDAR.working_days_between(date(2026, 9, 7), found.finish_due.date(), region=MUARA_ENIM) == 60


def test_a_digest_is_promised_by_the_number_of_its_regency() -> None:
    for regency in ("16.03", "91.71", None):
        assert regency_of(subject_of(regency)) == regency


@pytest.mark.parametrize(
    ("words", "another"),
    [
        ("RT 03 pak, lubangnya di depan masjid dekat pasar", False),
        ("Di desa Tegal Rejo kec Lawang Kidul pak, jalan rusak yang dekat sekolah itu", False),
        ("iya benar, sudah tiga bulan jalan itu tidak diperbaiki", False),
        ("Lapor pak, obat di puskesmas Lawang Kidul kosong sudah seminggu, perawat tidak ada", True),
        ("Lapor, jalan rusak parah di kecamatan Cibinong kabupaten Bogor, tolong diperbaiki", True),
    ],
)
def test_while_a_question_waits_a_clearly_new_report_is_one(
    rt: Runtime, report: Report, officer: Officer, words: str, another: bool
) -> None:
    desk.ask(rt, officer, report.reference, question="Di RT berapa lubangnya?")
    remembered = receive(rt, "sms_twilio", an_sms(words)).remembered
    assert remembered is not None
    jobs.carry_out(rt, Job.PROCESS)
    jobs.carry_out(rt, Job.REMIND)
    with rt.engine.connect() as connection:
        opened = reports.find(connection, remembered.message_id)
    asked = read(rt, report.id)
    if another:
        assert opened is not None
        assert opened.state is State.TERDISPOSISI
        assert (asked.state, asked.waiting_for) == (State.TERTUNDA, "officer"), "the question still waits"
    else:
        assert opened is None
        assert asked.state is State.DITANGGAPI_PELAPOR


#: A Tuesday morning in Muara Enim: Christmas, its cuti bersama and New Year lie before its deadlines.
BEFORE_CHRISTMAS = datetime(2026, 12, 22, 2, 0, tzinfo=UTC)


def test_over_the_end_of_the_year_with_its_holidays(rt: Runtime, report: Report, officer: Officer) -> None:
    move(rt, report.id, BEFORE_CHRISTMAS)
    assert day_of(standing(rt, report).first_response_due) == date(2026, 12, 31)
    ring(rt, datetime(2026, 12, 30, 1, 1, tzinfo=UTC))
    assert noted(rt) == [("first_response", "remind_officer")]
    ring(rt, datetime(2026, 12, 31, 1, 1, tzinfo=UTC))
    assert noted(rt)[1:] == [("first_response", "remind_head")]
    desk.answer(rt, officer, report.reference, words="Sudah ditambal.")
    last_step_at(rt, report.id, BEFORE_CHRISTMAS + timedelta(days=9, hours=3))
    assert standing(rt, report).first_response_kept is True
    # Ten working days after the 31st, over New Year and Isra Mikraj on the 5th of January; closed the morning after.
    due = standing(rt, report).close_due
    assert due is not None
    assert day_of(due) == date(2027, 1, 18)
    ring(rt, due - timedelta(minutes=1))
    assert read(rt, report.id).state is State.DITINDAKLANJUTI
    ring(rt, due + timedelta(days=3, hours=10))
    assert read(rt, report.id).state is State.SELESAI


def test_a_pause_over_christmas_gives_back_the_days_that_were_left(
    rt: Runtime, report: Report, officer: Officer
) -> None:
    move(rt, report.id, BEFORE_CHRISTMAS)
    desk.take_up(rt, officer, report.reference)
    last_step_at(rt, report.id, BEFORE_CHRISTMAS)
    before = standing(rt, report).finish_due
    assert before is not None
    desk.ask(rt, officer, report.reference, question="Di RT berapa?")
    last_step_at(rt, report.id, BEFORE_CHRISTMAS + timedelta(hours=1))
    assert standing(rt, report).finish_due is None
    receive(rt, "sms_twilio", an_sms("RT 03 pak, dekat masjid"))
    jobs.carry_out(rt, Job.PROCESS)
    jobs.carry_out(rt, Job.REMIND)
    assert read(rt, report.id).state is State.DITANGGAPI_PELAPOR
    last_step_at(rt, report.id, datetime(2027, 1, 4, 3, 0, tzinfo=UTC))
    after = standing(rt, report).finish_due
    assert after is not None
    waited = CALENDAR.working_days_between(date(2026, 12, 22), date(2027, 1, 4), region=MUARA_ENIM)
    assert CALENDAR.working_days_between(before.date(), after.date(), region=MUARA_ENIM) == waited == 6


def test_a_decree_is_typed_and_what_is_open_is_computed_again(rt: Runtime, report: Report) -> None:
    environ = {"DATABASE_URL": rt.settings.database_url, "PUBLIC_URL": PUBLIC_URL, "SAHUT_SECRET_KEYS": SECRET_KEY}

    def sahut(*words: str) -> str:
        result = CliRunner(env=environ).invoke(main, ["deadlines", *words])
        assert result.exit_code == 0, result.stderr
        return result.stdout

    assert json.loads(sahut("recompute", "--json"))["recomputed"] == 0
    sahut("day", "2026-09-14", "off", "--note", "Cuti bersama susulan", "--region", "16")
    done = json.loads(sahut("recompute", "--json"))
    assert done["recomputed"] == 1
    assert day_of(standing(rt, report).first_response_due) == date(2026, 9, 15)
    assert json.loads(sahut("recompute", "--json")) == {"recomputed": 0, "calendar": done["calendar"]}
    sahut("sla", MUARA_ENIM, "--class", "tidak_berkadar", "--set", "first_response_days=2")
    assert json.loads(sahut("recompute", "--all", "--json"))["recomputed"] == 1
    assert day_of(standing(rt, report).first_response_due) == date(2026, 9, 9)
