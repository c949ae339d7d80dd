"""Reports given to a regency's own system: signed, with one id, until it is taken."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sqlalchemy import text

from intake.receive import receive
from intake.runtime import Runtime
from intake.storage import handovers, outbox, regencies
from intake.storage.outbox import Job
from tests.conftest import settings_for
from tests.factories import MUARA_ENIM, an_sms
from workers import jobs

SECRET = "s" * 40


@dataclass
class Regency:
    """A regency's own system, as its programmers would write it."""

    url: str
    answers: list[int] = field(default_factory=list)
    got: list[tuple[dict[str, str], dict[str, object]]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)


@pytest.fixture
def regency() -> Iterator[Regency]:
    system = Regency("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            system.got.append((dict(self.headers.items()), json.loads(body)))
            self.send_response(system.answers.pop(0) if system.answers else 200)
            for name, value in system.headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    system.url = f"http://127.0.0.1:{server.server_port}/masuk"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield system
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def desk_rt(rt: Runtime, regency: Regency) -> Runtime:
    with rt.engine.begin() as connection:
        assert regencies.configure_desk(connection, MUARA_ENIM, "webhook", {"url": regency.url, "secret": SECRET})
    settings = settings_for(rt.settings.database_url, DESK_WEBHOOK_ALLOW_LOOPBACK="1")
    return replace(rt, settings=settings)


def a_report(rt: Runtime) -> int:
    remembered = receive(rt, "sms_twilio", an_sms()).remembered
    assert remembered is not None
    jobs.carry_out(rt, Job.PROCESS)
    return remembered.message_id


def state(rt: Runtime, report_id: int) -> list[str]:
    with rt.engine.connect() as connection:
        return [handover.state for handover in handovers.of_report(connection, report_id)]


def test_a_report_goes_out_signed_without_the_reporters_address(desk_rt: Runtime, regency: Regency) -> None:
    report_id = a_report(desk_rt)
    jobs.carry_out(desk_rt, Job.HAND_OVER)
    [(headers, body)] = regency.got
    assert any(name.lower() == "x-sahut-signature" for name in headers)
    report = body["report"]
    assert isinstance(report, dict)
    assert report["regency"] == MUARA_ENIM
    assert "Tegal Rejo" in report["text"]
    assert "+62811" not in json.dumps(body)
    assert state(desk_rt, report_id) == ["given"]


def test_a_system_that_is_away_gets_it_later_with_the_same_id(desk_rt: Runtime, regency: Regency) -> None:
    regency.answers = [503]
    report_id = a_report(desk_rt)
    jobs.carry_out(desk_rt, Job.HAND_OVER)
    assert state(desk_rt, report_id) == ["promised"]
    with desk_rt.engine.begin() as connection:
        connection.execute(text("update outbox set due_at = now()"))
    jobs.carry_out(desk_rt, Job.HAND_OVER)
    assert state(desk_rt, report_id) == ["given"]
    assert len({headers["Idempotency-Key"] for headers, _ in regency.got}) == 1
    assert len(regency.got) == 2


def test_a_refusal_is_shown_and_the_inbox_has_it_all_the_same(desk_rt: Runtime, regency: Regency) -> None:
    regency.answers = [400]
    report_id = a_report(desk_rt)
    jobs.carry_out(desk_rt, Job.HAND_OVER)
    assert state(desk_rt, report_id) == ["failed"]
    with desk_rt.engine.connect() as connection:
        assert connection.execute(text("select state from report")).scalar_one() == "terdisposisi"
        assert outbox.health(connection).parked == 0


def test_a_regency_without_a_system_has_its_inbox(rt: Runtime) -> None:
    report_id = a_report(rt)
    jobs.carry_out(rt, Job.HAND_OVER)
    assert state(rt, report_id) == ["given"]


def test_a_system_in_a_hurry_does_not_use_up_the_attempts(desk_rt: Runtime, regency: Regency) -> None:
    regency.answers = [503] * 20
    regency.headers = {"Retry-After": "0"}
    a_report(desk_rt)
    jobs.carry_out(desk_rt, Job.HAND_OVER)
    assert len(regency.got) == 1


def test_what_was_withdrawn_meanwhile_is_given_to_nobody(desk_rt: Runtime, regency: Regency) -> None:
    report_id = a_report(desk_rt)
    receive(desk_rt, "sms_twilio", an_sms("BATAL"))
    jobs.carry_out(desk_rt, Job.PROCESS)
    jobs.carry_out(desk_rt, Job.HAND_OVER)
    assert (regency.got, state(desk_rt, report_id)) == ([], ["failed"])
