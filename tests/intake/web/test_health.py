"""What the watching machine is told."""

from __future__ import annotations

from flask.testing import FlaskClient
from sqlalchemy import text

from intake.runtime import Runtime
from intake.web.app import create_app


def test_the_process_lives_also_without_a_database(away: Runtime) -> None:
    answer = create_app(away).test_client().get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")


def test_ready_when_nothing_waits(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json == {"ready": True, "failing": [], "oldest_promise_seconds": 0, "waiting": 0, "parked": 0}


def test_not_ready_without_a_database(away: Runtime) -> None:
    answer = create_app(away).test_client().get("/readyz")
    assert (answer.status_code, answer.json) == (503, {"ready": False, "failing": ["database"]})


def test_a_young_promise_is_no_reason_for_alarm_an_old_one_is(rt: Runtime, client: FlaskClient) -> None:
    with rt.engine.begin() as connection:
        connection.execute(text("insert into outbox (job, subject_id) values ('process', 1)"))
    assert client.get("/readyz").status_code == 200
    with rt.engine.begin() as connection:
        connection.execute(text("update outbox set due_at = now() - interval '61 seconds'"))
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["failing"] == ["oldest_promise"]
    assert answer.json["waiting"] == 1


def test_a_parked_promise_is_told(rt: Runtime, client: FlaskClient) -> None:
    with rt.engine.begin() as connection:
        connection.execute(text("insert into outbox (job, subject_id, parked_at) values ('process', 1, now())"))
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None
    assert (answer.json["failing"], answer.json["parked"]) == (["parked"], 1)
