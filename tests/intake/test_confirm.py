"""One-time codes by SMS: one part, few, short-lived, never to a number that nobody named, and nothing told to a stranger."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from channels.gsm import plan
from intake import confirm, desk, saying
from intake.confirm import CodeNotSent, code_wording, copy_by_sms, news_wording
from intake.domain.reference import reference_of
from intake.domain.report import State
from intake.receive import receive
from intake.runtime import Runtime
from intake.storage import contacts, officers, people, replies, reports
from intake.storage.officers import Officer
from intake.storage.outbox import Job
from intake.storage.reports import Report
from intake.wording import Wording
from intake.words import languages
from tests.factories import PHONE, a_mail, an_sms
from tests.fakes import FakeChannel
from workers import jobs

CALLER = "a-digest"
OWN = "0811 0000 0012"


def a_web_report(rt: Runtime) -> Report:
    message = replace(an_sms(), sender="web:abc", recipient="")
    received = receive(rt, "web_form", message)
    assert received.remembered is not None
    with rt.engine.connect() as connection:
        return reports.read(connection, received.remembered.message_id)


def an_sms_report(rt: Runtime) -> Report:
    received = receive(rt, "sms_twilio", an_sms())
    assert received.remembered is not None
    with rt.engine.connect() as connection:
        return reports.read(connection, received.remembered.message_id)


def ask(rt: Runtime, report: Report, number: str = OWN, caller: str | None = CALLER) -> str:
    return confirm.send_code(rt, report, number, caller=caller, language="id")


def deliver(rt: Runtime) -> None:
    while jobs.carry_out(rt, Job.DELIVER):
        pass


def code_in(sms: FakeChannel) -> str:
    return str(re.findall(r"\b\d{6}\b", sms.sent[-1].text)[0])


def numbers_of(rt: Runtime, report: Report) -> list[str]:
    with rt.engine.connect() as connection:
        return [contact.address for contact in contacts.of_report(connection, report.id)]


@pytest.mark.parametrize("language", languages())
def test_each_sentence_is_one_sms(language: str) -> None:
    assert plan(code_wording("7K3-QX4M", "123456", language).text).segments == 1
    link = "https://lapor.kabupaten-panjang.example.go.id/lapor/7K3-QX4M?k=" + "a" * 20
    assert plan(news_wording("7K3-QX4M", link, language).text).segments == 1
    assert plan(news_wording("7K3-QX4M", link, language).text).encoding == "gsm7"


def test_the_right_code_confirms_the_number_it_was_sent_to_once(rt: Runtime, sms: FakeChannel) -> None:
    report = a_web_report(rt)
    number = ask(rt, report)
    assert numbers_of(rt, report) == []
    deliver(rt)
    assert [message.to for message in sms.sent] == [number]
    assert confirm.confirm_number(rt, report, f" {code_in(sms)[:3]} {code_in(sms)[3:]} ")
    assert numbers_of(rt, report) == [number]
    assert not confirm.confirm_number(rt, report, code_in(sms))
    with rt.engine.connect() as connection:
        assert connection.execute(text("select count(*) from code")).scalar_one() == 0
        assert "------" in connection.execute(text("select text from reply where kind = 'code'")).scalar_one()


def test_no_code_is_kept_as_it_is(rt: Runtime, sms: FakeChannel) -> None:
    report = a_web_report(rt)
    ask(rt, report)
    deliver(rt)
    with rt.engine.connect() as connection:
        assert code_in(sms) not in connection.execute(text("select digest from code")).scalar_one()
        assert connection.execute(text("select report_id from reply where kind = 'code'")).scalar_one() is None


def test_five_wrong_tries_end_a_code(rt: Runtime, sms: FakeChannel) -> None:
    report = a_web_report(rt)
    ask(rt, report)
    deliver(rt)
    wrong = f"{(int(code_in(sms)) + 1) % 10**6:06}"
    for _ in range(confirm.MOST_TRIES):
        assert not confirm.confirm_number(rt, report, wrong)
    assert not confirm.confirm_number(rt, report, code_in(sms))


def test_a_code_lives_ten_minutes(rt: Runtime, sms: FakeChannel) -> None:
    report = a_web_report(rt)
    ask(rt, report)
    deliver(rt)
    later = replace(rt, clock=lambda: datetime.now(UTC) + timedelta(minutes=10))
    assert not confirm.confirm_number(later, report, code_in(sms))
    assert confirm.confirm_number(rt, report, code_in(sms))


def test_a_new_code_ends_the_one_before(rt: Runtime, sms: FakeChannel) -> None:
    report = a_web_report(rt)
    ask(rt, report)
    deliver(rt)
    first = code_in(sms)
    ask(rt, report)
    deliver(rt)
    assert first == code_in(sms) or not confirm.confirm_number(rt, report, first)
    assert confirm.confirm_number(rt, report, code_in(sms))


def test_a_code_of_one_report_is_none_for_another(rt: Runtime, sms: FakeChannel) -> None:
    one, other = a_web_report(rt), an_sms_report(rt)
    ask(rt, one)
    ask(rt, other, "0811 0000 0013")
    deliver(rt)
    of_one = next(m.text for m in sms.sent if one.reference in m.text)
    of_other = next(m.text for m in sms.sent if other.reference in m.text)
    codes = [re.findall(r"\b\d{6}\b", words)[0] for words in (of_one, of_other)]
    assert codes[0] == codes[1] or not confirm.confirm_number(rt, other, codes[0])
    assert confirm.confirm_number(rt, one, codes[0])


@pytest.mark.parametrize("written", ["1708", "PEMKAB", "021 500 0000", "+1 202 555 0100", "", "0811"])
def test_codes_go_to_mobile_numbers_of_this_country_only(rt: Runtime, sms: FakeChannel, written: str) -> None:
    with pytest.raises(CodeNotSent) as refused:
        ask(rt, a_web_report(rt), written)
    assert refused.value.why == "not_a_mobile"
    deliver(rt)
    assert sms.sent == []


def test_one_number_gets_few_codes_whoever_asks(rt: Runtime, sms: FakeChannel) -> None:
    for number in range(confirm.PER_NUMBER):
        ask(rt, a_web_report_of(rt, number), caller=f"caller {number}")
    with pytest.raises(CodeNotSent) as refused:
        ask(rt, a_web_report_of(rt, 99), caller="another")
    assert refused.value.why == "too_often"
    deliver(rt)
    assert len(sms.sent) == confirm.PER_NUMBER


def test_one_caller_reaches_few_numbers(rt: Runtime, sms: FakeChannel) -> None:
    for number in range(confirm.PER_CALLER):
        ask(rt, a_web_report_of(rt, number), f"0811 0000 1{number:03}")
    with pytest.raises(CodeNotSent):
        ask(rt, a_web_report_of(rt, 99), "0811 0000 1999")
    deliver(rt)
    assert len(sms.sent) == confirm.PER_CALLER


def a_web_report_of(rt: Runtime, number: int) -> Report:
    received = receive(rt, "web_form", replace(an_sms(), sender=f"web:{number}", recipient=""))
    assert received.remembered is not None
    with rt.engine.connect() as connection:
        return reports.read(connection, received.remembered.message_id)


def test_a_house_without_sms_says_so(rt: Runtime) -> None:
    mute = replace(rt, channels={name: channel for name, channel in rt.channels.items() if name != "sms_twilio"})
    with pytest.raises(CodeNotSent) as refused:
        ask(mute, a_web_report(mute))
    assert refused.value.why == "no_sms"


def test_who_said_stop_is_sent_no_code(rt: Runtime, sms: FakeChannel) -> None:
    report = a_web_report(rt)
    with rt.engine.begin() as connection:
        people.opt_out(connection, "sms_twilio", "+6281100000012")
    ask(rt, report)
    deliver(rt)
    assert sms.sent == []


# Copies of answers.


def confirmed(rt: Runtime, sms: FakeChannel) -> Report:
    report = a_web_report(rt)
    ask(rt, report)
    deliver(rt)
    assert confirm.confirm_number(rt, report, code_in(sms))
    sms.sent.clear()
    return report


def copy(rt: Runtime, report: Report, words: str) -> int | None:
    with rt.engine.begin() as connection:
        return copy_by_sms(rt, connection, report, Wording(words), kind="answered", cause="answered:1")


def test_an_answer_goes_to_the_confirmed_number_too_and_once(rt: Runtime, sms: FakeChannel) -> None:
    report = confirmed(rt, sms)
    assert copy(rt, report, "Lubang ditambal hari Senin.") is not None
    assert copy(rt, report, "Lubang ditambal hari Senin.") is None
    deliver(rt)
    ending = f"(Balas: awali dgn {report.reference}, atau lewat halaman laporan)"
    assert [(m.to, m.text) for m in sms.sent] == [
        ("+6281100000012", f"LAPOR {report.reference}: Lubang ditambal hari Senin. {ending}")
    ]


def test_nothing_goes_to_a_number_that_nobody_confirmed(rt: Runtime, sms: FakeChannel) -> None:
    report = a_web_report(rt)
    ask(rt, report)
    deliver(rt)
    sms.sent.clear()
    assert copy(rt, report, "Lubang ditambal hari Senin.") is None
    deliver(rt)
    assert sms.sent == []


@pytest.mark.parametrize(("words", "secret"), [("panjang " * 60, False), ("Lubang ditambal.", True)])
def test_long_words_and_secret_ones_stay_on_the_page(rt: Runtime, sms: FakeChannel, words: str, secret: bool) -> None:
    report = replace(confirmed(rt, sms), secret=secret)
    copy(rt, report, words)
    deliver(rt)
    (said,) = sms.sent
    assert words.split(maxsplit=1)[0] not in said.text
    assert f"/lapor/{report.reference}?k=" in said.text


def an_officer(rt: Runtime) -> Officer:
    with rt.engine.begin() as connection:
        made = officers.add(
            connection, username="pusat", name="Pusat", password="kata-sandi-contoh", role="central", regency=None
        )
    assert made is not None
    return made


def understood(rt: Runtime) -> None:
    while jobs.carry_out(rt, Job.PROCESS):
        pass


def texts_to(sms: FakeChannel, number: str) -> list[str]:
    return [message.text for message in sms.sent if message.to == number]


NUMBER = "+6281100000012"


def test_an_officers_answer_reaches_the_page_and_the_confirmed_number_once_each(rt: Runtime, sms: FakeChannel) -> None:
    report = confirmed(rt, sms)
    understood(rt)
    deliver(rt)
    assert texts_to(sms, NUMBER)[0].startswith(f"LAPOR {report.reference}: Laporan Anda kami terima")
    sms.sent.clear()
    desk.answer(rt, an_officer(rt), report.reference, words="Lubang ditambal hari Senin.")
    deliver(rt)
    [told] = texts_to(sms, NUMBER)
    assert "Lubang ditambal hari Senin." in told
    assert f"awali dgn {report.reference}" in told
    assert plan(told).segments <= 2
    with rt.engine.connect() as connection:
        answers = [r for r in replies.of_report(connection, report.id) if r.kind == "answered"]
    assert sorted(reply.channel for reply in answers) == ["sms_twilio", "web_form"]


def test_the_desk_sees_what_a_copy_costs(rt: Runtime, sms: FakeChannel) -> None:
    report = confirmed(rt, sms)
    assert saying.preview(rt, report, "Lubang ditambal hari Senin.").segments == 2
    assert saying.preview(rt, report, "panjang " * 100).segments == 1  # only that it is there
    assert saying.preview(rt, a_web_report(rt), "Lubang ditambal hari Senin.").segments == 0


def test_what_the_citizen_did_on_the_page_is_not_texted(rt: Runtime, sms: FakeChannel) -> None:
    report = confirmed(rt, sms)
    with rt.engine.begin() as connection:
        assert copy_by_sms(rt, connection, report, Wording("x"), kind="added", cause="added:1") is None


@pytest.mark.parametrize("by_sms_first", [True, False])
def test_who_reported_twice_hears_the_answer_of_merged_reports_once(
    rt: Runtime, sms: FakeChannel, by_sms_first: bool
) -> None:
    by_web = confirmed(rt, sms)
    received = receive(rt, "sms_twilio", an_sms(sender=NUMBER))
    assert received.remembered is not None
    by_sms = received.remembered.message_id
    understood(rt)
    kept, merged = (by_sms, by_web.id) if by_sms_first else (by_web.id, by_sms)
    with rt.engine.begin() as connection:
        reports.step(connection, merged, State.DIGABUNG, actor="officer", action="merged", values={"merged_into": kept})
    deliver(rt)
    sms.sent.clear()
    desk.answer(rt, an_officer(rt), reference_of(kept), words="Lubang ditambal hari Senin.")
    deliver(rt)
    [told] = texts_to(sms, NUMBER)
    assert reference_of(by_sms) in told


def test_who_answers_a_copy_with_the_number_of_the_report_joins_it(rt: Runtime, sms: FakeChannel) -> None:
    report = confirmed(rt, sms)
    understood(rt)
    own = receive(rt, "sms_twilio", an_sms(f"{report.reference} lubangnya masih ada pak", sender=NUMBER)).remembered
    strange = receive(rt, "sms_twilio", an_sms(f"{report.reference} lubangnya masih ada pak")).remembered
    assert own is not None
    assert strange is not None
    assert own.report_id == report.id
    assert strange.report_id != report.id


def test_commands_about_it_may_be_texted_from_the_confirmed_number(rt: Runtime, sms: FakeChannel) -> None:
    report = confirmed(rt, sms)
    understood(rt)
    deliver(rt)
    sms.sent.clear()
    for sender in (NUMBER, PHONE):
        receive(rt, "sms_twilio", an_sms(f"CEK {report.reference}", sender=sender))
    receive(rt, "sms_twilio", an_sms(f"BATAL {report.reference}", sender=NUMBER))
    understood(rt)
    deliver(rt)
    status, withdrawn = texts_to(sms, NUMBER)
    assert report.reference in status
    assert plan(status).segments == plan(withdrawn).segments == 1
    assert "Kab. Muara Enim" not in texts_to(sms, PHONE)[0]
    with rt.engine.connect() as connection:
        assert reports.read(connection, report.id).state is State.DIARSIPKAN


def test_what_is_no_longer_wanted_ends(rt: Runtime, sms: FakeChannel) -> None:
    report = confirmed(rt, sms)
    confirm.stop_copies(rt, report)
    assert copy(rt, report, "Lubang ditambal.") is None


# Opening a report without its link.


def mailbox_code(email: FakeChannel) -> str:
    return str(re.findall(r"\b\d{6}\b", email.sent[-1].text)[0])


def a_report_with_contact(rt: Runtime, contact: str) -> Report:
    message = replace(an_sms(), sender="web:abc", recipient="", extra={"contact": contact})
    received = receive(rt, "web_form", message)
    assert received.remembered is not None
    with rt.engine.connect() as connection:
        return reports.read(connection, received.remembered.message_id)


@pytest.mark.parametrize("written", ["warga@example.id", " Warga@Example.ID "])
def test_who_wrote_a_letter_opens_the_report_by_a_code_in_the_mailbox(
    rt: Runtime, email: FakeChannel, written: str
) -> None:
    kept = receive(rt, "email_mime", a_mail(sender="warga@example.id")).remembered
    assert kept is not None
    reference = reference_of(kept.message_id)
    confirm.send_opening_code(rt, reference, written, caller=CALLER, language="id")
    deliver(rt)
    [letter] = email.sent
    assert (letter.to, letter.subject) == ("warga@example.id", "Kode untuk membuka laporan Anda")
    opened = confirm.open_by_code(rt, reference, mailbox_code(email), caller=CALLER)
    assert opened is not None
    assert opened.id == kept.message_id


def test_the_contact_of_the_form_gets_the_code_and_no_other_does(
    rt: Runtime, sms: FakeChannel, email: FakeChannel
) -> None:
    by_mail, by_phone = a_report_with_contact(rt, "warga@example.id"), a_report_with_contact(rt, "0811 0000 0012")
    for report, asked in (
        (by_mail, "lain@example.id"), (by_mail, OWN), (by_phone, "warga@example.id"), (by_phone, "0811 0000 0013"),
        (a_report_with_contact(rt, "rumah nomor tiga"), "rumah nomor tiga"), (a_web_report(rt), ""),
    ):  # fmt: skip
        confirm.send_opening_code(rt, report.reference, asked, caller=None, language="id")
    deliver(rt)
    assert (sms.sent, email.sent) == ([], [])
    confirm.send_opening_code(rt, by_mail.reference, "warga@example.id", caller=None, language="id")
    confirm.send_opening_code(rt, by_phone.reference, OWN, caller=None, language="id")
    deliver(rt)
    assert [message.to for message in (*email.sent, *sms.sent)] == ["warga@example.id", NUMBER]


def test_a_mailbox_is_not_flooded_with_codes(rt: Runtime, email: FakeChannel) -> None:
    report = a_report_with_contact(rt, "warga@example.id")
    for _ in range(confirm.PER_NUMBER + 2):
        confirm.send_opening_code(rt, report.reference, "warga@example.id", caller=None, language="id")
    deliver(rt)
    assert len(email.sent) <= confirm.PER_NUMBER


@pytest.mark.parametrize("language", languages())
def test_the_letter_with_a_code_names_code_and_report(language: str) -> None:
    letter = confirm.code_letter("7K3-QX4M", "123456", language)
    assert "123456" in letter.text
    assert "7K3-QX4M" in letter.text
    assert letter.subject


def test_the_reporter_opens_a_report_by_a_code_to_the_own_number(rt: Runtime, sms: FakeChannel) -> None:
    report = an_sms_report(rt)
    confirm.send_opening_code(rt, report.reference.lower(), PHONE, caller=CALLER, language="id")
    deliver(rt)
    assert sms.sent[-1].to == PHONE
    opened = confirm.open_by_code(rt, report.reference, code_in(sms), caller=CALLER)
    assert opened is not None
    assert opened.id == report.id
    assert confirm.open_by_code(rt, report.reference, code_in(sms), caller=CALLER) is None


def test_a_stranger_learns_nothing_and_nobody_is_sent_anything(rt: Runtime, sms: FakeChannel) -> None:
    report = an_sms_report(rt)
    for reference, number in (
        (report.reference, "0811 0000 0099"),
        ("7K3-QX4M", PHONE),
        ("nonsense", PHONE),
        (report.reference, "not a number"),
    ):
        confirm.send_opening_code(rt, reference, number, caller=CALLER, language="id")
        assert confirm.open_by_code(rt, reference, "123456", caller=CALLER) is None
    deliver(rt)
    assert sms.sent == []


def test_asking_too_often_is_refused_alike_whether_there_is_a_report_or_not(rt: Runtime) -> None:
    report = an_sms_report(rt)
    for reference, caller in ((report.reference, "one"), ("7K3-QX4M", "other")):
        told = []
        for _ in range(confirm.PER_CALLER + 1):
            try:
                confirm.send_opening_code(rt, reference, "0811 0000 0099", caller=caller, language="id")
                told.append("")
            except CodeNotSent as refused:
                told.append(refused.why)
        assert told == [""] * confirm.PER_CALLER + ["too_often"]


def test_guessing_codes_ends_before_it_gets_anywhere(rt: Runtime, sms: FakeChannel) -> None:
    report = an_sms_report(rt)
    for round_ in range(4):
        if round_ < confirm.PER_NUMBER:
            confirm.send_opening_code(rt, report.reference, PHONE, caller=None, language="id")
            deliver(rt)
        wrong = f"{(int(code_in(sms)) + 1) % 10**6:06}"
        for _ in range(confirm.MOST_TRIES):
            assert confirm.open_by_code(rt, report.reference, wrong, caller=None) is None
    with rt.engine.connect() as connection:
        tries = connection.execute(text("select sum(times) from attempt where what = 'code_try'")).scalar_one()
    assert tries == 20
    assert confirm.open_by_code(rt, report.reference, code_in(sms), caller=None) is None
