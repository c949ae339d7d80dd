"""Our own letters, signed with DKIM (RFC 6376) when a key is configured, so that others can tell them from forgeries."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from channels.channel import SendFailed
from channels.variables import Variables

# Those that a reader sees or that thread; named twice, From cannot be added to afterwards (RFC 6376, 8.15).
_SIGNED: Final = (
    b"from", b"from", b"to", b"subject", b"date", b"message-id", b"reply-to", b"in-reply-to", b"references",
    b"mime-version", b"content-type", b"content-transfer-encoding", b"auto-submitted", b"list-unsubscribe",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs for one domain with one key."""

    domain: str
    selector: str
    key: bytes = field(repr=False)

    def sign(self, letter: bytes) -> bytes:
        """The letter with a DKIM-Signature on top. Raises SendFailed when the key cannot sign: ours to repair."""
        import dkim  # not needed where no key is configured, and slow to import

        try:
            header = dkim.sign(
                letter,
                self.selector.encode(),
                self.domain.encode(),
                self.key,
                canonicalize=(b"relaxed", b"relaxed"),
                include_headers=list(_SIGNED),
            )
        except Exception as fault:
            raise SendFailed("the DKIM key does not sign", kind="config") from fault
        return bytes(header) + letter


def read_signer(variables: Variables, name: str, *, domain: str) -> Signer | None:
    """The signer of ``selector:/path/to/key.pem`` in this variable, None when it is not set; notes faults."""
    value = variables.text(name)
    if not value:
        return None
    selector, colon, path = value.partition(":")
    if not colon or not selector.replace("-", "").replace("_", "").isalnum() or not path:
        variables.fault(name, "must look like selector:/path/to/private-key.pem")
        return None
    try:
        key = Path(path).read_bytes()
    except OSError:
        variables.fault(name, "names a key file that cannot be read")
        return None
    signer = Signer(domain, selector, key)
    try:
        signer.sign(b"From: x@example.com\r\n\r\nx\r\n")
    except SendFailed:
        variables.fault(name, "names a file that is no private key for DKIM (PEM, RSA)")
        return None
    return signer
