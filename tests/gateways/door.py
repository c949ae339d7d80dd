"""The hook address for one test: a plain HTTP server that does with a request what the web application does.

It keeps every request as it came (so that a new dialect can be recorded), and may be told to refuse for a while.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl

from channels.channel import Channel, Forged, ReportsDelivery
from channels.messages import Ack, AckResponse, DeliveryReport, Headers, InboundMessage, InboundRequest


@dataclass
class Heard:
    """What came in, in order."""

    requests: list[InboundRequest] = field(default_factory=list)
    messages: list[InboundMessage] = field(default_factory=list)
    reports: list[DeliveryReport] = field(default_factory=list)


class Door:
    """Listens on ``port`` from the start. ``channel`` is set when it is known."""

    def __init__(self) -> None:
        self.heard = Heard()
        self.channel: Channel | None = None
        self.refusals_left = 0
        self._lock = threading.Lock()
        door = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                door.answer(self)

            do_POST = do_GET  # noqa: N815 - the library's name

            def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the library's name
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def answer(self, caller: BaseHTTPRequestHandler) -> None:
        body = caller.rfile.read(int(caller.headers.get("Content-Length") or 0))
        query = caller.path.partition("?")[2]
        request = InboundRequest(
            url=self.url + caller.path,
            headers=Headers(dict(caller.headers.items())),
            body=body,
            query=tuple(parse_qsl(query, keep_blank_values=True)),
            remote_address=str(caller.client_address[0]),
        )
        with self._lock:
            self.heard.requests.append(request)
            refuse = self.refusals_left > 0
            self.refusals_left -= refuse
            ack = AckResponse(503) if refuse else self._take(request)
        caller.send_response(ack.status)
        caller.send_header("Content-Type", ack.content_type)
        caller.send_header("Content-Length", str(len(ack.body.encode())))
        caller.end_headers()
        caller.wfile.write(ack.body.encode())

    def _take(self, request: InboundRequest) -> AckResponse:
        channel = self.channel
        assert channel is not None
        try:
            channel.verify(request)
        except Forged:
            return AckResponse(403)
        if "/delivery" in request.url.partition("?")[0]:
            assert isinstance(channel, ReportsDelivery)
            self.heard.reports.append(channel.parse_delivery(request))
            return AckResponse()
        self.heard.messages.append(channel.parse(request))
        return channel.render_ack(Ack.ACCEPTED)
