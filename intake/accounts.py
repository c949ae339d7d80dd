"""Accounts of officers: invited by a link, given a password by who holds it, closed with what they had in hand given back.

Everything here is written to the audit in the same transaction. What surprises: an account is never deleted, because the
history of reports names it; it is closed. And nobody but its owner ever chooses its password: an admin sends a link.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection, text

from channels.mail_addresses import is_address
from intake import second_factor
from intake.domain.permission import GIVES, NATIONAL, Action, Role
from intake.domain.report import AT_REST
from intake.runtime import Runtime
from intake.storage import (
    attempts,
    audit,
    dispositions,
    officer_links,
    officers,
    regency_settings,
    replies,
    reports,
    sessions,
)
from intake.storage.officer_links import Purpose
from intake.storage.officers import Account, Officer
from intake.understand.locate import regencies

LIVES: Final[dict[Purpose, timedelta]] = {"invite": timedelta(days=3), "reset": timedelta(hours=1)}
#: Letters to one account within about an hour, and of one address.
RESETS_PER_ACCOUNT, RESETS_PER_CALLER = 3, 20
#: Wrong old passwords of who is logged in.
_TRIES_OF_OWN: Final = 10
_USERNAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{2,39}")
_LONGEST_NAME: Final = 80


class NotYourPeople(Exception):
    """No such account, or it is another's to look after: the same to who asks."""


class NotUsable(ValueError):
    """``field`` (``username``, ``taken``, ``name``, ``email``, ``role``, ``regency``, ``unit``) cannot be what it is."""

    def __init__(self, field: str) -> None:
        self.field = field
        super().__init__(field)


class LinkOpensNothing(Exception):
    """Used, too old, or never ours."""


@dataclass(frozen=True, slots=True)
class Draft:
    """Who is to be invited, as typed."""

    username: str
    name: str
    role: str
    regency: str = ""
    unit: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Invited:
    """``link`` is empty when it went by e-mail; else it is to be handed over, and is told this once."""

    officer: Officer
    link: str = ""


def _checked(connection: Connection, draft: Draft, may_give: frozenset[Role], within: str | None) -> Draft:
    """The draft in its form. Raises NotUsable."""
    username, name, email = draft.username.strip().lower(), " ".join(draft.name.split()), draft.email.strip()
    role = next((role for role in may_give if role == draft.role), None)
    if role is None:
        raise NotUsable("role")
    regency = "" if role in NATIONAL else within or draft.regency
    if not _USERNAME.fullmatch(username):
        raise NotUsable("username")
    if not name or len(name) > _LONGEST_NAME:
        raise NotUsable("name")
    if email and not is_address(email):
        raise NotUsable("email")
    if role not in NATIONAL and regency not in regencies():
        raise NotUsable("regency")
    unit = draft.unit if role == "unit" else ""
    if role == "unit" and unit not in regency_settings.taxonomy_of(connection, regency).units:
        raise NotUsable("unit")
    return Draft(username, name, role, regency, unit, email)


def invite(rt: Runtime, by: Officer | None, draft: Draft) -> Invited:
    """Open an account and send its owner a link. ``by`` is None on the command line. Raises NotUsable, NotYourPeople."""
    if by is not None and not by.may(Action.MANAGE_PEOPLE):
        raise NotYourPeople
    may_give = GIVES["central"] if by is None else GIVES[by.role]
    with rt.engine.begin() as connection:
        checked = _checked(connection, draft, may_give, by.regency if by else None)
        made = officers.add(
            connection, username=checked.username, name=checked.name, password=None,
            role=next(role for role in may_give if role == checked.role), regency=checked.regency or None,
            unit=checked.unit or None, email=checked.email or None,
        )  # fmt: skip
        if made is None:
            raise NotUsable("taken")
        audit.write(
            connection, "invited", officer_id=by.id if by else None, about=made.id,
            detail={"role": made.role, "unit": made.unit},
        )  # fmt: skip
        return Invited(made, _give_link(rt, connection, made, "invite", checked.email or None))


def _give_link(rt: Runtime, connection: Connection, officer: Officer, purpose: Purpose, email: str | None) -> str:
    """Make a link and promise the letter with it. Returns the link only when there is no way to send it."""
    number, secret = officer_links.make(connection, officer.id, purpose, lives=LIVES[purpose])
    link = f"{rt.settings.public_url}/meja/kata-sandi?k={secret}"
    channel = next((name for name, found in sorted(rt.channels.items()) if found.medium == "email"), None)
    if channel is None or email is None:
        return link
    words = _INVITATION if purpose == "invite" else _RESET
    replies.promise_reply(
        connection,
        cause=f"account:{number}",
        kind="account",
        report_id=None,
        channel=channel,
        recipient=email,
        sender="",
        subject=_SUBJECTS[purpose],
        text_=words.format(name=officer.name, username=officer.username, link=link),
    )
    return ""


_SUBJECTS: Final[dict[Purpose, str]] = {
    "invite": "Undangan ke meja Sahut",
    "reset": "Kata sandi baru untuk meja Sahut",
}
_INVITATION: Final = """{name}, Anda diundang bekerja di meja Sahut, tempat laporan warga diterima dan dijawab.

Nama pengguna Anda: {username}
Pilih kata sandi Anda di sini, dalam 3 hari, satu kali:

{link}

Jangan teruskan surat ini: siapa yang membuka tautannya lebih dulu, dialah yang memilih kata sandinya.
"""
_RESET: Final = """{name}, ada yang meminta kata sandi baru untuk akun {username} di meja Sahut.

Bila itu Anda, pilih kata sandi baru di sini, dalam 1 jam, satu kali:

{link}

Bila bukan Anda, abaikan surat ini: kata sandi Anda tetap berlaku.
"""


def find_account(connection: Connection, by: Officer, officer_id: int) -> Account:
    """An account this officer looks after. Raises NotYourPeople."""
    found = officers.account(connection, officer_id)
    if found is None or not by.may(Action.MANAGE_PEOPLE) or found.officer.role not in GIVES.get(by.role, frozenset()):
        raise NotYourPeople
    if by.regency is not None and found.officer.regency != by.regency:
        raise NotYourPeople
    return found


def renew_link(rt: Runtime, by: Officer | None, officer_id: int) -> Invited:
    """Send the owner of an account a new link: the invitation again, or for a forgotten password. Raises NotYourPeople."""
    with rt.engine.begin() as connection:
        found = find_account(connection, by, officer_id) if by else officers.account(connection, officer_id)
        if found is None or not found.active:
            raise NotYourPeople
        audit.write(connection, "link_renewed", officer_id=by.id if by else None, about=officer_id)
        return Invited(found.officer, _give_link(rt, connection, found.officer, "invite", found.email))


def ask_reset(rt: Runtime, username: str, *, caller: str | None) -> None:
    """Send a link to who forgot the password. Whether there is such an account, and a mailbox for it, is not told."""
    name = username.replace("\0", "").strip()[:200]
    key = rt.settings.secret_keys[0]
    with rt.engine.begin() as connection:
        whose = attempts.digest_of(key, f"reset:{name.lower()}")
        if attempts.count(connection, "reset", whose) > RESETS_PER_ACCOUNT:
            return
        if caller and attempts.count(connection, "reset_caller", caller) > RESETS_PER_CALLER:
            return
        found = officers.called(connection, name)
        account = officers.account(connection, found.id) if found else None
        if found is None or account is None or not account.email:
            return
        if not any(channel.medium == "email" for channel in rt.channels.values()):
            return
        audit.write(connection, "reset_asked", about=found.id)
        _give_link(rt, connection, found, "reset", account.email)


def choose_password(rt: Runtime, secret: str, password: str) -> Officer:
    """Open a link by choosing a password. All log-ins of before end. Raises LinkOpensNothing, WeakPassword."""
    with rt.engine.begin() as connection:
        officer = officer_links.find(connection, secret)
        if officer is None:
            raise LinkOpensNothing
        officers.set_password(connection, officer, password)  # raises before the link is used up
        if officer_links.use(connection, secret) is None:
            raise LinkOpensNothing
        sessions.end_all(connection, officer.id)
        audit.write(connection, "password_chosen", officer_id=officer.id, about=officer.id)
        return officer


def change_password(rt: Runtime, officer: Officer, *, old: str, new: str, session_id: int) -> bool:
    """A new password for the old one; other log-ins end. False when the old one is wrong. Raises WeakPassword."""
    if not is_password_of(rt, officer, old):
        return False
    with rt.engine.begin() as connection:
        officers.set_password(connection, officer, new)
        officer_links.drop(connection, officer.id)
        sessions.end_all(connection, officer.id, but=session_id)
        audit.write(connection, "password_changed", officer_id=officer.id, about=officer.id)
        return True


def is_password_of(rt: Runtime, officer: Officer, password: str) -> bool:
    """Whether this is the officer's password; tries are counted with those of changing it."""
    whose = attempts.digest_of(rt.settings.secret_keys[0], f"change:{officer.id}")
    with rt.engine.begin() as connection:
        if attempts.recent(connection, "change_password", whose) >= _TRIES_OF_OWN:
            return False
        right = officers.log_in(connection, officer.username, password) is not None
        if not right:
            attempts.count(connection, "change_password", whose)
    return right


def close(rt: Runtime, by: Officer | None, officer_id: int, *, reason: str) -> int:
    """Close an account at once; what it had in hand goes back. Returns how many reports. Raises NotYourPeople.

    Reports the officer took up are nobody's again. When nobody else of the unit is left, its open reports go back to
    the regency's admin. Nobody closes their own account: somebody has to be left to open it again.
    """
    with rt.engine.begin() as connection:
        officer = _to_look_after(connection, by, officer_id)
        if not officers.set_active(connection, officer.id, active=False):
            return 0
        sessions.end_all(connection, officer.id)
        officer_links.drop(connection, officer.id)
        audit.write(
            connection, "account_closed", officer_id=by.id if by else None, about=officer.id, reason=reason
        )  # fmt: skip
        given_back = _let_go(connection, officer, by=by)
    return len(given_back)


def _to_look_after(connection: Connection, by: Officer | None, officer_id: int) -> Officer:
    if by is not None:
        if by.id == officer_id:
            raise NotYourPeople
        return find_account(connection, by, officer_id).officer
    found = officers.read(connection, officer_id)
    if found is None:
        raise NotYourPeople
    return found


def _let_go(connection: Connection, officer: Officer, *, by: Officer | None) -> set[int]:
    """Take out of an officer's hands what is open there. Returns the reports."""
    by_id = by.id if by else None
    held = connection.execute(
        text("""update report set held_by = null where held_by = :id and state <> all(:rest) returning id"""),
        {"id": officer.id, "rest": [str(state) for state in AT_REST]},
    )
    given_back = {int(row.id) for row in held}
    if officer.role == "unit":
        orphaned = connection.execute(
            text("""
                select d.report_id from disposition d join report r on r.id = d.report_id
                where d.ended_at is null and d.unit = :unit and r.regency = :regency and r.state <> all(:rest)
                  and not exists (select 1 from officer o where o.active and o.role = 'unit' and o.unit = :unit
                                  and o.regency = :regency)
            """),
            {"unit": officer.unit, "regency": officer.regency, "rest": [str(state) for state in AT_REST]},
        )
        for row in orphaned.all():
            dispositions.end(connection, row.report_id, officer_id=by_id, why="account_closed", unit=officer.unit)
            given_back.add(int(row.report_id))
    connection.execute(
        text("""delete from reader n using report r
                where r.id = n.report_id and n.officer_id = :id and r.state <> all(:rest)"""),
        {"id": officer.id, "rest": [str(state) for state in AT_REST]},
    )
    for report_id in sorted(given_back):
        reports.record(
            connection, report_id, actor="officer" if by else "system", officer_id=by_id, action="handed_back",
            detail={"officer": officer.name},
        )  # fmt: skip
        audit.write(connection, "report_handed_back", officer_id=by_id, about=officer.id, report_id=report_id)
    return given_back


def open_again(rt: Runtime, by: Officer | None, officer_id: int, *, reason: str) -> Invited:
    """Open a closed account; its owner chooses a new password by a link. Raises NotYourPeople."""
    with rt.engine.begin() as connection:
        officer = _to_look_after(connection, by, officer_id)
        if not officers.set_active(connection, officer.id, active=True):
            raise NotYourPeople
        audit.write(
            connection, "account_opened", officer_id=by.id if by else None, about=officer.id, reason=reason
        )  # fmt: skip
        account = officers.account(connection, officer.id)
        email = account.email if account else None
        return Invited(officer, _give_link(rt, connection, officer, "invite", email))


def forget_second_factor(rt: Runtime, by: Officer | None, officer_id: int, *, reason: str) -> None:
    """For somebody who lost the phone and the paper: back to the password; their log-ins end. Raises NotYourPeople."""
    with rt.engine.begin() as connection:
        officer = _to_look_after(connection, by, officer_id)
        second_factor.turn_off(connection, officer, by=by, reason=reason)
        sessions.end_all(connection, officer.id)
