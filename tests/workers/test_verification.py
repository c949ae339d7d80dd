"""How sure the machine has to be is each regency's own to say; so is whether a person of theirs looks first."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from intake import desk, disposition, report_file
from intake.cli import main
from intake.domain.report import State, StepNotAllowed
from intake.receive import receive
from intake.runtime import Runtime
from intake.storage import handovers, officers, regencies, regency_settings, replies, reports
from intake.storage.officers import Officer, Role
from intake.storage.outbox import Job
from intake.storage.reports import Report
from tests.conftest import PUBLIC_URL, SECRET_KEY
from tests.factories import MUARA_ENIM, an_sms
from workers import jobs


def wants(rt: Runtime, *, place: float | None = None, topic: float | None = None, itself: bool = False) -> None:
    with rt.engine.begin() as connection:
        regency_settings.set_verification(connection, MUARA_ENIM, least_place=place, least_topic=topic, itself=itself)


def arrive(rt: Runtime, *more: str) -> Report:
    remembered = receive(rt, "sms_twilio", an_sms()).remembered
    assert remembered is not None
    jobs.carry_out(rt, Job.PROCESS)
    for words in more:
        receive(rt, "sms_twilio", an_sms(words))
        jobs.carry_out(rt, Job.PROCESS)
    return read(rt, remembered.message_id)


def read(rt: Runtime, report_id: int) -> Report:
    with rt.engine.connect() as connection:
        return reports.read(connection, report_id)


def an_officer(rt: Runtime, role: Role = "regency", regency: str | None = MUARA_ENIM) -> Officer:
    with rt.engine.begin() as connection:
        made = officers.add(
            connection,
            username=f"{role}{regency}",
            name="Siti",
            password="kata-sandi-contoh",
            role=role,
            regency=regency,
        )
    assert made is not None
    return made


def why(rt: Runtime, report: Report) -> str:
    with rt.engine.connect() as connection:
        return reports.history_of(connection, report.id)[-1].reason


def heard(rt: Runtime, report: Report) -> list[str]:
    with rt.engine.connect() as connection:
        return [reply.kind for reply in replies.of_report(connection, report.id)]


def handed_over(rt: Runtime, report: Report) -> list[str]:
    with rt.engine.connect() as connection:
        return [each.regency for each in handovers.of_report(connection, report.id)]


def test_sure_enough_goes_to_the_desk_at_once(rt: Runtime) -> None:
    wants(rt, place=0.5, topic=0.1)
    report = arrive(rt)
    assert (report.state, report.regency, why(rt, report)) == (State.TERDISPOSISI, MUARA_ENIM, "wilayah_jelas")


@pytest.mark.parametrize(
    ("place", "topic", "reason"), [(1.0, None, "kurang_yakin_wilayah"), (None, 1.0, "kurang_yakin_topik")]
)
def test_not_sure_enough_goes_to_the_centre_with_its_evidence(
    rt: Runtime, place: float | None, topic: float | None, reason: str
) -> None:
    wants(rt, place=place, topic=topic)
    report = arrive(rt)
    assert (report.state, report.regency, why(rt, report)) == (State.MENUNGGU_VERIFIKASI, None, reason)
    assert heard(rt, report) == ["triage"]
    assert handed_over(rt, report) == []
    with rt.engine.connect() as connection:
        decision = reports.last_decision(connection, report.id)
    assert decision is not None
    assert (decision.action, decision.why) == ("triage", reason)
    assert decision.location["regency"] == MUARA_ENIM, "the candidate is shown to whoever decides"
    assert decision.location["evidence"]


def test_other_regencies_are_not_asked_what_this_one_wants(rt: Runtime) -> None:
    wants(rt, place=1.0)
    remembered = receive(rt, "sms_twilio", an_sms("Jalan rusak di Cibinong Kabupaten Bogor")).remembered
    assert remembered is not None
    jobs.carry_out(rt, Job.PROCESS)
    assert read(rt, remembered.message_id).state is State.TERDISPOSISI


def test_a_regency_that_verifies_itself_has_it_at_its_desk_and_hands_it_on(rt: Runtime) -> None:
    with rt.engine.begin() as connection:
        regencies.configure_desk(connection, MUARA_ENIM, "webhook", {"url": "https://example.id", "secret": "s" * 20})
    wants(rt, itself=True)
    officer = an_officer(rt)
    report = arrive(rt)
    assert (report.state, report.regency) == (State.MENUNGGU_VERIFIKASI, MUARA_ENIM)
    assert heard(rt, report) == ["hand_over"]
    assert handed_over(rt, report) == [], "their system hears of it when one of them has looked"
    with rt.engine.connect() as connection:
        assert report_file.open_file(connection, officer, report.reference).report.id == report.id
    assert {"verify", "send_back", "dispose"} <= report_file.may(report, officer)
    desk.verify(rt, officer, report.reference)
    disposition.dispose(rt, officer, report.reference, units=["PUPR"])
    assert read(rt, report.id).state is State.TERDISPOSISI
    assert handed_over(rt, report) == [MUARA_ENIM]


def test_it_sends_back_what_is_not_theirs_and_the_centre_gets_a_deadline(rt: Runtime) -> None:
    wants(rt, itself=True)
    officer = an_officer(rt)
    report = arrive(rt)
    desk.send_back(rt, officer, report.reference, reason="jalan provinsi")
    now = read(rt, report.id)
    assert (now.state, now.regency) == (State.DIKEMBALIKAN, None)
    with rt.engine.connect() as connection:
        row = connection.execute(text("select next_clock, next_due > now() as ahead from deadline")).one()
        label = connection.execute(text("select field, shown, chosen, decision_id from correction")).one()
    assert row.ahead
    assert row.next_clock in {"verify", "reroute"}
    assert (label.field, label.shown, label.chosen) == ("regency", MUARA_ENIM, None)
    assert label.decision_id is not None


def test_what_no_regency_has_is_sent_back_by_nobody(rt: Runtime) -> None:
    wants(rt, place=1.0)
    report, centre = arrive(rt), an_officer(rt, "central", None)
    assert "send_back" not in report_file.may(report, centre)
    with pytest.raises(StepNotAllowed):
        desk.send_back(rt, centre, report.reference, reason="x")


@pytest.mark.parametrize("setting", [{"itself": True}, {"place": 1.0}])
def test_more_words_while_it_waits_change_no_desk_and_lose_nothing(rt: Runtime, setting: dict[str, object]) -> None:
    wants(rt, **setting)  # type: ignore[arg-type]
    report = arrive(rt, "Lubangnya dekat masjid desa Tegal Rejo kec Lawang Kidul kab Muara Enim pak")
    assert (report.state, report.regency) == (State.MENUNGGU_VERIFIKASI, MUARA_ENIM if "itself" in setting else None)
    with rt.engine.connect() as connection:
        assert connection.execute(text("select count(*) from message where processed_at is null")).scalar_one() == 0
        assert connection.execute(text("select count(*) from outbox where job = 'process'")).scalar_one() == 0


def test_all_of_it_is_set_and_shown_from_the_command_line(rt: Runtime) -> None:
    environ = {"DATABASE_URL": rt.settings.database_url, "PUBLIC_URL": PUBLIC_URL, "SAHUT_SECRET_KEYS": SECRET_KEY}

    def shown(*words: str) -> dict[str, object]:
        result = CliRunner(env=environ).invoke(main, ["regency", "16.03", *words, "--json"])
        assert result.exit_code == 0, result.stderr
        found: dict[str, object] = json.loads(result.stdout)
        return {name: found[name] for name in ("least_place", "least_topic", "own_verification", "reopen_days")}

    defaults = {"least_place": None, "least_topic": None, "own_verification": False, "reopen_days": 60}
    assert shown() == defaults
    assert shown("--least-place", "0.95") == {**defaults, "least_place": 0.95}
    assert shown("--own-verification", "--reopen-days", "30") == {
        **defaults, "least_place": 0.95, "own_verification": True, "reopen_days": 30,
    }  # fmt: skip
    assert shown("--least-place", "0", "--no-own-verification")["least_place"] is None
    assert CliRunner(env=environ).invoke(main, ["regency", "16.03", "--least-place", "95"]).exit_code == 2
