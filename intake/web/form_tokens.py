"""One-time tokens of forms: what makes a form that is sent twice one message.

A token is made with the form and signed by us, so that nobody can choose somebody else's. The id of the message is the
token and a digest of what was sent: the same form with the same words (a double click, a retry after an outage) is the
same message; a form that was changed after going back is a new one, and its words are not swallowed.
"""

from __future__ import annotations

import hashlib
import secrets

from itsdangerous import BadSignature, URLSafeSerializer

from intake.settings import Settings


def _signer(settings: Settings, purpose: str) -> URLSafeSerializer:
    return URLSafeSerializer(list(reversed(settings.secret_keys)), salt=f"sahut:{purpose}")


def make_token(settings: Settings, purpose: str) -> str:
    """A token nobody had before, good for forms of this purpose only."""
    return str(_signer(settings, purpose).dumps(secrets.token_urlsafe(16)))


def read_token(settings: Settings, purpose: str, token: str) -> str | None:
    """The number within; None when it is not ours or was made for something else."""
    try:
        number = _signer(settings, purpose).loads(token)
    except BadSignature:
        return None
    return number if isinstance(number, str) else None


def message_id(number: str, *said: str) -> str:
    """The id of the message that a form with this number and these words is."""
    digest = hashlib.sha256("\0".join(said).encode("utf-8", "replace")).hexdigest()
    return f"{number}.{digest[:24]}"
