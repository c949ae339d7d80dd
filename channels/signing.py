"""The one signature scheme we make and check ourselves: ``X-Sahut-Signature: t=<unix seconds>,v1=<hex>``.

``v1`` is HMAC-SHA256 over the bytes of ``t``, a full stop and the raw body. The moment is part of what is signed, so an
old request cannot be sent again for ever; the header may hold several ``v1``, so that the signer can rotate its secret.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable

from channels.channel import Forged

SIGNATURE_HEADER = "X-Sahut-Signature"
OLDEST_SIGNATURE_SECONDS = 600
_UNIX_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)


def _compute(secret: str, moment: str, body: bytes) -> str:
    return hmac.new(secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()


def sign(body: bytes, *, secret: str, at: float) -> str:
    """The header value for this body, signed at ``at`` (unix seconds)."""
    moment = str(int(at))
    return f"t={moment},v1={_compute(secret, moment, body)}"


def check_signature(value: str, body: bytes, *, secrets: Iterable[str], now: float) -> None:
    """Return when one of ``secrets`` signed this body at most ten minutes from ``now``; raise Forged otherwise."""
    fields = [field.strip().partition("=") for field in value.split(",")]
    moments = [content for name, _, content in fields if name == "t"]
    signatures = [content for name, _, content in fields if name == "v1"]
    if len(moments) != 1 or not signatures or not _UNIX_SECONDS.fullmatch(moments[0]):
        raise Forged("signature header unreadable")
    if abs(now - int(moments[0])) > OLDEST_SIGNATURE_SECONDS:
        raise Forged("signature too old")
    genuine = False
    for secret in secrets:
        expected = _compute(secret, moments[0], body).encode()
        for signature in signatures:
            genuine |= hmac.compare_digest(expected, signature.lower().encode("utf-8", "replace"))
    if not genuine:
        raise Forged("signature wrong")
