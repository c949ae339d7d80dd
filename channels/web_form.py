"""Reports typed into our own page ``/lapor``. Always open: it has no settings and no provider.

What surprises: nobody calls this channel from outside. The page itself builds the InboundRequest after it has checked
its CSRF token and its limits, so ``verify`` has nothing left to prove. It refuses one thing: a request that came by the
hook address, where no page has checked anything. And nothing leaves here: the page shows the answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from channels.channel import Forged, Medium, Unreadable
from channels.messages import (
    Ack,
    AckResponse,
    Coordinates,
    InboundMessage,
    InboundRequest,
    OutboundMessage,
    ProviderReceipt,
)

NAME: Final = "web_form"

_FORM_TOKEN = re.compile(r"[A-Za-z0-9_.-]{16,200}", re.ASCII)
_REGENCY_CODE = re.compile(r"[0-9][0-9.]{1,9}", re.ASCII)
_PLACE_CODE = re.compile(r"[0-9]{2}\.[0-9]{2}(?:\.[0-9]{2}(?:\.[0-9]{4})?)?", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_DEGREES = re.compile(r"-?[0-9]{1,3}(?:\.[0-9]{1,15})?", re.ASCII)
_PLACE_BY = frozenset({"confirmed", "chosen"})
_CONTACT_KINDS = frozenset({"phone", "email"})
_POSITION_BY = frozenset({"own", "photo"})


@dataclass(frozen=True)
class WebForm:
    """The form of our own web page."""

    name: str = NAME
    medium: Medium = "web"

    def verify(self, request: InboundRequest) -> None:
        """Accept what the page hands over (CSRF is the page's); raise Forged for a call to the hook address."""
        if urlsplit(request.url).path.startswith("/hooks/"):
            raise Forged("the form is not a hook")

    def parse(self, request: InboundRequest) -> InboundMessage:
        """Read ``token``, ``text``, ``regency``, ``subject``, the position, and what ``_read_extra`` says.

        ``token`` is given out with the form and used once: a form sent twice is one message. The contact is kept as
        the citizen wrote it and is no sender: nobody has shown that it is theirs. Raises Unreadable.
        """
        token = request.field("token")
        if not _FORM_TOKEN.fullmatch(token):
            raise Unreadable("no form token")
        text = _clean(request.field("text")).strip()
        if not text:
            raise Unreadable("no text")
        regency = request.field("regency").strip()
        return InboundMessage(
            external_id=token,
            sender="",
            recipient="",
            text=text,
            subject=" ".join(_clean(request.field("subject")).split()),
            regency=regency if _REGENCY_CODE.fullmatch(regency) else None,
            coordinates=_read_coordinates(request),
            extra=_read_extra(request) | _read_position_by(request),
        )

    def render_ack(self, ack: Ack) -> AckResponse:
        """Plain, and unused by the page, which sends the citizen on to the report."""
        return AckResponse(body=ack.value)

    def send(self, message: OutboundMessage) -> ProviderReceipt:
        """Nothing leaves: the tracking page shows the message from then on."""
        return ProviderReceipt("")


def _read_extra(request: InboundRequest) -> dict[str, object]:
    """What the form asked beside the story; only what was answered.

    ``name``, ``contact``, ``contact_kind`` (``phone``, ``email``); ``district`` and ``village`` as codes, ``place_by``
    (``confirmed``: our reading was shown and the citizen said yes; ``chosen``: from the list); ``event_date`` as
    YYYY-MM-DD; ``anonymous`` and ``secret``, true where the citizen asked for it.
    """
    extra: dict[str, object] = {
        name: value for name in ("name", "contact") if (value := _clean(request.field(name)).strip())
    }
    if request.field("contact_kind") in _CONTACT_KINDS and "contact" in extra:
        extra["contact_kind"] = request.field("contact_kind")
    place = request.field("place").strip()
    if _PLACE_CODE.fullmatch(place):
        deeper = (("district", 8), ("village", 13))
        extra |= {level: place[:length] for level, length in deeper if len(place) >= length}
        if request.field("place_by") in _PLACE_BY:
            extra["place_by"] = request.field("place_by")
    if _DATE.fullmatch(request.field("event_date").strip()):
        extra["event_date"] = request.field("event_date").strip()
    return extra | {name: True for name in ("anonymous", "secret") if request.field(name) == "1"}


def _read_position_by(request: InboundRequest) -> dict[str, object]:
    """``position_by``, where there is a position: ``own``, the phone's; ``photo``, from a photograph that was sent."""
    told = request.field("position_by")
    return {"position_by": told} if told in _POSITION_BY and _read_coordinates(request) is not None else {}


def _read_coordinates(request: InboundRequest) -> Coordinates | None:
    """The position the phone gave; None without one, and for one that is nowhere."""
    latitude, longitude = request.field("latitude").strip(), request.field("longitude").strip()
    if not (_DEGREES.fullmatch(latitude) and _DEGREES.fullmatch(longitude)):
        return None
    point = Coordinates(float(latitude), float(longitude))
    return point if abs(point.latitude) <= 90 and abs(point.longitude) <= 180 else None


def _clean(text: str) -> str:
    return text.replace("\x00", "").replace("\r\n", "\n")


def open_channel(environ: Mapping[str, str], *, public_url: str) -> WebForm:  # noqa: ARG001 - as every channel is opened
    """The channel; there is nothing to configure."""
    return WebForm()
