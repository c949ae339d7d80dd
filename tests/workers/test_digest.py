"""Who is told of deadlines, by what, and that nobody is told twice a day."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from channels.gsm import plan
from intake import digest_words
from intake.cli import main
from intake.domain.calendar import ZONES
from intake.domain.deadline import AlarmStep
from intake.runtime import Runtime
from intake.storage import reminders
from intake.storage.outbox import Claim, ClaimLost, Job
from intake.storage.reminders import Due, Hearer, UnusableAddress
from tests.conftest import PUBLIC_URL, SECRET_KEY
from tests.factories import MUARA_ENIM
from tests.fakes import FakeChannel
from workers.remind import send_digest, subject_of

OFFICER, HEAD, LEADER = AlarmStep.REMIND_OFFICER, AlarmStep.REMIND_HEAD, AlarmStep.TELL_LEADER
#: Friday, 15.15 in Muara Enim.
FRIDAY = datetime(2026, 9, 11, 8, 15, tzinfo=UTC)
PUPR, HEALTH = "Dinas Pekerjaan Umum dan Penataan Ruang", "Dinas Kesehatan"


def hear(rt: Runtime, *hearers: Hearer, regency: str = MUARA_ENIM) -> None:
    with rt.engine.begin() as connection:
        for hearer in hearers:
            reminders.add_hearer(connection, regency, hearer)


def noted(
    rt: Runtime, number: int, *steps: AlarmStep, unit: str | None = PUPR, regency: str | None = MUARA_ENIM
) -> str:
    """A report late since Thursday, of which these steps of reminding are noted; its reference."""
    reference = f"R{number:02}-TEST"
    with rt.engine.begin() as connection:
        connection.execute(
            text("""insert into report (id, reference, channel, sender, recipient, answerable, state, regency, unit, topic)
                    values (:id, :ref, 'sms_twilio', '', '', true, 'terdisposisi', :regency, :unit, 'INF.01')
                    on conflict do nothing"""),
            {"id": number, "ref": reference, "regency": regency, "unit": unit},
        )
        connection.execute(
            text("""insert into deadline (report_id, sla_class, calendar_version, next_due, next_clock)
                    values (:id, 'tidak_berkadar', 'x', '2026-09-10 23:59+07', 'first_response') on conflict do nothing"""),
            {"id": number},
        )
        for step in steps:
            connection.execute(
                text("""insert into reminder (report_id, regency, clock, step, due_at)
                        values (:id, :regency, 'first_response', :step, '2026-09-10 23:59+07')"""),
                {"id": number, "regency": regency, "step": step.value},
            )
    return reference


def promised(rt: Runtime, regency: str | None = MUARA_ENIM) -> Claim:
    """The promise of a digest, taken up."""
    with rt.engine.begin() as connection:
        row = connection.execute(
            text("""insert into outbox (job, subject_id, token, held_until, attempts)
                    values ('digest', :id, gen_random_uuid(), now() + interval '1 minute', 1)
                    on conflict (job, subject_id) do update set token = gen_random_uuid() returning subject_id, token"""),
            {"id": subject_of(regency)},
        ).one()
    return Claim(Job.DIGEST, row.subject_id, row.token, 1)


def tell(rt: Runtime, now: datetime = FRIDAY, regency: str | None = MUARA_ENIM) -> None:
    send_digest(replace(rt, clock=lambda: now), promised(rt, regency))


def said(rt: Runtime) -> list[tuple[str, str, str]]:
    """(Channel, to whom, text) of every message of a digest, in order."""
    with rt.engine.connect() as connection:
        rows = connection.execute(text("select channel, recipient, text from reply where kind = 'digest' order by id"))
        return [(row.channel, row.recipient, row.text) for row in rows]


def test_by_letter_sms_and_whatsapp(rt: Runtime) -> None:
    rt = replace(rt, channels={**rt.channels, "whatsapp_twilio": FakeChannel("whatsapp_twilio", "sms")})
    reference = noted(rt, 1, OFFICER, HEAD, LEADER)
    hear(
        rt, Hearer(OFFICER, "email", "petugas@example.id"), Hearer(HEAD, "sms", "0811-0000-0011"),
        Hearer(LEADER, "whatsapp", "+62 811 0000 0012"),
    )  # fmt: skip
    tell(rt)
    by = {channel: (recipient, words) for channel, recipient, words in said(rt)}
    assert {channel: recipient for channel, (recipient, _) in by.items()} == {
        "email_mime": "petugas@example.id", "sms_twilio": "+6281100000011", "whatsapp_twilio": "+6281100000012",
    }  # fmt: skip
    assert all(reference in words for _, words in by.values())
    assert by["sms_twilio"][1] == (
        f"SAHUT Kab. Muara Enim 11-09-2026: 1 terlambat. {reference} (10-09) http://127.0.0.1:8080/meja"
    )


def test_one_person_is_told_once_a_day_however_many_steps_and_units(rt: Runtime) -> None:
    first, second = noted(rt, 1, OFFICER, HEAD), noted(rt, 2, HEAD, LEADER, unit=HEALTH)
    for step in (OFFICER, HEAD, LEADER):
        hear(rt, Hearer(step, "email", "siti@example.id"), Hearer(step, "email", "siti@example.id", HEALTH))
    tell(rt)
    [(_, recipient, letter)] = said(rt)
    assert recipient == "siti@example.id"
    assert (letter.count(f"{first}  "), letter.count(f"{second}  ")) == (1, 1)
    noted(rt, 3, OFFICER)
    tell(rt, FRIDAY + timedelta(hours=1))
    assert len(said(rt)) == 1, "a second digest of the day waits"
    with rt.engine.connect() as connection:
        due = connection.execute(text("select due_at from outbox where job = 'digest'")).scalar_one()
    assert due == datetime(2026, 9, 14, 1, 15, tzinfo=UTC), "Monday, 08.15 in Muara Enim"
    tell(rt, due)
    assert len(said(rt)) == 2
    assert "R03-TEST" in said(rt)[1][2]
    assert first not in said(rt)[1][2], "what was told is not told again"


def test_the_head_of_a_unit_hears_of_this_unit_only(rt: Runtime) -> None:
    roads, health, nobodys = noted(rt, 1, HEAD), noted(rt, 2, HEAD, unit=HEALTH), noted(rt, 3, HEAD, unit=None)
    hear(
        rt, Hearer(HEAD, "email", "pupr@example.id", PUPR), Hearer(HEAD, "email", "dinkes@example.id", HEALTH),
        Hearer(HEAD, "email", "sekda@example.id"),
    )  # fmt: skip
    tell(rt)
    heard = {recipient: {r for r in (roads, health, nobodys) if r in words} for _, recipient, words in said(rt)}
    assert heard == {
        "pupr@example.id": {roads}, "dinkes@example.id": {health}, "sekda@example.id": {roads, health, nobodys},
    }  # fmt: skip


def test_a_worker_that_died_after_telling_tells_nobody_again(rt: Runtime) -> None:
    noted(rt, 1, OFFICER)
    hear(rt, Hearer(OFFICER, "email", "petugas@example.id"))
    claim = promised(rt)
    send_digest(replace(rt, clock=lambda: FRIDAY), claim)
    with pytest.raises(ClaimLost):
        send_digest(replace(rt, clock=lambda: FRIDAY), claim)
    assert len(said(rt)) == 1


def test_what_was_settled_or_went_elsewhere_is_worth_no_line_and_no_message(rt: Runtime) -> None:
    noted(rt, 1, OFFICER)
    noted(rt, 2, OFFICER)
    hear(rt, Hearer(OFFICER, "email", "petugas@example.id"))
    with rt.engine.begin() as connection:
        connection.execute(text("update deadline set next_due = null where report_id = 1"))
        connection.execute(text("update report set regency = '32.01' where id = 2"))
    tell(rt)
    assert said(rt) == []
    noted(rt, 3, OFFICER)
    tell(rt)
    assert len(said(rt)) == 1, "a digest of nothing used up no day"


def test_without_such_a_channel_it_lies_on_the_desk_only(rt: Runtime) -> None:
    noted(rt, 1, OFFICER)
    hear(rt, Hearer(OFFICER, "whatsapp", "0811 0000 0011"))
    tell(rt)
    assert said(rt) == []
    with rt.engine.connect() as connection:
        assert [found.step for found in reminders.of_report(connection, 1)] == ["remind_officer"]


def test_the_central_desk_hears_of_what_no_regency_has(rt: Runtime) -> None:
    reference = noted(rt, 1, OFFICER, regency=None, unit=None)
    hear(rt, Hearer(OFFICER, "email", "pusat@example.id"), regency="")
    tell(rt, regency=None)
    [(_, _, letter)] = said(rt)
    assert letter.startswith("Meja pusat, 11-09-2026")
    assert reference in letter


@pytest.mark.parametrize("many", [1, 2, 5, 500])
def test_an_sms_is_one_part_however_many_reports(many: int) -> None:
    lines = [
        Due(HEAD, f"7K3-QX{n:02}"[:8], "INF.01", PUPR, "finish", FRIDAY + timedelta(days=n - many // 2))
        for n in range(many)
    ]
    words = digest_words.short(
        lines, office="Kab. Hulu Sungai Selatan", zone=ZONES["WITA"], now=FRIDAY,
        public_url="https://lapor.hulusungaiselatankab.go.id",
    )  # fmt: skip
    assert plan(words).segments == 1
    assert words.endswith("https://lapor.hulusungaiselatankab.go.id/meja")
    assert str(many // 2) in words


@pytest.mark.parametrize(
    ("medium", "written"),
    [("sms", "12345"), ("sms", "bupati"), ("whatsapp", "+62"), ("email", "bupati"), ("email", "a@b.id\nBcc: c@d.id")],
)
def test_what_reaches_nobody_is_refused(medium: reminders.Medium, written: str) -> None:
    with pytest.raises(UnusableAddress):
        reminders.usable_address(medium, written)


def test_who_hears_is_set_and_shown_from_the_command_line(rt: Runtime) -> None:
    environ = {"DATABASE_URL": rt.settings.database_url, "PUBLIC_URL": PUBLIC_URL, "SAHUT_SECRET_KEYS": SECRET_KEY}

    def sahut(*words: str) -> Result:
        return CliRunner(env=environ).invoke(main, ["deadlines", *words])

    assert sahut("tell", "16.03", "head", "0811 0000 0011", "--by", "sms", "--unit", HEALTH).exit_code == 0
    assert sahut("tell", "16.03", "leader", "sekda@example.id").exit_code == 0
    assert sahut("who", "16.03").stdout == (
        f"head     sms      +6281100000011  {HEALTH}\nleader   email    sekda@example.id\n"
    )
    assert sahut("tell", "16.03", "head", "12", "--by", "sms").exit_code == 2
    assert sahut("tell", "16.03", "head", "0811 0000 0011", "--by", "sms", "--unit", "Dinas X").exit_code == 1
    assert sahut("tell", "99.99", "head", "a@example.id").exit_code == 1
    assert sahut("tell", "16.03", "leader", "sekda@example.id", "--stop").exit_code == 0
    assert sahut("tell", "16.03", "leader", "sekda@example.id", "--stop").exit_code == 1
    assert [found["by"] for found in json.loads(sahut("who", "16.03", "--json").stdout)] == ["sms"]
