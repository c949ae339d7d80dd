"""Twilio's REST API as we use it: make a message, list messages. Every refusal becomes a SendFailed with its policy.

Surprises: the library's own HTTP client has no time-out and writes addresses and numbers to its log, so both are set
here; its exceptions keep no headers, so an answer is judged (and its Retry-After read) before the library sees it.
"""

from __future__ import annotations

import json
import logging
import ssl
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final, Literal
from urllib.parse import urlencode, urlsplit

import certifi
import urllib3
from twilio.base.exceptions import TwilioException  # type: ignore[import-untyped]
from twilio.http import HttpClient  # type: ignore[import-untyped]
from twilio.http.response import Response  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]

from channels.channel import SendFailed
from channels.retry_after import read_retry_after
from channels.whole_answer import read_whole

CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 10.0
LISTED_AT_MOST: Final = 200
#: An answer of a thousand messages is 2 MB.
MOST_ANSWERED_BYTES: Final = 16 * 1024 * 1024
#: As many are kept open as a worker sends at once.
CONNECTIONS: Final = 32

#: Said by what stands in front of Twilio, without a code of Twilio's: what was behind it may have taken the message.
_SAYS_NOTHING: Final = frozenset({500, 502, 504})

Kind = Literal["retryable", "throttled", "permanent", "opted_out", "config"]

# https://www.twilio.com/docs/api/errors/<code>. Codes not named here are judged by their HTTP status.
KINDS_BY_CODE: Final[Mapping[int, Kind]] = {
    20003: "config",  # authentication
    20404: "config",  # no such account
    20429: "throttled",  # too many requests
    14107: "throttled",  # send rate limit
    21408: "config",  # region not enabled
    21603: "config",  # no From
    21606: "config",  # From not ours, or cannot send SMS
    21609: "config",  # status callback address refused
    21611: "throttled",  # queue of this From is full
    21610: "opted_out",  # the person answered STOP
    21659: "config",  # From is not a number of ours
    21660: "config",  # From belongs to another account
    21703: "config",  # messaging service without numbers
    21704: "config",
    30001: "throttled",  # queue overflow
    30002: "config",  # account suspended
    30003: "retryable",  # handset unreachable
    30008: "retryable",  # unknown
}


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """A message to us as Twilio remembers it: the fields of its webhook, as far as the list has them."""

    fields: tuple[tuple[str, str], ...]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message as Twilio remembers it; ``created_at`` is read of listed ones only."""

    sid: str
    text: str
    outbound: bool
    segments: int
    created_at: datetime | None


class TwilioApi:
    """One account's REST API. Opened at first use; safe to share between threads."""

    def __init__(self, *, account_sid: str, auth_token: str, base_url: str, read_seconds: float = READ_SECONDS) -> None:
        self._account_sid = account_sid
        self._auth_token = auth_token
        self.base_url = base_url
        self._read_seconds = read_seconds

    @property
    def login(self) -> tuple[str, str]:
        return self._account_sid, self._auth_token

    @cached_property
    def _http(self) -> _JudgingClient:
        return _JudgingClient(self._read_seconds)

    @cached_property
    def _messages(self) -> Any:
        # An empty environment: TWILIO_EDGE and TWILIO_REGION of the process must not move our calls elsewhere.
        client = Client(self._account_sid, self._auth_token, http_client=self._http, environment={"TWILIO": ""})
        client.api.base_url = self.base_url
        return client.messages

    def create_message(
        self,
        *,
        to: str,
        text: str,
        sender: str,
        messaging_service: str,
        status_callback: str,
        validity_seconds: int | None = None,
    ) -> SentMessage:
        """Raises SendFailed; ``uncertain`` when the answer got lost after the question had left.

        ``validity_seconds``: what waits longer in Twilio's queue is given up, and reported as failed; 36,000 by default.
        Not through the library's resource: it reads twenty fields of the answer, and that was a sixth of a send.
        Source: https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource
        """
        form = {
            "To": to,
            "Body": text,
            "From": sender,
            "MessagingServiceSid": messaging_service,
            "StatusCallback": status_callback,
            "ValidityPeriod": validity_seconds,
        }
        answer = self._http.request(
            "POST",
            f"{self.base_url}/2010-04-01/Accounts/{self._account_sid}/Messages.json",
            data={name: value for name, value in form.items() if value},
            headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            auth=self.login,
        )
        try:
            return _read_created(json.loads(answer.text))
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as fault:
            # 2xx, but not the answer Twilio documents: it may well have taken the message.
            raise SendFailed("answer unreadable", uncertain=True) from fault

    def messages_to(self, number: str) -> Iterator[SentMessage]:
        """The latest messages to a number, newest first. Raises SendFailed.

        No date is asked for: the API filters by the date of sending, which a message still waiting has not.
        """
        try:
            for found in self._messages.stream(to=number, limit=LISTED_AT_MOST, page_size=100):
                yield _read(found)
        except (TwilioException, ValueError, TypeError, KeyError) as fault:
            raise SendFailed("answer unreadable") from fault

    def check_login(self) -> None:
        """Whether the account and its secret are right. Raises SendFailed."""
        try:
            self._messages.list(limit=1, page_size=1)
        except (TwilioException, ValueError, TypeError, KeyError) as fault:
            raise SendFailed("answer unreadable") from fault

    def messages_received(self, since: datetime) -> Iterator[ReceivedMessage]:
        """Every message to us since then, newest first. Raises SendFailed.

        Source: https://www.twilio.com/docs/messaging/api/message-resource#read-multiple-message-resources
        """
        try:
            for found in self._messages.stream(date_sent_after=since, page_size=1000):
                if str(found.direction) == "inbound":
                    yield self._received(found)
        except (TwilioException, ValueError, TypeError, KeyError) as fault:
            raise SendFailed("answer unreadable") from fault

    def _received(self, message: Any) -> ReceivedMessage:
        fields = [("MessageSid", message.sid), ("From", message.from_), ("To", message.to), ("Body", message.body)]
        if int(message.num_media or 0):
            for number, medium in enumerate(message.media.list(limit=20)):
                place = self.base_url + str(medium.uri).removesuffix(".json")
                fields += [(f"MediaUrl{number}", place), (f"MediaContentType{number}", medium.content_type)]
        created = message.date_created
        if not isinstance(created, datetime):
            raise ValueError("a message without a date")  # noqa: TRY004 - what the list says, not our own value
        return ReceivedMessage(tuple((name, str(value or "")) for name, value in fields), created)


def _read_created(said: Any) -> SentMessage:
    if not said["sid"]:
        raise ValueError("a message without an id")
    return SentMessage(
        sid=str(said["sid"]),
        text=str(said.get("body") or ""),
        outbound=True,
        segments=int(said.get("num_segments") or 0),
        created_at=None,
    )


def _read(message: Any) -> SentMessage:
    if not message.sid:
        raise ValueError("a message without an id")
    return SentMessage(
        sid=str(message.sid),
        text=str(message.body or ""),
        outbound=str(message.direction or "").startswith("outbound"),
        segments=int(message.num_segments or 0),
        created_at=message.date_created if isinstance(message.date_created, datetime) else None,
    )


class _JudgingClient(HttpClient):  # type: ignore[misc]
    """The library's way to an HTTP client of one's own: ours has time-outs, writes no log, and reads refusals our way.

    urllib3 itself, not through requests: half the processor time of a send, and the library's own client keeps six
    connections where we send thirty-two at once. No proxy of the environment and no .netrc, as in ``channels.http_call``.
    """

    def __init__(self, read_seconds: float) -> None:
        silent = logging.getLogger(f"{__name__}.silent")
        silent.disabled = True
        super().__init__(silent, False, None)
        self._pools = urllib3.PoolManager(
            num_pools=2,
            maxsize=CONNECTIONS,
            ca_certs=certifi.where(),
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=read_seconds),
            retries=False,
        )

    def request(
        self,
        method: str,
        url: str,
        params: Mapping[str, object] | None = None,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """One call. Raises SendFailed, ``uncertain`` once the question may have left."""
        if params:
            url = f"{url}{'&' if '?' in url else '?'}{urlencode(params, doseq=True)}"
        sent = {"User-Agent": "sahut", **(headers or {})}
        if auth is not None:
            sent["Authorization"] = urllib3.make_headers(basic_auth=f"{auth[0]}:{auth[1]}")["authorization"]
        body = urlencode(data, doseq=True).encode() if data else None
        there = urlsplit(url)
        try:
            # The pool of the host itself: to be led there by the whole address takes an eighth of a send.
            pool = self._pools.connection_from_host(there.hostname, there.port, there.scheme)
            path = f"{there.path or '/'}?{there.query}" if there.query else there.path or "/"
            answer = pool.urlopen(
                method.upper(), path, body=body, headers=sent, redirect=False, preload_content=False, retries=False
            )
            words = read_whole(answer, most_bytes=MOST_ANSWERED_BYTES).decode("utf-8", "replace")
        except urllib3.exceptions.NewConnectionError as fault:
            raise SendFailed("connection failed") from fault
        except urllib3.exceptions.ConnectTimeoutError as fault:
            raise SendFailed("connecting took too long") from fault
        except urllib3.exceptions.TimeoutError as fault:
            raise SendFailed("answer took too long", uncertain=True) from fault
        except urllib3.exceptions.SSLError as fault:
            # A certificate that is not theirs ends the greeting; other faults of TLS may come after the question.
            unsent = bool(fault.args) and isinstance(fault.args[0], ssl.SSLCertVerificationError)
            raise SendFailed("connection failed", uncertain=not unsent) from fault
        except (urllib3.exceptions.HTTPError, OSError) as fault:
            # Cut in the middle: the question may have left.
            raise SendFailed("connection failed", uncertain=True) from fault
        if not 200 <= answer.status < 300:
            raise judge_refusal(answer.status, words, answer.headers)
        return Response(answer.status, words, answer.headers)


def judge_refusal(status: int, body: str, headers: Mapping[str, str]) -> SendFailed:
    """What a refusal of the API means for the message."""
    code = 0
    with suppress(ValueError, TypeError, KeyError):
        code = int(json.loads(body)["code"])
    kind = KINDS_BY_CODE.get(code) or _kind_by_status(status)
    return SendFailed(
        f"http {status}" + (f" code {code}" if code else ""),
        kind=kind,
        uncertain=status in _SAYS_NOTHING and not code,
        retry_after=read_retry_after(headers.get("Retry-After")),
        code=str(code) if code else None,
    )


def _kind_by_status(status: int) -> Kind:
    if status == 429:
        return "throttled"
    if status in {401, 403, 404}:
        return "config"
    if status == 408 or not 400 <= status < 500:
        return "retryable"
    return "permanent"
