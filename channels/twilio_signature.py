"""Twilio's signature on the requests it makes to us.

What surprises:

* Twilio signs the address it was told to call, with or without the port, as it pleases; we try both spellings, here
  and not by ``RequestValidator.validate``, which cuts IPv6 hosts at their first colon, raises on a body that is neither
  form nor hashed, compares in variable time, and takes four times as long. A test holds us to what the library signs.
* A webhook signed by a shared key says so in ``X-Twilio-Webhooks-Signature-Settings`` and uses HMAC-SHA256; without
  that header it is the classic HMAC-SHA1 with the account's auth token.
* A body that is not a form is covered only through ``bodySHA256`` in the signed address; without it, it is unsigned.

Source: https://www.twilio.com/docs/usage/security.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from twilio.request_validator import (  # type: ignore[import-untyped]
    HMAC_SHA1,
    HMAC_SHA256,
    SIGNATURE_HEADER,
    SIGNATURE_SETTINGS_HEADER,
)

from channels.channel import Forged
from channels.messages import InboundRequest


@dataclass(frozen=True)
class TwilioSignature:
    """The secrets Twilio may sign with: the account's tokens (several while one is rotated), and shared keys by id."""

    auth_tokens: Sequence[str] = field(repr=False)
    shared_keys: Mapping[str, str] = field(repr=False, default_factory=dict)

    def check(self, request: InboundRequest) -> None:
        """Return when Twilio signed the address and the form (or the body's hash); raise Forged otherwise."""
        signature = request.headers.get(SIGNATURE_HEADER, "")
        if not signature:
            raise Forged("no signature")
        algorithm, secrets = self._signers(request.headers.get(SIGNATURE_SETTINGS_HEADER, ""))
        if request.body and not request.form:
            _check_body_hash(request)
        given = signature.strip().encode("utf-8", "replace")
        try:
            form = _signed_form(request.form)
            # Which spelling it was may be told by the time it takes; the comparison itself tells nothing.
            for url in _spellings(request.url):
                signed = url.encode() + form
                for secret in secrets:
                    expected = base64.b64encode(hmac.digest(secret.encode(), signed, algorithm))
                    if hmac.compare_digest(expected, given):
                        return
        except UnicodeEncodeError as fault:
            raise Forged("form cannot have been signed") from fault
        raise Forged("signature wrong")

    def _signers(self, settings: str) -> tuple[str, Sequence[str]]:
        """Which algorithm the request claims and which secrets may have made it."""
        parts = [part.partition("=") for part in settings.split(",")]
        claims = {name.strip(): value.strip() for name, _, value in parts}
        algorithm = claims.get("algorithm", "").upper() or HMAC_SHA1
        if algorithm == HMAC_SHA1:
            return "sha1", self.auth_tokens
        secret = self.shared_keys.get(claims.get("key", ""))
        if algorithm != HMAC_SHA256 or secret is None:
            raise Forged("signed by a key or an algorithm we do not have")
        return "sha256", (secret,)


def _signed_form(fields: Sequence[tuple[str, str]]) -> bytes:
    """What is signed behind the address: every name and value once, in order, without anything in between."""
    return "".join([name + value for name, value in sorted(set(fields))]).encode()


def _check_body_hash(request: InboundRequest) -> None:
    claimed = parse_qs(urlsplit(request.url).query).get("bodySHA256", [])
    actual = hashlib.sha256(request.body).hexdigest()
    if len(claimed) != 1 or not hmac.compare_digest(actual.encode(), claimed[0].lower().encode("utf-8", "replace")):
        raise Forged("body not covered by the signature")


def _spellings(url: str) -> Iterator[str]:
    """The address as configured, without its port and with it: Twilio signs either."""
    yield url
    parts = urlsplit(url)
    login, at, place = parts.netloc.rpartition("@")
    bare = re.sub(r":[0-9]*$", "", place)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    rest = url.partition("://")[2][len(parts.netloc) :]
    for host in (bare, f"{bare}:{port}"):
        yield f"{parts.scheme}://{login}{at}{host}{rest}"
