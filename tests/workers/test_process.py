"""Messages read and decided: over the real resolver and classifier, on a real database."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, text

from channels.messages import Attachment, InboundMessage
from intake import desk, saying
from intake.domain.reference import reference_of
from intake.domain.report import State
from intake.limits import LIMITS
from intake.receive import receive
from intake.runtime import Runtime
from intake.storage import contacts, handovers, messages, officers, outbox, regency_settings, replies, reports, threads
from intake.storage.messages import Incoming
from intake.storage.outbox import ClaimLost, Job
from intake.storage.replies import Reply
from intake.storage.reports import Report
from intake.understand.classify import classify, taxonomy
from intake.wording import STATE_WORDS
from tests.factories import CLEAR_TEXT, MUARA_ENIM, OTHER_PHONE, PHONE, a_mail, an_sms
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


def handed_to(rt: Runtime, report: Report) -> list[tuple[str, str]]:
    with rt.engine.connect() as connection:
        return [(handover.regency, handover.state) for handover in handovers.of_report(connection, report.id)]


def test_a_clear_report_goes_to_its_regency_and_is_acknowledged(rt: Runtime) -> None:
    said = say(rt, an_sms())
    report = report_of(rt, said)
    assert (report.state, report.regency, report.topic) == (State.TERDISPOSISI, MUARA_ENIM, "INF.01")
    [ack] = replies_of(rt, said)
    assert ack.kind == "hand_over"
    assert report.reference in ack.text
    assert "Kab. Muara Enim" in ack.text
    assert (ack.recipient, ack.sender, ack.channel) == ("+628110000001", "+628110001708", "sms_twilio")
    assert due(rt) == {"deliver": 1}
    assert handed_to(rt, report) == [(MUARA_ENIM, "given")]
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
    assert len(handed_to(rt, report_of(rt, said))) == 1


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


def test_two_parts_that_are_read_at_the_same_moment_are_one_report(rt: Runtime) -> None:
    """The rest comes while the first part is being thought about: nothing is decided on half a story."""
    first = receive(rt, "sms_twilio", an_sms("x" * 10 + " lampu jalan mati " + "sekali " * 18)).remembered
    assert first is not None
    rest = an_sms("di kec Lawang Kidul kab Muara Enim")
    faults: list[BaseException] = []
    gate = threading.Barrier(3)

    def work() -> None:
        gate.wait()
        try:
            for _ in range(20):
                jobs.carry_out(rt, Job.PROCESS)
                time.sleep(0.02)
        except BaseException as fault:  # noqa: BLE001 - whatever it is, it fails the test below
            faults.append(fault)

    with rt.engine.begin() as connection:  # old enough to be read without waiting for more
        connection.execute(text("update message set received_at = received_at - interval '30 seconds'"))
        connection.execute(text("update report set opened_at = opened_at - interval '30 seconds'"))
    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    gate.wait()
    receive(rt, "sms_twilio", rest)
    for thread in threads:
        thread.join()
    let_all_come_due(rt)
    assert faults == []
    with rt.engine.connect() as connection:
        assert connection.execute(text("select count(*) from report")).scalar_one() == 1
        assert len(messages.of_report(connection, first.message_id)) == 2
    report = report_of(rt, first.message_id)
    assert (report.state, report.regency) == (State.TERDISPOSISI, MUARA_ENIM)
    assert due(rt).get("process") is None


def let_all_come_due(rt: Runtime) -> None:
    for _ in range(10):
        with rt.engine.begin() as connection:
            connection.execute(text("update outbox set due_at = now(), held_until = null where job = 'process'"))
        if jobs.carry_out(rt, Job.PROCESS) == 0:
            return


def test_a_second_letter_while_we_wait_is_a_report_of_its_own(rt: Runtime) -> None:
    """No thread, no number: the same mailbox writes about something else."""
    asked = say(rt, a_mail(NOWHERE, subject="Lampu jalan"), "email_mime")
    other = say(rt, a_mail("Air PDAM di kecamatan Gelumbang kabupaten Muara Enim sudah mati tiga hari, mohon dicek.",
                           subject="Air mati"), "email_mime")  # fmt: skip
    assert report_of(rt, asked).state is State.TERTUNDA
    assert report_of(rt, other).id == other
    assert report_of(rt, other).state is State.TERDISPOSISI


def test_an_answer_in_the_thread_of_our_letter_is_an_answer_whatever_it_says(rt: Runtime) -> None:
    asked = say(rt, a_mail(NOWHERE, subject="Lampu jalan"), "email_mime")
    with rt.engine.begin() as connection:
        connection.execute(text("update reply set external_id = '<ours@sahut.test>'"))
    said = say(rt, a_mail("Air PDAM di kecamatan Gelumbang kabupaten Muara Enim juga mati tiga hari",
                          references=("<ours@sahut.test>",)), "email_mime")  # fmt: skip
    assert report_of(rt, said).id == asked
    assert report_of(rt, asked).state is State.TERDISPOSISI


def test_a_letter_with_a_command_obeys_and_answers_in_its_thread(rt: Runtime) -> None:
    mine = say(rt, a_mail(), "email_mime")
    say(rt, a_mail("BATAL", subject=f"Re: Jalan rusak [{reference_of(mine)}]"), "email_mime")
    assert report_of(rt, mine).state is State.DIARSIPKAN
    assert replies_of(rt, mine)[-1].kind == "withdrawn"


def test_the_page_of_a_report_takes_words_only_for_that_report(rt: Runtime) -> None:
    """Two citizens of the web have no address in common, and nobody is "the sender without an address"."""
    mine = say(rt, InboundMessage("w1", "", "", CLEAR_TEXT), "web_form")
    say(rt, InboundMessage("w2", "", "", f"BATAL {reference_of(mine)}"), "web_form")
    assert report_of(rt, mine).state is State.TERDISPOSISI


def test_a_photo_without_words_is_not_put_aside(rt: Runtime) -> None:
    photo = replace(an_sms(""), attachments=(Attachment("foto.jpg", "image/jpeg", b"jpeg"),))
    said = say(rt, photo)
    assert report_of(rt, said).state is State.TERTUNDA
    joined = say(rt, an_sms("jalan ini rusak parah di kec Lawang Kidul kab Muara Enim"))
    assert report_of(rt, joined).id == said
    assert report_of(rt, said).regency == MUARA_ENIM


def test_an_empty_message_without_anything_is(rt: Runtime) -> None:
    assert report_of(rt, say(rt, an_sms(""))).state is State.DIARSIPKAN


def test_a_flood_from_everybody_shortens_the_first_word_and_keeps_the_questions(rt: Runtime) -> None:
    with rt.engine.begin() as connection:
        connection.execute(
            text("""insert into reply (cause, kind, channel, recipient, sender, text)
                    select 'flood:' || n, 'hand_over', 'sms_twilio', '+62811000' || n, '+628110001708', 'x'
                    from generate_series(1000, 1000 + :most) as n"""),
            {"most": LIMITS.per_minute_to_all},
        )
    clear = say(rt, an_sms())
    assert [reply.kind for reply in replies_of(rt, clear)] == ["queued"]
    assert report_of(rt, clear).state is State.TERDISPOSISI
    asked = say(rt, an_sms(NOWHERE, sender=OTHER_PHONE))
    assert [reply.kind for reply in replies_of(rt, asked)] == ["ask_place"]
    before = len(all_replies(rt))
    say(rt, an_sms("BANTUAN", sender="+628110000003"))
    assert len(all_replies(rt)) == before


def test_at_the_limit_a_person_looks_instead_of_a_question(rt: Runtime) -> None:
    with rt.engine.begin() as connection:
        connection.execute(
            text("""insert into reply (cause, kind, channel, recipient, sender, text)
                    select 'much:' || n, 'help', 'sms_twilio', '+628110000001', '+628110001708', 'x'
                    from generate_series(1, :most) as n"""),
            {"most": LIMITS.per_person_hour},
        )
    said = say(rt, an_sms(NOWHERE))
    assert report_of(rt, said).state is State.MENUNGGU_VERIFIKASI
    assert [reply.kind for reply in replies_of(rt, said)] == ["queued"]
    danger = say(rt, an_sms("TOLONG rumah kebakaran ada orang terjebak di desa Tegal Rejo Lawang Kidul Muara Enim"))
    assert [reply.kind for reply in replies_of(rt, danger)] == ["emergency"]


def test_an_officers_answer_is_never_held_back(rt: Runtime) -> None:
    said = say(rt, an_sms())
    with rt.engine.begin() as connection:
        connection.execute(
            text("""insert into reply (cause, kind, channel, recipient, sender, text)
                    select 'much:' || n, 'help', 'sms_twilio', '+628110000001', '+628110001708', 'x'
                    from generate_series(1, 200) as n""")
        )
        made = officers.add(
            connection, username="pusat", name="Pusat", password="kata-sandi-contoh", role="central", regency=None
        )
    assert made is not None
    desk.answer(rt, made, reference_of(said), words="Sudah diperbaiki.")
    assert replies_of(rt, said)[-1].kind == "answered"


def test_a_merged_report_tells_how_the_other_one_stands(rt: Runtime) -> None:
    first, second = say(rt, an_sms()), say(rt, an_sms(sender=OTHER_PHONE))
    with rt.engine.begin() as connection:
        reports.step(
            connection, second, State.DIGABUNG, actor="officer", action="merged", values={"merged_into": first}
        )
        reports.step(connection, first, State.DIPROSES, actor="officer", action="taken_up")
    say(rt, an_sms(f"CEK {reference_of(second)}", sender=OTHER_PHONE))
    told = all_replies(rt)[-1]
    assert reference_of(second) in told
    assert STATE_WORDS["diproses"] in told


def test_the_desk_sees_what_an_answer_costs(rt: Runtime) -> None:
    by_sms = report_of(rt, say(rt, an_sms()))
    short = saying.preview(rt, by_sms, "Sudah kami perbaiki.")
    assert (short.segments, short.encoding) == (1, "gsm7")
    assert "Kab. Muara Enim menjawab: Sudah kami perbaiki." in short.text
    assert saying.preview(rt, by_sms, "Sudah. " * 200).segments == 3
    assert saying.preview(rt, by_sms, "Sudah 😀").encoding == "ucs2"
    by_mail = report_of(rt, say(rt, a_mail(), "email_mime"))
    assert saying.preview(rt, by_mail, "Sudah.").segments == 0


def test_what_is_decided_again_after_the_place_moved_is_handed_over_again(rt: Runtime) -> None:
    said = say(rt, an_sms("jalan berlubang di depan pasar kab Nganjuk"))
    say(rt, an_sms("ralat: maksud saya kab Ngawi"))
    report = report_of(rt, said)
    assert (report.state, report.regency) == (State.TERDISPOSISI, "35.21")
    assert [regency for regency, _ in handed_to(rt, report)] == ["35.18", "35.21"]
    with rt.engine.connect() as connection:
        assert [step.action for step in reports.history_of(connection, said)] == [
            "hand_over", "added", "taken_back", "hand_over",
        ]  # fmt: skip


def test_a_correction_does_not_pull_a_report_from_under_an_officers_hands(rt: Runtime) -> None:
    said = say(rt, an_sms("jalan berlubang di depan pasar kab Nganjuk"))
    with rt.engine.begin() as connection:
        reports.step(connection, said, State.DIPROSES, actor="officer", action="taken_up")
    say(rt, an_sms("ralat: maksud saya kab Ngawi"))
    report = report_of(rt, said)
    assert (report.state, report.regency) == (State.DIPROSES, "35.18")
    assert replies_of(rt, said)[-1].kind == "added"


def test_the_regions_own_emergency_numbers_are_told(rt: Runtime) -> None:
    with rt.engine.begin() as connection:
        regency_settings.set_emergency_numbers(connection, MUARA_ENIM, "112, 0734 000000 (BPBD)")
    said = say(rt, an_sms("TOLONG rumah kami kebakaran ada orang terjebak di desa Tegal Rejo Lawang Kidul Muara Enim"))
    assert "TELEPON 112, 0734 000000 (BPBD)" in replies_of(rt, said)[0].text


def test_what_is_not_the_regencys_is_said_so_and_passed_on(rt: Runtime) -> None:
    said = say(rt, an_sms("listrik PLN padam terus tiap malam tanpa pemberitahuan di Lawang Kidul kab Muara Enim"))
    report = report_of(rt, said)
    assert report.state is State.TERDISPOSISI
    assert "kewenangan" in replies_of(rt, said)[0].text
    assert "PLN" in replies_of(rt, said)[0].text


def test_a_regency_names_its_own_units(rt: Runtime) -> None:
    key = taxonomy().topic("INF.01").unit.key
    with rt.engine.begin() as connection:
        regency_settings.set_taxonomy(connection, MUARA_ENIM, {"units": {key: {"name": "Dinas PUTR"}}})
    assert report_of(rt, say(rt, an_sms())).unit == "Dinas PUTR"


def test_an_unsure_topic_is_sent_to_no_unit(rt: Runtime) -> None:
    unclear = "tolong pak yang di dekat balai desa Tegal Rejo Lawang Kidul Muara Enim itu dibereskan"
    assert not classify(unclear).confident
    assert report_of(rt, say(rt, an_sms(unclear))).unit is None


FULL = (CLEAR_TEXT + " lebih tidak diperbaiki juga, banyak anak sekolah jatuh karena lubangnya dalam")[:155]


def some_time_passes(rt: Runtime, length: timedelta) -> None:
    with rt.engine.begin() as connection:
        connection.execute(text("update message set received_at = received_at - :length"), {"length": length})
        connection.execute(text("update report set opened_at = opened_at - :length"), {"length": length})
        connection.execute(text("update outbox set due_at = now() where job = 'process'"))


def test_a_story_of_two_unmarked_parts_that_is_sent_again_is_answered(rt: Runtime) -> None:
    first = say(rt, an_sms(FULL))
    say(rt, an_sms("dan gelap kalau malam, mohon segera diperbaiki"))
    some_time_passes(rt, LIMITS.part_wait)
    jobs.carry_out(rt, Job.PROCESS)
    assert report_of(rt, first).state is State.TERDISPOSISI

    some_time_passes(rt, timedelta(hours=1))
    again = say(rt, an_sms(FULL))
    rest = say(rt, an_sms("dan gelap kalau malam, mohon segera diperbaiki"))
    some_time_passes(rt, LIMITS.part_wait)
    jobs.carry_out(rt, Job.PROCESS)
    with rt.engine.connect() as connection:
        assert messages.read(connection, again).processed_at is not None
    assert report_of(rt, rest).state is State.TERDISPOSISI
    assert replies_of(rt, rest)


def test_what_its_writer_withdrew_while_it_lay_is_read_and_waits_for_nothing(rt: Runtime) -> None:
    said = say(rt, an_sms(FULL))
    say(rt, an_sms("BATAL"))
    some_time_passes(rt, LIMITS.part_wait)
    jobs.carry_out(rt, Job.PROCESS)
    with rt.engine.connect() as connection:
        assert messages.read(connection, said).processed_at is not None
        assert reports.last_decision(connection, said) is not None
    assert report_of(rt, said).state is State.DIARSIPKAN
    assert [reply.kind for reply in replies_of(rt, said)] == ["withdrawn"]
    assert due(rt) == {"deliver": 1}


def test_a_letter_of_more_words_than_can_be_searched_is_worked_on(rt: Runtime) -> None:
    endless = " ".join(f"kata{number:07}" for number in range(100_000))
    said = say(rt, a_mail(subject=f"Jalan rusak {endless}"), "email_mime")
    assert report_of(rt, said).state is not State.DITERIMA
    assert len(replies_of(rt, said)) == 1


def test_of_two_messages_of_one_commit_the_first_has_nothing_before_it(rt: Runtime) -> None:
    both = [Incoming("sms_twilio", an_sms(), opens=True) for _ in range(2)]
    with rt.engine.begin() as connection:
        first, second = messages.remember_all(connection, rt.together.ids, both)
    with rt.engine.begin() as connection:
        before = threads.before_many(connection, messages.read_many(connection, [first.message_id, second.message_id]))
    earlier, later = sorted((first.message_id, second.message_id))
    assert [b.report_id for b in before[later]] == [earlier]
    assert before[earlier] == []


@pytest.mark.parametrize(("hours_ago", "counted"), [(0, 0), (2, 1)])
def test_who_is_overtaken_did_not_fail_unless_it_goes_on_for_an_hour(rt: Runtime, hours_ago: int, counted: int) -> None:
    said = receive(rt, "sms_twilio", an_sms()).remembered
    assert said is not None
    with rt.engine.begin() as connection:
        connection.execute(text("update message set received_at = now() - :ago"), {"ago": timedelta(hours=hours_ago)})

    came: list[str] = []

    def more_words_come(_c: object, _k: object, statement: str, *_: object) -> None:
        if came or not statement.startswith("delete from outbox"):
            return
        came.append("kab Ngawi")
        with rt.engine.begin() as connection:
            connection.execute(
                text("""insert into message (id, channel, external_id, report_id, sender, recipient, text, answerable)
                        select id + 100000, channel, 'x', report_id, sender, recipient, 'kab Ngawi', true from message""")
            )

    event.listen(rt.engine, "before_cursor_execute", more_words_come)
    jobs.carry_out(rt, Job.PROCESS)
    with rt.engine.connect() as connection:
        row = connection.execute(text("select attempts, last_error from outbox where job = 'process'")).one()
    assert row == (counted, "overtaken")
    assert report_of(rt, said.message_id).state is State.DITERIMA


def test_a_report_whose_code_is_on_its_way_keeps_its_number(rt: Runtime) -> None:
    """The same text again joins the first report; but not when somebody knows the second's number by then."""
    first = say(rt, an_sms())
    second = receive(rt, "sms_twilio", an_sms()).remembered
    assert second is not None
    with rt.engine.begin() as connection:
        contacts.keep_code(
            connection, "open", second.message_id, PHONE, "digest", expires_at=datetime.now(UTC) + timedelta(minutes=10)
        )
    jobs.carry_out(rt, Job.PROCESS)
    assert report_of(rt, second.message_id).id == second.message_id != first
    assert due(rt).get("process", 0) == 0
    assert report_of(rt, second.message_id).state is State.TERDISPOSISI
