"""SMS through Kannel, the gateway between us and an operator's SMPP line: ``docs/gateways/kannel.conf`` shows its side.

What surprises (each seen with Kannel 1.4.5):

* The text arrives as raw bytes in the character set Kannel names (``%C``): UTF-16BE for UCS-2, ``8-BIT`` for anything.
* Kannel sends the body of our acknowledgement to the citizen as an SMS: it must be empty.
* Kannel joins long messages; what still carries a concatenation header is a part whose others never came.
* Without ``coding=2`` a character outside GSM-7 silently leaves as ``????``.
* An answer 202 means "3: Queued for later delivery" as well: Kannel keeps the message until the line is back.
* The ids in delivery reports are not those of messages: only our own id in ``dlr-url`` is reliable. Kannel expands
  ``%x`` in that address, so a percent sign of ours is doubled.
* "Not routable. Do not try again." is a 403 like a wrong password, and a delivery report "rejected" follows it.
* The text goes by POST, and so do the credentials: as headers, never in an address that something may log.
* A surrogate pair may be torn by a part's end: Kannel's count of parts can be one below ours.

Source: https://www.kannel.org/download/1.4.5/userguide-1.4.5/userguide.html, chapters 6 and 10.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal
from urllib.parse import quote

import requests

from channels import gsm, phone
from channels.channel import Listed, Medium, Misconfigured, SendFailed, Unreachable, Unreadable
from channels.gateway_proof import (
    LOOPBACK,
    Network,
    check_caller,
    check_secret_in_path,
    may_carry_secrets,
    read_networks,
    read_path_secrets,
)
from channels.http_call import Answer, call
from channels.kannel_log import read_access_log
from channels.messages import (
    Ack,
    AckResponse,
    DeliveryReport,
    DeliveryStatus,
    InboundMessage,
    InboundRequest,
    OutboundMessage,
    ProviderReceipt,
)
from channels.raw_fields import decode, read_raw_query
from channels.udh import read_part
from channels.variables import Variables, split_url

NAME: Final = "sms_kannel"

# Delivered, not delivered, buffered by the centre, taken by the centre, refused by the centre.
EVERY_REPORT: Final = "31"
STATUSES: Final[Mapping[str, DeliveryStatus]] = {
    "1": DeliveryStatus.DELIVERED,
    "2": DeliveryStatus.UNDELIVERED,
    "4": DeliveryStatus.ACCEPTED,
    "8": DeliveryStatus.SENT,
    "16": DeliveryStatus.FAILED,
}

_UNICODE_CODING: Final = "2"
_BINARY_CODING: Final = "1"
_CALLED = re.compile(r"[a-z0-9]{1,20}", re.ASCII)
_RECIPIENT = re.compile(r"\+?[0-9]{2,20}", re.ASCII)
_TAKEN = re.compile(r"([03]): ")
_LINE_AWAY: Final = "3"
_RECEIPT_STATE = re.compile(r"\bstat:([A-Z]{1,10})\b")
_RECEIPT_ERROR = re.compile(r"\berr:([0-9A-Za-z]{1,8})\b")
_REFUSAL = re.compile(r"NACK/(?:(0x[0-9a-f]{1,8})\b|([A-Za-z ]{1,40}))")
# Refusals by their first words; what is not named is judged by its status.
_REFUSALS: Final[Mapping[str, Literal["config", "permanent", "retryable"]]] = {
    "Authorization failed": "config",
    "Sender missing": "config",
    "DLR-": "config",
    "Not routable": "permanent",
    "Temporal failure": "retryable",
}


@dataclass(frozen=True)
class SmsKannel:
    """One Kannel. Safe to share between threads."""

    sendsms_url: str
    user: str
    password: str = field(repr=False)
    secrets: Sequence[str] = field(repr=False)
    delivery_url: str = field(repr=False)
    allowed: Sequence[Network] = LOOPBACK
    numbers: Sequence[str] = ()
    smsc: str = ""
    access_log: str = ""
    name: str = NAME
    medium: Medium = "sms"

    def verify(self, request: InboundRequest) -> None:
        """Check the caller's address and the secret that ends the path. Raises Forged."""
        check_caller(request.remote_address, self.allowed)
        check_secret_in_path(request.url, self.secrets)

    def parse(self, request: InboundRequest) -> InboundMessage:
        """Read an SMS: the fields from the query, the text from its field or, by POST, from the body.

        Raises Unreadable without Kannel's id. A part without its others keeps its text and says
        ``extra["incomplete"]`` with ``part``, ``parts`` and ``part_reference``.
        """
        fields = read_raw_query(request.url)
        said = {name: decode(value, "utf-8") for name, value in fields.items() if name not in {"text", "udh"}}
        if not said.get("id"):
            raise Unreadable("no message id")
        coding = said.get("coding", "")
        sender = phone.read_correspondent(said.get("from", ""))
        content = fields.get("text", request.body)
        extra: dict[str, object] = {}
        if coding == _BINARY_CODING:
            extra["binary"] = True
        if udh := fields.get("udh", b""):
            extra |= read_part(udh)
        if said.get("smsc"):
            extra["smsc"] = said["smsc"]
        return InboundMessage(
            external_id=said["id"],
            sender=sender.address,
            recipient=phone.read_correspondent(said.get("to", "")).address,
            text=decode(content, _charset(said.get("charset", ""), coding)),
            sent_at=_read_moment(said.get("ts", "")),
            answerable=sender.answerable,
            extra=extra,
        )

    def render_ack(self, ack: Ack) -> AckResponse:
        """Nothing: Kannel would send every word to the citizen."""
        return AckResponse()

    def send(self, message: OutboundMessage) -> ProviderReceipt:
        """Give one SMS to Kannel; it has no id for it. Raises SendFailed."""
        if not _RECIPIENT.fullmatch(message.to):
            # Kannel takes several recipients separated by spaces: nothing but one number may get there.
            raise SendFailed("not a number", kind="permanent")
        plan = gsm.plan(message.text)
        headers = {
            "Content-Type": "text/plain; charset=UTF-8",
            "X-Kannel-Username": self.user,
            "X-Kannel-Password": self.password,
            "X-Kannel-To": message.to,
            "X-Kannel-DLR-Mask": EVERY_REPORT,
            "X-Kannel-DLR-URL": self._report_address(message.id),
        }
        if sender := self._leave_from(message.sender):
            headers["X-Kannel-From"] = sender
        if self.smsc:
            headers["X-Kannel-SMSC"] = self.smsc
        if plan.encoding == "ucs2":
            headers["X-Kannel-Coding"] = _UNICODE_CODING
        answer = call("POST", self.sendsms_url, headers=headers, data=message.text.encode("utf-8", "replace"))
        return ProviderReceipt("", plan.segments, stalled=_judge(answer) == _LINE_AWAY)

    def sends_as(self, sender: str) -> bool:
        return self._leave_from(sender) == sender

    def _leave_from(self, asked: str) -> str:
        if asked and (asked in self.numbers or not self.numbers):
            return asked
        return self.numbers[0] if self.numbers else ""

    def _report_address(self, message_id: str) -> str:
        """Where Kannel tells how far this message got: %d and %A are its own, every percent sign of ours is doubled."""
        ours = f"{self.delivery_url}?mid={quote(message_id, safe='')}".replace("%", "%%")
        return f"{ours}&type=%d&fid=%F&ans=%A"

    def probe(self) -> None:
        """Ask for a message to nobody: a Kannel that knows us misses the receiver, all others refuse otherwise."""
        headers = {"X-Kannel-Username": self.user, "X-Kannel-Password": self.password}
        answer = call("POST", self.sendsms_url, headers=headers, data=b"")
        if answer.status_code != requests.codes.bad_request:
            _judge(answer)

    def received_since(self, moment: datetime) -> Iterator[Listed]:
        """What Kannel wrote down that it received. Raises Unreachable, also when nobody said where that is."""
        if not self.access_log:
            raise Unreachable("SMS_KANNEL_ACCESS_LOG is not set")
        return read_access_log(self.access_log, moment)

    def parse_delivery(self, request: InboundRequest) -> DeliveryReport:
        """Read a delivery report; our own id comes back in the query. Raises Unreadable."""
        said = {name: decode(value, "utf-8") for name, value in read_raw_query(request.url).items()}
        status = STATUSES.get(said.get("type", ""))
        if status is None or not said.get("mid"):
            raise Unreadable("no message id of ours or no type we know")
        failed = status in {DeliveryStatus.UNDELIVERED, DeliveryStatus.FAILED}
        return DeliveryReport(
            message_id=said["mid"],
            external_id=said.get("fid", ""),
            status=status,
            error_code=_read_error(said.get("ans", "")) if failed else None,
        )


def _charset(named: str, coding: str) -> str:
    """The character set Kannel names, or the one its coding implies. ``8-BIT`` is none: UTF-8 where that fits."""
    return named or ("utf-16-be" if coding == _UNICODE_CODING else "")


def _read_moment(seconds: str) -> datetime | None:
    if not seconds.isascii() or not seconds.isdecimal() or int(seconds[:12]) == 0:
        return None
    try:
        return datetime.fromtimestamp(int(seconds[:12]), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _read_error(answer: str) -> str | None:
    """What the operator said, without the piece of text its receipts repeat."""
    if refusal := _REFUSAL.match(answer):
        return (refusal[1] or refusal[2]).strip()
    found = [match[1] for match in (_RECEIPT_STATE.search(answer), _RECEIPT_ERROR.search(answer)) if match]
    return " ".join(found) or None


def _judge(answer: Answer) -> str:
    """How Kannel took the message, by its number; raise SendFailed when it did not."""
    status, words = answer.status_code, answer.text[:200].strip()
    if status == requests.codes.accepted and (taken := _TAKEN.match(words)):
        return taken[1]
    if 200 <= status < 300:
        # Something that is not Kannel, or a Kannel that says what we have never seen.
        raise SendFailed("answer unreadable", uncertain=True, code=str(status))
    refusal = next((start for start in _REFUSALS if words.startswith(start)), "")
    reason = f"http {status} {refusal}".strip()
    raise SendFailed(reason, kind=_REFUSALS.get(refusal) or _kind_by_status(status), code=str(status))


def _kind_by_status(status: int) -> Literal["config", "permanent", "retryable"]:
    if status >= 500:
        return "retryable"
    # 400 is about this message; everything else says that this is not the sendsms address, or not our login.
    return "permanent" if status == requests.codes.bad_request else "config"


def open_more(environ: Mapping[str, str], *, public_url: str) -> Sequence[SmsKannel]:
    """The further ones that SMS_KANNEL_MORE names, each from the variables with its name in them.

    Raises Misconfigured with every fault.
    """
    faults: list[str] = []
    opened: list[SmsKannel] = []
    seen: set[str] = set()
    for written in environ.get("SMS_KANNEL_MORE", "").split(","):
        called = written.strip().lower()
        if not called:
            continue
        if not _CALLED.fullmatch(called) or called in seen:
            faults.append("SMS_KANNEL_MORE must name each by letters and digits, once")
            continue
        seen.add(called)
        ours, theirs = f"SMS_KANNEL_{called.upper()}_", "SMS_KANNEL_"
        own = {name.replace(ours, theirs, 1): value for name, value in environ.items() if name.startswith(ours)}
        try:
            channel = open_channel(own, public_url=public_url, name=f"{NAME}_{called}")
        except Misconfigured as wrong:
            faults += [fault.replace(theirs, ours, 1) for fault in wrong.faults]
            continue
        if channel is None:
            faults.append(f"{ours}URL is missing")
        else:
            opened.append(channel)
    if faults:
        raise Misconfigured(faults)
    return opened


def open_channel(environ: Mapping[str, str], *, public_url: str, name: str = NAME) -> SmsKannel | None:
    """The channel, or None when no SMS_KANNEL_* is set. Raises Misconfigured with every fault."""
    variables = Variables(
        environ,
        "SMS_KANNEL_URL",
        "SMS_KANNEL_USER",
        "SMS_KANNEL_PASSWORD",
        "SMS_KANNEL_SECRETS",
        "SMS_KANNEL_ALLOW",
        "SMS_KANNEL_NUMBERS",
        "SMS_KANNEL_SMSC",
        "SMS_KANNEL_ACCESS_LOG",
    )
    if not variables.any_set():
        return None
    url = variables.text("SMS_KANNEL_URL", required=True)
    parts = split_url(url)
    if url and (parts is None or not may_carry_secrets(parts.scheme, parts.hostname or "")):
        variables.fault("SMS_KANNEL_URL", "must be an https address (http on this machine or a private address only)")
    elif parts and (parts.query or parts.username):
        variables.fault("SMS_KANNEL_URL", "must hold neither a login nor a query")
    user = variables.text("SMS_KANNEL_USER", required=True)
    password = variables.text("SMS_KANNEL_PASSWORD", required=True)
    if not (user + password).isascii():
        variables.fault("SMS_KANNEL_PASSWORD", "and the user may hold ASCII characters only: they travel in headers")
    secrets = read_path_secrets(variables, "SMS_KANNEL_SECRETS")
    entries = variables.listed("SMS_KANNEL_ALLOW")
    allowed = read_networks(entries)
    if allowed is None:
        variables.fault("SMS_KANNEL_ALLOW", "holds something that is neither an address nor a network (10.1.2.0/24)")
    written = variables.listed("SMS_KANNEL_NUMBERS")
    variables.raise_faults()
    phone.prime()
    return SmsKannel(
        sendsms_url=url,
        user=user,
        password=password,
        secrets=secrets,
        delivery_url=f"{public_url.rstrip('/')}/hooks/{name}/{secrets[0]}/delivery",
        name=name,
        allowed=allowed or LOOPBACK,
        # Short codes are numbers of ours too, so everything is taken as it is read from a message.
        numbers=[phone.read_correspondent(number).address for number in written],
        smsc=variables.text("SMS_KANNEL_SMSC"),
        access_log=variables.text("SMS_KANNEL_ACCESS_LOG"),
    )
