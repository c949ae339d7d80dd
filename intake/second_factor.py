"""The second factor of a log-in: a code of six digits that changes every half minute (TOTP, RFC 6238), from any
authenticator app; and codes on paper for the day the phone is lost.

The secret lies sealed in the database: whoever reads the table alone makes no codes. A code is good once, also within
its half minute: the step it belongs to is remembered by a conditional update.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from datetime import datetime
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from markupsafe import Markup
from sqlalchemy import Connection, text

from intake.settings import Settings
from intake.storage import audit
from intake.storage.officers import Officer

STEP_SECONDS: Final = 30
#: Clocks of phones are seldom wrong by more than one step.
_STEPS_OFF: Final = 1
RECOVERY_CODES: Final = 10
#: Without the letters and digits that are read for each other.
_ALPHABET: Final = "23456789abcdefghjkmnpqrstuvwxyz"
_RECOVERY_LENGTH: Final = 10
_ISSUER: Final = "Sahut"


def _box(settings: Settings) -> MultiFernet:
    """Seals with the first key, opens with each."""
    return MultiFernet(
        [
            Fernet(base64.urlsafe_b64encode(hmac.digest(key.encode(), b"second factor", hashlib.sha256)))
            for key in settings.secret_keys
        ]
    )


def new_secret() -> str:
    """A secret for an app, in base32."""
    import pyotp

    return str(pyotp.random_base32())


def address_of(secret: str, officer: Officer, *, host: str) -> str:
    """What the QR code says (otpauth://)."""
    import pyotp

    return str(pyotp.TOTP(secret).provisioning_uri(name=f"{officer.username}@{host}", issuer_name=_ISSUER))


def draw_qr(address: str) -> Markup:
    """The QR code as an SVG without styles, which our content policy would not let through."""
    import segno

    drawn = segno.make(address, error="m")
    svg = drawn.svg_inline(scale=5, border=4, dark="#000", light="#fff", svgclass=None, lineclass=None)
    return Markup(svg)  # noqa: S704 - squares, and nothing of what is written in them


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """The time step a code belongs to, now or next to now; None when it is wrong."""
    import pyotp

    digits = re.sub(r"\s", "", code)
    if not re.fullmatch(r"[0-9]{6}", digits):
        return None
    this = int(now.timestamp()) // STEP_SECONDS
    maker = pyotp.TOTP(secret)
    right = [
        step
        for step in range(this - _STEPS_OFF, this + _STEPS_OFF + 1)
        if hmac.compare_digest(str(maker.at(step * STEP_SECONDS)), digits)
    ]
    return right[-1] if right else None


def turn_on(
    connection: Connection, settings: Settings, officer: Officer, secret: str, code: str, now: datetime
) -> list[str] | None:
    """Take a secret into use when the code shows that an app has it. Returns codes for paper; None: the code is wrong."""
    step = step_of(secret, code, now)
    if step is None:
        return None
    connection.execute(
        text("""update officer set totp_secret = :sealed, totp_step = :step, totp_since = now() where id = :id"""),
        {"id": officer.id, "sealed": _box(settings).encrypt(secret.encode()).decode(), "step": step},
    )
    audit.write(connection, "second_factor_on", officer_id=officer.id, about=officer.id)
    return make_recovery_codes(connection, settings, officer)


def turn_off(connection: Connection, officer: Officer, *, by: Officer | None, reason: str) -> None:
    """Back to the password alone: the officer's own wish, or an admin's for somebody who lost everything."""
    connection.execute(
        text("update officer set totp_secret = null, totp_step = null, totp_since = null where id = :id"),
        {"id": officer.id},
    )
    connection.execute(text("delete from recovery_code where officer_id = :id"), {"id": officer.id})
    audit.write(
        connection, "second_factor_off", officer_id=by.id if by else None, about=officer.id, reason=reason
    )  # fmt: skip


def make_recovery_codes(connection: Connection, settings: Settings, officer: Officer) -> list[str]:
    """New codes for paper; those of before open nothing any more. They can be shown this once."""
    codes = ["".join(secrets.choice(_ALPHABET) for _ in range(_RECOVERY_LENGTH)) for _ in range(RECOVERY_CODES)]
    connection.execute(text("delete from recovery_code where officer_id = :id"), {"id": officer.id})
    connection.execute(
        text("insert into recovery_code (officer_id, digest) values (:id, :digest)"),
        [{"id": officer.id, "digest": _digest(settings, code)} for code in codes],
    )
    audit.write(connection, "recovery_codes_made", officer_id=officer.id, about=officer.id)
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def recovery_codes_left(connection: Connection, officer_id: int) -> int:
    """How many codes on paper still open this account."""
    return int(
        connection.execute(
            text("select count(*) from recovery_code where officer_id = :id and used_at is null"), {"id": officer_id}
        ).scalar_one()
    )


def _digest(settings: Settings, code: str, key: str | None = None) -> str:
    return hmac.digest((key or settings.secret_keys[0]).encode(), f"recovery:{code}".encode(), hashlib.sha256).hex()


def is_right(connection: Connection, settings: Settings, officer_id: int, typed: str, now: datetime) -> bool:
    """Whether a code opens, from the app or from paper. It opens once."""
    row = connection.execute(
        text("select totp_secret, totp_step from officer where id = :id for update"), {"id": officer_id}
    ).one()
    try:
        secret = _box(settings).decrypt((row.totp_secret or "").encode()).decode()
    except InvalidToken:  # sealed with a key that is gone: only paper helps now
        secret = ""
    step = step_of(secret, typed, now) if secret else None
    if step is not None:
        done = connection.execute(
            text("update officer set totp_step = :step where id = :id and totp_step < :step"),
            {"id": officer_id, "step": step},
        )
        return done.rowcount == 1
    paper = re.sub(r"[^a-z0-9]", "", typed.lower())
    if len(paper) != _RECOVERY_LENGTH:
        return False
    done = connection.execute(
        text("""update recovery_code set used_at = now()
                where officer_id = :id and digest = any(:digests) and used_at is null"""),
        {"id": officer_id, "digests": [_digest(settings, paper, key) for key in settings.secret_keys]},
    )
    if done.rowcount:
        audit.write(connection, "recovery_code_used", officer_id=officer_id, about=officer_id)
    return done.rowcount == 1
