"""Reports given to a regency's own system: signed, with one id, until it is taken."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sqlalchemy import text

from intake.domain.report import State
from intake.receive import receive
from intake.runtime import Runtime
from intake.storage import handovers, outbox, regencies, reports
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


@pytest.mark.parametrize("guarded", ["yes", "no"])
def test_what_is_secret_stays_here_unless_their_system_guards_it(
    desk_rt: Runtime, regency: Regency, guarded: str
) -> None:
    a_report(desk_rt)
    with desk_rt.engine.begin() as connection:
        config: dict[str, object] = {"url": regency.url, "secret": SECRET, "secret_texts": guarded}
        regencies.configure_desk(connection, MUARA_ENIM, "webhook", config)
        connection.execute(text("update report set secret = true"))
    jobs.carry_out(desk_rt, Job.HAND_OVER)
    [(_, body)] = regency.got
    report = body["report"]
    assert isinstance(report, dict)
    assert report["secret"] is True
    assert ("Tegal Rejo" in json.dumps(body)) == (guarded == "yes")


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
    assert state(rt, report_id) == ["given"]
    assert jobs.carry_out(rt, Job.HAND_OVER) == 0  # its inbox is a state of the report: nobody has to be told


def test_a_system_that_came_later_is_told_nothing_of_a_report_it_was_never_given(
    desk_rt: Runtime, regency: Regency
) -> None:
    with desk_rt.engine.begin() as connection:
        regencies.configure_desk(connection, MUARA_ENIM, "inbox", {})
    report_id = a_report(desk_rt)
    with desk_rt.engine.begin() as connection:
        regencies.configure_desk(connection, MUARA_ENIM, "webhook", {"url": regency.url, "secret": SECRET})
    say(desk_rt, f"{reference(desk_rt, report_id)} tambahan: makin parah")
    say(desk_rt, "BATAL")
    assert regency.got == []


def test_a_promise_of_a_release_before_to_an_inbox_is_kept(rt: Runtime) -> None:
    report_id = a_report(rt)
    with rt.engine.begin() as connection:
        connection.execute(text("update handover set state = 'promised', settled_at = null"))
        [handover] = handovers.of_report(connection, report_id)
        outbox.promise(connection, Job.HAND_OVER, handover.id)
    assert jobs.carry_out(rt, Job.HAND_OVER) == 1
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


# What happens afterwards.


def given(rt: Runtime) -> int:
    report_id = a_report(rt)
    jobs.carry_out(rt, Job.HAND_OVER)
    assert state(rt, report_id) == ["given"]
    return report_id


def say(rt: Runtime, words: str) -> None:
    """The citizen says it, and the system of the regency is told."""
    receive(rt, "sms_twilio", an_sms(words))
    jobs.carry_out(rt, Job.PROCESS)
    jobs.carry_out(rt, Job.HAND_OVER)


def reference(rt: Runtime, report_id: int) -> str:
    with rt.engine.connect() as connection:
        return reports.read(connection, report_id).reference


def step(rt: Runtime, report_id: int, to: State, action: str = "x") -> None:
    with rt.engine.begin() as connection:
        reports.step(connection, report_id, to, actor="officer", action=action)


def told(regency: Regency) -> list[str]:
    return [str(body["event"]) for _, body in regency.got]


def test_a_withdrawal_is_told_to_the_system_that_has_the_report(desk_rt: Runtime, regency: Regency) -> None:
    report_id = given(desk_rt)
    say(desk_rt, f"BATAL {reference(desk_rt, report_id)}")
    assert told(regency) == ["report.handed_over", "report.withdrawn"]
    (first_headers, first), (headers, body) = regency.got
    report = body["report"]
    assert isinstance(report, dict)
    assert isinstance(first["report"], dict)
    assert report["reference"] == first["report"]["reference"]
    assert headers["Idempotency-Key"] == report["id"] != first_headers["Idempotency-Key"]
    assert any(name.lower() == "x-sahut-signature" for name in headers)
    assert "+62811" not in json.dumps(body)


def test_more_words_a_rating_and_reopening_are_told_with_what_was_said(desk_rt: Runtime, regency: Regency) -> None:
    report_id = given(desk_rt)
    number = reference(desk_rt, report_id)
    say(desk_rt, f"{number} lubangnya makin dalam di depan masjid")
    step(desk_rt, report_id, State.DITINDAKLANJUTI)
    step(desk_rt, report_id, State.SELESAI)
    say(desk_rt, f"{number} 2")
    say(desk_rt, f"{number} BUKA")
    assert told(regency) == ["report.handed_over", "report.added", "report.rated", "report.reopened"]
    added, rated = (body["report"] for _, body in regency.got[1:3])
    assert isinstance(added, dict)
    assert isinstance(rated, dict)
    assert "lubangnya makin dalam" in added["text"]
    assert (rated["score"], rated["text"]) == (2, "")


def test_words_after_the_end_are_told_as_reopening(desk_rt: Runtime, regency: Regency) -> None:
    report_id = given(desk_rt)
    step(desk_rt, report_id, State.SELESAI)
    say(desk_rt, f"{reference(desk_rt, report_id)} belum ada perbaikan sama sekali pak")
    assert told(regency)[1:] == ["report.reopened"]
    body = regency.got[1][1]["report"]
    assert isinstance(body, dict)
    assert "belum ada perbaikan" in body["text"]


@pytest.mark.parametrize("to", ["32.01", None])
def test_what_goes_elsewhere_is_taken_back_once(desk_rt: Runtime, regency: Regency, to: str | None) -> None:
    report_id = given(desk_rt)
    with desk_rt.engine.begin() as connection:
        reports.step(
            connection, report_id, State.DIKEMBALIKAN, actor="officer", action="sent_back", values={"regency": None}
        )
        if to is not None:
            reports.step(
                connection, report_id, State.TERDISPOSISI, actor="officer", action="routed", values={"regency": to}
            )
    jobs.carry_out(desk_rt, Job.HAND_OVER)
    assert told(regency) == ["report.handed_over", "report.taken_back"]
    say(desk_rt, f"{reference(desk_rt, report_id)} lubangnya makin dalam di depan masjid")
    assert told(regency)[2:] == [], "what happens to it there is none of theirs"


def test_an_event_waits_for_the_report_itself(desk_rt: Runtime, regency: Regency) -> None:
    regency.answers = [503]
    report_id = a_report(desk_rt)
    jobs.carry_out(desk_rt, Job.HAND_OVER)
    say(desk_rt, f"{reference(desk_rt, report_id)} lubangnya makin dalam di depan masjid")
    assert told(regency) == ["report.handed_over"], "refused once, and the event came to nobody yet"
    for _ in range(2):
        with desk_rt.engine.begin() as connection:
            connection.execute(text("update outbox set due_at = now()"))
        jobs.carry_out(desk_rt, Job.HAND_OVER)
    assert told(regency) == ["report.handed_over", "report.handed_over", "report.added"]


def test_a_system_that_refused_the_report_hears_nothing_of_it(desk_rt: Runtime, regency: Regency) -> None:
    regency.answers = [400]
    report_id = a_report(desk_rt)
    jobs.carry_out(desk_rt, Job.HAND_OVER)
    say(desk_rt, f"BATAL {reference(desk_rt, report_id)}")
    assert told(regency) == ["report.handed_over"]
    with desk_rt.engine.connect() as connection:
        assert connection.execute(text("select count(*) from outbox where job = 'hand_over'")).scalar_one() == 0


def test_without_a_system_no_event_is_written(rt: Runtime) -> None:
    report_id = given(rt)
    say(rt, f"BATAL {reference(rt, report_id)}")
    with rt.engine.connect() as connection:
        assert connection.execute(text("select count(*) from handover where event <> 'handed_over'")).scalar_one() == 0
