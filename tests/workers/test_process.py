"""Messages read and decided: over the real resolver and classifier, on a real database."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from channels.messages import InboundMessage
from intake.domain.reference import reference_of
from intake.domain.report import State
from intake.receive import receive
from intake.runtime import Runtime
from intake.storage import messages, outbox, replies, reports
from intake.storage.outbox import ClaimLost, Job
from intake.storage.replies import Reply
from intake.storage.reports import Report
from tests.factories import MUARA_ENIM, OTHER_PHONE, a_mail, an_sms
from workers import jobs
from workers.process import process

NOWHERE = "Lapor pak, lampu jalan di depan rumah saya mati sudah dua minggu, mohon diperbaiki"


def say(rt: Runtime, message: InboundMessage, channel: str = "sms_twilio") -> int:
    """A message received and processed; its id."""
    remembered = receive(rt, channel, message).remembered
    assert remembered is not None
    jobs.carry_out(rt, Job.PROCESS)
    return remembered.message_id


def report_of(rt: Runtime, message_id: int) -> Report:
    with rt.engine.connect() as connection:
        report_id = messages.read(connection, message_id).report_id
        assert report_id is not None
        return reports.read(connection, report_id)


def replies_of(rt: Runtime, message_id: int) -> list[Reply]:
    with rt.engine.connect() as connection:
        report_id = messages.read(connection, message_id).report_id
        assert report_id is not None
        return replies.of_report(connection, report_id)


def all_replies(rt: Runtime) -> list[str]:
    with rt.engine.connect() as connection:
        return list(connection.execute(text("select text from reply order by id")).scalars())


def due(rt: Runtime) -> dict[str, int]:
    with rt.engine.connect() as connection:
        return outbox.due(connection)


def test_a_clear_report_goes_to_its_regency_and_is_acknowledged(rt: Runtime) -> None:
    said = say(rt, an_sms())
    report = report_of(rt, said)
    assert (report.state, report.regency, report.topic) == (State.TERDISPOSISI, MUARA_ENIM, "INF.01")
    [ack] = replies_of(rt, said)
    assert ack.kind == "hand_over"
    assert report.reference in ack.text
    assert "Kab. Muara Enim" in ack.text
    assert (ack.recipient, ack.sender, ack.channel) == ("+628110000001", "+628110001708", "sms_twilio")
    assert due(rt) == {"deliver": 1, "hand_over": 1}
    with rt.engine.connect() as connection:
        decision = reports.last_decision(connection, report.id)
    assert decision is not None
    assert decision.location["evidence"]
    assert decision.location["versions"]
    assert decision.classification["evidence"]


def test_a_report_without_a_place_is_asked_and_the_answer_finishes_it(rt: Runtime) -> None:
    said = say(rt, an_sms(NOWHERE))
    report = report_of(rt, said)
    assert (report.state, report.waiting_for, report.times_asked, report.regency) == (State.TERTUNDA, "place", 1, None)
    answered = say(rt, an_sms("desa Tegal Rejo, Lawang Kidul, Muara Enim"))
    report = report_of(rt, answered)
    assert report.id == said
    assert (report.state, report.regency, report.waiting_for) == (State.TERDISPOSISI, MUARA_ENIM, None)
    assert [reply.kind for reply in replies_of(rt, said)] == ["ask_place", "hand_over"]


def test_an_ambiguous_place_is_asked_with_numbers_and_the_number_chooses(rt: Runtime) -> None:
    said = say(rt, an_sms("lapor, sampah menumpuk di pasar Bogor, bau sekali"))
    report = report_of(rt, said)
    assert report.state is State.TERTUNDA
    assert set(report.choices) == {"32.01", "32.71"}
    [question] = replies_of(rt, said)
    assert "1 " in question.text
    assert "2 " in question.text
    say(rt, an_sms("2"))
    assert report_of(rt, said).regency == report.choices[1]


def test_after_two_questions_a_person_looks(rt: Runtime) -> None:
    said = say(rt, an_sms(NOWHERE))
    say(rt, an_sms("di depan rumah pak RT"))
    assert report_of(rt, said).times_asked == 2
    say(rt, an_sms("ya di situ pak"))
    report = report_of(rt, said)
    assert (report.state, report.times_asked) == (State.MENUNGGU_VERIFIKASI, 2)
    assert [reply.kind for reply in replies_of(rt, said)] == ["ask_place", "ask_place", "triage"]


def test_who_cannot_answer_is_not_asked(rt: Runtime) -> None:
    message = InboundMessage("SM1", "INFO-BANK", "+628110001708", NOWHERE, answerable=False)
    said = say(rt, message)
    assert report_of(rt, said).state is State.MENUNGGU_VERIFIKASI
    assert all_replies(rt) == []


def test_an_advert_is_put_aside_with_its_reason_and_not_answered(rt: Runtime) -> None:
    said = say(
        rt, an_sms("PROMO!! Pinjaman dana tunai cair 5 menit tanpa jaminan bunga rendah hub WA 0811 0000 999 skrg jg")
    )
    assert report_of(rt, said).state is State.DIARSIPKAN
    assert all_replies(rt) == []
    with rt.engine.connect() as connection:
        [line] = reports.history_of(connection, said)
    assert line.reason


def test_danger_to_life_is_answered_with_the_numbers_to_call(rt: Runtime) -> None:
    said = say(
        rt, an_sms("TOLONG rumah kami kebakaran ada orang terjebak di dalam desa Tegal Rejo Lawang Kidul Muara Enim")
    )
    assert report_of(rt, said).urgency == "darurat"
    assert [reply.kind for reply in replies_of(rt, said)] == ["emergency", "hand_over"]
    assert "112" in replies_of(rt, said)[0].text


def test_status_is_told_to_the_reporter_and_to_nobody_else(rt: Runtime) -> None:
    said = say(rt, an_sms())
    before = len(all_replies(rt))
    say(rt, an_sms(f"cek {reference_of(said).lower()}"))
    say(rt, an_sms(f"CEK {reference_of(said)}", sender=OTHER_PHONE))
    say(rt, an_sms(f"CEK {reference_of(999_999)}", sender=OTHER_PHONE))
    mine, foreign, unknown = all_replies(rt)[before:]
    assert "Kab. Muara Enim" in mine
    assert foreign == unknown
    assert "Muara" not in foreign
    assert reference_of(said) not in foreign


def test_more_words_join_the_report_and_wake_nobody_twice(rt: Runtime) -> None:
    said = say(rt, an_sms())
    say(rt, an_sms(f"{reference_of(said)} tambahan: makin parah pak"))
    report = report_of(rt, said)
    assert report.state is State.TERDISPOSISI
    with rt.engine.connect() as connection:
        assert [step.action for step in reports.history_of(connection, said)] == ["hand_over", "added"]
        assert len(messages.of_report(connection, said)) == 2
    assert due(rt)["hand_over"] == 1


def test_a_machine_is_recorded_and_not_answered(rt: Runtime) -> None:
    said = say(rt, a_mail("Saya sedang cuti", automatic="auto-submitted"), "email_mime")
    with rt.engine.connect() as connection:
        assert messages.read(connection, said).processed_at is not None
    assert all_replies(rt) == []
    assert due(rt) == {}


def test_a_mail_is_answered_in_its_thread(rt: Runtime) -> None:
    mail = a_mail(references=("<first@example.com>",))
    said = say(rt, mail, "email_mime")
    [ack] = replies_of(rt, said)
    assert ack.subject == f"Re: Jalan rusak [{reference_of(said)}]"
    assert ack.in_reply_to == mail.external_id
    assert ack.reference_ids == ["<first@example.com>", mail.external_id]
    assert ack.sender == "lapor@sahut.test"


def test_processing_twice_changes_nothing(rt: Runtime) -> None:
    said = say(rt, an_sms())
    with rt.engine.begin() as connection:
        outbox.promise(connection, Job.PROCESS, said)
    jobs.carry_out(rt, Job.PROCESS)
    assert len(all_replies(rt)) == 1
    with rt.engine.connect() as connection:
        assert len(reports.history_of(connection, said)) == 1


def test_a_worker_that_lost_its_claim_writes_nothing(rt: Runtime) -> None:
    remembered = receive(rt, "sms_twilio", an_sms()).remembered
    assert remembered is not None
    with rt.engine.begin() as connection:
        [claim] = outbox.take(connection, Job.PROCESS, limit=1, hold=timedelta(seconds=60))
        connection.execute(text("update outbox set token = gen_random_uuid()"))
    with pytest.raises(ClaimLost):
        process(rt, claim)
    assert report_of(rt, remembered.message_id).state is State.DITERIMA
    assert all_replies(rt) == []


def test_a_poison_message_is_parked_and_the_others_go_on(rt: Runtime) -> None:
    bad = receive(rt, "sms_twilio", an_sms("racun")).remembered
    assert bad is not None
    with rt.engine.begin() as connection:  # an answer that chooses a regency that is none: no release can write that
        for statement in (
            "update report set state = 'tertunda', waiting_for = 'place', choices = '{99.99}'",
            (
                "insert into message (id, channel, external_id, report_id, sender, recipient, text, answerable) "
                "select 900, channel, 'x', id, sender, recipient, '1', true from report"
            ),
            "update outbox set attempts = 11, subject_id = 900",
        ):
            connection.execute(text(statement))
    good = say(rt, an_sms())
    assert report_of(rt, good).state is State.TERDISPOSISI
    with rt.engine.connect() as connection:
        [parked] = outbox.parked(connection)
    assert parked.subject_id == 900
    assert "workers.process" in (parked.last_error or "")
