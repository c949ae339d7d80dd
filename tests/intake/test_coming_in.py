"""Who is let in, how often one may try, and why no stranger can shut an officer out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from sqlalchemy import text

from intake import coming_in, second_factor
from intake.coming_in import PER_ACCOUNT, PER_BROWSER, PER_CALLER, PER_CODE, Visitor
from intake.runtime import Runtime
from intake.storage import audit, officers, sessions
from intake.storage.officers import Officer
from intake.storage.sessions import Limits
from tests.factories import MUARA_ENIM

PASSWORD = "an invented password"
NOON = datetime(2026, 11, 23, 5, 0, 10, tzinfo=UTC)
STRANGER = Visitor()


@pytest.fixture
def officer(rt: Runtime) -> Officer:
    with rt.engine.begin() as connection:
        made = officers.add(
            connection, username="siti", name="Siti", password=PASSWORD, role="regency", regency=MUARA_ENIM
        )
    assert made is not None
    return made


def check(rt: Runtime, password: str = PASSWORD, visitor: Visitor = STRANGER, username: str = "siti") -> Officer | None:
    return coming_in.check(rt, username, password, visitor)


def an_hour_later(rt: Runtime, hours: int = 2) -> None:
    with rt.engine.begin() as connection:
        connection.execute(text("update attempt set since = since - make_interval(hours => :hours)"), {"hours": hours})


def test_too_many_tries_are_refused_for_a_while_and_not_for_good(rt: Runtime, officer: Officer) -> None:
    for _ in range(PER_ACCOUNT):
        assert check(rt, "wrong") is None
    assert check(rt) is None, "the right password is refused, too"
    an_hour_later(rt)
    assert check(rt) == officer


def test_a_stranger_uses_up_the_tries_of_strangers_only(rt: Runtime, officer: Officer) -> None:
    known = Visitor(browser_cookie=coming_in.know_browser(rt.settings, officer))
    for _ in range(PER_ACCOUNT + 3):
        check(rt, "wrong")
    assert check(rt) is None
    assert check(rt, visitor=known) == officer, "the officer's own browser is not the stranger's"


def test_a_known_browser_has_a_count_of_its_own(rt: Runtime, officer: Officer) -> None:
    known = Visitor(browser_cookie=coming_in.know_browser(rt.settings, officer))
    for _ in range(PER_BROWSER):
        check(rt, "wrong", known)
    assert check(rt, visitor=known) is None
    assert check(rt) == officer


def test_the_cookie_of_another_officer_or_of_nobody_is_no_known_browser(rt: Runtime, officer: Officer) -> None:
    other = replace(officer, id=officer.id + 1)
    for cookie in (coming_in.know_browser(rt.settings, other), "invented", ""):
        visitor = Visitor(browser_cookie=cookie)
        for _ in range(PER_ACCOUNT):
            check(rt, "wrong", visitor)
        assert check(rt, visitor=visitor) is None
        an_hour_later(rt)


def test_names_that_do_not_exist_are_counted_alike_and_many_names_by_address(rt: Runtime, officer: Officer) -> None:
    somewhere = Visitor(caller="a digest of a network")
    for n in range(PER_CALLER):
        assert check(rt, "wrong", somewhere, username=f"nobody{n}") is None
    assert check(rt, visitor=somewhere) is None
    assert check(rt, visitor=Visitor(caller="another")) == officer


def test_refusals_are_written_down_without_what_was_typed(rt: Runtime, officer: Officer) -> None:
    check(rt, "a secret that was mistyped")
    with rt.engine.connect() as connection:
        lines = audit.read(connection, regency=MUARA_ENIM)
        kept = connection.execute(text("select string_agg(a::text, ' ') from audit a")).scalar_one()
    assert [(line.kind, line.about) for line in lines] == [("log_in_refused", "Siti")]
    assert "mistyped" not in kept


def test_names_in_capitals_and_zero_bytes_are_no_way_around(rt: Runtime, officer: Officer) -> None:
    for name in ("siti", "SITI", " Siti ", "si\0ti"):
        for _ in range(2):
            check(rt, "wrong", username=name)
    assert check(rt) is None


# Log-ins.

LIMITS = Limits(timedelta(minutes=60), timedelta(hours=12))


def move(rt: Runtime, column: str, back: timedelta) -> None:
    with rt.engine.begin() as connection:
        connection.execute(text(f"update officer_session set {column} = {column} - :back"), {"back": back})


def test_a_log_in_ends_by_rest_and_by_age(rt: Runtime, officer: Officer) -> None:
    with rt.engine.begin() as connection:
        secret = sessions.begin(connection, officer.id, browser="Chrome, Android")
        found = sessions.find(connection, secret, LIMITS)
    assert found is not None
    assert found.officer == officer
    move(rt, "seen_at", timedelta(minutes=59))
    with rt.engine.begin() as connection:
        assert sessions.find(connection, secret, LIMITS), "in time, and that is noted"
    move(rt, "seen_at", timedelta(minutes=59))
    with rt.engine.begin() as connection:
        assert sessions.find(connection, secret, LIMITS)
    move(rt, "seen_at", timedelta(minutes=61))
    with rt.engine.begin() as connection:
        assert sessions.find(connection, secret, LIMITS) is None, "rested too long"
        secret = sessions.begin(connection, officer.id, browser="")
    move(rt, "since", timedelta(hours=12, minutes=1))
    with rt.engine.begin() as connection:
        assert sessions.find(connection, secret, LIMITS) is None, "too old, however busy"


def test_log_ins_are_listed_and_ended_one_by_one_or_all_but_this(rt: Runtime, officer: Officer) -> None:
    with rt.engine.begin() as connection:
        secrets = [sessions.begin(connection, officer.id, browser=name) for name in ("a", "b", "c")]
        listed = sessions.of_officer(connection, officer.id, LIMITS)
        assert {each.browser for each in listed} == {"a", "b", "c"}
        first = sessions.find(connection, secrets[0], LIMITS)
        assert first is not None
        assert not sessions.end(connection, officer.id + 1, first.session_id), "nobody ends another's"
        assert sessions.end_all(connection, officer.id, but=first.session_id) == 2
        assert [bool(sessions.find(connection, each, LIMITS)) for each in secrets] == [True, False, False]
        assert sessions.end(connection, officer.id, first.session_id)
        assert not sessions.end(connection, officer.id, first.session_id)
        kept = str(connection.execute(text("select string_agg(s::text, ' ') from officer_session s")).scalar_one())
        assert not any(secret in kept for secret in secrets)


# The second factor.


@pytest.fixture
def at_noon(rt: Runtime) -> Runtime:
    return replace(rt, clock=lambda: NOON)


def with_code(rt: Runtime, officer: Officer, moment: datetime = NOON) -> tuple[str, list[str]]:
    secret = second_factor.new_secret()
    with rt.engine.begin() as connection:
        codes = second_factor.turn_on(
            connection, rt.settings, officer, secret, str(pyotp.TOTP(secret).at(moment)), moment
        )
    assert codes is not None
    return secret, codes


def test_a_code_is_good_once_and_next_to_its_moment(at_noon: Runtime, officer: Officer) -> None:
    secret, _ = with_code(at_noon, officer, NOON - timedelta(minutes=5))
    maker = pyotp.TOTP(secret)
    assert not coming_in.check_code(at_noon, officer, str(maker.at(NOON - timedelta(seconds=90))))
    assert coming_in.check_code(at_noon, officer, str(maker.at(NOON - timedelta(seconds=30))))
    assert coming_in.check_code(at_noon, officer, f" {str(maker.at(NOON))[:3]} {str(maker.at(NOON))[3:]} ")
    assert not coming_in.check_code(at_noon, officer, str(maker.at(NOON))), "seen over the shoulder"
    assert not coming_in.check_code(at_noon, officer, str(maker.at(NOON - timedelta(seconds=30)))), "nor an older one"


def test_the_code_that_set_it_up_opens_nothing(at_noon: Runtime, officer: Officer) -> None:
    secret, _ = with_code(at_noon, officer)
    assert not coming_in.check_code(at_noon, officer, str(pyotp.TOTP(secret).at(NOON)))


def test_a_wrong_code_sets_nothing_up(at_noon: Runtime, officer: Officer) -> None:
    secret = second_factor.new_secret()
    with at_noon.engine.begin() as connection:
        wrong = f"{(int(pyotp.TOTP(secret).at(NOON)) + 1) % 1_000_000:06}"
        assert second_factor.turn_on(connection, at_noon.settings, officer, secret, wrong, NOON) is None
        account = officers.account(connection, officer.id)
    assert account is not None
    assert not account.has_second_factor


def test_each_code_on_paper_opens_once(at_noon: Runtime, officer: Officer) -> None:
    _, codes = with_code(at_noon, officer)
    assert len(set(codes)) == second_factor.RECOVERY_CODES
    assert coming_in.check_code(at_noon, officer, codes[0].upper().replace("-", " "))
    assert not coming_in.check_code(at_noon, officer, codes[0])
    with at_noon.engine.begin() as connection:
        assert second_factor.recovery_codes_left(connection, officer.id) == len(codes) - 1
        second_factor.make_recovery_codes(connection, at_noon.settings, officer)
    assert not coming_in.check_code(at_noon, officer, codes[1]), "new ones were made"


def test_codes_are_not_guessed(at_noon: Runtime, officer: Officer) -> None:
    secret, codes = with_code(at_noon, officer, NOON - timedelta(minutes=5))
    for _ in range(PER_CODE):
        assert not coming_in.check_code(at_noon, officer, "12345")
    assert not coming_in.check_code(at_noon, officer, str(pyotp.TOTP(secret).at(NOON)))
    assert not coming_in.check_code(at_noon, officer, codes[0])
    an_hour_later(at_noon)
    assert coming_in.check_code(at_noon, officer, str(pyotp.TOTP(secret).at(NOON)))


def test_secrets_lie_sealed_and_survive_a_new_key(at_noon: Runtime, officer: Officer) -> None:
    secret, codes = with_code(at_noon, officer, NOON - timedelta(minutes=5))
    with at_noon.engine.connect() as connection:
        kept = connection.execute(text("select string_agg(o::text, '') from officer o")).scalar_one()
        paper = connection.execute(text("select string_agg(c::text, '') from recovery_code c")).scalar_one()
    assert secret not in kept
    assert not any(code.replace("-", "") in paper for code in codes)
    keys = ("n" * 40, *at_noon.settings.secret_keys)
    rotated = replace(at_noon, settings=replace(at_noon.settings, secret_keys=keys))
    assert coming_in.check_code(rotated, officer, str(pyotp.TOTP(secret).at(NOON)))
    assert coming_in.check_code(rotated, officer, codes[0])
    lost = replace(at_noon, settings=replace(at_noon.settings, secret_keys=("z" * 40,)))
    assert not coming_in.check_code(lost, officer, codes[1])


def test_the_code_for_the_app_names_the_account_and_runs_no_style(officer: Officer) -> None:
    address = second_factor.address_of("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", officer, host="lapor.example.go.id")
    assert address.startswith("otpauth://totp/Sahut:siti%40lapor.example.go.id?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    drawn = second_factor.draw_qr(address)
    assert drawn.startswith("<svg")
    assert "style" not in drawn
