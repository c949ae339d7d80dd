"""Twilio's signature on the requests it makes to us.

What surprises:

* Twilio signs the address it was told to call, with or without the port, as it pleases; we try both spellings, here
  and not by ``RequestValidator.validate``, which cuts IPv6 hosts at their first colon, raises on a body that is neither
  form nor hashed, and compares in variable time. What is signed and how is the library's own.
* A webhook signed by a shared key says so in ``X-Twilio-Webhooks-Signature-Settings`` and uses HMAC-SHA256; without
  that header it is the classic HMAC-SHA1 with the account's auth token.
* A body that is not a form is covered only through ``bodySHA256`` in the signed address; without it, it is unsigned.

Source: https://www.twilio.com/docs/usage/security.
"""

from __future__ import annotations

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
    RequestValidator,
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
        form = _SignedForm(request.form)
        given = signature.strip().encode("utf-8", "replace")
        genuine = False
        for secret in secrets:
            signer = RequestValidator(secret)
            for url in _spellings(request.url):
                try:
                    expected = signer.compute_signature(url, form, algorithm)
                except UnicodeEncodeError as fault:
                    raise Forged("form cannot have been signed") from fault
                genuine |= hmac.compare_digest(expected.encode(), given)
        if not genuine:
            raise Forged("signature wrong")

    def _signers(self, settings: str) -> tuple[str, Sequence[str]]:
        """Which algorithm the request claims and which secrets may have made it."""
        parts = [part.partition("=") for part in settings.split(",")]
        claims = {name.strip(): value.strip() for name, _, value in parts}
        algorithm = claims.get("algorithm", "").upper() or HMAC_SHA1
        if algorithm == HMAC_SHA1:
            return HMAC_SHA1, self.auth_tokens
        secret = self.shared_keys.get(claims.get("key", ""))
        if algorithm != HMAC_SHA256 or secret is None:
            raise Forged("signed by a key or an algorithm we do not have")
        return HMAC_SHA256, (secret,)


class _SignedForm:
    """A form as RequestValidator wants it: names, and all values of a name."""

    def __init__(self, fields: Sequence[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in fields:
            self._values.setdefault(name, []).append(value)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def getlist(self, name: str) -> list[str]:
        return self._values[name]


def _check_body_hash(request: InboundRequest) -> None:
    claimed = parse_qs(urlsplit(request.url).query).get("bodySHA256", [])
    actual = hashlib.sha256(request.body).hexdigest()
    if len(claimed) != 1 or not hmac.compare_digest(actual.encode(), claimed[0].lower().encode("utf-8", "replace")):
        raise Forged("body not covered by the signature")


def _spellings(url: str) -> set[str]:
    """The address as configured, with its port and without it: Twilio signs either."""
    parts = urlsplit(url)
    login, at, place = parts.netloc.rpartition("@")
    bare = re.sub(r":[0-9]*$", "", place)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    rest = url.partition("://")[2][len(parts.netloc) :]
    return {url, *(f"{parts.scheme}://{login}{at}{host}{rest}" for host in (bare, f"{bare}:{port}"))}
