"""Danger to life: who of the desk is told, by what, how often, and what the message does not say."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import text

from channels.gsm import plan
from intake import alarm, desk, labels
from intake.domain.deadline import AlarmStep
from intake.runtime import Runtime
from intake.storage import officers, reminders, reports
from intake.storage.outbox import Job
from intake.storage.reminders import Hearer
from tests.factories import MUARA_ENIM, a_mail, an_sms
from tests.fakes import FakeChannel
from tests.workers.test_process import report_of, say
from workers import jobs

OFFICER, HEAD, LEADER = AlarmStep.REMIND_OFFICER, AlarmStep.REMIND_HEAD, AlarmStep.TELL_LEADER
FIRE = "TOLONG rumah Bu Sukarti kebakaran, ada orang terjebak di dalam, desa Tegal Rejo Lawang Kidul Muara Enim"
NOWHERE = "TOLONG rumah tetangga kebakaran sekarang, ada orang terjebak di dalam"
ON_CALL = Hearer(OFFICER, "sms", "+6281100000011")


def hear(rt: Runtime, *hearers: Hearer, regency: str = MUARA_ENIM) -> None:
    with rt.engine.begin() as connection:
        for hearer in hearers:
            reminders.add_hearer(connection, regency, hearer)


def alarms(rt: Runtime) -> list[tuple[str, str, str]]:
    """(Channel, to whom, text), in order."""
    with rt.engine.connect() as connection:
        rows = connection.execute(text("select channel, recipient, text from reply where kind = 'alarm' order by id"))
        return [(row.channel, row.recipient, row.text) for row in rows]


def test_the_desk_is_told_at_once_by_sms_letter_and_whatsapp(rt: Runtime, sms: FakeChannel) -> None:
    rt = replace(rt, channels={**rt.channels, "whatsapp_twilio": FakeChannel("whatsapp_twilio", "sms")})
    hear(
        rt, ON_CALL, Hearer(OFFICER, "email", "petugas@example.id"), Hearer(HEAD, "whatsapp", "+62 811 0000 0012"),
        Hearer(LEADER, "sms", "0811-0000-0013"), Hearer(HEAD, "sms", "0811-0000-0014", "Dinas Pertanian"),
    )  # fmt: skip
    report = report_of(rt, say(rt, an_sms(FIRE)))
    assert report.urgency == "darurat"
    told = {(channel, recipient): words for channel, recipient, words in alarms(rt)}
    assert set(told) == {
        ("sms_twilio", "+6281100000011"), ("email_mime", "petugas@example.id"), ("whatsapp_twilio", "+6281100000012"),
    }  # fmt: skip
    short = told["sms_twilio", "+6281100000011"]
    assert plan(short).segments == 1
    assert f"http://127.0.0.1:8080/meja/{report.reference}" in short
    assert "Kab. Muara Enim" in short
    for words in told.values():
        assert report.reference in words
        assert "Tegal Rejo" in words
        assert "Sukarti" not in words
        assert "terjebak" not in words
    with rt.engine.connect() as connection:
        assert "alarm_sounded" in [step.action for step in reports.history_of(connection, report.id)]
    jobs.carry_out(rt, Job.DELIVER)
    assert short in [sent.text for sent in sms.sent]


def test_what_is_no_danger_wakes_nobody(rt: Runtime) -> None:
    hear(rt, ON_CALL)
    say(rt, an_sms())
    assert alarms(rt) == []


def test_a_report_is_told_once_however_much_more_is_said_of_it(rt: Runtime) -> None:
    hear(rt, ON_CALL)
    report = report_of(rt, say(rt, an_sms(FIRE)))
    more = say(rt, an_sms(f"{report.reference} TOLONG apinya makin besar, masih ada orang terjebak di dalam rumah"))
    assert report_of(rt, more).id == report.id
    assert len(alarms(rt)) == 1


def test_where_the_regency_named_nobody_or_is_not_known_the_central_desk_is_told(rt: Runtime) -> None:
    hear(rt, Hearer(OFFICER, "sms", "+6281100000021"), regency="")
    say(rt, an_sms(FIRE))
    say(rt, a_mail(NOWHERE, subject="Kebakaran"))
    first, second = alarms(rt)
    assert [first[1], second[1]] == ["+6281100000021"] * 2
    assert "Kab. Muara Enim" in first[2]
    assert "wilayah belum jelas" in second[2]


def test_when_the_place_becomes_known_its_people_are_told(rt: Runtime) -> None:
    hear(rt, Hearer(OFFICER, "sms", "+6281100000021"), regency="")
    hear(rt, ON_CALL)
    report = report_of(rt, say(rt, a_mail(NOWHERE, subject="Kebakaran")))
    assert [recipient for _, recipient, _ in alarms(rt)] == ["+6281100000021"]
    with rt.engine.begin() as connection:
        centre = officers.add(
            connection, username="pusat", name="Pusat", password="kata-sandi-contoh", role="central", regency=None
        )
    assert centre is not None
    desk.route(rt, centre, report.reference, regency=MUARA_ENIM)
    assert [recipient for _, recipient, _ in alarms(rt)] == ["+6281100000021", "+6281100000011"]


def test_an_officer_who_sees_danger_calls_the_others(rt: Runtime) -> None:
    hear(rt, ON_CALL)
    report = report_of(rt, say(rt, an_sms()))
    with rt.engine.begin() as connection:
        officer = officers.add(
            connection, username="petugas", name="Petugas", password="kata-sandi-contoh", role="regency",
            regency=MUARA_ENIM,
        )  # fmt: skip
    assert officer is not None
    labels.correct(rt, officer, report.reference, {"urgency": "darurat"})
    assert [recipient for _, recipient, _ in alarms(rt)] == ["+6281100000011"]


def test_of_a_secret_report_neither_topic_nor_village_is_told(rt: Runtime) -> None:
    hear(rt, ON_CALL)
    report = report_of(rt, say(rt, an_sms(f"{FIRE}. Tolong rahasiakan nama saya")))
    assert report.secret
    [(_, _, words)] = alarms(rt)
    assert words == f"SAHUT DARURAT {report.reference}: Kab. Muara Enim. http://127.0.0.1:8080/meja/{report.reference}"


def test_a_leader_is_woken_only_where_nobody_else_can_be_reached(rt: Runtime) -> None:
    hear(rt, Hearer(LEADER, "sms", "+6281100000013"), Hearer(OFFICER, "whatsapp", "+6281100000012"))
    say(rt, an_sms(FIRE))
    assert [recipient for _, recipient, _ in alarms(rt)] == ["+6281100000013"], "there is no WhatsApp here"


def test_nobody_named_is_no_fault(rt: Runtime) -> None:
    report = report_of(rt, say(rt, an_sms(FIRE)))
    assert (report.urgency, report.regency, alarms(rt)) == ("darurat", MUARA_ENIM, [])


def test_in_a_flood_a_person_is_told_that_there_are_more_and_then_left_alone(rt: Runtime) -> None:
    hear(rt, ON_CALL)
    with rt.engine.begin() as connection:
        for number in range(1, alarm.MOST + 3):
            connection.execute(
                text("""insert into report (id, reference, channel, sender, recipient, answerable, state, regency, urgency)
                        values (:id, :ref, 'sms_twilio', '', '', true, 'terdisposisi', :regency, 'darurat')"""),
                {"id": number, "ref": f"R{number:02}-TEST", "regency": MUARA_ENIM},
            )
            alarm.sound(rt, connection, number)
    told = [words for _, _, words in alarms(rt)]
    assert len(told) == alarm.MOST
    assert "R05-TEST" in told[-2]
    assert "banyak laporan" in told[-1]
    assert plan(told[-1]).segments == 1
