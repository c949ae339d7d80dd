"""Accounts: invited by a link, looked after by the right people, closed with what they had in hand given back."""

from __future__ import annotations

import re
import threading
from datetime import timedelta

import pytest
from sqlalchemy import text

from intake import accounts, desk, disposition, report_file
from intake.accounts import Draft, LinkOpensNothing, NotUsable, NotYourPeople
from intake.domain.password import WeakPassword
from intake.domain.permission import ROLES, Role
from intake.receive import receive
from intake.report_file import NotYours
from intake.runtime import Runtime
from intake.storage import audit, dispositions, officers, reports, sessions
from intake.storage.officers import Officer
from intake.storage.outbox import Job
from intake.storage.sessions import Limits
from tests.factories import MUARA_ENIM, an_sms
from tests.fakes import FakeChannel
from workers import jobs

BOGOR = "32.01"
CHOSEN = "kelapa muda tiga butir"
LONG = Limits(timedelta(hours=1), timedelta(hours=12))


def an_officer(rt: Runtime, username: str, role: Role, regency: str | None, unit: str | None = None) -> Officer:
    with rt.engine.begin() as connection:
        made = officers.add(
            connection, username=username, name=username.title(), password="an invented password", role=role,
            regency=regency, unit=unit, email=f"{username}@example.id",
        )  # fmt: skip
    assert made is not None
    return made


@pytest.fixture
def central(rt: Runtime) -> Officer:
    return an_officer(rt, "pusat", "central", None)


@pytest.fixture
def admin(rt: Runtime) -> Officer:
    return an_officer(rt, "muaraenim", "regency", MUARA_ENIM)


def secret_of(link: str) -> str:
    return link.partition("?k=")[2]


def letters(rt: Runtime, email: FakeChannel) -> list[str]:
    while jobs.carry_out(rt, Job.DELIVER):
        pass
    return [message.text for message in email.sent]


def kinds(rt: Runtime) -> list[str]:
    with rt.engine.connect() as connection:
        return [line.kind for line in reversed(audit.read(connection, regency=None))]


def test_who_is_invited_gets_a_letter_chooses_a_password_and_comes_in(
    rt: Runtime, email: FakeChannel, admin: Officer
) -> None:
    made = accounts.invite(
        rt, admin, Draft("Budi.S", " Budi  S. ", "unit", BOGOR, "PUPR", "budi@example.id")
    )  # fmt: skip
    assert (made.officer.username, made.officer.name, made.link) == ("budi.s", "Budi S.", "")
    assert made.officer.regency == MUARA_ENIM, "an admin invites for the own regency, whatever was typed"
    [letter] = letters(rt, email)
    assert email.sent[0].to == "budi@example.id"
    found = re.search(r"http\S+\?k=(\S+)", letter)
    assert found is not None
    with rt.engine.begin() as connection:
        assert officers.log_in(connection, "budi.s", "") is None
        kept = connection.execute(text("select string_agg(l::text, '') from officer_link l")).scalar_one()
    assert found[1] not in kept
    with pytest.raises(WeakPassword):
        accounts.choose_password(rt, found[1], "pendek")
    assert accounts.choose_password(rt, found[1], CHOSEN) == made.officer, "a weak one did not use up the link"
    with pytest.raises(LinkOpensNothing):
        accounts.choose_password(rt, found[1], "sandal jepit di atas genteng")
    with rt.engine.begin() as connection:
        assert officers.log_in(connection, "budi.s", CHOSEN) == made.officer
    assert kinds(rt) == ["invited", "password_chosen"]


def test_without_a_mailbox_the_link_is_handed_over(rt: Runtime, central: Officer) -> None:
    made = accounts.invite(rt, central, Draft("ina", "Ina", "inspector", MUARA_ENIM))
    assert made.link.startswith(f"{rt.settings.public_url}/meja/kata-sandi?k=")
    assert accounts.choose_password(rt, secret_of(made.link), CHOSEN) == made.officer


def test_a_link_dies_of_age_and_by_the_next_one(rt: Runtime, central: Officer) -> None:
    made = accounts.invite(rt, central, Draft("ina", "Ina", "leader", MUARA_ENIM))
    again = accounts.renew_link(rt, central, made.officer.id)
    with pytest.raises(LinkOpensNothing):
        accounts.choose_password(rt, secret_of(made.link), CHOSEN)
    with rt.engine.begin() as connection:
        connection.execute(text("update officer_link set expires_at = now() - interval '1 second'"))
    with pytest.raises(LinkOpensNothing):
        accounts.choose_password(rt, secret_of(again.link), CHOSEN)


def test_two_who_open_one_link_at_once_choose_one_password(rt: Runtime, central: Officer) -> None:
    made = accounts.invite(rt, central, Draft("ina", "Ina", "leader", MUARA_ENIM))
    outcomes: list[str] = []

    def open_it(password: str) -> None:
        try:
            accounts.choose_password(rt, secret_of(made.link), password)
            outcomes.append(password)
        except LinkOpensNothing:
            outcomes.append("")

    threads = [threading.Thread(target=open_it, args=(f"{CHOSEN} nomor {n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    chosen = [each for each in outcomes if each]
    assert len(chosen) == 1
    with rt.engine.begin() as connection:
        assert officers.log_in(connection, "ina", chosen[0]) == made.officer


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (Draft("x", "X", "leader", MUARA_ENIM), "username"),
        (Draft("a b c", "X", "leader", MUARA_ENIM), "username"),
        (Draft("muaraenim", "X", "leader", MUARA_ENIM), "taken"),
        (Draft("xyz", "  ", "leader", MUARA_ENIM), "name"),
        (Draft("xyz", "X", "leader", MUARA_ENIM, email="x@y\nBcc: z@example.id"), "email"),
        (Draft("xyz", "X", "raja", MUARA_ENIM), "role"),
        (Draft("xyz", "X", "leader", "99.99"), "regency"),
        (Draft("xyz", "X", "unit", MUARA_ENIM), "unit"),
        (Draft("xyz", "X", "unit", MUARA_ENIM, "TIDAK-ADA"), "unit"),
    ],
)
def test_what_cannot_be_an_account_is_told_by_its_field(
    rt: Runtime, central: Officer, admin: Officer, draft: Draft, field: str
) -> None:
    with pytest.raises(NotUsable) as wrong:
        accounts.invite(rt, central, draft)
    assert wrong.value.field == field


def test_nobody_gives_a_role_or_looks_after_people_beyond_their_own(
    rt: Runtime, central: Officer, admin: Officer
) -> None:
    for role in ("central", "operator"):
        with pytest.raises(NotUsable):
            accounts.invite(rt, admin, Draft("xyz", "X", role))
    stranger = an_officer(rt, "bogor", "regency", BOGOR)
    operator = an_officer(rt, "operator", "operator", None)
    unit = an_officer(rt, "pupr", "unit", MUARA_ENIM, "PUPR")
    for by, whom in ((admin, central), (admin, stranger), (admin, operator), (stranger, unit), (unit, admin)):
        for doing in (
            lambda by, whom: accounts.renew_link(rt, by, whom.id),
            lambda by, whom: accounts.close(rt, by, whom.id, reason="x"),
            lambda by, whom: accounts.forget_second_factor(rt, by, whom.id, reason="x"),
        ):
            with pytest.raises(NotYourPeople):
                doing(by, whom)
    with pytest.raises(NotYourPeople):
        accounts.close(rt, admin, admin.id, reason="x")
    with pytest.raises(NotYourPeople):
        accounts.renew_link(rt, central, 2**40)
    for role in set(ROLES) - {"central", "regency"}:
        assert not an_officer(rt, f"as-{role}", role, None if role == "operator" else BOGOR, "DLH").may("manage_people")


def test_a_forgotten_password_is_never_told_apart_from_no_account(
    rt: Runtime, email: FakeChannel, admin: Officer
) -> None:
    for name in ("nobody", "muaraenim"):
        accounts.ask_reset(rt, name, caller=None)
    [letter] = letters(rt, email)
    found = re.search(r"\?k=(\S+)", letter)
    assert found is not None
    with rt.engine.begin() as connection:
        secret = sessions.begin(connection, admin.id, browser="")
    accounts.choose_password(rt, found[1], CHOSEN)
    with rt.engine.begin() as connection:
        assert sessions.find(connection, secret, LONG) is None, "whoever was in is out"
    for _ in range(accounts.RESETS_PER_ACCOUNT + 2):
        accounts.ask_reset(rt, "muaraenim", caller=None)
    assert len(letters(rt, email)) == accounts.RESETS_PER_ACCOUNT, "nobody's mailbox is flooded"


def test_a_changed_password_ends_the_other_log_ins(rt: Runtime, admin: Officer) -> None:
    with rt.engine.begin() as connection:
        here, there = (sessions.begin(connection, admin.id, browser="") for _ in range(2))
        present = sessions.find(connection, here, LONG)
    assert present is not None
    change = {"new": CHOSEN, "session_id": present.session_id}
    assert not accounts.change_password(rt, admin, old="wrong", **change)  # type: ignore[arg-type]
    assert accounts.change_password(rt, admin, old="an invented password", **change)  # type: ignore[arg-type]
    with rt.engine.begin() as connection:
        assert sessions.find(connection, here, LONG)
        assert sessions.find(connection, there, LONG) is None


# What a closed account had in hand.


@pytest.fixture
def reference(rt: Runtime, admin: Officer) -> str:
    kept = receive(rt, "sms_twilio", an_sms()).remembered
    assert kept is not None
    jobs.carry_out(rt, Job.PROCESS)
    with rt.engine.connect() as connection:
        return reports.read(connection, kept.message_id).reference


def test_a_closed_account_is_out_at_once_and_lets_go_of_its_reports(
    rt: Runtime, admin: Officer, reference: str
) -> None:
    first, second = (
        an_officer(rt, "satu", "unit", MUARA_ENIM, "PUPR"),
        an_officer(rt, "dua", "unit", MUARA_ENIM, "PUPR"),
    )
    disposition.dispose(rt, admin, reference, units=["PUPR"])
    report = desk.take_up(rt, first, reference)
    with rt.engine.begin() as connection:
        secret = sessions.begin(connection, first.id, browser="")
    assert accounts.close(rt, admin, first.id, reason="pindah tugas") == 1
    with rt.engine.begin() as connection:
        assert sessions.find(connection, secret, LONG) is None
        assert officers.log_in(connection, "satu", "an invented password") is None
        assert dispositions.units_of(connection, report.id) == ["PUPR"], "a colleague still has it"
        held = connection.execute(text("select held_by from report")).scalar_one()
        assert held is None
        assert reports.history_of(connection, report.id)[-1].action == "handed_back"
    assert accounts.close(rt, admin, second.id, reason="pensiun") == 1
    with rt.engine.connect() as connection:
        assert dispositions.units_of(connection, report.id) == [], "nobody is left: back to the admin of the regency"
        report_file.find(connection, admin, reference)
        last = audit.read(connection, regency=MUARA_ENIM)
    assert [line.kind for line in last[:2]] == ["report_handed_back", "account_closed"]
    assert last[1].reason == "pensiun"
    assert accounts.close(rt, admin, second.id, reason="pensiun") == 0, "closed is closed"


def test_an_account_that_opens_again_has_no_old_password_and_no_old_report(
    rt: Runtime, email: FakeChannel, admin: Officer, reference: str
) -> None:
    unit = an_officer(rt, "satu", "unit", MUARA_ENIM, "PUPR")
    disposition.dispose(rt, admin, reference, units=["PUPR"])
    accounts.close(rt, admin, unit.id, reason="cuti")
    accounts.open_again(rt, admin, unit.id, reason="kembali")
    with rt.engine.connect() as connection, pytest.raises(NotYours):
        report_file.find(connection, unit, reference)
    assert "diundang" in letters(rt, email)[-1]
    with pytest.raises(NotYourPeople):
        accounts.open_again(rt, admin, unit.id, reason="sekali lagi")
