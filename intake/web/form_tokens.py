"""One-time tokens of forms: what makes a form that is sent twice one message.

A token is made with the form and signed by us, so that nobody can choose somebody else's. The id of the message is the
token and a digest of what was sent: the same form with the same words (a double click, a retry after an outage) is the
same message; a form that was changed after going back is a new one, and its words are not swallowed.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from itsdangerous import BadSignature, URLSafeSerializer

from intake.settings import Settings


def _signer(settings: Settings, purpose: str) -> URLSafeSerializer:
    return URLSafeSerializer(list(reversed(settings.secret_keys)), salt=f"sahut:{purpose}")


def make_token(settings: Settings, purpose: str) -> str:
    """A token nobody had before, good for forms of this purpose only."""
    return str(_signer(settings, purpose).dumps(secrets.token_urlsafe(16)))


def read_token(settings: Settings, purpose: str, token: str) -> str | None:
    """The number within; None when it is not ours or was made for something else."""
    number = _read(settings, purpose, token)
    return number if isinstance(number, str) else None


def make_dated_token(settings: Settings, purpose: str, now: datetime) -> str:
    """A token that also knows when its form was opened."""
    return str(_signer(settings, purpose).dumps([secrets.token_urlsafe(16), int(now.timestamp())]))


def read_dated_token(settings: Settings, purpose: str, token: str, now: datetime) -> tuple[str, int] | None:
    """The number and how many seconds ago the form was opened; None when it is not ours."""
    found = _read(settings, purpose, token)
    match found:
        case [str(number), int(opened)]:
            return number, int(now.timestamp()) - opened
        case _:
            return None


def _read(settings: Settings, purpose: str, token: str) -> object:
    try:
        found: object = _signer(settings, purpose).loads(token)
    except BadSignature:
        return None
    return found


def message_id(number: str, *said: str) -> str:
    """The id of the message that a form with this number and these words is."""
    digest = hashlib.sha256("\0".join(said).encode("utf-8", "replace")).hexdigest()
    return f"{number}.{digest[:24]}"
