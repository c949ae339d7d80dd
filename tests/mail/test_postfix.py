"""Real letters through a real Postfix: by LMTP and by the pipe, with us away and back, bounced, and in a loop."""

from __future__ import annotations

import smtplib
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from intake.runtime import Runtime
from tests.factories import CLEAR_TEXT
from tests.gateways.processes import wait_for
from tests.mail.conftest import Post
from tests.mail.house import Kept, serving_web, taking_lmtp, with_mailboxes

pytestmark = pytest.mark.gateways


@pytest.fixture
def house(rt: Runtime, post: Post) -> Kept:
    return Kept(with_mailboxes(rt, smtp_port=post.postfix.port))


def test_a_letter_by_lmtp_is_a_report_and_its_answer_reaches_the_citizen(house: Kept, post: Post) -> None:
    with taking_lmtp(house.rt, post.postfix.lmtp_port):
        post.postfix.send(to="lapor@lapor.test", text=CLEAR_TEXT, sender="siti@citizen.test", subject="Jalan rusak")
        wait_for("the letter", lambda: house.count("report") == 1)
        house.work()
        inbox = post.dovecot.folder / "mail" / "siti@citizen.test"
        wait_for("the answer", lambda: bool(list(inbox.glob("new/*"))))
        (answer,) = (file.read_text() for file in inbox.glob("new/*"))
        assert "Auto-Submitted: auto-replied" in answer
        assert "text/html" in answer
        wait_for("an empty queue", lambda: post.postfix.waiting() == 0)
    assert house.rows("select sender, recipient, subject from message") == [
        ("siti@citizen.test", "lapor@lapor.test", "Jalan rusak")
    ]


def test_another_program_s_letter_with_a_picture(house: Kept, post: Post, tmp_path: Path) -> None:
    """By swaks, which speaks SMTP to Postfix and LMTP to us in its own way."""
    picture = tmp_path / "jalan.png"
    Image.new("RGB", (4, 4), (90, 60, 30)).save(picture)
    letter = (
        "--from", "budi@citizen.test", "--header", "Subject: Jalan rusak", "--body", CLEAR_TEXT,
        "--attach-type", "image/png", "--attach-name", "jalan.png", "--attach", f"@{picture}",
    )  # fmt: skip
    with taking_lmtp(house.rt, post.postfix.lmtp_port):
        swaks("--server", f"127.0.0.1:{post.postfix.port}", "--to", "lapor@lapor.test", *letter)
        wait_for("the letter", lambda: house.count("report") == 1)
        # Straight to our door: for each recipient its own answer.
        said = swaks(
            "--protocol", "LMTP", "--server", f"127.0.0.1:{post.postfix.lmtp_port}",
            "--to", "lapor@lapor.test,tidak.ada@lapor.test", *letter,
        )  # fmt: skip
        assert "250 2.0.0 kept" in said
        assert "550 5.1.1" in said
    house.work()
    assert house.rows("select name, verdict from attachment order by id")[0] == ("jalan.png", "allowed")


def swaks(*arguments: str) -> str:
    done = subprocess.run(["swaks", *arguments], capture_output=True, text=True, check=False, timeout=60)
    return done.stdout


def test_what_comes_while_we_are_away_comes_when_we_are_back(house: Kept, post: Post) -> None:
    for number in range(20):
        post.postfix.send(to="lapor@lapor.test", text=f"{CLEAR_TEXT} ({number})", sender=f"warga{number}@example.id")
    wait_for("a queue", lambda: post.postfix.waiting() == 20)
    assert house.count("message") == 0
    with taking_lmtp(house.rt, post.postfix.lmtp_port):
        post.postfix.try_again()
        wait_for("all letters", lambda: house.count("report") == 20)
        wait_for("an empty queue", lambda: post.postfix.waiting() == 0)
    assert house.count("message") == 20


def test_each_recipient_hears_of_its_own_fate(house: Kept, post: Post) -> None:
    with taking_lmtp(house.rt, post.postfix.lmtp_port), smtplib.LMTP("127.0.0.1", post.postfix.lmtp_port) as session:
        session.ehlo_or_helo_if_needed()
        session.mail("warga@example.id")
        told = [session.rcpt(each)[0] for each in ("lapor@lapor.test", "bupati@lapor.test", "lapor+16.03@lapor.test")]
        assert told == [250, 550, 250]
        letter = b"From: warga@example.id\r\nMessage-ID: <two@example.id>\r\n\r\nJalan rusak\r\n"
        # One answer a recipient (RFC 2033, 4.2); the library reads the first only.
        assert [session.data(letter)[0], session.getreply()[0]] == [250, 250]
    assert {row[0] for row in house.rows("select regency from message")} == {None, "16.03"}


def test_the_database_away_is_a_reason_to_try_again(house: Kept, post: Post) -> None:
    from dataclasses import replace

    from intake.storage.database import open_engine

    away = replace(house.rt, engine=open_engine("postgresql+psycopg://sahut@127.0.0.1:9/sahut?connect_timeout=1"))
    with taking_lmtp(away, post.postfix.lmtp_port), smtplib.LMTP("127.0.0.1", post.postfix.lmtp_port) as session:
        session.ehlo_or_helo_if_needed()
        session.mail("warga@example.id")
        session.rcpt("lapor@lapor.test")
        code, words = session.data(b"From: warga@example.id\r\n\r\nJalan rusak\r\n")
    away.engine.dispose()
    assert code == 451
    assert b"try again" in words


def test_a_letter_by_the_pipe_waits_until_the_web_application_is_there(house: Kept, post: Post) -> None:
    post.postfix.send(to="lapor@pipe.test", text=CLEAR_TEXT)
    wait_for("a deferral", lambda: "sahut" in post.postfix.log() and "status=deferred" in post.postfix.log())
    with serving_web(house.rt, post.web_port):
        post.postfix.try_again()
        wait_for("the letter", lambda: house.count("report") == 1)
        wait_for("an empty queue", lambda: post.postfix.waiting() == 0)
    assert house.rows("select sender, recipient from message") == [("warga@example.id", "lapor@pipe.test")]


def test_a_real_bounce_comes_back_to_its_reply(house: Kept, post: Post) -> None:
    with taking_lmtp(house.rt, post.postfix.lmtp_port):
        post.postfix.send(to="lapor@lapor.test", text=CLEAR_TEXT, sender="hilang@gone.test")
        wait_for("the letter", lambda: house.count("report") == 1)
        house.work()
        wait_for("the bounce", lambda: house.count("message") == 2)
        house.work()
    assert house.rows("select state, error_code from reply") == [("undelivered", "5.1.1")]
    assert house.count("person where unreachable_at is not null and address = 'hilang@gone.test'") == 1
    assert house.count("report") == 1
    assert house.count("reply") == 1


def test_a_holiday_notice_is_recorded_and_not_answered(house: Kept, post: Post) -> None:
    """Twenty letters in our name that do not say they come from a machine: a real Sieve vacation answers each."""
    with taking_lmtp(house.rt, post.postfix.lmtp_port):
        for round_ in range(1, 21):
            post.postfix.send(
                to="cuti@citizen.test", text=f"Apakah sudah diperbaiki? ({round_})", sender="lapor@lapor.test",
                Message_ID=f"<{round_}@lapor.test>",
            )  # fmt: skip
            wait_for("the notice", lambda: house.count("message") == round_)  # noqa: B023 - waited for within the round
            house.work()
        wait_for("an empty queue", lambda: post.postfix.waiting() == 0)
    assert house.rows("select distinct sender, automatic, report_id from message") == [
        ("cuti@citizen.test", "null_sender", None)
    ]
    assert (house.count("report"), house.count("reply")) == (0, 0)


def test_our_answers_are_marked_so_that_a_holiday_notice_stays_away(house: Kept, post: Post) -> None:
    with taking_lmtp(house.rt, post.postfix.lmtp_port):
        post.postfix.send(to="lapor@lapor.test", text=CLEAR_TEXT, sender="cuti@citizen.test")
        wait_for("the letter", lambda: house.count("message") == 1)
        house.work()
        inbox = post.dovecot.folder / "mail" / "cuti@citizen.test"
        wait_for("our answer", lambda: any("auto-replied" in file.read_text() for file in inbox.glob("new/*")))
        wait_for("an empty queue", lambda: post.postfix.waiting() == 0)
    assert house.count("message") == 1


def test_two_robots_end_at_the_guard(house: Kept, post: Post) -> None:
    """A robot that hides what it is and always finds new words: after our limit nothing is said any more."""
    from intake.limits import LIMITS

    with taking_lmtp(house.rt, post.postfix.lmtp_port):
        for round_ in range(20):
            known = house.count("message")
            post.postfix.send(
                to="lapor@lapor.test", text=f"{CLEAR_TEXT}, nomor {round_} {'x' * round_}", sender="robot@citizen.test"
            )
            wait_for("the letter", lambda: house.count("message") > known)  # noqa: B023
            house.work()
        wait_for("an empty queue", lambda: post.postfix.waiting() == 0)
    assert house.count("message") == 20
    assert 0 < house.count("reply") <= LIMITS.per_person_hour + 1


def test_many_letters_while_we_are_away(house: Kept, post: Post) -> None:
    """A shorter form of what ``bench/mail.py`` does with two thousand."""

    def send(number: int) -> None:
        post.postfix.send(to="lapor@lapor.test", text=f"{CLEAR_TEXT} ({number})", sender=f"warga{number}@example.id")

    with ThreadPoolExecutor(4) as pool, taking_lmtp(house.rt, post.postfix.lmtp_port):
        list(pool.map(send, range(30)))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(send, range(30, 120)))
    with taking_lmtp(house.rt, post.postfix.lmtp_port):
        post.postfix.try_again()
        wait_for("all letters", lambda: house.count("report") == 120, seconds=60)
        wait_for("an empty queue", lambda: post.postfix.waiting() == 0)
    assert house.count("message") == 120
