"""A file that lies at the provider, fetched by a worker: from hosts on a list only, over TLS, up to a size and a time.

What surprises: the login goes to the provider's own host and never along with a redirection, which leads to storage of
somebody else. Each step of the way must be on the list: the address came in a request, and a signature proves who sent it,
not where it leads.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin

import requests

from channels.channel import MediaRefused, Unreachable
from channels.http_call import CONNECT_SECONDS, READ_SECONDS
from channels.variables import is_loopback, split_url

#: What WhatsApp carries at most, and a little more: https://www.twilio.com/docs/whatsapp/guidance-whatsapp-media-messages
MOST_BYTES: Final = 20 * 1024 * 1024
_MOST_SECONDS: Final = 60.0
_MOST_STEPS: Final = 4
_CHUNK_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class MediaSource:
    """Where a provider's files may be fetched from. ``api_host`` gets the login; ``hosts`` are where it may lead."""

    api_host: str
    login: tuple[str, str]
    hosts: Sequence[str]

    def __repr__(self) -> str:
        return f"MediaSource({self.api_host})"


def fetch_media(url: str, source: MediaSource, *, most_bytes: int = MOST_BYTES) -> bytes:
    """The bytes at an address. Raises MediaRefused (it will never be fetched) and Unreachable (later)."""
    over_at = time.monotonic() + _MOST_SECONDS
    with requests.Session() as session:
        session.trust_env = False
        for _ in range(_MOST_STEPS):
            host = _allowed_host(url, source)
            try:
                with session.get(
                    url,
                    auth=source.login if host == source.api_host else None,
                    timeout=(CONNECT_SECONDS, READ_SECONDS),
                    allow_redirects=False,
                    stream=True,
                ) as answer:
                    if answer.is_redirect:
                        url = urljoin(url, answer.headers["Location"])
                        continue
                    _judge(answer.status_code)
                    return _read(answer, most_bytes, over_at)
            except (requests.RequestException, UnicodeError) as fault:
                reason = type(fault).__name__
                raise Unreachable(reason) from fault
    raise MediaRefused("sent from one address to the next")


def _allowed_host(url: str, source: MediaSource) -> str:
    parts = split_url(url)
    host = (parts.hostname or "").lower() if parts else ""
    if parts is None or host not in {source.api_host, *source.hosts}:
        raise MediaRefused("not a host we fetch from")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise MediaRefused("not over TLS")
    return host


def _judge(status: int) -> None:
    if 200 <= status < 300:
        return
    reason = f"http {status}"
    # A wrong login is ours to repair: the file is still there then.
    if status in {401, 403, 408, 425, 429} or status >= 500:
        raise Unreachable(reason)
    raise MediaRefused(reason)


def _read(answer: requests.Response, most_bytes: int, over_at: float) -> bytes:
    content = bytearray()
    for chunk in answer.iter_content(_CHUNK_BYTES):
        content += chunk
        if len(content) > most_bytes:
            raise MediaRefused("too large")
        if time.monotonic() > over_at:
            raise Unreachable("it took too long")
    return bytes(content)
