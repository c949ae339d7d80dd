"""Requests as providers sent them, and what a channel must read in them: one readable JSON file each.

``request`` has ``url`` (``{public_url}`` and ``{secret}`` are filled in), ``headers`` and ``body`` (text) or
``body_hex``. Exactly one of ``message``, ``report``, ``unreadable`` says what comes of it: the named fields of the
InboundMessage or DeliveryReport (all others are left at their defaults), or words of the reason.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from channels.channel import Channel, ReportsDelivery, Unreadable
from channels.messages import Attachment, Coordinates, DeliveryReport, DeliveryStatus, Headers, InboundMessage
from channels.messages import InboundRequest as Request

RECORDED = Path(__file__).parent / "recorded"
PUBLIC_URL = "https://lapor.example.id"
SECRET = "rahasia-jalan-0001"


def recordings(channel: str) -> list[Any]:
    """The recordings of a channel as parameters, named by their files."""
    found = sorted((RECORDED / channel).glob("*.json"))
    assert found, f"nothing recorded for {channel}"
    return [pytest.param(path, id=path.stem) for path in found]


def read(path: Path) -> dict[str, Any]:
    recording: dict[str, Any] = json.loads(path.read_text())
    return recording


def request_of(recording: Mapping[str, Any], *, remote_address: str = "127.0.0.1") -> Request:
    """The request as ``intake.web.hooks`` hands it over."""
    said = recording["request"]
    url = said["url"].replace("{public_url}", PUBLIC_URL).replace("{secret}", SECRET)
    body = bytes.fromhex(said["body_hex"]) if "body_hex" in said else said.get("body", "").encode()
    return make_request(url, headers=said.get("headers", {}), body=body, remote_address=remote_address)


def make_request(
    url: str, *, headers: Mapping[str, str] | None = None, body: bytes = b"", remote_address: str = "127.0.0.1"
) -> Request:
    fields = Headers(headers)
    is_form = fields.get("Content-Type", "").startswith("application/x-www-form-urlencoded")
    return Request(
        url=url,
        headers=fields,
        body=body,
        form=tuple(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)) if is_form else (),
        query=tuple(parse_qsl(url.partition("?")[2], keep_blank_values=True)),
        remote_address=remote_address,
    )


def check(channel: Channel, path: Path, *, sign: Callable[[Request], Request] = lambda request: request) -> None:
    """Prove and read the recorded request and compare everything that was read with what is expected."""
    recording = read(path)
    request = sign(request_of(recording))
    channel.verify(request)
    if "report" in recording:
        assert isinstance(channel, ReportsDelivery)
        assert channel.parse_delivery(request) == expected_report(recording["report"])
    elif "message" in recording:
        message = channel.parse(request)
        assert message == expected_message(recording["message"])
        json.dumps(dict(message.extra))
    else:
        reads = channel.parse_delivery if "/delivery" in request.url and isinstance(channel, ReportsDelivery) else None
        with pytest.raises(Unreadable, match=recording["unreadable"]):
            (reads or channel.parse)(request)


def expected_message(fields: Mapping[str, Any]) -> InboundMessage:
    values = dict(fields)
    if values.get("sent_at"):
        values["sent_at"] = datetime.fromisoformat(values["sent_at"])
    if "attachments" in values:
        values["attachments"] = tuple(Attachment(**each) for each in values["attachments"])
    if "references" in values:
        values["references"] = tuple(values["references"])
    if "coordinates" in values:
        values["coordinates"] = Coordinates(**values["coordinates"])
    required = {"external_id": "", "sender": "", "recipient": "", "text": ""}
    return InboundMessage(**{**required, **values})


def expected_report(fields: Mapping[str, Any]) -> DeliveryReport:
    values = {"message_id": "", "external_id": "", **fields}
    values["status"] = DeliveryStatus(values["status"])
    assert set(values) <= {field.name for field in dataclasses.fields(DeliveryReport)}
    return DeliveryReport(**values)
