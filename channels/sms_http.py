"""SMS through any aggregator that speaks HTTP, by a settings block instead of code: ``docs/gateways/sms_http.toml``.

Each gateway of the settings is a channel of its own, ``sms_http_<name>``: its ids mean nothing to another gateway.

What surprises:

* One request may hold several messages (``items``): ``parse_all`` reads them, ``parse`` refuses more than one.
* Some gateways name no message at all. Then ``id`` lists the fields that together do, the moment among them.
* Parts that a gateway does not join are each a message, marked ``incomplete`` with their numbers.
* An answer that says "no" in words with status 200 is the rule among aggregators, not the exception.
* Query and form are read as bytes in the gateway's own character set.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

import requests

from channels import gsm, phone
from channels.channel import Forged, Medium, Misconfigured, SendFailed, Unreadable
from channels.gateway_proof import check_caller, check_secret_in_path
from channels.http_call import Answer, call
from channels.http_gateway import Delivery, Format, Gateway, HmacProof, Inbound, Kind, Outbound, fill, read_gateways
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
from channels.raw_fields import decode, read_raw_fields, read_raw_query
from channels.retry_after import read_retry_after

NAME: Final = "sms_http"

_RECIPIENT = re.compile(r"\+?[0-9]{2,20}", re.ASCII)
_HOME_PREFIX: Final = "+62"
_DIGITS = re.compile(r"[0-9]{1,15}", re.ASCII)
_MILLISECONDS_FROM: Final = 10**11
_LONGEST_ID_CHARACTERS: Final = 200


@dataclass(frozen=True)
class SmsHttp:
    """One aggregator. Safe to share between threads."""

    gateway: Gateway
    hook_url: str = field(default="", repr=False)
    medium: Medium = "sms"

    @property
    def name(self) -> str:
        return f"{NAME}_{self.gateway.name}"

    @property
    def expects_deliveries(self) -> bool:
        return self.gateway.delivery is not None

    def verify(self, request: InboundRequest) -> None:
        """Check every proof the settings ask for. Raises Forged, always when they ask for none."""
        proofs = self.gateway.proofs
        if proofs.is_empty():
            raise Forged("this gateway sends nothing")
        if proofs.allowed:
            check_caller(request.remote_address, proofs.allowed)
        if proofs.secrets:
            check_secret_in_path(request.url, proofs.secrets)
        if proofs.header:
            _check_one_of(request.headers.get(proofs.header, ""), proofs.header_values, "header")
        if proofs.logins:
            logins = [f"Basic {base64.b64encode(login.encode()).decode()}" for login in proofs.logins]
            _check_one_of(request.headers.get("Authorization", ""), logins, "login")
        if proofs.hmac:
            _check_one_of(_claimed(request, proofs.hmac), _expected(request.body, proofs.hmac), "signature")

    def parse(self, request: InboundRequest) -> InboundMessage:
        """Read one message. Raises Unreadable, also for several: those are for ``parse_all``."""
        messages = self.parse_all(request)
        if len(messages) > 1:
            raise Unreadable("several messages in one request")
        return messages[0]

    def parse_all(self, request: InboundRequest) -> Sequence[InboundMessage]:
        """All messages of a request, at least one. Raises Unreadable."""
        inbound = self.gateway.inbound
        if inbound is None:
            raise Unreadable("this gateway sends no messages")
        items = _read_items(request, inbound.format, inbound.items, inbound.charset)
        return [self._read(item, inbound) for item in items]

    def _read(self, item: object, inbound: Inbound) -> InboundMessage:
        said = {name: pick(item, path) if path else "" for name, path in inbound.fields.items()}
        sender = phone.read_correspondent(said["sender"])
        ours = self.gateway.numbers[0] if len(self.gateway.numbers) == 1 else ""
        return InboundMessage(
            external_id=_name_of(item, inbound.id),
            sender=sender.address,
            recipient=phone.read_correspondent(said["recipient"]).address or ours,
            text=said["text"],
            sent_at=_read_moment(said["sent_at"]),
            answerable=sender.answerable,
            extra=_read_part(said),
        )

    def render_ack(self, ack: Ack) -> AckResponse:
        """What the settings say this gateway wants to hear."""
        return self.gateway.inbound.ack if self.gateway.inbound else AckResponse()

    def parse_delivery(self, request: InboundRequest) -> DeliveryReport:
        """Read one delivery report. Raises Unreadable, also for several: those are for ``parse_all_deliveries``."""
        reports = self.parse_all_deliveries(request)
        if len(reports) > 1:
            raise Unreadable("several delivery reports in one request")
        return reports[0]

    def parse_all_deliveries(self, request: InboundRequest) -> Sequence[DeliveryReport]:
        """All delivery reports of a request, at least one. Raises Unreadable."""
        delivery = self.gateway.delivery
        if delivery is None:
            raise Unreadable("this gateway sends no delivery reports")
        items = _read_items(request, delivery.format, delivery.items, "utf-8")
        # Our id in the address is that of one message.
        ours = decode(read_raw_query(request.url).get("mid", b""), "utf-8") if len(items) == 1 else ""
        return [_read_report(item, delivery, ours) for item in items]

    def send(self, message: OutboundMessage) -> ProviderReceipt:
        """Give one SMS to the gateway. Raises SendFailed."""
        outbound = self.gateway.outbound
        if outbound is None:
            raise SendFailed("this gateway takes no messages", kind="config")
        if not _RECIPIENT.fullmatch(message.to):
            raise SendFailed("not a number", kind="permanent")
        plan = gsm.plan(message.text)
        values = self._values(message, outbound.encodings.get(plan.encoding, ""))
        url = fill(outbound.send_to, {name: quote(value, safe="") for name, value in values.items()})
        body, headers = fill(outbound.body, values), fill(outbound.headers, values)
        data = None
        if outbound.format == "query":
            url += ("&" if "?" in url else "?") + _encode(body)
        elif outbound.format == "form":
            headers = {"Content-Type": "application/x-www-form-urlencoded", **headers}
            data = _encode(body).encode()
        else:
            headers = {"Content-Type": "application/json", **headers}
            data = json.dumps(body).encode()
        answer = call(outbound.method, url, headers=headers, data=data, login=outbound.login)
        return ProviderReceipt(_judge(answer, outbound), plan.segments)

    def sends_as(self, sender: str) -> bool:
        return self.gateway.outbound is not None and self._leave_from(sender) == sender

    def _leave_from(self, asked: str) -> str:
        ours = self.gateway.numbers
        return asked if asked and (asked in ours or not ours) else next(iter(ours), "")

    def _values(self, message: OutboundMessage, encoding: str) -> dict[str, str]:
        sender = self._leave_from(message.sender)
        digits = message.to.removeprefix("+")
        at_home = message.to.startswith(_HOME_PREFIX)
        return {
            "to": message.to,
            "to_digits": digits,
            "to_national": "0" + message.to.removeprefix(_HOME_PREFIX) if at_home else digits,
            "from": sender,
            "from_digits": sender.removeprefix("+"),
            "text": message.text,
            "id": message.id,
            "encoding": encoding,
            "delivery_url": f"{self.hook_url}/delivery?mid={quote(message.id, safe='')}",
        }


def pick(item: object, path: str) -> str:
    """The text at ``results.0.id`` of what JSON said; empty when there is none. Numbers and truth values as JSON."""
    for name in path.split("."):
        if isinstance(item, Mapping):
            item = item.get(name)
        elif isinstance(item, list) and name.isascii() and name.isdecimal() and int(name[:6]) < len(item):
            item = item[int(name[:6])]
        else:
            return ""
    if isinstance(item, str):
        return item.encode("utf-8", "replace").decode().replace("\x00", "")
    return json.dumps(item) if isinstance(item, bool | int | float) else ""


def _read_items(request: InboundRequest, written_in: Format, items: str, charset: str) -> Sequence[object]:
    if written_in != "json":
        raw = read_raw_query(request.url) if written_in == "query" else read_raw_fields(request.body)
        return [{name: decode(value, charset) for name, value in raw.items()}]
    try:
        said = json.loads(request.body)
    except (ValueError, RecursionError) as fault:
        raise Unreadable("not JSON") from fault
    for name in items.split(".") if items else ():
        said = said.get(name) if isinstance(said, dict) else None
    found = said if isinstance(said, list) and items else [said]
    if not found or not all(isinstance(item, dict) for item in found):
        raise Unreadable("no messages where they should be")
    return found


def _name_of(item: object, paths: Sequence[str]) -> str:
    """The message's id; made of several fields when the gateway has none of its own."""
    values = [pick(item, path).strip() for path in paths]
    if not all(values) and (len(values) == 1 or not any(values)):
        raise Unreadable("no message id")
    if len(values) == 1 and len(values[0]) <= _LONGEST_ID_CHARACTERS:
        return values[0]
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()


def _read_part(said: Mapping[str, str]) -> dict[str, object]:
    part, parts = said["part"], said["parts"]
    if (
        not (_DIGITS.fullmatch(part) and _DIGITS.fullmatch(parts))
        or not 1 <= int(part) <= int(parts)
        or int(parts) == 1
    ):
        return {}
    return {"incomplete": True, "part": int(part), "parts": int(parts), "part_reference": said["part_reference"]}


def _read_moment(written: str) -> datetime | None:
    """Unix seconds or milliseconds, or a date and time with its zone; without one nobody knows when it was."""
    try:
        if _DIGITS.fullmatch(written):
            number = int(written)
            return datetime.fromtimestamp(number / 1000 if number >= _MILLISECONDS_FROM else number, UTC)
        moment = datetime.fromisoformat(written)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError, OSError):
        return None


def _read_report(item: object, delivery: Delivery, ours: str) -> DeliveryReport:
    status = delivery.statuses.get(pick(item, delivery.status).strip().lower())
    if status is None:
        raise Unreadable("no status we know")
    message_id = ours or (pick(item, delivery.message_id) if delivery.message_id else "")
    external_id = pick(item, delivery.id) if delivery.id else ""
    if not (message_id or external_id):
        raise Unreadable("no message id")
    failed = status in {DeliveryStatus.UNDELIVERED, DeliveryStatus.FAILED}
    error = pick(item, delivery.error)[:_LONGEST_ID_CHARACTERS] if delivery.error and failed else ""
    return DeliveryReport(message_id, external_id, status, error or None)


def _check_one_of(given: str, accepted: Sequence[str], what: str) -> None:
    genuine = False
    for value in accepted:
        genuine |= hmac.compare_digest(value.encode(), given.encode("utf-8", "replace"))
    if not genuine:
        reason = f"{what} missing or wrong"
        raise Forged(reason)


def _claimed(request: InboundRequest, proof: HmacProof) -> str:
    given = request.headers.get(proof.header, "").strip()
    if not given.startswith(proof.prefix):
        return ""
    given = given.removeprefix(proof.prefix)
    if proof.coding == "hex":
        return given.lower()
    try:
        return base64.b64decode(given, validate=True).hex()
    except (binascii.Error, ValueError):
        return ""


def _expected(body: bytes, proof: HmacProof) -> list[str]:
    return [hmac.new(secret.encode(), body, proof.algorithm).hexdigest() for secret in proof.secrets]


def _encode(body: Mapping[str, Any]) -> str:
    return urlencode({name: value for name, value in body.items() if value is not None}, errors="replace")


def _judge(answer: Answer, outbound: Outbound) -> str:
    """The gateway's id of the message it took; raises SendFailed when it did not."""
    status, words = answer.status_code, answer.text
    try:
        said = json.loads(words)
    except (ValueError, RecursionError):
        said = None
    error = pick(said, outbound.error_field)[:_LONGEST_ID_CHARACTERS] if outbound.error_field else ""
    if 200 <= status < 300:
        if _is_success(said, words, outbound):
            return pick(said, outbound.id_field) if outbound.id_field else ""
        if said is None and outbound.success_field:
            raise SendFailed("answer unreadable", uncertain=True, code=str(status))
        kind = outbound.errors.get(error, outbound.otherwise)
    else:
        kind = outbound.errors.get(error) or _kind_by_status(status)
    reason = f"http {status}"
    raise SendFailed(
        reason, kind=kind, code=error or str(status), retry_after=read_retry_after(answer.headers.get("Retry-After"))
    )


def _is_success(said: object, words: str, outbound: Outbound) -> bool:
    if outbound.success_pattern and not outbound.success_pattern.search(words):
        return False
    return not outbound.success_field or pick(said, outbound.success_field) in outbound.success_values


def _kind_by_status(status: int) -> Kind:
    if status == requests.codes.too_many_requests:
        return "throttled"
    if status == requests.codes.request_timeout or status >= 500:
        return "retryable"
    return "config" if status in {401, 403, 404, 405} or status < 400 else "permanent"


def open_channels(environ: Mapping[str, str], *, public_url: str) -> Sequence[SmsHttp]:
    """The gateways of the file SMS_HTTP_CONFIG (.toml or .json), or of the JSON in SMS_HTTP_GATEWAYS; none without.

    Raises Misconfigured with every fault.
    """
    file, written = environ.get("SMS_HTTP_CONFIG", "").strip(), environ.get("SMS_HTTP_GATEWAYS", "").strip()
    if not (file or written):
        return ()
    if file and written:
        raise Misconfigured(["SMS_HTTP_CONFIG and SMS_HTTP_GATEWAYS exclude each other"])
    variable = "SMS_HTTP_CONFIG" if file else "SMS_HTTP_GATEWAYS"
    try:
        settings = _read_settings(Path(file)) if file else {"gateways": json.loads(written)}
    except OSError as fault:
        raise Misconfigured([f"{variable} cannot be read: {fault.strerror}"]) from None
    except (ValueError, RecursionError):
        raise Misconfigured([f"{variable} is not what its name says (.toml or .json), or broken"]) from None
    gateways, faults = read_gateways(settings, environ)
    if faults:
        raise Misconfigured(f"{variable}: {fault}" for fault in faults)
    phone.prime()
    return [SmsHttp(gateway, _hook_url(public_url, gateway)) for gateway in gateways]


def _read_settings(file: Path) -> object:
    content = file.read_bytes()
    return json.loads(content) if file.suffix == ".json" else tomllib.loads(content.decode())


def _hook_url(public_url: str, gateway: Gateway) -> str:
    secret = f"/{gateway.proofs.secrets[0]}" if gateway.proofs.secrets else ""
    return f"{public_url.rstrip('/')}/hooks/{NAME}_{gateway.name}{secret}"
