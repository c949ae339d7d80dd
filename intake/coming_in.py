"""Who is let in at the desk, and how often one may try.

What is wrong is never told: an unknown name, a wrong password, a closed account and too many tries look the same and take
as long. Tries are counted, never blocked for good, and in a way that no stranger can shut an officer out by typing wrong
passwords: a browser in which this officer was logged in before has a count of its own (a signed cookie tells it; OWASP
calls it a device cookie), and a link by e-mail opens a new browser. So a stranger uses up the tries of strangers only.
Counts are by the hour (``storage.attempts``).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final

from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import Connection

from intake import second_factor
from intake.runtime import Runtime
from intake.settings import Settings
from intake.storage import attempts, audit, officers
from intake.storage.attempts import digest_of
from intake.storage.officers import Officer

#: Wrong passwords within about an hour: for one account from browsers nobody knows, from a known browser, and of one
#: address (a whole office may stand behind it).
PER_ACCOUNT, PER_BROWSER, PER_CALLER = 8, 8, 60
#: Wrong codes: who types them has the password already.
PER_CODE: Final = 10
_LONGEST_NAME: Final = 200
_LONGEST_PASSWORD: Final = 1000


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where a log-in comes from: a digest of the network (``web.callers``), and the cookie of a browser known before."""

    caller: str | None = None
    browser_cookie: str = ""


def _signer(settings: Settings) -> URLSafeSerializer:
    return URLSafeSerializer(list(reversed(settings.secret_keys)), salt="sahut:known-browser")


def know_browser(settings: Settings, officer: Officer) -> str:
    """A cookie for a browser in which this officer has shown who they are."""
    return str(_signer(settings).dumps([officer.id, secrets.token_urlsafe(9)]))


def _known_browser(settings: Settings, cookie: str, officer: Officer | None) -> str | None:
    """The number of a browser that is known for this officer; None for strangers, and for other officers' browsers."""
    if officer is None or not cookie:
        return None
    try:
        found = _signer(settings).loads(cookie)
    except BadSignature:
        return None
    match found:
        case [int(officer_id), str(number)] if officer_id == officer.id:
            return number
        case _:
            return None


def check(rt: Runtime, username: str, password: str, visitor: Visitor) -> Officer | None:
    """The officer, or None. A failure is counted and written to the audit in a transaction that stays."""
    name = username.replace("\0", "").strip()[:_LONGEST_NAME]
    key = rt.settings.secret_keys[0]
    with rt.engine.begin() as connection:
        named = officers.called(connection, name)
        browser = _known_browser(rt.settings, visitor.browser_cookie, named)
        whose = digest_of(key, f"browser:{browser}" if browser else f"account:{name.lower()}")
        what, most = ("log_in_known", PER_BROWSER) if browser else ("log_in", PER_ACCOUNT)
        found = officers.log_in(connection, name, password[:_LONGEST_PASSWORD])  # always: it takes its time
        refused = attempts.recent(connection, what, whose) >= most or _too_many_of(connection, visitor.caller)
        if found is not None and not refused:
            return found
        attempts.count(connection, what, whose)
        if visitor.caller:
            attempts.count(connection, "log_in_caller", visitor.caller)
        if named is not None:
            audit.write(connection, "log_in_refused", about=named.id, detail={"too_often": refused})
    return None


def _too_many_of(connection: Connection, caller: str | None) -> bool:
    return caller is not None and attempts.recent(connection, "log_in_caller", caller) >= PER_CALLER


def check_code(rt: Runtime, officer: Officer, code: str) -> bool:
    """Whether this is a right second factor of an officer whose password was right."""
    whose = digest_of(rt.settings.secret_keys[0], f"code:{officer.id}")
    with rt.engine.begin() as connection:
        if attempts.recent(connection, "log_in_code", whose) < PER_CODE and second_factor.is_right(
            connection, rt.settings, officer.id, code, rt.clock()
        ):
            return True
        attempts.count(connection, "log_in_code", whose)
        audit.write(connection, "log_in_refused", about=officer.id, detail={"code": True})
    return False
