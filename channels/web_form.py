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
from channels.messages import Ack, AckResponse, InboundMessage, InboundRequest, OutboundMessage, ProviderReceipt

NAME: Final = "web_form"

_FORM_TOKEN = re.compile(r"[A-Za-z0-9_.-]{16,200}", re.ASCII)
_REGENCY_CODE = re.compile(r"[0-9][0-9.]{1,9}", re.ASCII)


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
        """Read the fields ``token``, ``text``, ``regency``, ``name``, ``contact``, ``subject``.

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
        extra = {name: value for name in ("name", "contact") if (value := _clean(request.field(name)).strip())}
        return InboundMessage(
            external_id=token,
            sender="",
            recipient="",
            text=text,
            subject=" ".join(_clean(request.field("subject")).split()),
            regency=regency if _REGENCY_CODE.fullmatch(regency) else None,
            extra=extra,
        )

    def render_ack(self, ack: Ack) -> AckResponse:
        """Plain, and unused by the page, which sends the citizen on to the report."""
        return AckResponse(body=ack.value)

    def send(self, message: OutboundMessage) -> ProviderReceipt:
        """Nothing leaves: the tracking page shows the message from then on."""
        return ProviderReceipt("")


def _clean(text: str) -> str:
    return text.replace("\x00", "").replace("\r\n", "\n")


def open_channel(environ: Mapping[str, str], *, public_url: str) -> WebForm:  # noqa: ARG001 - as every channel is opened
    """The channel; there is nothing to configure."""
    return WebForm()
