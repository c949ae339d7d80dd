"""One HTTP call to a gateway: time-outs and a size always set, and a SendFailed that says whether the message may have left.

What surprises: proxies named in the environment are not used (a gateway in the same rack is not reached through one)
and redirections are not followed: a password sent along would go where somebody else says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import requests
import urllib3

from channels.channel import SendFailed
from channels.whole_answer import read_whole

CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 15.0
#: What a gateway says of one message is a line or a page.
MOST_ANSWERED_BYTES: Final = 1024 * 1024

# What urllib3 calls a connection that never came to be: nothing can have been sent.
_NEVER_CONNECTED: Final = frozenset({"NewConnectionError", "NameResolutionError", "ConnectTimeoutError", "SSLError"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What a gateway said."""

    status_code: int
    headers: Mapping[str, str]
    text: str


def call(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    data: bytes | None = None,
    login: tuple[str, str] | None = None,
    read_seconds: float = READ_SECONDS,
) -> Answer:
    """The gateway's answer, whatever its status. Raises SendFailed, ``uncertain`` once the question may have left."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            answer = session.request(
                method,
                url,
                headers=dict(headers),
                data=data,
                auth=login,
                timeout=(CONNECT_SECONDS, read_seconds),
                allow_redirects=False,
                stream=True,
            )
            content = read_whole(answer.raw, most_bytes=MOST_ANSWERED_BYTES)
        except requests.ConnectTimeout as fault:
            raise SendFailed("connecting took too long") from fault
        except requests.Timeout as fault:
            raise SendFailed("answer took too long", uncertain=True) from fault
        except requests.ConnectionError as fault:
            raise SendFailed("connection failed", uncertain=not _never_connected(fault)) from fault
        except (requests.RequestException, UnicodeError) as fault:
            raise SendFailed("request cannot be made", kind="permanent") from fault
        except urllib3.exceptions.ReadTimeoutError as fault:
            raise SendFailed("answer took too long", uncertain=True) from fault
        except (urllib3.exceptions.HTTPError, OSError) as fault:
            raise SendFailed("connection failed", uncertain=True) from fault
    return Answer(answer.status_code, answer.headers, _decode(content, answer.encoding))


def _decode(content: bytes, encoding: str | None) -> str:
    try:
        return content.decode(encoding or "utf-8", "replace")
    except LookupError:  # an encoding of its own invention
        return content.decode("utf-8", "replace")


def _never_connected(fault: requests.ConnectionError) -> bool:
    cause: object = fault.args[0] if fault.args else None
    cause = getattr(cause, "reason", cause)
    return type(cause).__name__ in _NEVER_CONNECTED
