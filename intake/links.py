"""Secret links: what lets a citizen see a report on the web. Derived from the report's id and our keys, never stored.

The first key makes links, every key opens them: a new key is put in front and the old one kept as long as its links
shall live.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from intake.settings import Settings

_LENGTH = 20  # characters of base32: 100 bits
_BYTES = 15  # what they are made of, in whole groups of five


def _token(key: str, purpose: str, subject: str) -> str:
    digest = hmac.digest(key.encode(), f"{purpose}:{subject}".encode(), hashlib.sha256)
    return base64.b32encode(digest[:_BYTES]).decode()[:_LENGTH].lower()


def tracking_token(settings: Settings, report_id: int) -> str:
    return _token(settings.secret_keys[0], "lacak", str(report_id))


def opens(settings: Settings, report_id: int, token: str) -> bool:
    """Whether this is the secret of this report, in constant time."""
    given = token.strip().lower().encode()
    right = [hmac.compare_digest(_token(key, "lacak", str(report_id)).encode(), given) for key in settings.secret_keys]
    return any(right)


def tracking_link(settings: Settings, report_id: int, reference: str) -> str:
    """The address of a report's own page, with its secret."""
    return f"{settings.public_url}/lapor/{reference}?k={tracking_token(settings, report_id)}"


def canary_token(settings: Settings, subject: str) -> str:
    """What shows that a message to ourselves is from ourselves (``intake.canary``)."""
    return _token(settings.secret_keys[0], "kanari", subject)


def is_canary_token(settings: Settings, subject: str, token: str) -> bool:
    """Whether one of our keys made it, in constant time."""
    right = [
        hmac.compare_digest(_token(key, "kanari", subject).encode(), token.encode()) for key in settings.secret_keys
    ]
    return any(right)
