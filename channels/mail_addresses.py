"""Addresses in letters: reading them, and our own reply addresses that prove they are ours.

``lapor+<token>.<mac>@example.go.id`` says which report a reply belongs to, and that we said so: ``mac`` is the first 16
characters of the base32 of an HMAC-SHA256. Whoever has not got our letter cannot write into somebody's report by
guessing its number. ``lapor+b<number>.<mac>@`` is the return path of one letter of ours (VERP): what comes back there is
about that letter. Upper and lower case mean the same throughout: mail systems change it, and people retype it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.utils import getaddresses

MAC_CHARACTERS = 16
LONGEST_LOCAL_PART = 64  # RFC 5321, 4.5.3.1.1
_LONGEST_LIST_READ = 20_000
_TOKEN = re.compile(r"[a-z0-9_-]+", re.ASCII)
_BOUNCE_TOKEN = re.compile(r"b[0-9]{1,19}", re.ASCII)
_TAGGED = re.compile(rf"(?P<local>.+)\+(?P<token>[a-z0-9_-]+)\.(?P<mac>[a-z2-7]{{{MAC_CHARACTERS}}})", re.ASCII)
_OWN_ID = re.compile(rf"<(?P<number>[0-9]{{1,19}})\.(?P<mac>[a-z2-7]{{{MAC_CHARACTERS}}})@[^<>\s]+>", re.ASCII)
_ADDRESS = re.compile(r"[^\s@<>\"(),:;\\]+@[^\s@<>\"(),:;\\]+")
_BETWEEN_ADDRESSES = re.compile(r"[\s<>\"(),:;\\]+")


@dataclass(frozen=True, slots=True)
class OwnAddress:
    """One of our addresses as a letter used it: ``plain`` without our reply token, ``token`` in lower case or None."""

    plain: str
    token: str | None


class ReplyAddresses:
    """Makes and recognises our signed reply addresses. The first secret signs, all of them are accepted."""

    def __init__(self, secrets: Sequence[str], *, own: Sequence[str]) -> None:
        self._secrets = secrets
        self._own = tuple(address.lower() for address in own)

    def _mac(self, secret: str, token: str) -> str:
        digest = hmac.new(secret.encode(), b"reply address\n" + token.lower().encode(), hashlib.sha256).digest()
        return base64.b32encode(digest).decode()[:MAC_CHARACTERS].lower()

    def make(self, token: str, *, address: str) -> str:
        """Our address carrying this token. Raises ValueError for a token that does not fit into an address."""
        local, _, domain = address.rpartition("@")
        made = f"{local}+{token.lower()}.{self._mac(self._secrets[0], token)}"
        if not _TOKEN.fullmatch(token.lower()) or len(made) > LONGEST_LOCAL_PART:
            raise ValueError("this token cannot be part of an address")
        return f"{made}@{domain}"

    def read(self, address: str) -> OwnAddress:
        """An address, freed from a token that is truly ours; a wrong mac leaves it as it was."""
        local, at, domain = address.lower().rpartition("@")
        found = _TAGGED.fullmatch(local)
        if found is None:
            return OwnAddress(address, None)
        genuine = False
        for secret in self._secrets:
            genuine |= hmac.compare_digest(self._mac(secret, found["token"]).encode(), found["mac"].encode())
        return OwnAddress(found["local"] + at + domain, found["token"]) if genuine else OwnAddress(address, None)

    def make_id(self, number: str, *, domain: str) -> str:
        """The Message-ID of our letter of this number: stable, and not to be guessed from the number."""
        return f"<{number}.{self._mac(self._secrets[0], 'message id ' + number)}@{domain}>"

    def read_id(self, message_id: str) -> str | None:
        """The number in a Message-ID we made, None in any other. Upper and lower case mean the same."""
        found = _OWN_ID.fullmatch(message_id.lower())
        if found is None:
            return None
        genuine = False
        for secret in self._secrets:
            expected = self._mac(secret, "message id " + found["number"])
            genuine |= hmac.compare_digest(expected.encode(), found["mac"].encode())
        return found["number"] if genuine else None

    def first_token(self, addresses: Iterable[str]) -> str | None:
        """The first genuine token of a report among these addresses."""
        tokens = (self.read(address).token for address in addresses)
        return next((token for token in tokens if token and not _BOUNCE_TOKEN.fullmatch(token)), None)

    def first_returned(self, addresses: Iterable[str]) -> str | None:
        """The number of our letter that came back to its own return path, by the first genuine one of these."""
        tokens = (self.read(address).token for address in addresses)
        return next((token[1:] for token in tokens if token and _BOUNCE_TOKEN.fullmatch(token)), None)

    def is_own(self, address: str) -> bool:
        """Whether this is one of our addresses, whatever follows a plus sign."""
        local, at, domain = address.lower().rpartition("@")
        return local.partition("+")[0] + at + domain in self._own or address.lower() in self._own


def read_addresses(value: str) -> list[tuple[str, str]]:
    """(name, address) of every usable address in a header, lower case. Never raises."""
    if not value:
        return []
    value = value[:_LONGEST_LIST_READ]
    try:
        pairs = getaddresses([value])
    except (ValueError, IndexError, TypeError, RecursionError):
        pairs = []
    readable = [(" ".join(name.split()), address.lower()) for name, address in pairs if _ADDRESS.fullmatch(address)]
    # `Budi <budi@example.id>, PT X <...` with a stray quote: better one address than none.
    return readable or [("", word.lower()) for word in _BETWEEN_ADDRESSES.split(value) if _ADDRESS.fullmatch(word)]


def is_address(text: str) -> bool:
    """Whether this can be written to: one @, nothing that could start another header or command."""
    return bool(_ADDRESS.fullmatch(text)) and text.isprintable()
