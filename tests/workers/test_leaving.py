"""A worker that is asked to leave, as a process: what it began is brought to its end, the rest is somebody else's."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from sqlalchemy import text

from intake.embedded import temporary_valkey
from intake.runtime import Runtime
from intake.storage import replies
from intake.storage.replies import NewReply
from tests.journeys.house import House, wait_for

OURS = "+628110001708"


class SlowTwilio(ThreadingHTTPServer):
    """Takes messages, and says so only when it is let."""

    daemon_threads = True
    request_queue_size = 128  # a worker calls thirty-two times at once, and the five of the library would lose some

    def __init__(self) -> None:
        self.came: list[str] = []
        self.may_answer = threading.Event()
        super().__init__(("127.0.0.1", 0), _Door)


class _Door(BaseHTTPRequestHandler):
    server: SlowTwilio

    def do_POST(self) -> None:
        said = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.server.came.append(said["Body"][0])
        self.server.may_answer.wait(60)
        answer = json.dumps({"sid": f"SM{len(self.server.came):032}", "status": "queued", "num_segments": "1"}).encode()
        self.send_response(201)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def twilio() -> Iterator[SlowTwilio]:
    server = SlowTwilio()
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    serving.start()
    yield server
    server.may_answer.set()
    server.shutdown()
    serving.join()
    server.server_close()


def test_a_worker_leaves_with_what_it_began_done_and_the_rest_given_back(
    rt: Runtime, twilio: SlowTwilio, tmp_path: Path
) -> None:
    with rt.engine.begin() as connection:
        replies.promise_replies(
            connection,
            [
                NewReply(f"x:{n}", "answered", None, "sms_twilio", f"+6281100001{n:03}", OURS, f"kata {n}")
                for n in range(60)
            ],
        )
    with temporary_valkey() as valkey:
        house = House(
            tmp_path, rt.settings.database_url, valkey.url,
            {"SMS_TWILIO_API_URL": f"http://127.0.0.1:{twilio.server_port}", "SAHUT_HOLD_SECONDS": "60"},
        )  # fmt: skip
        try:
            house.start("relay", "worker")
            wait_for(lambda: len(twilio.came) >= 2, seconds=120, of="the first messages at the gateway")
            [worker] = house.processes["worker"]
            worker.send_signal(signal.SIGTERM)
            twilio.may_answer.set()
            assert worker.wait(60) == 0
        finally:
            house.stop()
    with rt.engine.connect() as connection:
        accepted = connection.execute(text("select text from reply where state = 'accepted'")).scalars().all()
        untouched = connection.execute(text("select count(*) from reply where state = 'promised'")).scalar_one()
        waiting = connection.execute(
            text("select count(*) filter (where token is null and attempts = 0) as free, count(*) as n from outbox")
        ).one()
    assert sorted(accepted) == sorted(twilio.came)
    assert untouched == 60 - len(accepted) > 0
    assert (waiting.free, waiting.n) == (untouched, untouched)
