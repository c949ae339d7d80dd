"""Two gateways for one number, two real workers, one real PostgreSQL: what is refused moves, nothing leaves twice.

The gateways are stand-ins that speak as Kannel does: what they refuse, and when, the test says.
"""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
from sqlalchemy import text

from intake.embedded import temporary_valkey
from intake.storage import replies
from intake.storage.database import open_engine
from tests.journeys.house import House, wait_for

pytestmark = pytest.mark.gateways

OUR_NUMBER = "+628110001708"


class StandIn:
    """Takes SMS as Kannel's sendsms does, or refuses them; keeps who was written to, in order."""

    def __init__(self) -> None:
        self.refuses = False
        self.refused = 0
        self.taken: list[tuple[str, str, str]] = []  # our id, recipient, text
        self.senders: set[str] = set()
        self._lock = threading.Lock()
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                stand_in.answer(self)

            def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the library's name
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/cgi-bin/sendsms"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def answer(self, caller: BaseHTTPRequestHandler) -> None:
        said = caller.rfile.read(int(caller.headers.get("Content-Length") or 0)).decode()
        found = re.search(r"[?&]mid=(\d+)", str(caller.headers["X-Kannel-DLR-URL"]))
        assert found
        with self._lock:
            refuse = self.refuses
            if refuse:
                self.refused += 1
            else:
                self.taken.append((found[1], str(caller.headers["X-Kannel-To"]), said))
                self.senders.add(str(caller.headers["X-Kannel-From"]))
        words = b"Temporal failure, try again later." if refuse else b"0: Accepted for delivery"
        caller.send_response(503 if refuse else 202)
        caller.send_header("Content-Length", str(len(words)))
        caller.end_headers()
        caller.wfile.write(words)


@pytest.fixture
def a() -> Iterator[StandIn]:
    with StandIn() as gateway:
        yield gateway


@pytest.fixture
def b() -> Iterator[StandIn]:
    with StandIn() as gateway:
        yield gateway


@pytest.fixture
def house(tmp_path: Path, database_url: str, a: StandIn, b: StandIn) -> Iterator[House]:
    """Not started. A is ``sms_kannel``, B is ``sms_kannel_b``."""
    kannels: dict[str, str] = {}
    for prefix, gateway in (("SMS_KANNEL_", a), ("SMS_KANNEL_B_", b)):
        kannels |= {
            f"{prefix}URL": gateway.url, f"{prefix}USER": "sahut", f"{prefix}PASSWORD": "kata-sandi",
            f"{prefix}SECRETS": "rahasia-di-jalan-1234", f"{prefix}NUMBERS": OUR_NUMBER,
        }  # fmt: skip
    with temporary_valkey() as valkey:
        more = {
            **kannels, "SMS_KANNEL_MORE": "b", "SAHUT_GATEWAYS": "sms_kannel, sms_kannel_b",
            "SAHUT_GATEWAY_FAILURES": "4", "SAHUT_GATEWAY_PROBE_SECONDS": "1", "SAHUT_GATEWAY_PROBES": "2",
        }  # fmt: skip
        made = House(tmp_path, database_url, valkey.url, more)
        try:
            yield made
        finally:
            made.stop()


def promise(house: House, count: int, *, kind: str = "answered", regency: str | None = None) -> None:
    engine = open_engine(house.database_url)
    with engine.begin() as connection:
        start = int(connection.execute(text("select count(*) from reply")).scalar_one())
        for number in range(start, start + count):
            made = replies.promise_reply(
                connection, cause=f"x:{number}", kind=kind, report_id=None, channel="sms_kannel",
                recipient=f"+62811000{number:05}", sender=OUR_NUMBER, text_=f"{kind} {regency or ''} {number}",
            )  # fmt: skip
            connection.execute(
                text("update outbox set lane = :lane where subject_id = :id"),
                {"lane": f"sms_kannel {regency or ''}".rstrip(), "id": made},
            )
    engine.dispose()


def wait_for_all(house: House, count: int) -> None:
    wait_for(
        lambda: house.figures("select count(*) from reply where state = 'accepted'") == [(count,)], of=f"{count} replies",
        seconds=60,
    )  # fmt: skip


def test_one_refuses_the_other_carries_all_and_each_once(house: House, a: StandIn, b: StandIn) -> None:
    a.refuses = True
    promise(house, 300)
    house.start("relay", "worker", "worker")
    wait_for_all(house, 300)
    assert a.taken == []
    assert set(Counter(number for number, _, _ in b.taken).values()) == {1}
    assert len(b.taken) == 300
    assert b.senders == {OUR_NUMBER}
    # Those on their way when it was taken out (8 threads of 2 workers), and a probe a second: not half of the 300.
    assert 4 <= a.refused < 60
    assert house.figures("select gateway, count(*) from reply group by 1") == [("sms_kannel_b", 300)]
    a.refuses = False
    wait_until_tried = time.monotonic() + 60
    while not house.figures("select 1 from gateway where name = 'sms_kannel' and down_since is null"):
        promise(house, 1)
        assert time.monotonic() < wait_until_tried
        time.sleep(0.2)
    assert len(a.taken) >= 2
    promise(house, 60)
    told = house.figures("select count(*) from reply")[0][0]
    assert isinstance(told, int)
    wait_for_all(house, told)
    assert len(a.taken) > 10
    assert set(Counter(number for number, _, _ in [*a.taken, *b.taken]).values()) == {1}
    assert house.log("worker").count("gateway_down") == 1
    assert house.log("worker").count("gateway_up") == 1


def test_the_rate_is_that_of_all_workers_and_answers_come_first(house: House, a: StandIn, b: StandIn) -> None:
    house.environ["SAHUT_GATEWAYS"] = "sms_kannel rate=10"
    promise(house, 15, kind="reminder", regency="32.01")
    promise(house, 20, kind="answered", regency="32.01")
    promise(house, 2, kind="answered", regency="16.03")
    began = time.monotonic()
    house.start("relay", "worker", "worker")
    while len(a.taken) < 37:
        seen = len(a.taken)
        assert seen <= 10 + 10 * (time.monotonic() - began)
        assert time.monotonic() < began + 90
        time.sleep(0.05)
    assert b.taken == []
    assert [said.partition(" ")[0] for _, _, said in a.taken] == ["answered"] * 22 + ["reminder"] * 15
    assert set(Counter(number for number, _, _ in a.taken).values()) == {1}
    # None of them used up an attempt by waiting for room: nothing is left, nothing was parked.
    wait_for_all(house, 37)
    assert house.figures("select count(*) from outbox") == [(0,)]
