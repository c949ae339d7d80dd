"""A report handed over as signed JSON to a regency's own system.

``POST`` with ``X-Sahut-Signature`` (``channels.signing``) over the body and ``Idempotency-Key``: the same key means the
same report, however often it comes. 2xx: taken. 4xx: refused for good (but 408, 425, 429). Anything else: later.

What surprises: the address is typed in by people and leads anywhere, so it must not lead inside. The host is resolved
here, every address it has must be public, and the connection goes to the very address that was checked: a name that
changes its mind between check and call gains nothing. Redirects are answers like others and are never followed.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import socket
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from channels.channel import Misconfigured, SendFailed
from channels.desks.desk import DeskReceipt, HandOver, Happening
from channels.retry_after import read_retry_after
from channels.signing import SIGNATURE_HEADER, sign
from channels.variables import SHORTEST_SECRET_CHARACTERS, is_loopback, split_url

KIND: Final = "webhook"
IDEMPOTENCY_HEADER: Final = "Idempotency-Key"
CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 15.0
LONGEST_ANSWER_BYTES: Final = 64 * 1024
_TRY_AGAIN: Final = frozenset({408, 425, 429})

# Addresses that carry another address inside: a public look, a private destination.
_WRAPPINGS: Final = tuple(
    ipaddress.ip_network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
)


@dataclass(frozen=True)
class WebhookDesk:
    """One regency's receiver. ``secret`` signs; ``allow_loopback`` is for a receiver on this very machine."""

    url: str
    secret: str = field(repr=False)
    allow_loopback: bool = False
    read_seconds: float = READ_SECONDS
    unix_seconds: Callable[[], float] = time.time
    # Only for a receiver with a certificate of its own authority; by default the system's authorities decide.
    trust: ssl.SSLContext | None = field(default=None, repr=False, compare=False)

    def hand_over(self, report: HandOver) -> DeskReceipt:
        """Raises SendFailed."""
        return self._post(describe(report), report.id)

    def tell(self, happening: Happening) -> DeskReceipt:
        """Raises SendFailed. To the same address, signed alike, under a key of its own."""
        return self._post(describe_happening(happening), happening.id)

    def _post(self, said: dict[str, Any], key: str) -> DeskReceipt:
        body = json.dumps(said, ensure_ascii=False).encode("utf-8", "replace")
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Sahut",
            IDEMPOTENCY_HEADER: key,
            SIGNATURE_HEADER: sign(body, secret=self.secret, at=self.unix_seconds()),
        }
        parts = urlsplit(self.url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        with closing(self._connect(parts.scheme, parts.hostname or "", parts.port)) as connection:
            try:
                connection.request("POST", path, body=body, headers=headers)
                answer = connection.getresponse()
                content = answer.read(LONGEST_ANSWER_BYTES)
            except (OSError, http.client.HTTPException) as fault:
                raise SendFailed("connection lost or answer too late", uncertain=True) from fault
            if 200 <= answer.status < 300:
                return DeskReceipt(_their_id(content))
            raise _judge(answer)

    def _connect(self, scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
        port = port or (443 if scheme == "https" else 80)
        places = self._resolve(host, port)
        try:
            sock = socket.create_connection(places[0], timeout=CONNECT_SECONDS)
        except OSError as fault:
            raise SendFailed("connection failed") from fault
        try:
            if scheme == "https":
                sock = (self.trust or ssl.create_default_context()).wrap_socket(sock, server_hostname=host)
            sock.settimeout(self.read_seconds)
        except ssl.SSLError as fault:
            sock.close()
            raise SendFailed("no secure connection", kind="config") from fault
        except OSError as fault:
            sock.close()
            raise SendFailed("connection failed") from fault
        # The name for the Host header; the socket below it is already connected to the address that was checked.
        connection = http.client.HTTPConnection(host, port)
        if port == (443 if scheme == "https" else 80):
            connection.port = connection.default_port
        connection.sock = sock
        return connection

    def _resolve(self, host: str, port: int) -> Sequence[tuple[str, int]]:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as fault:
            raise SendFailed("host name not found") from fault
        addresses = [str(entry[4][0]) for entry in found]
        if not addresses or not all(is_reachable(address, allow_loopback=self.allow_loopback) for address in addresses):
            raise SendFailed("the address leads inside", kind="config")
        return [(address, port) for address in addresses]


def is_reachable(address: str, *, allow_loopback: bool) -> bool:
    """Whether we may call this literal IP address: public ones, and loopback when asked for."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    ip = getattr(ip, "ipv4_mapped", None) or ip
    if ip.is_loopback:
        return allow_loopback
    if any(ip in net for net in _WRAPPINGS if net.version == ip.version):
        return False
    return ip.is_global and not ip.is_multicast


def describe(report: HandOver) -> dict[str, Any]:
    """The JSON a receiver gets: ``{"event": "report.handed_over", "report": {...}}``, moments in ISO 8601."""
    return {"event": "report.handed_over", "report": {**asdict(report), "received_at": report.received_at.isoformat()}}


def describe_happening(happening: Happening) -> dict[str, Any]:
    """The same of an event: ``{"event": "report.withdrawn", "report": {...}}``."""
    said = asdict(happening)
    said["happened_at"] = happening.happened_at.isoformat()
    return {"event": f"report.{said.pop('event')}", "report": said}


def _their_id(content: bytes) -> str:
    """The receiver's own name for the report, when it answers with a JSON object that has an ``id``."""
    try:
        said = json.loads(content)
    except (ValueError, RecursionError):
        return ""
    their_id = said.get("id") if isinstance(said, dict) else None
    return str(their_id)[:200].replace("\x00", "") if isinstance(their_id, str | int) else ""


def _judge(answer: http.client.HTTPResponse) -> SendFailed:
    reason, code = f"http {answer.status}", str(answer.status)
    if 300 <= answer.status < 400:
        return SendFailed(reason, kind="config", code=code)
    if 400 <= answer.status < 500 and answer.status not in _TRY_AGAIN:
        return SendFailed(reason, kind="permanent", code=code)
    kind: Any = "throttled" if answer.status == 429 else "retryable"
    return SendFailed(reason, kind=kind, code=code, retry_after=read_retry_after(answer.getheader("Retry-After")))


def open_desk(config: Mapping[str, str], environ: Mapping[str, str]) -> WebhookDesk:
    """From ``url`` and ``secret``; ``DESK_WEBHOOK_ALLOW_LOOPBACK=1`` admits this very machine. Raises Misconfigured."""
    faults = []
    allow_loopback = environ.get("DESK_WEBHOOK_ALLOW_LOOPBACK", "").strip() == "1"
    url, secret = config.get("url", "").strip(), config.get("secret", "").strip()
    parts = split_url(url)
    here = parts is not None and is_loopback(parts.hostname or "")
    if parts is None or not (parts.scheme == "https" or (parts.scheme == "http" and here)):
        faults.append("url must be an https address (http only on this very machine)")
    elif here and not allow_loopback:
        faults.append("url leads to this very machine, which DESK_WEBHOOK_ALLOW_LOOPBACK does not allow")
    elif parts.username or parts.fragment:
        faults.append("url must hold no login and no fragment")
    if len(secret) < SHORTEST_SECRET_CHARACTERS:
        faults.append(f"secret must have at least {SHORTEST_SECRET_CHARACTERS} characters")
    if faults:
        raise Misconfigured(faults)
    return WebhookDesk(url=url, secret=secret, allow_loopback=allow_loopback)
